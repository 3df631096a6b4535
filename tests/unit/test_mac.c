/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of hardware addresses as text. */
#include "base/mac.h"

#include "work.h"

static void test_text(void **state)
{
	static const struct {
		const char *text, *printed; /* NULL: refused */
		bool is_of_link;
	} rows[] = {
		{"02:00:5e:10:00:07", "02:00:5e:10:00:07", true},
		{"02-00-5E-10-00-07", "02:00:5e:10:00:07", true},
		{"00:00:00:00:00:00", "00:00:00:00:00:00", false},
		{"01:00:5e:10:00:07", "01:00:5e:10:00:07", false},
		{"ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff", false},
		{"02", "02", false},
		{"02:00:5e:10:00:07:08:09", "02:00:5e:10:00:07:08:09", false},
		{"", NULL, false},
		{":", NULL, false},
		{"2:0:5e:10:0:7", NULL, false},
		{"02:00:5e:10:00:0", NULL, false},
		{"02:00:5e:10:00:07:", NULL, false},
		{"02.00.5e.10.00.07", NULL, false},
		{"0g:00:5e:10:00:07", NULL, false},
		{"02:00:5e:10:00:07\n", NULL, false},
		{"00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00", NULL,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *printed = NULL;
		struct mac mac;
		int r = mac_parse(rows[i].text, &mac, NULL);

		if ((r == 0) != (rows[i].printed != NULL))
			fail_msg("\"%s\": %d", rows[i].text, r);
		if (r < 0)
			continue;
		printed = mac_format(&mac);
		assert_string_equal(printed, rows[i].printed);
		assert_int_equal(mac_is_of_link(&mac), rows[i].is_of_link);
	}
}

static void test_derived(void **state)
{
	struct mac one = mac_derive("0123 eth1"), again = mac_derive("0123 eth1"), other = mac_derive("0123 eth2");

	(void)state;
	assert_true(mac_is_of_link(&one) && mac_is_of_link(&other));
	assert_int_equal(one.bytes[0] & 3, 2);
	assert_true(mac_is_equal(&one, &again));
	assert_false(mac_is_equal(&one, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
