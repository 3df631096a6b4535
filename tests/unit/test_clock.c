/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of points in time as text. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

#define SECOND 1000000000LL

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void test_clocks(void **state)
{
	int64_t monotonic_ms = clock_monotonic_ms();
	int64_t boot_ns = clock_boot_ns();
	int64_t real_ns = clock_real_ns();

	(void)state;
	usleep(2000);
	assert_true(llabs(real_ns / SECOND - time(NULL)) <= 2);
	assert_true(clock_monotonic_ms() - monotonic_ms >= 1);
	assert_true(clock_boot_ns() - boot_ns >= 2000000);
}

static void assert_format(int64_t real_ns, const char *expected)
{
	autorelease(text_release) struct text text = {0};

	clock_format_rfc3339(real_ns, &text);
	assert_string_equal(text_get(&text), expected);
}

static void test_format(void **state)
{
	(void)state;
	set_zone("CET-1");
	assert_format(0, "0001-01-01T00:00:00Z");
	assert_format(1795309830 * SECOND + 123456789, "2026-11-22T02:10:30.123456789+01:00");
	assert_format(-1, "1970-01-01T00:59:59.999999999+01:00");
	set_zone("XXX+3:30");
	assert_format(1795309830 * SECOND + 5, "2026-11-21T21:40:30.000000005-03:30");
	set_zone("UTC0");
	assert_format(1795309830 * SECOND, "2026-11-22T01:10:30.000000000+00:00");
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds, ns;
	} rows[] = {
		{"0001-01-01T00:00:00Z", 0, 0},
		{"1970-01-01T00:00:00Z", 0, 0},
		{"2026-11-22T01:10:30Z", 1795309830, 0},
		{"2026-11-22T02:10:30+01:00", 1795309830, 0},
		{"2026-11-21T21:40:30.25-03:30", 1795309830, 250000000},
		{"2026-11-22T02:10:30.123456789+01:00", 1795309830, 123456789},
		{"2026-11-22T02:10:30", 1795309830, 0}, /* the zone is CET */
		{"2026-11-22T02:10:30.5", 1795309830, 500000000},
		{"2026-11-22", 1795302000, 0},
		{"2024-02-29", 1709161200, 0},
		{"1969-12-31T23:59:59.75Z", -1, 750000000},
		{"1732241430", 1732241430, 0},
		{"1732241430.5", 1732241430, 500000000},
		{"0", 0, 0},
		{"2261-12-31T23:59:59Z", 9214646399, 0},
	};

	(void)state;
	set_zone("CET-1");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int64_t real_ns = 0;

		if (clock_parse(rows[i].text, &real_ns, &err) < 0)
			fail_msg("%s", err.message);
		if (real_ns != rows[i].seconds * SECOND + rows[i].ns)
			fail_msg("\"%s\" gave %lld", rows[i].text, (long long)real_ns);
	}
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{"", -EINVAL},
		{"now", -EINVAL},
		{"-1", -EINVAL},
		{"+1", -EINVAL},
		{" 1", -EINVAL},
		{"1 ", -EINVAL},
		{"1.", -EINVAL},
		{"1.1234567890", -EINVAL},
		{"1.5s", -EINVAL},
		{"2026-11", -EINVAL},
		{"2026-13-01", -EINVAL},
		{"2026-00-01", -EINVAL},
		{"2026-11-31", -EINVAL},
		{"2025-02-29", -EINVAL},
		{"2100-02-29", -EINVAL},
		{"2026-1-1", -EINVAL},
		{"0000-01-01", -EINVAL},
		{"2026-11-22T", -EINVAL},
		{"2026-11-22T02:10", -EINVAL},
		{"2026-11-22 02:10:30", -EINVAL},
		{"2026-11-22T24:00:00Z", -EINVAL},
		{"2026-11-22T02:60:00Z", -EINVAL},
		{"2026-11-22T02:10:60Z", -EINVAL},
		{"2026-11-22T02:10:30.Z", -EINVAL},
		{"2026-11-22T02:10:30z", -EINVAL},
		{"2026-11-22T02:10:30+1:00", -EINVAL},
		{"2026-11-22T02:10:30+0100", -EINVAL},
		{"2026-11-22T02:10:30+24:00", -EINVAL},
		{"2026-11-22T02:10:30+01:60", -EINVAL},
		{"2026-11-22T02:10:30+01:00x", -EINVAL},
		{"2026-11-22T02:10:30Zx", -EINVAL},
		{"2026-11-22Z", -EINVAL},
		{"9999-12-31T23:59:59Z", -ERANGE},
		{"1500-01-01T00:00:00Z", -ERANGE},
		{"9223372037", -ERANGE},
		{"99999999999999999999999999", -ERANGE},
		{"9223372036.999999999", -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int64_t real_ns = 7;
		int result = clock_parse(rows[i].text, &real_ns, &err);

		if (result != rows[i].code || real_ns != 7 || !strstr(err.message, rows[i].text))
			fail_msg("\"%s\": got %d, \"%s\"", rows[i].text, result, err.message);
	}
}

static void test_round_trip(void **state)
{
	static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "XXX+3:30"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(zones); i++) {
		set_zone(zones[i]);
		for (int64_t real_ns = 1; real_ns < 4000000000 * SECOND; real_ns += 9999999999999997) {
			autorelease(text_release) struct text text = {0};
			struct error err = {0};
			int64_t again;

			clock_format_rfc3339(real_ns, &text);
			assert_int_equal(clock_parse(text_get(&text), &again, &err), 0);
			assert_true(again == real_ns);
		}
	}
}

static void test_elapsed(void **state)
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{-5, "Less than a second"},
		{0, "Less than a second"},
		{1, "1 second"},
		{2, "2 seconds"},
		{59, "59 seconds"},
		{60, "About a minute"},
		{119, "About a minute"},
		{120, "2 minutes"},
		{HOUR - 1, "59 minutes"},
		{HOUR, "About an hour"},
		{90 * MINUTE - 1, "About an hour"},
		{90 * MINUTE, "2 hours"},
		{47 * HOUR, "47 hours"},
		{2 * DAY, "2 days"},
		{13 * DAY, "13 days"},
		{14 * DAY, "2 weeks"},
		{59 * DAY, "8 weeks"},
		{60 * DAY, "2 months"},
		{729 * DAY, "24 months"},
		{730 * DAY, "2 years"},
		{3650 * DAY, "10 years"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autorelease(text_release) struct text text = {0};

		clock_format_elapsed(rows[i].seconds * SECOND, &text);
		assert_string_equal(text_get(&text), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clocks),        cmocka_unit_test(test_format),     cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_elapsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
