/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the subjects that a server knows. */
#include "lxcfs/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/proc_view.h"
#include "base/text.h"
#include "lxcfs/place.h"
#include "lxcfs/reader.h"
#include "lxcfs/registration.h"

#define MAX_ELSEWHERE 1024 /* subjects that are not guests of ours: readers make them, so their number has an end */
#define MAX_STATE     ((size_t)1 << 20)
#define MAX_PLACES    65536

/* As many views as there are up to the last one whose text is its own. */
static size_t count_texts(void)
{
	const struct view *view;
	size_t count = 0;

	for (size_t number = 0; (view = view_at(number)); number++)
		if (view->life == VIEW_LIVE)
			count = number + 1;
	return count;
}

void subject_free(struct subject *subject)
{
	if (!subject)
		return;
	for (struct subject **place = &subject->owner->first; *place; place = &(*place)->next)
		if (*place == subject) {
			*place = subject->next;
			break;
		}
	loop_remove(subject->init_source);
	if (subject->init_pidfd >= 0)
		close(subject->init_pidfd);
	if (subject->state_fd >= 0)
		close(subject->state_fd);
	view_guest_free(subject->guest);
	free(subject->texts);
	free(subject->id);
	free(subject);
}

void subjects_release(struct subjects *subjects)
{
	while (subjects->first)
		subject_free(subjects->first);
}

static void on_init_end(struct loop_source *source, uint32_t events, void *data)
{
	struct subject *subject = data;
	autofree char *state = place_state(subject->slot);

	(void)source;
	(void)events;
	if (subject->slot)
		unlink(state);
	subject_free(subject);
}

/* The file is written in place, by one process: a torn one is refused by view_guest_restore(). */
static void restore(struct subject *subject)
{
	autofree char *directory = place_run(PLACE_STATE), *name = place_state(subject->slot);
	autofree char *saved = NULL;
	ssize_t length;

	if (file_make_directories(directory, 0700, NULL) < 0)
		return;
	subject->state_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (subject->state_fd < 0)
		return;
	saved = xmalloc(MAX_STATE + 1);
	length = pread(subject->state_fd, saved, MAX_STATE, 0);
	if (length <= 0)
		return;
	saved[length] = '\0';
	subject->state_length = (size_t)length;
	view_guest_restore(subject->guest, saved, NULL);
}

void subject_save(struct subject *subject)
{
	autorelease(text_release) struct text saved = {0};

	if (subject->state_fd < 0 || subject->state_generation == view_guest_generation(subject->guest))
		return;
	view_guest_save(subject->guest, &saved);
	if (pwrite(subject->state_fd, saved.data, saved.length, 0) != (ssize_t)saved.length)
		return;
	/* Longer first, then cut: a reader of a torn file finds rests of the old text behind the new, which is no state. */
	if (saved.length < subject->state_length)
		(void)!ftruncate(subject->state_fd, (off_t)saved.length);
	subject->state_length = saved.length;
	subject->state_generation = view_guest_generation(subject->guest);
}

static int add(struct subjects *subjects, const char *id, uint64_t slot, const struct process_id *init,
	       const struct view_subject *description, struct subject **ret_subject)
{
	struct subject *subject = xcalloc(1, sizeof(*subject));
	struct error error; /* without one, the code is lost: error_prefix() */
	int r;

	subject->owner = subjects;
	subject->id = xstrdup(id);
	subject->slot = slot;
	subject->since_ns = clock_boot_ns();
	subject->init_pidfd = subject->state_fd = -1;
	r = procfs_open_pidfd(init, &subject->init_pidfd, &error);
	if (r == 0)
		r = view_guest_open(subjects->host, description, &subject->guest, &error);
	if (r < 0) {
		subject_free(subject);
		return r == -ESRCH ? -ENOENT : r;
	}
	if (slot)
		restore(subject);
	subject->texts = xcalloc(count_texts(), sizeof(*subject->texts));
	subject->init_source = loop_add(subjects->loop, subject->init_pidfd, EPOLLIN, on_init_end, subject);
	subject->next = subjects->first;
	subjects->first = subject;
	*ret_subject = subject;
	return 0;
}

/* The device of the guest's root directory: nothing in the guest is followed on the way. */
static dev_t root_device(pid_t init)
{
	autofree char *path = xasprintf("/proc/%d/root", init);
	struct statx buffer;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, 0, &buffer) < 0)
		return 0;
	return makedev(buffer.stx_dev_major, buffer.stx_dev_minor);
}

/* As the manager says now. What cannot be read is not shown. */
static void set_disks(struct subject *subject, const struct process_id *init)
{
	autorelease(proc_view_disks_release) struct proc_view_disks told = {0};
	autofree struct view_disk *disks = NULL;

	proc_view_read_disks(place_root(), subject->id, init->pid, init->start_time, &told, NULL);
	disks = xcalloc(told.list.count + 1, sizeof(*disks));
	for (size_t i = 0; i < told.list.count; i++)
		disks[i] = (struct view_disk){
			.major_number = (unsigned int)told.list.items[i].major,
			.minor_number = (unsigned int)told.list.items[i].minor,
			.name = told.list.items[i].name,
		};
	view_guest_set_disks(subject->guest, root_device(init->pid), disks, told.list.count, NULL);
}

static int add_guest(struct subjects *subjects, const struct registration *registration, struct subject **ret_subject)
{
	struct process_id init = {.pid = registration->init.pid, .start_time = registration->init.start_time};
	struct view_subject description = {
		.cgroup = registration->cgroup,
		.init = init.pid,
		.has_quota_view = registration->shows_quota,
	};
	int r = add(subjects, registration->id, registration->slot, &init, &description, ret_subject);

	if (r == 0)
		set_disks(*ret_subject, &init);
	return r;
}

void subject_expire(struct subject *subject)
{
	autorelease(registration_release) struct registration registration = {0};
	struct process_id init;

	view_guest_expire(subject->guest);
	if (registration_load(subject->id, &registration, NULL) < 0 || registration.slot != subject->slot)
		return;
	init = (struct process_id){.pid = registration.init.pid, .start_time = registration.init.start_time};
	set_disks(subject, &init);
}

/* It becomes the first: who is looked for is found soon, and who is looked for no more is the last. */
static struct subject *find(struct subjects *subjects, bool is_guest, const char *id)
{
	for (struct subject **place = &subjects->first; *place; place = &(*place)->next) {
		struct subject *subject = *place;

		if ((subject->slot != 0) != is_guest || strcmp(subject->id, id) != 0)
			continue;
		*place = subject->next;
		subject->next = subjects->first;
		subjects->first = subject;
		return subject;
	}
	return NULL;
}

int subject_by_id(struct subjects *subjects, const char *id, struct subject **ret_subject)
{
	autorelease(registration_release) struct registration registration = {0};
	struct error error;
	int r = registration_load(id, &registration, &error);

	*ret_subject = find(subjects, true, id);
	/* Another boot of the same guest, before we heard of the end of the last one. */
	if (*ret_subject && (r < 0 || (*ret_subject)->slot != registration.slot)) {
		subject_free(*ret_subject);
		*ret_subject = NULL;
	}
	if (r < 0)
		return r;
	return *ret_subject ? 0 : add_guest(subjects, &registration, ret_subject);
}

int subject_by_slot(struct subjects *subjects, uint64_t slot, struct subject **ret_subject)
{
	autorelease(strings_release) struct strings ids = {0};

	for (struct subject *subject = subjects->first; subject; subject = subject->next)
		if (subject->slot == slot) {
			*ret_subject = subject;
			return 0;
		}
	/* A guest that the server before us knew. */
	registration_list(&ids, NULL);
	for (size_t i = 0; slot && i < ids.count; i++) {
		autorelease(registration_release) struct registration registration = {0};

		if (registration_load(ids.items[i], &registration, NULL) == 0 && registration.slot == slot)
			return add_guest(subjects, &registration, ret_subject);
	}
	return -ENOENT;
}

static void limit_elsewhere(struct subjects *subjects)
{
	struct subject *last = NULL;
	size_t count = 0;

	for (struct subject *subject = subjects->first; subject; subject = subject->next)
		if (subject->slot == 0) {
			last = subject;
			count++;
		}
	if (count >= MAX_ELSEWHERE)
		subject_free(last);
}

/* A process of the host, or of a container that shares its pid namespace: what its cgroups may use, since the host booted. */
static int by_cgroups(struct subjects *subjects, pid_t reader, struct subject **ret_subject)
{
	autofree char *path = xasprintf("/proc/%d/cgroup", reader), *places = NULL, *key = NULL;
	struct view_subject description = {.init = 1, .has_quota_view = subjects->shows_quota};
	struct process_id init;
	int r = file_read(AT_FDCWD, path, MAX_PLACES, &places, NULL, NULL);

	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	key = xasprintf("cgroups:%s", places);
	*ret_subject = find(subjects, false, key);
	if (*ret_subject)
		return 0;
	r = procfs_identify(description.init, &init, NULL);
	if (r < 0)
		return r;
	description.places = places;
	description.root_device = root_device(init.pid);
	limit_elsewhere(subjects);
	return add(subjects, key, 0, &init, &description, ret_subject);
}

int subject_by_reader(struct subjects *subjects, pid_t reader, struct subject **ret_subject)
{
	struct view_subject description = {.has_quota_view = subjects->shows_quota};
	autofree char *key = NULL;
	autoclose int namespace_fd = -EBADF;
	struct process_id init;
	uint64_t inode;
	bool is_ours;
	int r;

	if (reader <= 0)
		return -ESRCH;
	r = reader_namespace(reader, &namespace_fd, &inode, &is_ours, NULL);
	if (r < 0)
		return r;
	if (is_ours)
		return by_cgroups(subjects, reader, ret_subject);
	/* The number is its own for as long as its init lives, and we forget it then. */
	key = xasprintf("namespace:%llu", (unsigned long long)inode);
	*ret_subject = find(subjects, false, key);
	if (*ret_subject)
		return 0;
	r = reader_init(namespace_fd, inode, &init, NULL);
	if (r < 0)
		return r;
	description.init = init.pid;
	description.root_device = root_device(init.pid);
	limit_elsewhere(subjects);
	return add(subjects, key, 0, &init, &description, ret_subject);
}
