/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host in one file: "### PATH" and the content of that file behind it, "### PATH -> TARGET" for a link. It is unpacked
 * to a folder, which the proc view takes for the machine. The file "subject" says which guest is meant, in lines:
 *
 *	cgroup PATH          left out: where init is
 *	init PID
 *	quota-view yes|no
 *	now SECONDS.FRACTION since the host booted; three digits
 *	root MAJOR:MINOR
 *	disk MAJOR:MINOR NAME [exclusive COUNTER...]
 */
#pragma once

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "lxcfs/view.h"

#define PROCVIEW_MARK "### "

struct procview_subject {
	struct view_subject subject;
	int64_t now_ns;
	struct strings words; /* what subject borrows */
	struct view_disk disks[8];
};

static inline void procview_release(struct procview_subject *subject)
{
	strings_release(&subject->words);
}

/* A fuzzer writes such files too: nothing may be made outside of the folder. */
static inline bool procview_is_good_path(const char *path)
{
	return strlen(path) < 200 && *path != '/' && !strstr(path, "..") && !strstr(path, "//") && *path &&
	       path[strlen(path) - 1] != '/' && strcmp(path, ".") != 0;
}

static inline int procview_create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static inline void procview_put(const char *folder, const char *path, const char *content, size_t length)
{
	autofree char *whole = xasprintf("%s/%s", folder, path);
	autofree char *directory = xstrndup(whole, (size_t)(strrchr(whole, '/') - whole));
	autoclose int fd = -EBADF;

	if (!procview_is_good_path(path))
		return;
	fd = procview_create(whole);
	if (fd < 0 && file_make_directories(directory, 0755, NULL) == 0)
		fd = procview_create(whole);
	if (fd >= 0)
		file_write_all(fd, content, length, NULL);
}

/* Links are for /sys/dev/block alone, whose entries lead to /sys/devices. */
static inline void procview_link(const char *folder, const char *path, const char *target)
{
	static const char place[] = "sys/dev/block/", destination[] = "../../devices/";
	autofree char *whole = xasprintf("%s/%s", folder, path);
	autofree char *directory = xasprintf("%s/%s", folder, place);

	if (!procview_is_good_path(path) || strncmp(path, place, strlen(place)) != 0 || strchr(path + strlen(place), '/') ||
	    strncmp(target, destination, strlen(destination)) != 0 || strstr(target + strlen(destination), ".."))
		return;
	file_make_directories(directory, 0755, NULL);
	if (symlink(target, whole) < 0)
		return;
}

static inline void procview_unpack(const char *bundle, const char *folder)
{
	for (const char *mark = bundle; mark && strncmp(mark, PROCVIEW_MARK, strlen(PROCVIEW_MARK)) == 0;) {
		const char *line = mark + strlen(PROCVIEW_MARK), *end = strchrnul(line, '\n');
		const char *content = end + (*end == '\n'), *next = strstr(content, "\n" PROCVIEW_MARK);
		autofree char *path = xstrndup(line, (size_t)(end - line));
		char *arrow = strstr(path, " -> ");

		/* An empty file: the next mark is right behind. */
		if (strncmp(content, PROCVIEW_MARK, strlen(PROCVIEW_MARK)) == 0)
			next = content - 1;
		if (arrow) {
			*arrow = '\0';
			procview_link(folder, path, arrow + 4);
		} else {
			procview_put(folder, path, content, next ? (size_t)(next + 1 - content) : strlen(content));
		}
		mark = next ? next + 1 : NULL;
	}
}

static inline void procview_parse_disk(struct procview_subject *subject, const struct strings *words)
{
	struct view_disk *disk = &subject->disks[subject->subject.disk_count];

	if (subject->subject.disk_count == ARRAY_SIZE(subject->disks) || words->count < 3 ||
	    sscanf(words->items[1], "%u:%u", &disk->major_number, &disk->minor_number) != 2)
		return;
	strings_append(&subject->words, words->items[2]);
	disk->name = subject->words.items[subject->words.count - 1];
	disk->is_exclusive = words->count > 3;
	for (size_t i = 4; i < words->count && i - 4 < VIEW_DISK_COUNTERS; i++)
		disk->baseline[i - 4] = strtoull(words->items[i], NULL, 10);
	subject->subject.disk_count++;
}

static inline void procview_parse_line(struct procview_subject *subject, const struct strings *words)
{
	const char *key = words->items[0], *value = words->count > 1 ? words->items[1] : "";
	unsigned int major_number, minor_number;
	int64_t seconds;
	int thousandths = 0;

	if (strcmp(key, "cgroup") == 0) {
		strings_append(&subject->words, value);
		subject->subject.cgroup = subject->words.items[subject->words.count - 1];
	} else if (strcmp(key, "init") == 0) {
		subject->subject.init = atoi(value);
	} else if (strcmp(key, "quota-view") == 0) {
		subject->subject.has_quota_view = strcmp(value, "yes") == 0;
	} else if (strcmp(key, "now") == 0 && sscanf(value, "%9" SCNd64 ".%3d", &seconds, &thousandths) >= 1) {
		subject->now_ns = seconds * 1000000000 + (int64_t)thousandths * 1000000;
	} else if (strcmp(key, "root") == 0 && sscanf(value, "%u:%u", &major_number, &minor_number) == 2) {
		subject->subject.root_device = makedev(major_number, minor_number);
	} else if (strcmp(key, "disk") == 0) {
		procview_parse_disk(subject, words);
	}
}

/* Of an unpacked folder. -errno when it has no "subject". The caller releases. */
static inline int procview_read_subject(const char *folder, struct procview_subject *ret_subject)
{
	autofree char *path = xasprintf("%s/subject", folder), *content = NULL;
	autorelease(strings_release) struct strings lines = {0};
	int r;

	*ret_subject = (struct procview_subject){0};
	r = file_read(AT_FDCWD, path, 1 << 20, &content, NULL, NULL);
	if (r < 0)
		return r;
	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		autorelease(strings_release) struct strings words = {0};

		strings_split(&words, lines.items[i], " ");
		if (words.count)
			procview_parse_line(ret_subject, &words);
	}
	ret_subject->subject.disks = ret_subject->disks;
	return 0;
}
