/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of mountinfo. */
#include "kernel/mountinfo.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

#define MAX_BYTES ((size_t)64 << 20)

static bool is_octal(char digit)
{
	return digit >= '0' && digit <= '7';
}

/* Blanks, tabs, newlines and backslashes are written as three octal digits. */
static char *copy_unescaped(const char *text)
{
	char *copy = xmalloc(strlen(text) + 1), *out = copy;

	while (*text)
		if (text[0] == '\\' && is_octal(text[1]) && is_octal(text[2]) && is_octal(text[3])) {
			*out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*out++ = *text++;
		}
	*out = '\0';
	return copy;
}

/* "36 35 0:29 /root /mount/point rw,noatime optional... - type source options" */
static void parse_line(char *line, struct mountinfo *mountinfo)
{
	struct mountinfo_entry entry = {0};
	char *separator = strstr(line, " - "), *state = NULL, *root, *target, *type;
	unsigned long long id;

	if (!separator || sscanf(line, "%llu %*d %u:%u", &id, &entry.device_major, &entry.device_minor) != 3)
		return;
	*separator = '\0';
	strtok_r(line, " ", &state);
	strtok_r(NULL, " ", &state);
	strtok_r(NULL, " ", &state);
	root = strtok_r(NULL, " ", &state);
	target = strtok_r(NULL, " ", &state);
	type = strtok_r(separator + 3, " ", &state);
	if (!root || !target || !type)
		return;
	entry.id = id;
	entry.root = copy_unescaped(root);
	entry.target = copy_unescaped(target);
	entry.type = copy_unescaped(type);
	mountinfo->entries = xreallocarray(mountinfo->entries, mountinfo->count + 1, sizeof(entry));
	mountinfo->entries[mountinfo->count++] = entry;
}

void mountinfo_parse(char *text, struct mountinfo *ret_mountinfo)
{
	char *state = NULL;

	*ret_mountinfo = (struct mountinfo){0};
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		parse_line(line, ret_mountinfo);
}

int mountinfo_read(pid_t pid, struct mountinfo *ret_mountinfo, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/mountinfo", pid), *text = NULL;
	size_t length;
	int r = file_read(AT_FDCWD, path, MAX_BYTES, &text, &length, err);

	if (r < 0)
		return r == -ENOENT || r == -EINVAL ? error_set(err, -ESRCH, "process %d is gone", pid) : r;
	mountinfo_parse(text, ret_mountinfo);
	return 0;
}

void mountinfo_release(struct mountinfo *mountinfo)
{
	for (size_t i = 0; i < mountinfo->count; i++) {
		free(mountinfo->entries[i].root);
		free(mountinfo->entries[i].target);
		free(mountinfo->entries[i].type);
	}
	free(mountinfo->entries);
	*mountinfo = (struct mountinfo){0};
}
