/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of which kernel modules are found, in a directory that looks like /lib/modules/RELEASE. */
#include "kernel/module.h"

#include <arpa/inet.h>

#include "base/text.h"
#include "work.h"

#define INDEX_MAGIC   0xB007F457u
#define INDEX_VERSION 0x00020001u
#define NODE_PREFIX   0x80000000u
#define NODE_VALUES   0x40000000u

static void append_number(struct text *text, uint32_t number)
{
	uint32_t bytes = htonl(number);

	text_append_bytes(text, &bytes, sizeof(bytes));
}

/* depmod(8)'s index with one entry, or with none: header, then a trie of which the root has it all. */
static void write_index(const char *leaf, const char *key, const char *value)
{
	autofree char *name = xasprintf("modules/%s", leaf);
	autorelease(text_release) struct text index = {0};

	append_number(&index, INDEX_MAGIC);
	append_number(&index, INDEX_VERSION);
	append_number(&index, key ? 12 | NODE_PREFIX | NODE_VALUES : 0);
	if (key) {
		text_append_bytes(&index, key, strlen(key) + 1);
		append_number(&index, 1);
		append_number(&index, 0);
		text_append_bytes(&index, value, strlen(value) + 1);
	}
	work_write_bytes(name, index.data, index.length);
}

static int set_up(void **state)
{
	work_set_up(state);
	work_make_directory("modules");
	write_index("modules.dep.bin", "fancy_net", "kernel/fancy_net.ko:");
	write_index("modules.builtin.bin", "solid", "kernel/solid.ko");
	write_index("modules.alias.bin", NULL, NULL);
	write_index("modules.builtin.alias.bin", NULL, NULL);
	write_index("modules.symbols.bin", NULL, NULL);
	return 0;
}

static void assert_missing(const char *directory, const char *names, const char *expected)
{
	autorelease(strings_release) struct strings list = {0}, missing = {0};
	autofree char *joined = NULL;
	struct error err = {0};

	strings_split(&list, names, " ");
	if (module_find_missing(work_path(directory), &list, &missing, &err) < 0)
		fail_msg("%s", err.message);
	joined = strings_join(&missing, " ");
	assert_string_equal(joined, expected);
}

static void test_modules_and_what_is_built_in_are_found(void **state)
{
	(void)state;
	assert_missing("modules", "fancy_net fancy-net solid", "");
	assert_missing("modules", "nothing fancy_net fancy", "nothing fancy");
}

static void test_what_the_kernel_shows_is_there(void **state)
{
	(void)state;
	if (access("/sys/module/block", F_OK) < 0 || access("/sys/module/tcp_cubic", F_OK) < 0)
		print_message("this kernel does not show the modules that are looked for\n");
	else
		assert_missing("modules", "block tcp-cubic tcp_cubic nothing", "nothing");
}

static void test_without_a_directory_everything_is_missing(void **state)
{
	(void)state;
	assert_missing("absent", "fancy_net solid", "fancy_net solid");
}

static void test_what_cannot_be_loaded_says_so(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(module_load(work_path("modules"), "solid", &err), 0);
	assert_true(module_load(work_path("modules"), "fancy_net", &err) < 0);
	assert_non_null(strstr(err.message, "cannot load the kernel module fancy_net: "));
}

int main(void)
{
#define FILE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, work_tear_down)
	static const struct CMUnitTest tests[] = {
		FILE_TEST(test_modules_and_what_is_built_in_are_found),
		FILE_TEST(test_what_the_kernel_shows_is_there),
		FILE_TEST(test_without_a_directory_everything_is_missing),
		FILE_TEST(test_what_cannot_be_loaded_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
