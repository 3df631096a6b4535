/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of who gets which range of ids. */
#include "model/idmap.h"

#include "model/registry.h"
#include "work.h"

#define ROUNDS 50

static int lock_fd;

static int set_up(void **state)
{
	struct error err = {0};

	work_set_up(state);
	if (registry_lock(&lock_fd, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static int tear_down(void **state)
{
	close(lock_fd);
	return work_tear_down(state);
}

static void add(struct spec *spec)
{
	struct error err = {0};

	*spec = (struct spec){.rootfs = xstrdup("/srv/web"), .cgroup_parent = xstrdup("/c"), .idmap.is_automatic = true};
	strings_append(&spec->command, "/sbin/init");
	cgroup_limits_init(&spec->limits);
	if (registry_add(lock_fd, spec, &err) < 0)
		fail_msg("%s", err.message);
}

static void assert_is_free(const struct spec_idmap *idmap, const struct spec *others, size_t count)
{
	assert_true(idmap->is_automatic && idmap->uid == idmap->gid);
	assert_true(idmap->size == IDMAP_SIZE && idmap->uid % IDMAP_SIZE == 0);
	assert_true(idmap->uid >= IDMAP_FIRST && idmap->uid + idmap->size - 1 <= IDMAP_LAST);
	for (size_t i = 0; i < count; i++)
		assert_true(idmap->uid + idmap->size <= others[i].idmap.uid ||
			    others[i].idmap.uid + others[i].idmap.size <= idmap->uid);
}

static void test_fifty_ranges_are_disjoint(void **state)
{
	static struct spec specs[ROUNDS];
	uint64_t given_back;

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct spec loaded;

		add(&specs[i]);
		assert_is_free(&specs[i].idmap, specs, i);
		assert_int_equal(spec_load(specs[i].id, &loaded, NULL), 0);
		assert_true(loaded.idmap.uid == specs[i].idmap.uid && loaded.idmap.is_automatic);
		spec_release(&loaded);
	}
	/* What rm gives back is the next one's, and nobody else's. */
	given_back = specs[7].idmap.uid;
	assert_int_equal(registry_remove(lock_fd, specs[7].id, NULL), 0);
	spec_release(&specs[7]);
	add(&specs[7]);
	assert_true(specs[7].idmap.uid == given_back);
	for (size_t i = 0; i < ROUNDS; i++)
		spec_release(&specs[i]);
}

static void own(uint64_t first, uint64_t size)
{
	autofree char *name = xasprintf("root/idmap/%llu-%llu", (unsigned long long)first, (unsigned long long)size);

	assert_int_equal(symlink(WORK_ID, work_path(name)), 0);
}

/* A range that is not ours in size or alignment takes what it touches. */
static void test_odd_ranges_are_stepped_over(void **state)
{
	struct spec_idmap idmap;
	uint64_t first;

	(void)state;
	assert_int_equal(idmap_allocate(WORK_ID, &idmap, NULL), 0);
	first = idmap.uid;
	own(first + IDMAP_SIZE + 5, IDMAP_SIZE); /* reaches into two */
	own(first + 3 * IDMAP_SIZE + 7, 1);
	assert_int_equal(idmap_allocate(WORK_ID, &idmap, NULL), 0);
	assert_true(idmap.uid >= first + 4 * IDMAP_SIZE || idmap.uid < first);
}

static void test_no_range_is_left(void **state)
{
	struct spec_idmap idmap;
	struct error err = {0};

	(void)state;
	own(IDMAP_FIRST, IDMAP_LAST - IDMAP_FIRST + 1);
	assert_int_equal(idmap_allocate(WORK_ID, &idmap, &err), -ENOSPC);
	assert_string_equal(
		err.message,
		"no 65536 free ids are left between 805306368 and 1879048191; remove containers, or give a range "
		"with --user-remap");
}

static void test_a_fixed_range_may_not_overlap(void **state)
{
	static const struct {
		struct spec_idmap idmap;
		int code;
	} cases[] = {
		{{.uid = 1000000, .gid = 1000000, .size = 100}, -EEXIST},
		{{.uid = 999999, .gid = 999999, .size = 2}, -EEXIST},
		{{.uid = 1000099, .gid = 1000099, .size = 1}, -EEXIST},
		{{.uid = 1000050, .gid = 5, .size = 1}, -EEXIST},
		{{.uid = 5, .gid = 1000050, .size = 1}, -EEXIST},
		{{.uid = 1, .gid = 1, .size = 4000000000}, -EEXIST},
		{{.uid = 1000100, .gid = 1000100, .size = 100}, 0},
		{{.uid = 999000, .gid = 999000, .size = 1000}, 0},
	};
	static const struct spec_idmap again = {.uid = 999000, .gid = 999000, .size = 1000};
	static const char other_id[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

	(void)state;
	own(1000000, 100);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = {0};

		assert_int_equal(idmap_claim(WORK_ID, &cases[i].idmap, &err), cases[i].code);
		if (cases[i].code < 0)
			assert_non_null(strstr(err.message, "overlap the range 1000000 to 1000099 of another container"));
	}
	assert_int_equal(idmap_claim(other_id, &again, NULL), 0); /* containers may share one fixed range */
}

/* A name that is no range of ids, as the only one, is passed over. */
static void test_a_record_beyond_the_last_id_is_ignored(void **state)
{
	static const struct spec_idmap idmap = {.uid = 1000000, .gid = 1000000, .size = 100};

	(void)state;
	own(5000000000, 1);
	assert_int_equal(idmap_claim(WORK_ID, &idmap, NULL), 0);
}

static void test_subordinate_ids(void **state)
{
	static const struct {
		const char *text;
		uint64_t first, size;
		int overlaps;
	} cases[] = {
		{"", 100000, 65536, 0},
		{"joe:100000:65536\n", 100000, 1, 1},
		{"joe:100000:65536\n", 165535, 1, 1},
		{"joe:100000:65536\n", 165536, 1, 0},
		{"joe:100000:65536\n", 99999, 1, 0},
		{"joe:100000:65536\n", 99999, 2, 1},
		{"joe:100000:65536", 0, 4294967295, 1},
		{"a:5:5\nb:100:5\nc:1000:5", 102, 1, 1},
		{"a:5:5\nb:100:5\nc:1000:5", 1004, 1, 1},
		{"a:5:5\nb:100:5\nc:1000:5", 1005, 1000, 0},
		{"1000:200:10\n", 205, 1, 1}, /* the name may be an id */
		{"joe:100:0\n", 100, 1, 0},
		{"\n\nnonsense\n:\n::\njoe\njoe:\njoe:1\njoe:x:y\nann:100:5\n", 104, 1, 1},
		{"joe\nann:100:5\n", 100, 1, 1},
		{"nonsense", 0, 4294967295, 0},
		{"joe:100:18446744073709551615\n", 200, 1, 1},
		{"joe:0:99999999999999999999999999\n", 200, 1, 1},
		{"joe:18446744073709551615:10\n", 5, 1, 0},
		{"joe:4294967295:4294967295\n", 0, 4294967295, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (idmap_overlaps_subordinate(cases[i].text, cases[i].first, cases[i].size) != cases[i].overlaps)
			fail_msg("case %zu: \"%s\" is wrong", i, cases[i].text);
}

int main(void)
{
#define IDMAP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		IDMAP_TEST(test_fifty_ranges_are_disjoint),
		IDMAP_TEST(test_odd_ranges_are_stepped_over),
		IDMAP_TEST(test_no_range_is_left),
		IDMAP_TEST(test_a_fixed_range_may_not_overlap),
		IDMAP_TEST(test_a_record_beyond_the_last_id_is_ignored),
		cmocka_unit_test(test_subordinate_ids),
	};

	work_become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
