/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of machine ids and of the words of --link-journal. */
#include "model/machine_id.h"
#include "model/spec_journal.h"

#include "work.h"

#define ID "0123456789abcdef0123456789abcdef"

static void test_machine_ids(void **state)
{
	static const struct {
		const char *content, *id; /* NULL: refused */
	} rows[] = {
		{ID, ID},
		{ID "\n", ID},
		{"0123456789ABCDEF0123456789abcdef\n", ID},
		{"", NULL},
		{"\n", NULL},
		{"uninitialized\n", NULL},
		{ID "\n\n", NULL},
		{ID " ", NULL},
		{ID "0", NULL},
		{"0123456789abcdef0123456789abcde", NULL},
		{"01234567-89ab-cdef-0123-456789abcdef\n", NULL},
		{"0123456789abcdef/../56789abcdef0", NULL},
		{"00000000000000000000000000000000\n", NULL},
	};
	char id[MACHINE_ID_LENGTH + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(machine_id_parse(rows[i].content, strlen(rows[i].content), id), rows[i].id != NULL);
		if (rows[i].id)
			assert_string_equal(id, rows[i].id);
	}
	assert_false(machine_id_parse("0123456789abcdef\0"
				      "123456789abcdef",
				      MACHINE_ID_LENGTH, id));
}

static void test_a_containers(void **state)
{
	char id[MACHINE_ID_LENGTH + 1];

	(void)state;
	machine_id_of_container(WORK_ID, id);
	assert_string_equal(id, "00112233445566778899aabbccddeeff");
}

static void test_words(void **state)
{
	static const char *const refused[] = {"", "yes", "Host", "host ", "guest", "try-guest"};
	int journal;

	(void)state;
	for (int i = 0; spec_journal_names[i]; i++) {
		assert_int_equal(spec_journal_parse(spec_journal_names[i], &journal, NULL), 0);
		assert_int_equal(journal, i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct error err = {0};

		assert_true(spec_journal_parse(refused[i], &journal, &err) < 0);
		assert_int_equal(err.code == -EOPNOTSUPP, strstr(refused[i], "guest") != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_ids),
		cmocka_unit_test(test_a_containers),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
