/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of who "-u USER[:GROUP]" is, with passwd and group files as a hostile guest may write them. */
#include "container/user.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/text.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "1:x:0:0:a number as name:/evil:/bin/sh\n"
			     "-1:x:0:0::/evil:/bin/sh\n"
			     "4294967295:x:0:0::/evil:/bin/sh\n"
			     "4294967296:x:0:0::/evil:/bin/sh\n"
			     "00000000001:x:0:0::/evil:/bin/sh\n"
			     "\n"
			     "short\n"
			     "few:x:7\n"
			     "badid:x:-1:0::/evil:\n"
			     "badid2:x:4294967295:0::/evil:\n"
			     "badid3:x:0x0:0::/evil:\n"
			     "badgid:x:8:abc::/evil:\n"
			     ":x:0:0::/nameless:\n"
			     "web:x:33:33:www,,,:/srv/web:/usr/sbin/nologin\n"
			     "web:x:0:0:second of the name:/evil:\n"
			     "nohome:x:50:51:::\n"
			     "shortline:x:52:53\n"
			     "max:x:4294967294:4294967294::/max:/bin/sh:more:fields\n"
			     "twin:x:33:0::/twin:\n"
			     "web2:x:34:34\r\n"
			     "last:x:99:98::/last";

static const char groups[] = "root:x:0:\n"
			     "5:x:0:web\n"
			     "-1:x:0:\n"
			     "4294967295:x:0:\n"
			     ":x:0:\n"
			     "www:x:33:web\n"
			     "audio:x:29:web,last\n"
			     "video:x:44:other,web\n"
			     "again:x:44:web,web\n"
			     "near:x:45:webb,we, web\n"
			     "broken:x:abc:web\n"
			     "nomembers:x:46\n"
			     "tail:x:47:last";

struct user_case {
	const char *text;
	int code;
	const char *expected; /* "UID:GID HOME GROUPS", or what was wrong */
};

static void check(const struct user_case *one, const char *passwd_text, const char *group_text, const char *const *extra,
		  uint32_t count)
{
	autorelease(text_release) struct text found = {0};
	struct user user;
	char what[300] = "";
	int code = user_resolve(one->text, passwd_text, group_text, extra, count, &user, what, sizeof(what));

	if (code == 0) {
		text_appendf(&found, "%u:%u %s ", user.uid, user.gid, user.home);
		for (uint32_t i = 0; i < user.group_count; i++)
			text_appendf(&found, "%s%u", i ? "," : "", user.groups[i]);
	} else {
		text_append(&found, what);
	}
	if (code != one->code || strcmp(text_get(&found), one->expected) != 0)
		fail_msg("user \"%s\": %d \"%s\", not %d \"%s\"", one->text, code, text_get(&found), one->code,
			 one->expected);
}

static void test_users_and_groups(void **state)
{
	static const struct user_case cases[] = {
		{"", 0, "0:0 /root "},
		{"root", 0, "0:0 /root "},
		{"0", 0, "0:0 /root "},
		{"web", 0, "33:33 /srv/web 0,33,29,44"},
		{"33", 0, "33:33 /srv/web 0,33,29,44"},
		{"web:audio", 0, "33:29 /srv/web "},
		{"web:0", 0, "33:0 /srv/web "},
		{"33:44", 0, "33:44 /srv/web "},
		{"last", 0, "99:98 /last 29,47"},
		{"nohome", 0, "50:51 / "},
		{"shortline", 0, "52:53 / "},
		{"max", 0, "4294967294:4294967294 /max "},
		{"4294967294", 0, "4294967294:4294967294 /max "},
		{"1000", 0, "1000:0 / "},
		{"1000:1000", 0, "1000:1000 / "},
		{":5", 0, "0:5 /root "},
		{":audio", 0, "0:29 /root "},
		{"web:tail", 0, "33:47 /srv/web "},
		{"web:nomembers", 0, "33:46 /srv/web "},
		/* A number is a number, whatever a line of that name says. */
		{"1", 0, "1:0 / "},
		{"01", 0, "1:0 / "},
		{"1:5", 0, "1:5 / "},
		{"-1", -EINVAL, "user -1"},
		{"+1", -EINVAL, "user +1"},
		{"4294967295", -EINVAL, "user 4294967295"},
		{"4294967296", -EINVAL, "user 4294967296"},
		{"18446744073709551616", -EINVAL, "user 18446744073709551616"},
		{"00000000001", -EINVAL, "user 00000000001"},
		{"web:-1", -EINVAL, "group -1"},
		{"web:4294967295", -EINVAL, "group 4294967295"},
		{"root:", -EINVAL, "group \"\""},
		{":", -EINVAL, "group \"\""},
		{"web:audio:video", -ENOENT, "group audio:video"},
		/* Lines that say no id are no users. */
		{"badid", -ENOENT, "user badid"},
		{"badid2", -ENOENT, "user badid2"},
		{"badid3", -ENOENT, "user badid3"},
		{"badgid", -ENOENT, "user badgid"},
		{"few", -ENOENT, "user few"},
		{"short", -ENOENT, "user short"},
		{"web2", -ENOENT, "user web2"},
		{"web:broken", -ENOENT, "group broken"},
		{"nobody", -ENOENT, "user nobody"},
		{"we", -ENOENT, "user we"},
		{"WEB", -ENOENT, "user WEB"},
		{" web", -ENOENT, "user  web"},
		{"web\n", -ENOENT, "user web\n"},
		{"0x0", -ENOENT, "user 0x0"},
		{"web:nogroup", -ENOENT, "group nogroup"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i], passwd, groups, NULL, 0);
}

static void test_without_files(void **state)
{
	static const struct user_case cases[] = {
		{"", 0, "0:0 /root "},          {"0:0", 0, "0:0 /root "},    {"7:8", 0, "7:8 / "},
		{"root", -ENOENT, "user root"}, {"7:x", -ENOENT, "group x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i], "", "", NULL, 0);
}

static void test_extra_groups(void **state)
{
	static const char *const extra[] = {"audio", "1234", "5", "audio", "29"}, *const bad[] = {"audio", "nogroup"},
				 *const worse[] = {""};

	(void)state;
	check(&(struct user_case){"web", 0, "33:33 /srv/web 0,33,29,44,1234,5"}, passwd, groups, extra, ARRAY_SIZE(extra));
	check(&(struct user_case){"7:8", 0, "7:8 / 29,1234,5"}, passwd, groups, extra, ARRAY_SIZE(extra));
	check(&(struct user_case){"web", -ENOENT, "group nogroup"}, passwd, groups, bad, ARRAY_SIZE(bad));
	check(&(struct user_case){"web", -EINVAL, "group \"\""}, passwd, groups, worse, ARRAY_SIZE(worse));
}

static void test_long_names_and_homes(void **state)
{
	autorelease(text_release) struct text lines = {0};
	char name[301], what[300];
	struct user user;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[300] = '\0';
	text_appendf(&lines, "%.255s:x:0:0::/evil:\n%s:x:5:6::/%s:\nshort:x:7:7::/%s:\n", name, name, name, name);
	/* It is not the user whose name is the beginning of it. */
	assert_int_equal(user_resolve(name, text_get(&lines), "", NULL, 0, &user, what, sizeof(what)), -EINVAL);
	assert_memory_equal(what, "user nnn", 8);
	assert_int_equal(strlen(what), sizeof(what) - 1);
	assert_int_equal(user_resolve("short", text_get(&lines), "", NULL, 0, &user, what, sizeof(what)), 0);
	assert_string_equal(user.home, "/");
	assert_int_equal(user_resolve("5", text_get(&lines), "", NULL, 0, &user, what, sizeof(what)), 0);
	assert_int_equal(user.gid, 6);
}

static void test_many_groups_are_cut(void **state)
{
	autorelease(text_release) struct text lines = {0};
	struct user user;
	char what[300];

	(void)state;
	for (int i = 0; i < 200; i++)
		text_appendf(&lines, "g%d:x:%d:web\n", i, 1000 + i);
	assert_int_equal(user_resolve("web", passwd, text_get(&lines), NULL, 0, &user, what, sizeof(what)), 0);
	assert_int_equal(user.group_count, ARRAY_SIZE(user.groups));
	assert_int_equal(user.groups[63], 1063);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_and_groups),    cmocka_unit_test(test_without_files),
		cmocka_unit_test(test_extra_groups),        cmocka_unit_test(test_long_names_and_homes),
		cmocka_unit_test(test_many_groups_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
