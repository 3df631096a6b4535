/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what stands behind an inode number. */
#include "lxcfs/tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/strings.h"
#include "lxcfs/node.h"
#include "lxcfs/registration.h"

#define LONG_MS   3600000 /* for what cannot change while its guest lives */
#define MOMENT_MS 1       /* from an open to the read that follows */

/* --- attributes and texts ------------------------------------------------------------------------------------------------------ */

static uint64_t hash_of(const struct text *text)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ text->length; /* FNV-1a, but for 8 bytes at once */
	uint64_t word;

	for (size_t i = 0; i < text->length; i += sizeof(word)) {
		size_t left = text->length - i;

		word = 0;
		memcpy(&word, text->data + i, left < sizeof(word) ? left : sizeof(word));
		hash = (hash ^ word) * UINT64_C(1099511628211);
		hash ^= hash >> 32; /* a product's high bits know of all bits, its low ones only of the low */
	}
	return hash;
}

/* Half the age is for the sample, half for the kernel's copy of the answer. Below 0: each answer is made anew. */
static int64_t sample_age_ms(const struct tree *tree)
{
	return tree->age_ms ? tree->age_ms / 2 : -1;
}

/* Texts of what is summed up over time. */
static bool counts(const struct view *view)
{
	static const char *const paths[] = {"proc/loadavg", "proc/stat", "proc/uptime"};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strcmp(view->path, paths[i]) == 0)
			return true;
	return false;
}

/* The reader is told that a file is gone, whatever of it is. */
static int gone(int r)
{
	return r == -ENODEV || r == -ESRCH ? -ENOENT : r;
}

/* Only of guests of ours does the number say whose text it is. */
static struct tree_text *find_text(struct tree *tree, const struct subject *subject, uint64_t node)
{
	for (size_t i = 0; subject->slot && i < TREE_TEXTS; i++)
		if (tree->texts[i].node == node && tree->texts[i].made_ns >= subject->since_ns)
			return &tree->texts[i];
	return NULL;
}

static struct tree_text *take_text(struct tree *tree, const struct subject *subject, uint64_t node)
{
	struct tree_text *text = find_text(tree, subject, node);

	if (!text) {
		text = &tree->texts[tree->next_text];
		tree->next_text = (tree->next_text + 1) % TREE_TEXTS;
		text->node = 0;
	}
	return text;
}

/* What was made once and cannot have changed since. */
static bool is_settled(struct tree *tree, struct subject *subject, const struct view *view, const struct tree_text *text,
		       int64_t now_ns)
{
	if (!text->node || view->life != VIEW_CPUS)
		return text->node && view->life == VIEW_CONSTANT;
	return view_guest_sample_cpus(subject->guest, now_ns, sample_age_ms(tree) * 1000000, NULL) == 0 &&
	       view_guest_cpus_generation(subject->guest) == text->cpus;
}

static int render(struct tree *tree, struct subject *subject, const struct view *view, uint64_t node,
		  struct tree_text **ret_text)
{
	struct tree_text *text = take_text(tree, subject, node);
	int64_t now_ns = clock_boot_ns();
	struct error error; /* without one, the code is lost: error_prefix() */
	int r = 0;

	if (!is_settled(tree, subject, view, text, now_ns)) {
		text->node = 0;
		r = view_render(subject->guest, view, node_cpu(node), now_ns, sample_age_ms(tree) * 1000000, &text->text,
				&error);
		if (r < 0)
			return gone(r);
	}
	if (counts(view)) {
		subject->load_read_ns = now_ns;
		subject_save(subject);
	}
	text->node = subject->slot ? node : 0;
	text->made_ns = now_ns;
	text->cpus = view_guest_cpus_generation(subject->guest);
	text->is_read = false;
	*ret_text = text;
	return 0;
}

/* The kernel asks for attributes and then for the content, first of all when a file is opened: all answers speak of one text. */
static struct tree_text *find_young(struct tree *tree, const struct subject *subject, uint64_t node, int64_t max_age_ms)
{
	struct tree_text *text = find_text(tree, subject, node);

	return text && clock_boot_ns() - text->made_ns <= max_age_ms * 1000000 ? text : NULL;
}

static int64_t changed_ns(struct tree *tree, struct subject *subject, const struct view *view, const struct text *content)
{
	struct subject_text *text = &subject->texts[view_number(view)];
	uint64_t hash;

	if (view->life == VIEW_CONSTANT)
		return tree->started_ns;
	if (view->life == VIEW_CPUS)
		return tree->started_ns + (int64_t)view_guest_cpus_generation(subject->guest);
	hash = hash_of(content);
	if (hash != text->hash || text->changed_ns == 0)
		*text = (struct subject_text){.hash = hash, .changed_ns = clock_real_ns()};
	return text->changed_ns;
}

/* How many CPUs there are is asked before it is said which of them are there. */
static bool is_there(struct tree *tree, struct subject *subject, const struct view *view, unsigned int cpu)
{
	if (strstr(view->path, "cpuN"))
		view_guest_sample_cpus(subject->guest, clock_boot_ns(), sample_age_ms(tree) * 1000000, NULL);
	return view_is_there(subject->guest, view, cpu);
}

static int describe_view(struct tree *tree, struct subject *subject, const struct view *view, unsigned int cpu, bool is_read,
			 struct filesystem_node *ret_node)
{
	uint64_t node = node_of(subject->slot, view, cpu);
	struct tree_text *text;
	int r = 0;

	if (!is_there(tree, subject, view, cpu))
		return -ENOENT;
	*ret_node = (struct filesystem_node){
		.number = node,
		.mode = view->mode,
		.valid_ms = view->life == VIEW_CONSTANT ? LONG_MS : tree->age_ms / 2,
		.changed_ns = tree->started_ns,
	};
	if (S_ISDIR(view->mode))
		return 0;
	text = find_young(tree, subject, node, MOMENT_MS);
	if (!text || text->is_read)
		r = render(tree, subject, view, node, &text);
	if (r < 0)
		return r;
	text->is_read = is_read;
	ret_node->size = text->text.length;
	ret_node->changed_ns = changed_ns(tree, subject, view, &text->text);
	return 0;
}

static int read_view(struct tree *tree, struct subject *subject, uint64_t node, struct text *out)
{
	const struct view *view = node_view(node);
	struct tree_text *text;
	int r = 0;

	if (!view || S_ISDIR(view->mode))
		return -EISDIR;
	text = find_young(tree, subject, node, tree->age_ms / 2 + MOMENT_MS);
	if (!text)
		r = render(tree, subject, view, node, &text);
	if (r < 0)
		return r;
	text->is_read = true;
	text_append_bytes(out, text->text.data, text->text.length);
	return 0;
}

/* --- directories ---------------------------------------------------------------------------------------------------------------- */

/* A directory's path as a reader writes it: with the number of the CPU. */
static void spell(const struct view *view, unsigned int cpu, struct text *out)
{
	const char *mark = strstr(view->path, "cpuN");

	if (mark)
		text_appendf(out, "%.*scpu%u%s", (int)(mark - view->path), view->path, cpu, mark + 4);
	else
		text_append(out, view->path);
}

/* NULL for what is in no guest. */
static const struct view *find_child(uint64_t directory, const char *name, unsigned int *ret_cpu)
{
	const struct view *parent = node_view(directory);
	autorelease(text_release) struct text path = {0};

	if (!parent || !S_ISDIR(parent->mode))
		return NULL;
	spell(parent, node_cpu(directory), &path);
	text_appendf(&path, "%s%s", path.length ? "/" : "", name);
	return view_find(path.data, ret_cpu);
}

static const char *last_name(const struct view *view)
{
	const char *slash = strrchr(view->path, '/');

	return slash ? slash + 1 : view->path;
}

static bool is_cpu_directory(const struct view *view)
{
	return strcmp(last_name(view), "cpuN") == 0;
}

/* A cursor is the number of a view, and of the CPU where the view is there once for each. */
#define CURSOR(number_, cpu_) ((uint64_t)(number_) << 12 | (cpu_))

static int list_views(struct tree *tree, struct subject *subject, uint64_t directory, uint64_t cursor, uint64_t *ret_next,
		      const char **ret_name, struct filesystem_node *ret_node)
{
	const struct view *parent = node_view(directory), *view;
	unsigned int cpu = cursor & 0xfff;

	if (!parent || !S_ISDIR(parent->mode))
		return -ENOTDIR;
	for (size_t number = cursor >> 12; (view = view_at(number)); number++, cpu = 0) {
		const unsigned int which = is_cpu_directory(view) ? cpu : node_cpu(directory);

		if (view == parent || !view_is_child(parent, view) || !is_there(tree, subject, view, which))
			continue;
		*ret_name = last_name(view);
		*ret_next = CURSOR(number + 1, 0);
		if (is_cpu_directory(view)) {
			snprintf(tree->name, sizeof(tree->name), "cpu%u", which);
			*ret_name = tree->name;
			*ret_next = CURSOR(number, which + 1);
		}
		*ret_node = (struct filesystem_node){.number = node_of(subject->slot, view, which), .mode = view->mode};
		return 1;
	}
	return 0;
}

/* --- a directory for each guest ------------------------------------------------------------------------------------------------ */

static const struct filesystem_node top = {.number = FILESYSTEM_ROOT, .mode = S_IFDIR | 0555, .valid_ms = LONG_MS};

static int guests_look_up(void *data, pid_t reader, uint64_t directory, const char *name, struct filesystem_node *ret_node)
{
	struct tree *tree = data;
	struct subject *subject;
	const struct view *view;
	unsigned int cpu;
	int r;

	(void)reader;
	if (directory == FILESYSTEM_ROOT) {
		r = subject_by_id(tree->subjects, name, &subject);
		if (r == 0)
			r = describe_view(tree, subject, view_at(0), 0, false, ret_node);
		/* The next boot of the guest has another slot. Only who binds looks this up; what is bound stays bound. */
		ret_node->valid_ms = 0;
		return gone(r);
	}
	r = subject_by_slot(tree->subjects, node_slot(directory), &subject);
	if (r < 0)
		return r;
	view = find_child(directory, name, &cpu);
	return view ? describe_view(tree, subject, view, cpu, false, ret_node) : -ENOENT;
}

static int guests_describe(void *data, pid_t reader, uint64_t node, bool is_read, struct filesystem_node *ret_node)
{
	const struct view *view = node_view(node);
	struct tree *tree = data;
	struct subject *subject;
	int r;

	(void)reader;
	*ret_node = top;
	if (node == FILESYSTEM_ROOT)
		return 0;
	r = view ? subject_by_slot(tree->subjects, node_slot(node), &subject) : -ENOENT;
	return r < 0 ? r : describe_view(tree, subject, view, node_cpu(node), is_read, ret_node);
}

static int list_guests(struct tree *tree, uint64_t cursor, uint64_t *ret_next, const char **ret_name,
		       struct filesystem_node *ret_node)
{
	autorelease(strings_release) struct strings ids = {0};
	struct subject *subject;

	registration_list(&ids, NULL);
	for (; cursor < ids.count; cursor++)
		if (subject_by_id(tree->subjects, ids.items[cursor], &subject) == 0) {
			*ret_next = cursor + 1;
			*ret_name = subject->id;
			*ret_node = (struct filesystem_node){.number = node_of(subject->slot, view_at(0), 0),
							     .mode = S_IFDIR | 0555};
			return 1;
		}
	return 0;
}

static int guests_list(void *data, pid_t reader, uint64_t directory, uint64_t cursor, uint64_t *ret_next,
		       const char **ret_name, struct filesystem_node *ret_node)
{
	struct tree *tree = data;
	struct subject *subject;
	int r;

	(void)reader;
	if (directory == FILESYSTEM_ROOT)
		return list_guests(tree, cursor, ret_next, ret_name, ret_node);
	r = subject_by_slot(tree->subjects, node_slot(directory), &subject);
	return r < 0 ? r : list_views(tree, subject, directory, cursor, ret_next, ret_name, ret_node);
}

static int guests_read(void *data, pid_t reader, uint64_t node, struct text *out)
{
	struct tree *tree = data;
	struct subject *subject;
	int r = subject_by_slot(tree->subjects, node_slot(node), &subject);

	(void)reader;
	return r < 0 ? r : read_view(tree, subject, node, out);
}

const struct filesystem_operations tree_of_guests = {
	.look_up = guests_look_up,
	.describe = guests_describe,
	.list = guests_list,
	.read = guests_read,
};

/* --- the reader's own --------------------------------------------------------------------------------------------------------------- */

/* As in procfs: no size, and what a name means to one reader says nothing of the next. */
static void describe_direct(const struct view *view, unsigned int cpu, struct filesystem_node *ret_node)
{
	*ret_node = (struct filesystem_node){.number = node_of(0, view, cpu), .mode = view->mode};
}

static int readers_look_up(void *data, pid_t reader, uint64_t directory, const char *name, struct filesystem_node *ret_node)
{
	struct tree *tree = data;
	struct subject *subject;
	const struct view *view;
	unsigned int cpu;
	int r = subject_by_reader(tree->subjects, reader, &subject);

	if (r < 0)
		return r;
	view = find_child(directory, name, &cpu);
	if (!view || !is_there(tree, subject, view, cpu))
		return -ENOENT;
	describe_direct(view, cpu, ret_node);
	return 0;
}

static int readers_describe(void *data, pid_t reader, uint64_t node, bool is_read, struct filesystem_node *ret_node)
{
	const struct view *view = node_view(node);

	(void)data;
	(void)reader;
	(void)is_read;
	if (!view)
		return -ENOENT;
	describe_direct(view, node_cpu(node), ret_node);
	return 0;
}

static int readers_list(void *data, pid_t reader, uint64_t directory, uint64_t cursor, uint64_t *ret_next,
			const char **ret_name, struct filesystem_node *ret_node)
{
	struct tree *tree = data;
	struct subject *subject;
	int r = subject_by_reader(tree->subjects, reader, &subject);

	return r < 0 ? r : list_views(tree, subject, directory, cursor, ret_next, ret_name, ret_node);
}

static int readers_read(void *data, pid_t reader, uint64_t node, struct text *out)
{
	struct tree *tree = data;
	struct subject *subject;
	int r = 0;

	/* A cgroup that was removed is asked for a second time: there may be a new one of that name. */
	for (int i = 0; i < 2; i++) {
		r = subject_by_reader(tree->subjects, reader, &subject);
		if (r < 0)
			return r;
		r = read_view(tree, subject, node, out);
		if (r != -ENOENT)
			break;
		subject_free(subject);
	}
	return r;
}

const struct filesystem_operations tree_of_readers = {
	.is_direct = true,
	.look_up = readers_look_up,
	.describe = readers_describe,
	.list = readers_list,
	.read = readers_read,
};

void tree_each_node(struct subject *subject, void (*function)(void *data, uint64_t node), void *data)
{
	const struct view *view;

	for (size_t number = 0; (view = view_at(number)); number++) {
		unsigned int count = strstr(view->path, "cpuN") ? view_guest_cpus(subject->guest) : 1;

		if (view->life != VIEW_CONSTANT || S_ISDIR(view->mode))
			for (unsigned int cpu = 0; cpu < count; cpu++)
				function(data, node_of(subject->slot, view, cpu));
	}
}

void tree_release(struct tree *tree)
{
	for (size_t i = 0; i < TREE_TEXTS; i++)
		text_release(&tree->texts[i].text);
}

void tree_expire(struct tree *tree)
{
	for (size_t i = 0; i < TREE_TEXTS; i++)
		tree->texts[i].node = 0;
}
