/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of add-path's grammar and rules. */
#include "model/attached_path.h"

#include "work.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *formatted;
		struct attached_path wanted;
	} rows[] = {
		{"/a:/b", "/a:/b:rw,rslave", {.host = "/a", .guest = "/b", .propagation = ATTACHED_PATH_RSLAVE}},
		{"/a//c/./:/b/", "/a/c:/b:rw,rslave", {.host = "/a/c", .guest = "/b", .propagation = ATTACHED_PATH_RSLAVE}},
		{"/:/host", "/:/host:rw,rslave", {.host = "/", .guest = "/host", .propagation = ATTACHED_PATH_RSLAVE}},
		{"/a:/b:ro", "/a:/b:ro", {.host = "/a", .guest = "/b", .is_read_only = true}},
		{"/a:/b:rw", "/a:/b:rw", {.host = "/a", .guest = "/b"}},
		{"/a:/b:rprivate,ro",
		 "/a:/b:ro,rprivate",
		 {.host = "/a", .guest = "/b", .is_read_only = true, .propagation = ATTACHED_PATH_RPRIVATE}},
		{"/a:/b:private", "/a:/b:rw,private", {.host = "/a", .guest = "/b", .propagation = ATTACHED_PATH_PRIVATE}},
		{"/a:/b:slave", "/a:/b:rw,slave", {.host = "/a", .guest = "/b", .propagation = ATTACHED_PATH_SLAVE}},
		{"/a:/b:noshift,rslave,ro",
		 "/a:/b:ro,rslave,noshift",
		 {.host = "/a",
		  .guest = "/b",
		  .is_read_only = true,
		  .propagation = ATTACHED_PATH_RSLAVE,
		  .keeps_ids = true}},
		{"/a b,c:/b\n=x:ro", "/a b,c:/b\n=x:ro", {.host = "/a b,c", .guest = "/b\n=x", .is_read_only = true}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_path path = {0}, again = {0};
		autofree char *formatted = NULL;
		struct error err = {0};

		if (attached_path_parse(rows[i].text, &path, &err) < 0)
			fail_msg("\"%s\": %s", rows[i].text, err.message);
		assert_true(attached_path_is_equal(&path, &rows[i].wanted));
		formatted = attached_path_format(&path);
		assert_string_equal(formatted, rows[i].formatted);
		assert_int_equal(attached_path_parse(formatted, &again, NULL), 0);
		assert_true(attached_path_is_equal(&path, &again));
		attached_path_release(&path);
		attached_path_release(&again);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *message; /* the beginning; behind it may be more */
	} rows[] = {
		{"", "Failed to parse bind: , invalid path specification: "},
		{"/a", "Failed to parse bind: /a, invalid path specification: /a"},
		{"/a:/b:ro:x", "Failed to parse bind: /a:/b:ro:x, invalid path specification: /a:/b:ro:x"},
		{":/b", "Failed to parse bind: :/b, invalid path specification::/b, only absolute path is allowed"},
		{"/a:", "Failed to parse bind: /a:, invalid path specification:/a:, only absolute path is allowed"},
		{"a:/b", "Failed to parse bind: a:/b, invalid path specification:a:/b, only absolute path is allowed"},
		{"/a:b:ro",
		 "Failed to parse bind: /a:b:ro, invalid path specification:/a:b:ro, only absolute path is allowed"},
		{"/a:/b:", "Failed to parse bind: /a:/b:, invalid permissions: "},
		{"/a:/b:ro,", "Failed to parse bind: /a:/b:ro,, invalid permissions: ro,"},
		{"/a:/b:ro,rw", "Failed to parse bind: /a:/b:ro,rw, invalid permissions: ro,rw"},
		{"/a:/b:ro,ro", "Failed to parse bind: /a:/b:ro,ro, invalid permissions: ro,ro"},
		{"/a:/b:slave,private", "Failed to parse bind: /a:/b:slave,private, invalid permissions: slave,private"},
		{"/a:/b:shared", "Failed to parse bind: /a:/b:shared, invalid permissions: shared"},
		{"/a:/b:RO", "Failed to parse bind: /a:/b:RO, invalid permissions: RO"},
		{"/a:/b/../c", "Failed to parse bind: /a:/b/../c, the path in the guest \"/b/../c\" has a \"..\" in it"},
		{"/a/..:/b", "Failed to parse bind: /a/..:/b, the path of the host \"/a/..\" has a \"..\" in it"},
		{"/a:/", "Failed to parse bind: /a:/, the destination is the guest's root"},
		{"/a:/proc", "Failed to parse bind: /a:/proc, "},
		{"/a:/proc/sys", "Failed to parse bind: /a:/proc/sys, "},
		{"/a:/sys/fs", "Failed to parse bind: /a:/sys/fs, "},
		{"/a:/dev", "Failed to parse bind: /a:/dev, "},
		{"/a:/dev/null", "Failed to parse bind: /a:/dev/null, "},
		{"/a:/run/host/x", "Failed to parse bind: /a:/run/host/x, "},
		{"/a:/b\xff", "Failed to parse bind: /a:/b\xff, "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct attached_path path = {0};
		struct error err = {0};
		int r = attached_path_parse(rows[i].text, &path, &err);

		if (r >= 0 || err.code != r || strncmp(err.message, rows[i].message, strlen(rows[i].message)) != 0)
			fail_msg("\"%s\": %d %s", rows[i].text, r, err.message);
		assert_null(path.host);
		assert_null(path.guest);
	}
}

static void test_a_pair_takes_anything_behind(void **state)
{
	struct attached_path path = {0};

	(void)state;
	assert_int_equal(attached_path_parse_pair("/a/:/b:whatever", &path, NULL), 0);
	assert_string_equal(path.host, "/a");
	assert_string_equal(path.guest, "/b");
	attached_path_release(&path);
	assert_int_equal(attached_path_parse_pair("/a:/b", &path, NULL), 0);
	attached_path_release(&path);
	assert_true(attached_path_parse_pair("/a:/b:c:d", &path, NULL) < 0);
	assert_true(attached_path_parse_pair("/a", &path, NULL) < 0);
}

static void test_what_was_edited_is_checked(void **state)
{
	static const struct attached_path bad[] = {
		{.host = "/a/", .guest = "/b"},  {.host = "a", .guest = "/b"},     {.host = "/a", .guest = "/b/../c"},
		{.host = "/a:x", .guest = "/b"}, {.host = "/a", .guest = "/b:ro"}, {.host = "/a", .guest = "/"},
		{.host = "/a", .guest = "//b"},  {.host = "/a", .guest = "/proc"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (attached_path_check(&bad[i], NULL) >= 0)
			fail_msg("%s:%s was taken", bad[i].host, bad[i].guest);
	assert_int_equal(attached_path_check(&(struct attached_path){.host = "/a", .guest = "/b"}, NULL), 0);
}

static void test_what_is_the_same(void **state)
{
	struct attached_path a = {.host = "/a", .guest = "/g"}, b = {.host = "/b", .guest = "/g", .now = {.mount_id = 7}};

	(void)state;
	assert_true(attached_path_is_same(&a, &b));
	assert_false(attached_path_is_equal(&a, &b));
	b.host = "/a";
	assert_true(attached_path_is_equal(&a, &b));
	b.is_read_only = true;
	assert_false(attached_path_is_equal(&a, &b));
	b.guest = "/h";
	assert_false(attached_path_is_same(&a, &b));
}

static void test_file(void **state)
{
	static const char *const texts[] = {
		"{\"host\":\"/a\",\"guest\":\"/b\"}",
		"{\"host\":\"/a\",\"guest\":\"/b\",\"is_read_only\":true,\"propagation\":\"private\",\"keeps_ids\":true,\"required\":true,"
		"\"now\":{\"mount_id\":12345678901234567890,\"device\":1,\"inode\":2,\"made\":\"/b\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autorelease(json_free_scoped) struct json *value = NULL, *again = NULL;
		autorelease(text_release) struct text text = {0};
		struct attached_path path = {0};

		assert_int_equal(json_parse(texts[i], strlen(texts[i]), &value, NULL), 0);
		assert_int_equal(schema_read(&attached_path_schema, value, SCHEMA_STRICT, &path, NULL), 0);
		again = schema_write(&attached_path_schema, &path);
		json_print(again, 0, &text);
		assert_string_equal(text_get(&text), texts[i]);
		attached_path_release(&path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_pair_takes_anything_behind),
		cmocka_unit_test(test_what_was_edited_is_checked),
		cmocka_unit_test(test_what_is_the_same),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
