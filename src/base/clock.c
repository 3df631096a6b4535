/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns reading clocks, and turning points in time into text and back. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

#define NS_PER_SECOND 1000000000LL

static int64_t read_clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

int64_t clock_real_ns(void)
{
	return read_clock_ns(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return read_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_boot_ns(void)
{
	return read_clock_ns(CLOCK_BOOTTIME);
}

static const char never[] = "0001-01-01T00:00:00Z";

void clock_format_rfc3339(int64_t real_ns, struct text *out)
{
	int64_t fraction_ns = real_ns % NS_PER_SECOND;
	time_t seconds = (time_t)(real_ns / NS_PER_SECOND);
	struct tm local = {0};
	char date[64];
	long offset;

	if (real_ns == 0) {
		text_append(out, never);
		return;
	}
	if (fraction_ns < 0) {
		fraction_ns += NS_PER_SECOND;
		seconds--;
	}
	localtime_r(&seconds, &local);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &local);
	offset = labs(local.tm_gmtoff) / 60;
	text_appendf(out, "%s.%09" PRId64 "%c%02ld:%02ld", date, fraction_ns, local.tm_gmtoff < 0 ? '-' : '+', offset / 60,
		     offset % 60);
}

/* Exactly `digits` digits. */
static bool read_field(const char **next, int digits, int min, int max, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*next)++) {
		if (**next < '0' || **next > '9')
			return false;
		value = value * 10 + (**next - '0');
	}
	*ret_value = value;
	return value >= min && value <= max;
}

static bool read_character(const char **next, char wanted)
{
	if (**next != wanted)
		return false;
	(*next)++;
	return true;
}

/* ".5" to ".123456789"; nothing there is 0. */
static bool read_fraction(const char **next, int64_t *ret_ns)
{
	int64_t weight = NS_PER_SECOND / 10;
	size_t count;

	*ret_ns = 0;
	if (!read_character(next, '.'))
		return true;
	count = strspn(*next, "0123456789");
	if (count < 1 || count > 9)
		return false;
	for (; count > 0; count--, (*next)++, weight /= 10)
		*ret_ns += (**next - '0') * weight;
	return true;
}

static int count_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool read_date(const char **next, struct tm *date)
{
	int year, month, day;

	if (!read_field(next, 4, 1, 9999, &year) || !read_character(next, '-') || !read_field(next, 2, 1, 12, &month) ||
	    !read_character(next, '-') || !read_field(next, 2, 1, count_days(year, month), &day))
		return false;
	date->tm_year = year - 1900;
	date->tm_mon = month - 1;
	date->tm_mday = day;
	return true;
}

static bool read_time(const char **next, struct tm *date)
{
	return read_character(next, 'T') && read_field(next, 2, 0, 23, &date->tm_hour) && read_character(next, ':') &&
	       read_field(next, 2, 0, 59, &date->tm_min) && read_character(next, ':') &&
	       read_field(next, 2, 0, 59, &date->tm_sec);
}

/* "Z", "+01:00" or nothing, which is local time. */
static bool read_zone(const char **next, bool *ret_is_local, int64_t *ret_offset)
{
	int hours, minutes;
	char sign = **next;

	*ret_is_local = sign == '\0';
	*ret_offset = 0;
	if (*ret_is_local || read_character(next, 'Z'))
		return true;
	if (sign != '+' && sign != '-')
		return false;
	(*next)++;
	if (!read_field(next, 2, 0, 23, &hours) || !read_character(next, ':') || !read_field(next, 2, 0, 59, &minutes))
		return false;
	*ret_offset = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
	return true;
}

/* Seconds since 1970 and nanoseconds. */
static bool read_calendar(const char *text, int64_t *ret_seconds, int64_t *ret_ns)
{
	struct tm date = {.tm_isdst = -1};
	bool is_local = true;
	int64_t offset = 0;

	*ret_ns = 0;
	if (!read_date(&text, &date))
		return false;
	if (*text && (!read_time(&text, &date) || !read_fraction(&text, ret_ns) || !read_zone(&text, &is_local, &offset)))
		return false;
	*ret_seconds = is_local ? mktime(&date) : timegm(&date) - offset;
	return *text == '\0';
}

static bool read_unix(const char *text, int64_t *ret_seconds, int64_t *ret_ns)
{
	int64_t seconds = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (__builtin_mul_overflow(seconds, 10, &seconds) || __builtin_add_overflow(seconds, *text - '0', &seconds))
			seconds = INT64_MAX / 10; /* out of range is said later */
	}
	*ret_seconds = seconds;
	return read_fraction(&text, ret_ns) && *text == '\0';
}

int clock_parse(const char *text, int64_t *ret_real_ns, struct error *err)
{
	int64_t seconds, fraction_ns, real_ns;

	if (strcmp(text, never) == 0) {
		*ret_real_ns = 0;
		return 0;
	}
	if (!read_calendar(text, &seconds, &fraction_ns) && !read_unix(text, &seconds, &fraction_ns))
		return error_set(
			err, -EINVAL,
			"\"%s\" is not a point in time such as 2026-11-22T02:10:30Z or Unix seconds: Invalid argument",
			text);
	if (__builtin_mul_overflow(seconds, NS_PER_SECOND, &real_ns) ||
	    __builtin_add_overflow(real_ns, fraction_ns, &real_ns))
		return error_set(err, -ERANGE, "\"%s\" is out of range: Numerical result out of range", text);
	*ret_real_ns = real_ns;
	return 0;
}

void clock_format_elapsed(int64_t elapsed_ns, struct text *out)
{
	const int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
	/* The first row whose end is not yet reached says it. Hours are rounded; days and more count whole ones of these. */
	const struct {
		int64_t end, unit, rounding;
		const char *one, *many;
	} rows[] = {
		{1, 1, 0, NULL, "Less than a second"},           {minute, 1, 0, "1 second", "seconds"},
		{hour, minute, 0, "About a minute", "minutes"},  {2 * day, hour, hour / 2, "About an hour", "hours"},
		{14 * day, day, hour / 2, NULL, "days"},         {60 * day, 7 * day, hour / 2, NULL, "weeks"},
		{730 * day, 30 * day, hour / 2, NULL, "months"}, {INT64_MAX, 365 * day, 0, NULL, "years"},
	};
	int64_t seconds = elapsed_ns > 0 ? elapsed_ns / NS_PER_SECOND : 0;
	size_t row = 0;
	int64_t count;

	while (seconds + rows[row].rounding >= rows[row].end)
		row++;
	count = (seconds + rows[row].rounding) / rows[row].unit;
	if (row == 0)
		text_append(out, rows[row].many);
	else if (count == 1 && rows[row].one)
		text_append(out, rows[row].one);
	else
		text_appendf(out, "%" PRId64 " %s", count, rows[row].many);
}
