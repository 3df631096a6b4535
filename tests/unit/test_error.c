/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of how failures are worded and carried. */
#include "base/error.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_each_setter_fills_everything(void **state)
{
	struct error err = {.exit_status = 99};

	(void)state;
	assert_int_equal(error_set(&err, -EINVAL, "bad %s %d", "value", 5), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	assert_int_equal(err.exit_status, 0);
	assert_string_equal(err.message, "bad value 5");
	assert_int_equal(error_set_exit(&err, -ENOEXEC, 126, "cannot execute %s", "/bin/x"), -ENOEXEC);
	assert_int_equal(err.exit_status, 126);
	assert_string_equal(err.message, "cannot execute /bin/x");
}

static void test_errno_gives_code_and_text(void **state)
{
	struct error err = {0};

	(void)state;
	errno = ENOENT;
	assert_int_equal(error_set_errno(&err, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(err.message, "cannot open /x: No such file or directory");
	errno = 0; /* a failure is never 0, whatever a library forgot */
	assert_int_equal(error_set_errno(&err, "cannot"), -EIO);
	assert_int_equal(err.code, -EIO);
}

static void test_prefix_and_append_keep_code_and_status(void **state)
{
	struct error err = {0};

	(void)state;
	error_set_exit(&err, -ENOENT, 127, "no such file");
	assert_int_equal(error_prefix(&err, "container %s", "web"), -ENOENT);
	assert_int_equal(error_prefix(&err, "start"), -ENOENT);
	assert_int_equal(error_append(&err, "; see %s", "logs"), -ENOENT);
	assert_string_equal(err.message, "start: container web: no such file; see logs");
	assert_int_equal(err.exit_status, 127);
}

static void test_null_is_taken(void **state)
{
	(void)state;
	errno = EPERM;
	assert_int_equal(error_set_errno(NULL, "x"), -EPERM);
	assert_int_equal(error_set(NULL, -EINVAL, "x"), -EINVAL);
	assert_int_equal(error_set_exit(NULL, -EINVAL, 1, "x"), -EINVAL);
	assert_true(error_prefix(NULL, "x") < 0);
	assert_true(error_append(NULL, "x") < 0);
}

static void test_long_messages_are_cut(void **state)
{
	char text[5000];
	struct error err = {0};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = ENOENT;
	error_set_errno(&err, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_non_null(strstr(err.message, "xxx: No such file or directory"));
	error_append(&err, "%s", "; more");
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_non_null(strstr(err.message, "xxx: No such file or directory; more"));
	error_prefix(&err, "front");
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, "front: xxx", 10);
	error_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_int_equal(err.code, -ENOENT);
}

static void test_a_long_message_keeps_its_reason(void **state)
{
	char text[5000] = {0};
	struct error err = {0};

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	error_set(&err, -EINVAL, "it is too long");
	error_prefix(&err, "%s", text);
	error_prefix(&err, "cannot start");
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, "cannot start: xxx", 17);
	assert_non_null(strstr(err.message, "xxx: it is too long"));
}

static void test_fits_into_one_atomic_write(void **state)
{
	(void)state;
	assert_true(sizeof(struct error) <= PIPE_BUF);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_setter_fills_everything),
		cmocka_unit_test(test_errno_gives_code_and_text),
		cmocka_unit_test(test_prefix_and_append_keep_code_and_status),
		cmocka_unit_test(test_null_is_taken),
		cmocka_unit_test(test_long_messages_are_cut),
		cmocka_unit_test(test_a_long_message_keeps_its_reason),
		cmocka_unit_test(test_fits_into_one_atomic_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
