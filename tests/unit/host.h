/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folders that look like hosts to what reads /proc, /sys and cgroup files below a root. Included once by a test. */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup.h"

struct file {
	const char *path;
	const char *content;
};

static char root[64];

static inline void make_files(const struct file *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *path = xasprintf("%s%s", root, files[i].path);
		autofree char *directory = xstrndup(path, (size_t)(strrchr(path, '/') - path));
		FILE *file;

		assert_true(file_make_directories(directory, 0755, NULL) >= 0);
		file = fopen(path, "we");
		assert_non_null(file);
		fputs(files[i].content, file);
		fclose(file);
	}
}

static inline int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test_cgroup.XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	return file_remove_tree(AT_FDCWD, root, NULL);
}

static inline struct cgroup_host load(const struct file *files, size_t count)
{
	struct cgroup_host host;
	struct error err;

	make_files(files, count);
	if (cgroup_host_load_below(root, &host, &err) < 0)
		fail_msg("%s", err.message);
	return host;
}
#define LOAD(files) load(files, ARRAY_SIZE(files))

static inline void replace(const char *path, const char *content)
{
	make_files(&(struct file){path, content}, 1);
}

/* Our writes do not truncate, as a kernel file has no length: the first line's beginning is what counts. */
static inline void assert_written(const char *path, const char *expected)
{
	autofree char *whole = xasprintf("%s%s", root, path);
	autofree char *line = NULL;

	assert_int_equal(file_read_line(AT_FDCWD, whole, &line, NULL), 0);
	if (*expected && strlen(line) > strlen(expected))
		line[strlen(expected)] = '\0';
	assert_string_equal(line, expected);
}
