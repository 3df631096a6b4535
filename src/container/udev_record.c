/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the records of udev's database in guests. */
#include "container/udev_record.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/memory.h"
#include "base/text.h"
#include "kernel/root.h"

#define DATA      "/udev/data" /* below /run, as all paths here */
#define CONTROL   "/udev/control"
#define NAME_SAFE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#+-.:=@_/" /* as udev's own links */

struct record_name {
	char text[32]; /* "b8:16" */
};

static struct record_name name_of(bool is_block, dev_t number)
{
	struct record_name name;

	snprintf(name.text, sizeof(name.text), "%c%u:%u", is_block ? 'b' : 'c', major(number), minor(number));
	return name;
}

/* A record is a file of lines, and links are below /dev. */
static const char *find_link(const char *path, const char *kernel_name)
{
	const char *link = strncmp(path, "/dev/", 5) == 0 ? path + 5 : "";

	if (!link[0] || link[strspn(link, NAME_SAFE)] || (kernel_name && strcmp(link, kernel_name) == 0))
		return NULL;
	return link;
}

char *udev_record_text(const char *path, const char *kernel_name, unsigned long long now_us)
{
	const char *link = find_link(path, kernel_name);
	struct text out = {0};

	if (link)
		text_appendf(&out, "S:%s\n", link);
	text_appendf(&out, "I:%llu\n", now_us);
	return text_steal(&out);
}

/* A time of 0 would be none. */
static unsigned long long read_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000 + 1;
}

/* 1 with /run opened when a record is ours to write. */
static int open_run(int root_fd, int *ret_fd, struct error *err)
{
	autoclose int fd = root_open(root_fd, "/run", O_RDONLY | O_DIRECTORY, 0, err), control = -EBADF;
	struct statfs status;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &status) < 0)
		return error_set_errno(err, "cannot look at /run of the guest");
	if (status.f_type != TMPFS_MAGIC)
		return 0;
	control = root_open(fd, CONTROL, O_PATH, 0, NULL);
	if (control >= 0)
		return 0;
	*ret_fd = steal_fd(&fd);
	return 1;
}

int udev_record_write(int root_fd, bool is_block, dev_t number, const char *path, const char *kernel_name, struct error *err)
{
	autofree char *text = udev_record_text(path, kernel_name, read_clock_us()),
		      *file = xasprintf(DATA "/%s", name_of(is_block, number).text);
	autoclose int run = -EBADF;
	int r = open_run(root_fd, &run, err);

	return r <= 0 ? r : root_replace(run, file, text, strlen(text), 0644, err);
}

int udev_record_remove(int root_fd, bool is_block, dev_t number, struct error *err)
{
	struct record_name name = name_of(is_block, number);
	autoclose int run = -EBADF, data = -EBADF;
	int r = open_run(root_fd, &run, err);

	if (r <= 0)
		return r;
	data = root_open(run, DATA, O_PATH | O_DIRECTORY, 0, NULL);
	if (data >= 0 && unlinkat(data, name.text, 0) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove /run/udev/data/%s of the guest", name.text);
	return 0;
}
