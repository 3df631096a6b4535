/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of work in parallel processes: results, time limits, deaths. */
#include "lxcfs/workers.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

static int work(size_t index, void *data, struct error *err)
{
	const char *what = data;

	switch (what[index]) {
	case 'f':
		return error_set(err, -EIO, "number %zu failed", index);
	case 'k':
		raise(SIGKILL);
		return 0;
	case 'h':
		pause();
		return 0;
	default:
		return 0;
	}
}

static void test_each_has_its_own_end(void **state)
{
	/* More than run at once, so that places are used again. */
	static const char what[] = "..f.k..........f....h";
	struct error errors[sizeof(what) - 1] = {0};

	(void)state;
	workers_run(ARRAY_SIZE(errors), 3000, work, (void *)what, errors);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		static const struct {
			char what;
			int code;
			const char *message;
		} ends[] = {
			{'.', 0, ""},
			{'f', -EIO, "failed"},
			{'k', -ECHILD, "was killed"},
			{'h', -ETIMEDOUT, "did not answer within 3 s"},
		};

		for (size_t j = 0; j < ARRAY_SIZE(ends); j++)
			if (ends[j].what == what[i]) {
				assert_int_equal(errors[i].code, ends[j].code);
				assert_non_null(strstr(errors[i].message, ends[j].message));
			}
	}
	/* None is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	workers_run(0, 1000, work, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_its_own_end),
		cmocka_unit_test(test_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
