/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the reading of mountinfo. */
#include "kernel/mountinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"

#define MAX_BYTES  ((size_t)64 << 20)
#define MAX_ROUNDS 64

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

/* An absent field is an empty one. */
static char *next_field(char **rest)
{
	char *field = strsep(rest, " ");

	return copy_unescaped(field ? field : "");
}

static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *next = list; next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL)
		if (strncmp(next, word, length) == 0 && (next[length] == ',' || !next[length]))
			return true;
	return false;
}

/* "36 35 0:29 /root /mount/point rw,noatime optional... - type source options"; a source may be empty. */
static bool parse_line(char *line, struct mountinfo_entry *ret_entry)
{
	struct mountinfo_entry entry = {0};
	char *separator = strstr(line, " - "), *head = line, *tail, *tag, *options;
	unsigned long long id, parent;

	if (!separator || sscanf(line, "%llu %llu %u:%u", &id, &parent, &entry.device_major, &entry.device_minor) != 4)
		return false;
	*separator = '\0';
	tail = separator + 3;
	for (int i = 0; i < 3; i++)
		strsep(&head, " ");
	entry.id = id;
	entry.parent = parent;
	entry.root = next_field(&head);
	entry.target = next_field(&head);
	options = strsep(&head, " ");
	entry.is_read_only = has_word(options, "ro");
	entry.is_idmapped = has_word(options, "idmapped");
	while ((tag = strsep(&head, " "))) {
		entry.is_shared |= strncmp(tag, "shared:", strlen("shared:")) == 0;
		entry.is_slave |= strncmp(tag, "master:", strlen("master:")) == 0;
	}
	entry.type = next_field(&tail);
	entry.source = next_field(&tail);
	entry.options = next_field(&tail);
	if (*entry.root && *entry.target && *entry.type) {
		*ret_entry = entry;
		return true;
	}
	mountinfo_entry_release(&entry);
	return false;
}

void mountinfo_parse(char *text, struct mountinfo *ret_mountinfo)
{
	char *state = NULL;

	*ret_mountinfo = (struct mountinfo){0};
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		struct mountinfo_entry entry;

		if (!parse_line(line, &entry))
			continue;
		ret_mountinfo->entries = xreallocarray(ret_mountinfo->entries, ret_mountinfo->count + 1, sizeof(entry));
		ret_mountinfo->entries[ret_mountinfo->count++] = entry;
	}
}

int mountinfo_read(pid_t pid, struct mountinfo *ret_mountinfo, struct error *err)
{
	autofree char *path = pid ? xasprintf("/proc/%d/mountinfo", pid) : xstrdup("/proc/self/mountinfo"), *text = NULL;
	size_t length;
	int r = file_read(AT_FDCWD, path, MAX_BYTES, &text, &length, err);

	if (r < 0)
		return r == -ENOENT || r == -EINVAL ? error_set(err, -ESRCH, "process %d is gone", pid) : r;
	mountinfo_parse(text, ret_mountinfo);
	return 0;
}

int mountinfo_read_own(int proc_fd, struct mountinfo *ret_mountinfo, struct error *err)
{
	autofree char *text = NULL;
	int r = file_read(proc_fd, "self/mountinfo", MAX_BYTES, &text, NULL, err);

	*ret_mountinfo = (struct mountinfo){0};
	if (r == 0)
		mountinfo_parse(text, ret_mountinfo);
	return r;
}

static int compare_ids(const void *a, const void *b, void *data)
{
	const struct mountinfo_entry *entries = data;
	uint64_t one = entries[*(const size_t *)a].id, other = entries[*(const size_t *)b].id;

	return one < other ? -1 : one > other;
}

/* Index of the parent of each mount, count where it is not in the table. A guest may have a hundred thousand mounts. */
static size_t *list_parents(const struct mountinfo *mountinfo)
{
	size_t *parents = xcalloc(mountinfo->count, sizeof(*parents)), count = mountinfo->count;
	autofree size_t *sorted = xcalloc(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = i;
	qsort_r(sorted, count, sizeof(*sorted), compare_ids, mountinfo->entries);
	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = count;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (mountinfo->entries[sorted[middle]].id < mountinfo->entries[i].parent)
				low = middle + 1;
			else
				high = middle;
		}
		parents[i] = low < count && mountinfo->entries[sorted[low]].id == mountinfo->entries[i].parent ? sorted[low]
													       : count;
	}
	return parents;
}

/* Mounts may have been moved, so that a parent stands behind its children: then another round finds those. */
void mountinfo_find_tree(const struct mountinfo *mountinfo, const struct mountinfo_entry *top,
			 struct mountinfo_tree *ret_tree)
{
	autofree size_t *parents = list_parents(mountinfo);
	autofree bool *is_in = xcalloc(mountinfo->count + 1, sizeof(*is_in));
	struct mountinfo_tree tree = {.mounts = xcalloc(mountinfo->count, sizeof(*tree.mounts))};
	size_t before = 0;

	tree.mounts[tree.count++] = (size_t)(top - mountinfo->entries);
	is_in[tree.mounts[0]] = true;
	for (int round = 0; round < MAX_ROUNDS && before < tree.count; round++) {
		before = tree.count;
		for (size_t i = 0; i < mountinfo->count; i++)
			if (!is_in[i] && is_in[parents[i]]) {
				is_in[i] = true;
				tree.mounts[tree.count++] = i;
			}
	}
	*ret_tree = tree;
}

void mountinfo_tree_release(struct mountinfo_tree *tree)
{
	free(tree->mounts);
	*tree = (struct mountinfo_tree){0};
}

void mountinfo_entry_release(struct mountinfo_entry *entry)
{
	free(entry->root);
	free(entry->target);
	free(entry->type);
	free(entry->source);
	free(entry->options);
	*entry = (struct mountinfo_entry){0};
}

const struct mountinfo_entry *mountinfo_find(const struct mountinfo *mountinfo, uint64_t id)
{
	for (size_t i = 0; i < mountinfo->count; i++)
		if (mountinfo->entries[i].id == id)
			return &mountinfo->entries[i];
	return NULL;
}

void mountinfo_release(struct mountinfo *mountinfo)
{
	for (size_t i = 0; i < mountinfo->count; i++)
		mountinfo_entry_release(&mountinfo->entries[i]);
	free(mountinfo->entries);
	*mountinfo = (struct mountinfo){0};
}

int mountinfo_describe(int fd, struct mountinfo_entry *ret_entry, struct error *err)
{
	autorelease(mountinfo_release) struct mountinfo mounts = {0};
	struct statx status;
	int r;

	*ret_entry = (struct mountinfo_entry){0};
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) < 0)
		return error_set_errno(err, "cannot look at a mount");
	r = mountinfo_read(0, &mounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mounts.count; i++)
		if (mounts.entries[i].id == status.stx_mnt_id) {
			*ret_entry = mounts.entries[i];
			mounts.entries[i] = (struct mountinfo_entry){0};
			return 0;
		}
	return error_set(err, -ENOENT, "a mount is not in /proc/self/mountinfo");
}
