/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the way of plugged nodes from the host into a running guest, and out again. */
#include "container/device_guest.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/udev_record.h"
#include "container/user.h"
#include "kernel/device_node.h"
#include "kernel/device_place.h"
#include "kernel/namespace.h"
#include "kernel/root.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define FILE_MAX ((size_t)1 << 20) /* of passwd and group */

struct work {
	const struct device_guest *guest;
	struct device_node *nodes;
	int *fds; /* of the nodes, while they are not in the guest */
	int proc_fd;
};

static void work_release(struct work *work)
{
	for (size_t i = 0; i < work->guest->count; i++) {
		free((char *)work->nodes[i].name);
		if (work->fds[i] >= 0)
			close(work->fds[i]);
	}
	free(work->nodes);
	free(work->fds);
	if (work->proc_fd >= 0)
		close(work->proc_fd);
}

static mode_t find_mode(const struct attached_device *device)
{
	mode_t mode = (mode_t)device->now.mode;

	if (device->mode)
		attached_device_parse_mode(device->mode, &mode, NULL);
	return mode;
}

static int work_init(struct work *work, const struct device_guest *guest, struct error *err)
{
	const struct attached_device *device = guest->device;

	*work = (struct work){.guest = guest};
	work->nodes = xcalloc(guest->count, sizeof(*work->nodes));
	work->fds = xcalloc(guest->count, sizeof(*work->fds));
	for (size_t i = 0; i < guest->count; i++) {
		const struct attached_node *node = guest->nodes[i];

		work->fds[i] = -EBADF;
		work->nodes[i] = (struct device_node){
			.name = xasprintf("%s-%d:%d", device->now.serial, node->major, node->minor),
			.mode = find_mode(device) | (device->now.type == ATTACHED_BLOCK ? S_IFBLK : S_IFCHR),
			.number = makedev((unsigned)node->major, (unsigned)node->minor),
			.uid = (uid_t)guest->spec->idmap.uid,
			.gid = (gid_t)guest->spec->idmap.gid,
		};
	}
	work->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return work->proc_fd < 0 ? error_set_errno(err, "cannot open /proc") : 0;
}

static int enter(struct work *work, int (*function)(void *data, struct error *err), struct error *err)
{
	int flags = 0, r = namespace_differing(work->guest->init, &flags, err);

	if (r == 0 && !(flags & CLONE_NEWNS))
		return error_set(err, -ESRCH, "the guest is gone");
	flags &= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWTIME;
	return r < 0 ? r : namespace_run(work->guest->init_pidfd, flags, function, work, err);
}

/* --- in the guest ------------------------------------------------------------------------------------------------------ */

/* A guest without such a file has no names, but numbers. */
static char *read_names(int root_fd, const char *path)
{
	char *text = NULL;

	return root_read(root_fd, path, FILE_MAX, &text, NULL, NULL) < 0 ? xstrdup("") : text;
}

static int find_owner(int root_fd, const struct attached_device *device, uid_t *ret_uid, gid_t *ret_gid, struct error *err)
{
	autofree char *passwd = read_names(root_fd, "/etc/passwd"), *groups = read_names(root_fd, "/etc/group");
	autofree char *usual = device->now.group ? xasprintf("0:%s", device->now.group) : xstrdup("0:0");
	struct user user = {0};
	char what[256];

	if (device->owner && user_resolve(device->owner, passwd, groups, NULL, 0, &user, what, sizeof(what)) < 0)
		return error_set(err, -EINVAL, "--owner %s: the container has no %s", device->owner, what);
	/* Its own group is nothing that the host could promise. */
	if (!device->owner && user_resolve(usual, passwd, groups, NULL, 0, &user, what, sizeof(what)) < 0)
		user = (struct user){0};
	*ret_uid = user.uid;
	*ret_gid = user.gid;
	return 0;
}

/* The record is of the number: another node of it keeps it. */
static bool is_of_others(const struct device_guest *guest, const struct attached_node *node)
{
	const struct schema_array *list = &guest->others->lists[ATTACHMENT_DEVICE];

	for (size_t i = 0; i < list->count; i++) {
		const struct attached_device *other = attachments_at(guest->others, ATTACHMENT_DEVICE, i);

		for (size_t j = 0; other->now.type == guest->device->now.type && j < other->now.nodes.count; j++)
			if (other->now.nodes.items[j].major == node->major && other->now.nodes.items[j].minor == node->minor)
				return true;
	}
	return false;
}

/* A guest without a record still has the device: nothing of this is worth a failure. */
static void write_record(const struct work *work, int root_fd, size_t i)
{
	const struct attached_node *node = work->guest->nodes[i];
	const char *name = strncmp(node->host, "/dev/", 5) == 0 ? node->host + 5 : NULL;

	udev_record_write(root_fd, S_ISBLK(work->nodes[i].mode), work->nodes[i].number, node->guest, name, NULL);
}

static void remove_record(const struct work *work, int root_fd, size_t i)
{
	if (!is_of_others(work->guest, work->guest->nodes[i]))
		udev_record_remove(root_fd, S_ISBLK(work->nodes[i].mode), work->nodes[i].number, NULL);
}

static int attach_one(const struct work *work, int root_fd, size_t i, uid_t uid, gid_t gid, struct error *err)
{
	const struct device_guest *guest = work->guest;
	int r;

	if (fchownat(work->fds[i], "", uid, gid, AT_EMPTY_PATH) < 0)
		return error_set_errno(err, "cannot give the device to %u:%u of the guest", uid, gid);
	r = device_place_attach(work->proc_fd, root_fd, work->fds[i], &work->nodes[i], guest->nodes[i]->guest,
				guest->device->is_forced, err);
	if (r == 0)
		write_record(work, root_fd, i);
	return r;
}

static int detach_one(const struct work *work, int root_fd, size_t i, struct error *err)
{
	remove_record(work, root_fd, i);
	return device_place_detach(work->proc_fd, root_fd, work->nodes[i].name, err);
}

static int attach_all(void *data, struct error *err)
{
	const struct work *work = data;
	autoclose int root = root_open_own(err);
	uid_t uid;
	gid_t gid;
	int r = root < 0 ? root : find_owner(root, work->guest->device, &uid, &gid, err);

	for (size_t i = 0; r == 0 && i < work->guest->count; i++) {
		r = attach_one(work, root, i, uid, gid, err);
		for (size_t j = i; r < 0 && j-- > 0;)
			detach_one(work, root, j, NULL);
	}
	return r;
}

static int detach_all(void *data, struct error *err)
{
	const struct work *work = data;
	autoclose int root = root_open_own(err);
	int r = root < 0 ? root : 0;

	for (size_t i = work->guest->count; r >= 0 && i-- > 0;)
		r = detach_one(work, root, i, err);
	return r < 0 ? r : 0;
}

/* --- from the host ----------------------------------------------------------------------------------------------------- */

int device_guest_attach(const struct device_guest *guest, struct error *err)
{
	autorelease(work_release) struct work work;
	int r = work_init(&work, guest, err);

	if (r == 0)
		r = device_node_open(work.nodes, guest->count, work.fds, err);
	return r < 0 ? r : enter(&work, attach_all, err);
}

int device_guest_detach(const struct device_guest *guest, struct error *err)
{
	autorelease(work_release) struct work work;
	int r = work_init(&work, guest, err);

	return r < 0 ? r : enter(&work, detach_all, err);
}
