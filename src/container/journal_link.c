/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the directories of guests below the host's /var/log/journal. */
#include "container/journal_link.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "container/guest_machine_id.h"
#include "container/mount_plan.h"
#include "kernel/mount.h"
#include "kernel/root.h"

#define PLACE      "/var/log/journal"
#define OWNER      "trusted.syscontainer.journal" /* the container's id; out of reach of a guest with ids of its own */
#define ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int check_machine_id(const char *id, struct error *err)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char host[MACHINE_ID_LENGTH + 1];

	if (guest_machine_id_of_tree(root, host) && strcmp(host, id) == 0)
		return error_set(
			err, -EEXIST,
			"the guest has the machine id of the host, %s: empty /etc/machine-id of its tree, and it gets one of its own",
			id);
	return 0;
}

/* --- the directory ---------------------------------------------------------------------------------------------------- */

static int open_directory(int place_fd, const char *machine_id)
{
	return openat(place_fd, machine_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static DIR *open_entries(int fd)
{
	autoclose int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = own < 0 ? NULL : fdopendir(own);

	if (directory)
		steal_fd(&own);
	return directory;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

/* "" for one that is no container's. */
static void read_owner(int fd, char *ret_id, size_t size)
{
	ssize_t length = fgetxattr(fd, OWNER, ret_id, size - 1);

	ret_id[length < 0 ? 0 : length] = '\0';
}

static bool is_owned_by(int fd, const char *container_id)
{
	char owner[128];

	read_owner(fd, owner, sizeof(owner));
	return strcmp(owner, container_id) == 0;
}

static bool is_empty(int fd)
{
	autorelease(close_directory) DIR *directory = open_entries(fd);
	int count = 0;

	while (directory && count <= 2 && readdir(directory))
		count++;
	return directory && count <= 2; /* "." and ".." */
}

static int check_free(int fd, const char *machine_id, struct error *err)
{
	char owner[128];

	read_owner(fd, owner, sizeof(owner));
	if (owner[0])
		return error_set(err, -EEXIST,
				 PLACE
				 "/%s is the journal of container %.12s: empty /etc/machine-id of one of the two trees",
				 machine_id, owner);
	if (!is_empty(fd))
		return error_set(
			err, -EEXIST,
			PLACE "/%s has a journal that is no container's: move it away, or empty /etc/machine-id of the tree",
			machine_id);
	return 0;
}

/*
 * The mark comes last: what has it is complete. Access lists that are inherited on the host name groups which the guest does not know, and its systemd-tmpfiles would
 * fail to write them back.
 */
static int give(int fd, const struct spec *spec, struct error *err)
{
	fremovexattr(fd, "system.posix_acl_default");
	fremovexattr(fd, "system.posix_acl_access");
	if (fchmod(fd, 0755) < 0 || fchown(fd, (uid_t)spec->idmap.uid, (gid_t)spec->idmap.gid) < 0 ||
	    fsetxattr(fd, OWNER, spec->id, strlen(spec->id), 0) < 0)
		return error_set_errno(err, "cannot give the guest a directory in " PLACE);
	return 0;
}

static int make_directory(int place_fd, const char *machine_id, const struct spec *spec, struct error *err)
{
	autoclose int fd = -EBADF;
	int r;

	if (mkdirat(place_fd, machine_id, 0755) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make " PLACE "/%s", machine_id);
	fd = open_directory(place_fd, machine_id);
	if (fd < 0)
		return error_set_errno(err, "cannot open the directory " PLACE "/%s", machine_id);
	if (is_owned_by(fd, spec->id))
		return steal_fd(&fd);
	r = check_free(fd, machine_id, err);
	if (r == 0)
		r = give(fd, spec, err);
	return r < 0 ? r : steal_fd(&fd);
}

/* Returns its descriptor, or -ENOENT without an error when there is nothing to link. */
static int find_directory(const char *machine_id, const struct spec *spec, struct error *err)
{
	autoclose int place = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	int r;

	if (place < 0 && spec->link_journal == SPEC_JOURNAL_HOST)
		return error_set(err, -errno,
				 "the host keeps no journal: cannot open " PLACE
				 ": %s; make it (journald.conf(5), Storage=), or use try-host",
				 strerror(errno));
	if (place < 0)
		return -ENOENT;
	if (spec->link_journal == SPEC_JOURNAL_AUTO) {
		fd = open_directory(place, machine_id);
		return fd >= 0 && is_owned_by(fd, spec->id) ? steal_fd(&fd) : -ENOENT;
	}
	r = check_machine_id(machine_id, err);
	return r < 0 ? r : make_directory(place, machine_id, spec, err);
}

/* --- the mount -------------------------------------------------------------------------------------------------------- */

static int mount_directory(int fd, const char *machine_id, const struct spec *spec, pid_t init, int init_pidfd,
			   struct error *err)
{
	static const struct mount_attr change = {.attr_set = ATTRIBUTES, .propagation = MS_PRIVATE};
	autofree char *target = xasprintf(PLACE "/%s", machine_id);
	autoclose int tree = mount_clone(fd, "", 0, err), proc = -EBADF;
	struct mount_operation operation = {.target = target, .tree_fd = tree};
	struct mount_plan plan = {.spec = spec, .userns_fd = -1, .items = &operation, .count = 1};
	int r = tree < 0 ? tree : mount_change(tree, &change, 0, err);

	if (r < 0)
		return r;
	plan.proc_fd = proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc < 0 ? error_set_errno(err, "cannot open /proc") : mount_plan_attach(&plan, init, init_pidfd, err);
}

int journal_link_apply(const struct spec *spec, pid_t init, int init_pidfd, struct error *err)
{
	char machine_id[MACHINE_ID_LENGTH + 1];
	struct error problem = {0};
	autoclose int fd = -EBADF;
	int r;

	if (spec->link_journal == SPEC_JOURNAL_NO)
		return 0;
	r = guest_machine_id(spec->id, init, machine_id, &problem);
	if (r == 0)
		fd = r = find_directory(machine_id, spec, &problem);
	if (r == -ENOENT && !problem.code)
		return 0;
	if (r >= 0)
		r = mount_directory(fd, machine_id, spec, init, init_pidfd, &problem);
	return r < 0 ? error_set(err, r, "--link-journal %s: %s", spec_journal_names[spec->link_journal], problem.message)
		     : 0;
}

/* --- the end ---------------------------------------------------------------------------------------------------------- */

static void find_journals(int place_fd, const char *container_id, struct strings *ret_names)
{
	autorelease(close_directory) DIR *directory = open_entries(place_fd);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char machine_id[MACHINE_ID_LENGTH + 1];
		autoclose int fd = -EBADF;

		if (!machine_id_parse(entry->d_name, strlen(entry->d_name), machine_id))
			continue;
		fd = open_directory(place_fd, entry->d_name);
		if (fd >= 0 && is_owned_by(fd, container_id))
			strings_append(ret_names, entry->d_name);
	}
}

int journal_link_remove(const char *container_id, struct error *err)
{
	autoclose int place = open(PLACE, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autorelease(strings_release) struct strings names = {0};
	int r = 0;

	if (place < 0)
		return 0;
	find_journals(place, container_id, &names);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = file_remove_tree(place, names.items[i], err);
	return r < 0 ? error_prefix(err, "cannot remove the journal in " PLACE) : 0;
}
