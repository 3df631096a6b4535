/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory for one test, which is all that the model sees of the host: SYSCONTAINER_ROOT, _RUN and _CONFIG are in it. */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"

#define WORK_ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char *work;

/* One of the last eight stays valid. */
static inline const char *work_path(const char *name)
{
	static char paths[8][4096];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", work, name);
	return path;
}

static inline int work_set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	work = xasprintf("%s/test_work.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(work));
	setenv("SYSCONTAINER_ROOT", work_path("root"), 1);
	setenv("SYSCONTAINER_RUN", work_path("run"), 1);
	setenv("SYSCONTAINER_CONFIG", work_path("daemon.json"), 1);
	return 0;
}

static inline int work_tear_down(void **state)
{
	struct error err = {0};

	(void)state;
	if (file_remove_tree(AT_FDCWD, work, &err) < 0)
		print_error("%s\n", err.message);
	free(work);
	return err.code;
}

static inline void work_make_directory(const char *name)
{
	struct error err = {0};

	if (file_make_directories(work_path(name), 0755, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void work_write_bytes(const char *name, const void *data, size_t length)
{
	struct error err = {0};

	if (file_replace(AT_FDCWD, work_path(name), data, length, 0644, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void work_write(const char *name, const char *content)
{
	work_write_bytes(name, content, strlen(content));
}

static inline char *work_read(const char *name)
{
	struct error err = {0};
	char *data = NULL;

	if (file_read(AT_FDCWD, work_path(name), 1 << 20, &data, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return data;
}

/* paths_prepare() wants its directories to be root's. Who is not root becomes it in a user namespace (user_namespaces(7)). */
static inline void work_become_root(void)
{
	autofree char *map = xasprintf("0 %u 1", (unsigned)geteuid());
	struct error err = {0};

	if (geteuid() == 0)
		return;
	if (unshare(CLONE_NEWUSER) < 0 || file_write_value(AT_FDCWD, "/proc/self/uid_map", map, &err) < 0) {
		fprintf(stderr, "this test needs root, or user namespaces for everybody: %s\n",
			err.code ? err.message : strerror(errno));
		exit(77); /* automake's way to skip: in a chroot, where packages are built, nobody may make one */
	}
}
