/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The property that no user's word becomes configuration: every option of create, filled with random bytes, yields a spec that is read again as it
 * was made, and a liblxc configuration with exactly the keys that we mean. What other options come, they are in the table of create and so in here.
 */
#include "container/launch.h"

#include <ctype.h>
#include <lxc/lxccontainer.h>
#include <stdbool.h>

#include "base/option.h"
#include "kernel/cgroup.h"
#include "model/paths.h"
#include "syscontainer/commands.h"
#include "syscontainer/create_options.h"
#include "work.h"

#define ROUNDS 40 /* for each option; PROPERTY_ROUNDS in the environment is another number */

/* Every key that we give to liblxc. A new one here is a thing to think about: can a user's string reach it, and who checks that string? */
static const struct {
	const char *key;
	bool varies; /* how many there are depends on options */
} known_keys[] = {
	{"lxc.apparmor.profile", false},
	{"lxc.autodev", false},
	{"lxc.cgroup.devices.allow", false},
	{"lxc.cgroup.devices.deny", false},
	{"lxc.cgroup.dir.container", false},
	{"lxc.cgroup.dir.container.inner", false},
	{"lxc.cgroup.dir.monitor", false},
	{"lxc.cgroup.dir.monitor.pivot", false},
	{"lxc.console.path", false},
	{"lxc.idmap", true},
	{"lxc.log.file", false},
	{"lxc.log.level", false},
	{"lxc.mount.auto", false},
	{"lxc.mount.entry", false},
	{"lxc.namespace.keep", true},
	{"lxc.net.0.type", true},
	{"lxc.proc.oom_score_adj", false},
	{"lxc.pty.max", false},
	{"lxc.rootfs.mount", false},
	{"lxc.rootfs.options", true},
	{"lxc.rootfs.path", false},
	{"lxc.tty.max", false},
	{"lxc.uts.name", true},
};

static const struct command_program program = {.name = "test"};
static unsigned seed;

static unsigned draw(unsigned end)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % end;
}

/* What options take: some of it gets far enough with a bite out of it. */
static const char *const good_values[] = {
	"a",
	"box",
	"web.example",
	"1",
	"64m",
	"10s",
	"auto",
	"none",
	"100000:100000:65536",
	"KEY=VAL",
	"1.2.3.4",
	"::1",
	"db:1.2.3.4",
	"ndots:2",
	"on-failure:3",
	"SIGRTMIN+3",
	"/some/where",
	"0-0",
	"true",
	"root:root",
	"net",
	"host",
	"/a:/b:ro",
	"nofile=10:20",
	"net.ipv4.ip_forward=1",
	"c 1:3 rwm",
};
static const char *const bites[] = {
	"\n",
	"\nlxc.hook.pre-start = /bin/false\n",
	"\nlxc.include = /etc/passwd",
	" ",
	"\t",
	"\\",
	"\\n",
	"\"",
	"',",
	"{}",
	"\r\n",
	"\x1b[2J",
	"%s%n",
	"$(id)",
	"../..",
	" none bind 0 0\nproc proc proc ",
	"\xff",
	"\xc3\xa4",
	"=",
	":",
	",",
};

static char *draw_value(void)
{
	struct text value = {0};
	const char *good = good_values[draw(ARRAY_SIZE(good_values))];
	size_t cut = draw((unsigned)strlen(good) + 1);

	if (draw(4) == 0) {
		for (unsigned left = draw(40); left; left--)
			text_append_bytes(&value, (const char[]){(char)(1 + draw(255))}, 1);
		return text_steal(&value);
	}
	text_append_bytes(&value, good, cut);
	if (draw(8))
		text_append(&value, bites[draw(ARRAY_SIZE(bites))]);
	text_append(&value, good + cut);
	return text_steal(&value);
}

static int count_key(const struct strings *keys, const char *key)
{
	int count = 0;

	for (size_t i = 0; i < keys->count; i++)
		count += strcmp(keys->items[i], key) == 0;
	return count;
}

/* Six fields, or it is no line of fstab(5). */
static bool is_mount_entry(const char *value)
{
	autorelease(strings_release) struct strings fields = {0};

	strings_split(&fields, value, " \t");
	return fields.count == 6;
}

/* Keys of the configuration as liblxc writes it; a newline that got into a value makes a line that is none of ours. */
static void read_configuration(const char *option, const char *value, struct lxc_container *lxc, struct strings *ret_keys)
{
	autofree char *text = NULL;
	autorelease(strings_release) struct strings lines = {0};

	assert_true(lxc->save_config(lxc, work_path("configuration")));
	text = work_read("configuration");
	strings_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i], *separator = strstr(line, " = ");
		size_t length = strcspn(line, " ");
		bool is_known = false;

		strings_append_owned(ret_keys, xstrndup(line, length));
		for (size_t j = 0; j < ARRAY_SIZE(known_keys); j++)
			is_known |= strcmp(known_keys[j].key, ret_keys->items[ret_keys->count - 1]) == 0;
		if (!is_known || separator != line + length)
			fail_msg("--%s \"%s\" gives liblxc the line \"%s\"", option, value, line);
		if (strncmp(line, "lxc.mount.entry ", 16) == 0 && !is_mount_entry(separator + 3))
			fail_msg("--%s \"%s\" gives liblxc the mount \"%s\"", option, value, line);
	}
}

static void configure(const char *option, const char *value, const struct spec *spec, struct strings *ret_keys)
{
	const struct guest_layout layout = {.cgroups = GUEST_CGROUPS_ANY};
	struct lxc_container *lxc = NULL;
	struct error err = {0};

	/* A value may be refused here at the latest. */
	if (launch_configure(spec, spec->rootfs, &layout, "7", &lxc, &err) < 0)
		return;
	read_configuration(option, value, lxc, ret_keys);
	lxc_container_put(lxc);
}

static char *print_spec(const struct spec *spec)
{
	autorelease(json_free_scoped) struct json *value = schema_write(&spec_schema, spec);
	struct text out = {0};

	json_set(value, "version", json_new_integer(SPEC_VERSION));
	json_print(value, 0, &out);
	return text_steal(&out);
}

static unsigned count_changed(const struct spec *a, const struct spec *b)
{
	autorelease(json_free_scoped) struct json *left = schema_write(&spec_schema, a),
						  *right = schema_write(&spec_schema, b);
	unsigned count = 0;

	for (size_t i = 0; i < spec_schema.field_count; i++) {
		autorelease(text_release) struct text first = {0}, second = {0};

		json_print(json_get(left, spec_schema.fields[i].key), 0, &first);
		json_print(json_get(right, spec_schema.fields[i].key), 0, &second);
		count += strcmp(text_get(&first), text_get(&second)) != 0;
	}
	return count;
}

/* What is on disk is what was asked for, or it is refused. */
static bool survives_disk(const char *option, const char *value, const struct spec *spec)
{
	autorelease(spec_release) struct spec loaded = {0};
	autofree char *made = print_spec(spec), *read = NULL;
	struct error err = {0};

	if (spec_save(WORK_ID, spec, &err) < 0)
		return false;
	if (spec_load(WORK_ID, &loaded, &err) < 0)
		fail_msg("--%s \"%s\" makes a spec that cannot be loaded: %s", option, value, err.message);
	read = print_spec(&loaded);
	if (strcmp(made, read) != 0)
		fail_msg("--%s \"%s\" makes the spec\n%s\nwhich is loaded as\n%s", option, value, made, read);
	return true;
}

/* True when the spec could be made. */
static bool make_spec(const char *option, const char *value, struct spec *ret_spec)
{
	struct create_options options;
	autorelease(strings_release) struct strings operands = {0};
	autofree char *argument = option ? xasprintf("--%s=%s", option, value) : xstrdup("--tty=false"),
		      *tree = xstrdup(work_path("tree"));
	char *argv[] = {argument, tree, NULL};
	struct error err = {0};
	int r = command_parse(&program, &command_create, 2, argv, &options, &operands, &err);

	if (r == 0)
		r = create_make_spec(&options, &operands, ret_spec, &err);
	command_release_options(&command_create, &options);
	if (r < 0) {
		assert_true(err.message[0]);
		spec_release(ret_spec);
		return false;
	}
	ret_spec->id = xstrdup(WORK_ID);
	/* The registry's part. */
	if (!ret_spec->name)
		ret_spec->name = xstrdup("default");
	if (!ret_spec->hostname)
		ret_spec->hostname = xstrdup("default");
	if (ret_spec->idmap.is_automatic)
		ret_spec->idmap.uid = ret_spec->idmap.gid = ret_spec->idmap.size = 65536;
	return true;
}

static void try_value(const struct spec *plain, const struct strings *plain_keys, const char *option, const char *value)
{
	autorelease(spec_release) struct spec spec = {0};
	autorelease(strings_release) struct strings keys = {0};

	if (!make_spec(option, value, &spec) || !survives_disk(option, value, &spec))
		return;
	if (count_changed(plain, &spec) > 2)
		fail_msg("--%s \"%s\" changes more of the spec than one option may", option, value);
	configure(option, value, &spec, &keys);
	for (size_t i = 0; keys.count && i < ARRAY_SIZE(known_keys); i++)
		if (!known_keys[i].varies && count_key(&keys, known_keys[i].key) != count_key(plain_keys, known_keys[i].key))
			fail_msg("--%s \"%s\" changes how many %s there are", option, value, known_keys[i].key);
}

static void test_random_values(void **state)
{
	const char *rounds = getenv("PROPERTY_ROUNDS"), *start = getenv("PROPERTY_SEED");
	autorelease(spec_release) struct spec plain = {0};
	autorelease(strings_release) struct strings plain_keys = {0};
	int count = rounds ? atoi(rounds) : ROUNDS;

	(void)state;
	seed = start ? (unsigned)strtoul(start, NULL, 10) : 1;
	assert_true(make_spec(NULL, NULL, &plain));
	assert_true(survives_disk("tty", "false", &plain));
	configure("tty", "false", &plain, &plain_keys);
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++)
		if (!known_keys[i].varies && count_key(&plain_keys, known_keys[i].key) == 0)
			fail_msg("%s is no longer given to liblxc: remove it from the table", known_keys[i].key);
	for (const struct option_row *row = command_create.options; row->name; row++)
		for (int i = 0; option_takes_value(row) && i < count; i++) {
			autofree char *value = draw_value();

			try_value(&plain, &plain_keys, row->name, value);
		}
}

static int set_up(void **state)
{
	autofree char *directory = NULL;

	work_set_up(state);
	work_make_directory("tree/etc");
	work_make_directory("run");
	/* The profile that is shipped may not be installed yet. */
	work_write("daemon.json", "{\"user-remap\":\"auto\",\"seccomp-profile\":\"unconfined\"}");
	directory = paths_container(WORK_ID, NULL);
	setenv("XDG_RUNTIME_DIR", work, 1); /* where liblxc has its locks, for who is not root */
	return file_make_directories(directory, 0700, NULL);
}

static int tear_down(void **state)
{
	autofree char *locks = xasprintf("/run/lxc/lock%s", work);

	file_remove_tree(AT_FDCWD, locks, NULL);
	return work_tear_down(state);
}

int main(void)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_values, set_up, tear_down),
	};

	if (cgroup_host_load(&host, NULL) < 0)
		return 77; /* automake's way to skip: limits cannot be checked where there are no cgroups */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
