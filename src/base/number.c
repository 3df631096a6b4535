/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how numbers, sizes and durations are read and written. */
#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define FRACTION_MAX_DIGITS 18 /* what fits in 64 bits; more make no difference to a byte or a millisecond */

static int refuse(const char *text, const char *wanted, struct error *err)
{
	return error_set(err, -EINVAL, "\"%s\" is not %s: Invalid argument", text, wanted);
}

static int refuse_range(const char *text, struct error *err)
{
	return error_set(err, -ERANGE, "\"%s\" is out of range: Numerical result out of range", text);
}

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

/* Reads digits; false when there are none. What does not fit sets *overflows, and reading goes on. */
static bool read_digits(const char **next, uint64_t *ret_value, bool *overflows)
{
	uint64_t value = 0;

	if (!is_digit(**next))
		return false;
	for (; is_digit(**next); (*next)++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**next - '0'), &value))
			*overflows = true;
	}
	*ret_value = value;
	return true;
}

int number_parse_unsigned(const char *text, uint64_t max, uint64_t *ret_value, struct error *err)
{
	const char *next = text;
	bool overflows = false;
	uint64_t value;

	if (!read_digits(&next, &value, &overflows) || *next)
		return refuse(text, "a whole number", err);
	if (overflows || value > max)
		return refuse_range(text, err);
	*ret_value = value;
	return 0;
}

int number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_value, struct error *err)
{
	bool is_negative = *text == '-';
	const char *next = text + (*text == '-' || *text == '+');
	bool overflows = false;
	uint64_t magnitude;
	int64_t value;

	if (!read_digits(&next, &magnitude, &overflows) || *next)
		return refuse(text, "a whole number", err);
	if (overflows || magnitude > (uint64_t)INT64_MAX + is_negative)
		return refuse_range(text, err);
	value = is_negative ? (int64_t)-magnitude : (int64_t)magnitude;
	if (value < min || value > max)
		return refuse_range(text, err);
	*ret_value = value;
	return 0;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* strtod(3) takes blanks, hex, inf and nan as well. */
static bool is_decimal(const char *text)
{
	size_t whole, fraction = 0;

	text += *text == '-' || *text == '+';
	whole = count_digits(text);
	text += whole;
	if (*text == '.') {
		fraction = count_digits(++text);
		text += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (!count_digits(text))
			return false;
		text += count_digits(text);
	}
	return *text == '\0';
}

int number_parse_decimal(const char *text, double *ret_value, struct error *err)
{
	double value;

	if (!is_decimal(text))
		return refuse(text, "a decimal number", err);
	value = strtod(text, NULL);
	if (!isfinite(value))
		return refuse_range(text, err);
	*ret_value = value;
	return 0;
}

/* "12" or "12.5", as whole + fraction / scale; scale is 1 without a fraction. */
struct quantity {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
	bool overflows;
};

static bool read_quantity(const char **next, struct quantity *ret_quantity)
{
	struct quantity quantity = {.scale = 1};
	int digits;

	if (!read_digits(next, &quantity.whole, &quantity.overflows))
		return false;
	if (**next == '.') {
		(*next)++;
		if (!is_digit(**next))
			return false;
		for (digits = 0; is_digit(**next); (*next)++, digits++) {
			if (digits >= FRACTION_MAX_DIGITS)
				continue;
			quantity.fraction = quantity.fraction * 10 + (uint64_t)(**next - '0');
			quantity.scale *= 10;
		}
	}
	*ret_quantity = quantity;
	return true;
}

/* quantity * unit, rounded down; false when it is more than 64 bits. */
static bool multiply(const struct quantity *quantity, uint64_t unit, uint64_t *ret_value)
{
	unsigned __int128 value =
		(unsigned __int128)quantity->whole * unit + (unsigned __int128)quantity->fraction * unit / quantity->scale;

	*ret_value = (uint64_t)value;
	return !quantity->overflows && value <= UINT64_MAX;
}

/* The power of 1024 that a suffix stands for, or -1. */
static int find_size_power(const char *suffix)
{
	static const char units[] = "kmgtp";
	const char *unit;

	if (!*suffix || strcasecmp(suffix, "b") == 0)
		return 0;
	unit = strchr(units, *suffix | 0x20);
	if (!unit || !*unit)
		return -1;
	suffix++;
	if (*suffix && strcasecmp(suffix, "b") != 0 && strcasecmp(suffix, "ib") != 0)
		return -1;
	return (int)(unit - units) + 1;
}

int number_parse_size(const char *text, uint64_t *ret_bytes, struct error *err)
{
	const char *next = text;
	struct quantity quantity;
	uint64_t bytes;
	int power;

	if (!read_quantity(&next, &quantity))
		return refuse(text, "a size such as 512m or 1.5GiB", err);
	power = find_size_power(next);
	/* Half a byte is a forgotten unit, and to round it to 0 could mean "no limit". */
	if (power < 0 || (power == 0 && quantity.scale > 1))
		return refuse(text, "a size such as 512m or 1.5GiB", err);
	if (!multiply(&quantity, (uint64_t)1 << (10 * power), &bytes))
		return refuse_range(text, err);
	*ret_bytes = bytes;
	return 0;
}

/* The milliseconds of the unit at *next, which it passes; 0 when there is none. */
static uint64_t read_duration_unit(const char **next)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t length = strlen(units[i].name);

		if (strncmp(*next, units[i].name, length) == 0) {
			*next += length;
			return units[i].ms;
		}
	}
	return 0;
}

int number_parse_duration(const char *text, int64_t *ret_ms, struct error *err)
{
	const char *next = text;
	bool overflows = false;
	uint64_t total = 0;

	do {
		bool is_first = next == text;
		struct quantity quantity;
		uint64_t unit_ms, ms;

		if (!read_quantity(&next, &quantity))
			return refuse(text, "a duration such as 500ms, 10s or 1m30s", err);
		unit_ms = is_first && !*next ? 1000 : read_duration_unit(&next);
		if (unit_ms == 0)
			return refuse(text, "a duration such as 500ms, 10s or 1m30s", err);
		if (!multiply(&quantity, unit_ms, &ms) || __builtin_add_overflow(total, ms, &total))
			overflows = true;
	} while (*next);
	if (overflows || total > INT64_MAX)
		return refuse_range(text, err);
	*ret_ms = (int64_t)total;
	return 0;
}

int number_parse_bool(const char *text, int *ret_value, struct error *err)
{
	static const char *const words[][3] = {{"false", "f", "0"}, {"true", "t", "1"}};

	for (int value = 0; value < 2; value++) {
		for (size_t i = 0; i < ARRAY_SIZE(words[value]); i++) {
			if (strcasecmp(text, words[value][i]) == 0) {
				*ret_value = value;
				return 0;
			}
		}
	}
	return refuse(text, "true or false", err);
}

void number_format_size(uint64_t bytes, struct text *out)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	text_appendf(out, "%.4g%s", value, units[unit]);
}
