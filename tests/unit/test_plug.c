/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the engine that plugs: with kinds of attachments whose guest is a table in memory, so that every step can fail or be the last of a killed process. */
#include "container/plug.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "work.h"

#include "kernel/procfs.h"
#include "model/spec.h"

#define NAMES 6

/* What is plugged into the guest: for each kind and name its value, 0 when it is not there. Shared with children that are killed. */
static struct world {
	int values[ATTACHMENT_KINDS][NAMES];
	int saved; /* which of two lists the record has */
	int calls, fail_at, die_at;
	int is_broken; /* bits of names whose attach always fails */
	int retrieved;
} * world;

static struct spec spec = {.id = (char *)WORK_ID, .name = (char *)"web"};
static struct process_id init;

/* --- things ----------------------------------------------------------------------------------------------------------- */

/*
 * What all kinds are here, whatever they are elsewhere: the model's own functions are replaced by these, so that only its flag "required" has to be where it
 * really is.
 */
struct thing {
	union {
		struct attached_device device;
		struct attached_path path;
		struct attached_nic nic;
		struct attached_route route;
	} real;
	char *name, *value;
};

#define THING(name_) \
	static const struct schema_field name_##_fields[] = { \
		{.key = "name", .type = SCHEMA_STRING, .offset = offsetof(struct thing, name), .is_required = true}, \
		{.key = "value", .type = SCHEMA_STRING, .offset = offsetof(struct thing, value), .is_required = true}, \
		{.key = "required", \
		 .type = SCHEMA_BOOL, \
		 .offset = offsetof(struct thing, real.name_.is_required), \
		 .is_omitted_when_empty = true}, \
	}; \
	const struct schema attached_##name_##_schema = {sizeof(struct thing), name_##_fields, ARRAY_SIZE(name_##_fields)}; \
	bool attached_##name_##_is_same(const struct attached_##name_ *a, const struct attached_##name_ *b) \
	{ \
		return strcmp(((const struct thing *)a)->name, ((const struct thing *)b)->name) == 0; \
	} \
	bool attached_##name_##_is_equal(const struct attached_##name_ *a, const struct attached_##name_ *b) \
	{ \
		return attached_##name_##_is_same(a, b) && a->is_required == b->is_required && \
		       strcmp(((const struct thing *)a)->value, ((const struct thing *)b)->value) == 0; \
	} \
	int attached_##name_##_check(const struct attached_##name_ *item, struct error *err) \
	{ \
		(void)item; \
		(void)err; \
		return 0; \
	} \
	char *attached_##name_##_describe(const struct attached_##name_ *item) \
	{ \
		return xasprintf(#name_ " %s", ((const struct thing *)item)->name); \
	}
THING(device)
THING(path)
THING(nic)
THING(route)

int attached_nics_check(const struct schema_array *nics, struct error *err)
{
	(void)nics;
	(void)err;
	return 0;
}

/* --- kinds ------------------------------------------------------------------------------------------------------------ */

static int step(struct error *err)
{
	world->calls++;
	if (world->calls == world->die_at)
		_exit(9);
	return world->calls == world->fail_at ? error_set(err, -EIO, "it fails") : 0;
}

static int index_of(const char *name)
{
	return name[0] - 'a';
}

static int resolve(int name, struct error *err)
{
	(void)name;
	return step(err);
}

/* Before and after what it does it may be killed; only before may it fail. */
static int attach(enum attachment_kind kind, int name, int value, struct error *err)
{
	int r = step(err);

	if (world->is_broken & (1 << name))
		return error_set(err, -ENXIO, "it is broken");
	if (r == 0) {
		world->values[kind][name] = value;
		step(NULL);
	}
	return r;
}

static int detach(enum attachment_kind kind, int name, struct error *err)
{
	int r = step(err);

	if (r == 0) {
		world->values[kind][name] = 0;
		step(NULL);
	}
	return r;
}

#define KIND(kind_, name_) \
	static int name_##_resolve(struct plug *plug, void *item, struct error *err) \
	{ \
		(void)plug; \
		return resolve(index_of(((const struct thing *)item)->name), err); \
	} \
	static int name_##_attach(struct plug *plug, const void *old, void *item, struct error *err) \
	{ \
		const struct thing *thing = item; \
		(void)old; \
		assert_null(attachments_find(&plug->now.live, kind_, item)); \
		return attach(kind_, index_of(thing->name), atoi(thing->value), err); \
	} \
	static int name_##_detach(struct plug *plug, const void *item, struct error *err) \
	{ \
		assert_null(attachments_find(&plug->now.live, kind_, item)); \
		return detach(kind_, index_of(((const struct thing *)item)->name), err); \
	} \
	static int name_##_retrieve(struct plug *plug, const void *item, struct error *err) \
	{ \
		(void)plug; \
		(void)err; \
		world->retrieved |= 1 << index_of(((const struct thing *)item)->name); \
		return 0; \
	} \
	const struct plug_kind plug_##name_ = {.resolve = name_##_resolve, \
					       .attach = name_##_attach, \
					       .detach = name_##_detach, \
					       .retrieve = name_##_retrieve};
KIND(ATTACHMENT_DEVICE, device)
KIND(ATTACHMENT_PATH, path)
KIND(ATTACHMENT_NIC, nic)
KIND(ATTACHMENT_ROUTE, route)

/* --- lists ------------------------------------------------------------------------------------------------------------ */

static void put(struct attachments *list, enum attachment_kind kind, int name, int value, bool is_required)
{
	char letter[2] = {(char)('a' + name), 0}, number[12];
	struct thing item = {.name = letter, .value = number};
	bool *const flags[ATTACHMENT_KINDS] = {
		[ATTACHMENT_DEVICE] = &item.real.device.is_required,
		[ATTACHMENT_PATH] = &item.real.path.is_required,
		[ATTACHMENT_NIC] = &item.real.nic.is_required,
		[ATTACHMENT_ROUTE] = &item.real.route.is_required,
	};

	*flags[kind] = is_required;
	snprintf(number, sizeof(number), "%d", value);
	attachments_put(list, kind, &item);
}

static void fill(struct attachments *list, unsigned seed)
{
	srandom(seed);
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (int name = 0; name < NAMES; name++)
			if (random() % 2)
				put(list, kind, name, 1 + (int)(random() % 2), false);
}

static void load_world(const struct attachments *list)
{
	memset(world->values, 0, sizeof(world->values));
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < list->lists[kind].count; i++) {
			const struct thing *item = attachments_at(list, kind, i);

			world->values[kind][index_of(item->name)] = atoi(item->value);
		}
}

static void assert_world(const struct attachments *list)
{
	int is[ATTACHMENT_KINDS][NAMES];

	memcpy(is, world->values, sizeof(is));
	load_world(list);
	assert_memory_equal(is, world->values, sizeof(is));
}

/* --- the guest -------------------------------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	pid_t pid;

	work_set_up(state);
	work_make_directory("run/" WORK_ID);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(world, MAP_FAILED);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	return procfs_identify(pid, &init, NULL);
}

static int tear_down(void **state)
{
	kill(init.pid, SIGKILL);
	waitpid(init.pid, NULL, 0);
	munmap(world, sizeof(*world));
	attachments_release(&spec.attachments);
	return work_tear_down(state);
}

static int commit(void *data, struct error *err)
{
	int r = step(err);

	(void)data;
	if (r == 0)
		world->saved = 1;
	return r;
}

/* The guest has `before`, and so does the record. */
static void begin(const struct attachments *before)
{
	struct plugged plugged = {.init = {.pid = init.pid, .start_time = init.start_time}};

	*world = (struct world){0};
	load_world(before);
	attachments_release(&spec.attachments);
	attachments_copy(before, &spec.attachments);
	attachments_copy(before, &plugged.live);
	assert_int_equal(plugged_save(WORK_ID, &plugged, NULL), 0);
	plugged_release(&plugged);
}

static int change(const struct attachments *wanted, enum plug_scope scope)
{
	struct error error = {0};
	struct plug plug;
	int r = plug_open(&spec, &init, &plug, &error);

	if (r < 0)
		fail_msg("%s", error.message);
	r = plug_change(&plug, wanted, scope, NULL, NULL, commit, NULL, &error);
	plug_close(&plug);
	return r;
}

static void assert_record(const struct attachments *live)
{
	struct plugged plugged;

	assert_int_equal(plugged_load(WORK_ID, &plugged, NULL), 0);
	assert_false(plugged.has_intent);
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++) {
		assert_int_equal(plugged.live.lists[kind].count, live->lists[kind].count);
		for (size_t i = 0; i < live->lists[kind].count; i++) {
			const void *item = attachments_at(live, kind, i), *is = attachments_find(&plugged.live, kind, item);

			assert_non_null(is);
			assert_true(attachment_types[kind].is_equal(is, item));
		}
	}
	plugged_release(&plugged);
}

/* --- tests ------------------------------------------------------------------------------------------------------------ */

static void test_any_list_becomes_any_other(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 200; seed++) {
		autorelease(attachments_release) struct attachments before = {0}, after = {0};

		fill(&before, seed);
		fill(&after, seed + 1000);
		begin(&before);
		assert_int_equal(change(&after, PLUG_DIFFERENCE), 0);
		assert_world(&after);
		assert_record(&after);
	}
}

/* Whatever step fails, saving the spec too: all is as before. */
static void test_a_failure_is_undone(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 100; seed++) {
		autorelease(attachments_release) struct attachments before = {0}, after = {0};
		int r;

		fill(&before, seed);
		fill(&after, seed + 1000);
		begin(&before);
		world->fail_at = 1 + (int)(seed * 7 % 40);
		r = change(&after, PLUG_DIFFERENCE);
		assert_world(r < 0 ? &before : &after);
		assert_record(r < 0 ? &before : &after);
		assert_int_equal(world->saved, r == 0);
	}
}

/* Whatever step is the last one of a killed command: the next one finds that out, and guest and record are before or after. */
static void test_a_crash_is_repaired(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 300; seed++) {
		autorelease(attachments_release) struct attachments before = {0}, after = {0};
		const struct attachments *right;
		struct plug plug;
		pid_t pid;

		fill(&before, seed);
		fill(&after, seed + 1000);
		begin(&before);
		world->die_at = 1 + (int)(seed * 11 % 50);
		pid = fork();
		if (pid == 0) {
			change(&after, PLUG_DIFFERENCE);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		world->die_at = 0;
		right = world->saved ? &after : &before;
		attachments_release(&spec.attachments);
		attachments_copy(right, &spec.attachments);
		assert_int_equal(plug_open(&spec, &init, &plug, NULL), 0);
		plug_close(&plug);
		assert_world(right);
		assert_record(right);
	}
}

static void test_record_only(void **state)
{
	autorelease(attachments_release) struct attachments before = {0}, after = {0}, none = {0};

	(void)state;
	put(&after, ATTACHMENT_PATH, 0, 1, false);
	begin(&before);
	assert_int_equal(change(&after, PLUG_RECORD), 0);
	assert_int_equal(world->saved, 1);
	assert_world(&none);
	attachments_release(&spec.attachments);
	attachments_copy(&after, &spec.attachments);
	/* A change of something else leaves it out of the guest; taking all that is recorded does not. */
	put(&after, ATTACHMENT_PATH, 1, 1, false);
	assert_int_equal(change(&after, PLUG_DIFFERENCE), 0);
	assert_int_equal(world->values[ATTACHMENT_PATH][0], 0);
	assert_int_equal(world->values[ATTACHMENT_PATH][1], 1);
	assert_int_equal(change(&after, PLUG_ALL), 0);
	assert_world(&after);
}

static int replay(struct error *err)
{
	struct plug plug;
	int r;

	plugged_remove(WORK_ID, NULL);
	assert_int_equal(plug_open(&spec, &init, &plug, NULL), 0);
	r = plug_replay(&plug, err);
	plug_close(&plug);
	return r;
}

static void test_replay_skips_what_is_gone(void **state)
{
	autorelease(attachments_release) struct attachments list = {0}, none = {0}, rest = {0};
	struct plugged plugged;
	struct plug plug;

	(void)state;
	put(&list, ATTACHMENT_PATH, 0, 1, false);
	put(&list, ATTACHMENT_PATH, 1, 1, true);
	put(&rest, ATTACHMENT_PATH, 1, 1, true);
	begin(&list);
	load_world(&none);
	world->is_broken = 1;
	assert_int_equal(replay(NULL), 0);
	assert_world(&rest);
	assert_record(&rest);
	assert_int_equal(plugged_load(WORK_ID, &plugged, NULL), 0);
	assert_non_null(strstr(plugged_find_skip(&plugged, "path a"), "it is broken"));
	plugged_release(&plugged);

	/* It is back. */
	world->is_broken = 0;
	assert_int_equal(plug_open(&spec, &init, &plug, NULL), 0);
	plug_retry(&plug, NULL, NULL);
	plug_close(&plug);
	assert_world(&list);
	assert_record(&list);
	assert_int_equal(plugged_load(WORK_ID, &plugged, NULL), 0);
	assert_null(plugged_find_skip(&plugged, "path a"));
	plugged_release(&plugged);
}

static void test_replay_fails_without_what_is_required(void **state)
{
	autorelease(attachments_release) struct attachments list = {0};
	struct error error = {0};
	struct plug plug;

	(void)state;
	put(&list, ATTACHMENT_NIC, 0, 1, false);
	put(&list, ATTACHMENT_ROUTE, 1, 1, true);
	begin(&list);
	world->is_broken = 2;
	assert_int_equal(replay(&error), -ENXIO);
	assert_string_equal(error.message, "cannot attach route b: it is broken");
	/* What was begun comes home when the guest has ended. */
	assert_int_equal(plug_open(&spec, &(struct process_id){0}, &plug, NULL), 0);
	plug_close(&plug);
	assert_int_equal(world->retrieved, 3);
	assert_int_equal(access(work_path("run/" WORK_ID "/plugged.json"), F_OK), -1);
}

/* The guest was killed and booted anew, and nobody told us. */
static void test_another_boot_begins_with_nothing(void **state)
{
	autorelease(attachments_release) struct attachments list = {0};
	struct plugged plugged = {.init = {.pid = 1, .start_time = 1}};
	struct plug plug;

	(void)state;
	put(&list, ATTACHMENT_NIC, 2, 1, false);
	begin(&list);
	attachments_copy(&list, &plugged.live);
	assert_int_equal(plugged_save(WORK_ID, &plugged, NULL), 0);
	plugged_release(&plugged);
	assert_int_equal(plug_open(&spec, &init, &plug, NULL), 0);
	assert_int_equal(world->retrieved, 4);
	assert_true(attachments_are_empty(&plug.now.live));
	plug_close(&plug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_any_list_becomes_any_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_failure_is_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_crash_is_repaired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_record_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replay_skips_what_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replay_fails_without_what_is_required, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_boot_begins_with_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
