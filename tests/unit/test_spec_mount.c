/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the options that mount something, and of the rules for mounts. */
#include "model/spec_mount_parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

typedef int parse_mount(const char *text, struct spec_mount *ret_mount, struct error *err);

struct good {
	const char *text;
	struct spec_mount mount;
};

struct bad {
	const char *text, *message; /* a part of it */
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void assert_mount(const char *text, const struct spec_mount *is, const struct spec_mount *wanted)
{
	if (!same(is->source, wanted->source) || !same(is->target, wanted->target) || is->type != wanted->type ||
	    is->is_read_only != wanted->is_read_only || is->propagation != wanted->propagation ||
	    is->keeps_ids != wanted->keeps_ids || is->has_no_exec != wanted->has_no_exec ||
	    is->has_no_suid != wanted->has_no_suid || is->has_no_dev != wanted->has_no_dev ||
	    is->size_bytes != wanted->size_bytes || is->mode != wanted->mode)
		fail_msg("\"%s\" was parsed to %s on %s and more that is not as it should be", text, is->source, is->target);
}

static void check_good(parse_mount *parse, const struct good *good, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spec_mount mount = {.mode = 77};
		struct error err = {0};

		if (parse(good[i].text, &mount, &err) < 0)
			fail_msg("\"%s\": %s", good[i].text, err.message);
		assert_mount(good[i].text, &mount, &good[i].mount);
		schema_release(&spec_mount_schema, &mount);
	}
}

static void check_bad(parse_mount *parse, const struct bad *bad, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct spec_mount mount = {0};
		struct error err = {0};
		int r = parse(bad[i].text, &mount, &err);

		if (r >= 0 || r != err.code || !strstr(err.message, bad[i].message))
			fail_msg("\"%s\": %d \"%s\" without \"%s\"", bad[i].text, r, err.message, bad[i].message);
		assert_null(mount.source);
		assert_null(mount.target);
	}
}

#define S(text) ((char *)(text))

static void test_volumes(void **state)
{
	static const struct good good[] = {
		{"/a:/b", {.source = S("/a"), .target = S("/b")}},
		{"/a//../x:/b//c/./d/", {.source = S("/a//../x"), .target = S("/b/c/d")}},
		{"/a:/b:ro", {.source = S("/a"), .target = S("/b"), .is_read_only = true}},
		{"/a:/b:rw,rslave,noshift,nocopy",
		 {.source = S("/a"), .target = S("/b"), .propagation = SPEC_PROPAGATION_RSLAVE, .keeps_ids = true}},
		{"/a:/b:rprivate,idmap", {.source = S("/a"), .target = S("/b")}},
		{"/a:/b:shared", {.source = S("/a"), .target = S("/b"), .propagation = SPEC_PROPAGATION_SHARED}},
		{"/with,comma=:/b", {.source = S("/with,comma="), .target = S("/b")}},
		{"/a:/dev/shm", {.source = S("/a"), .target = S("/dev/shm")}},
		{"/a:/dev/net", {.source = S("/a"), .target = S("/dev/net")}},
		{"/a:/run/lock", {.source = S("/a"), .target = S("/run/lock")}},
		{"/a:/process", {.source = S("/a"), .target = S("/process")}},
		{"/a:/b\nlxc.hook", {.source = S("/a"), .target = S("/b\nlxc.hook")}},
	};
	static const struct bad bad[] = {
		{"", "no anonymous volumes"},
		{"/data", "no anonymous volumes"},
		{"name:/data", "no volumes with a name"},
		{"./x:/data", "no absolute path"},
		{":/data", "no absolute path"},
		{"/a:", "destination \"\" is no absolute path"},
		{"/a:b", "destination \"b\" is no absolute path"},
		{"/a:/b/../c", "\"..\""},
		{"/a:/", "the guest's root"},
		{"/a:///.//", "the guest's root"},
		{"/a:/proc", "over /proc"},
		{"/a:/proc/sys/kernel", "over /proc"},
		{"/a:/sys/fs/cgroup", "over /sys"},
		{"/a:/dev", "tmpfs of the guest's own"},
		{"/a:/run/", "tmpfs of the guest's own"},
		{"/a:/run/host/x", "over /run/host"},
		{"/a:/dev/null", "over /dev/null"},
		{"/a:/dev/pts/0", "over /dev/pts"},
		{"/a:/b:", "\"\" is no option"},
		{"/a:/b:ro,", "\"\" is no option"},
		{"/a:/b:RO", "\"RO\" is no option"},
		{"/a:/b:ro,rw", "\"rw\" says again"},
		{"/a:/b:ro,ro", "\"ro\" says again"},
		{"/a:/b:shared,rslave", "\"rslave\" says again"},
		{"/a:/b:noshift,idmap", "\"idmap\" says again"},
		{"/a:/b:nocopy,nocopy", "\"nocopy\" says again"},
		{"/a:/b:z", "SELinux"},
		{"/a:/b:ro,Z", "SELinux"},
		{"/a:/b:ro:rw", "\"ro:rw\" is no option"},
		{"/a:/b:size=1m", "\"size=1m\" is no option"},
	};

	(void)state;
	check_good(spec_mount_parse_volume, good, ARRAY_SIZE(good));
	check_bad(spec_mount_parse_volume, bad, ARRAY_SIZE(bad));
}

static void test_mounts(void **state)
{
	static const struct good good[] = {
		{"type=bind,src=/a,dst=/b", {.source = S("/a"), .target = S("/b")}},
		{"src=/a,dst=/b", {.source = S("/a"), .target = S("/b")}},
		{"destination=/b,ro,source=/a", {.source = S("/a"), .target = S("/b"), .is_read_only = true}},
		{"type=bind,source=/a:b,target=/b:c,readonly=false", {.source = S("/a:b"), .target = S("/b:c")}},
		{"type=bind,src=/a,dst=/b,bind-propagation=rshared,noshift",
		 {.source = S("/a"), .target = S("/b"), .propagation = SPEC_PROPAGATION_RSHARED, .keeps_ids = true}},
		{"type=bind,src=/a=b,dst=/b,idmap=false", {.source = S("/a=b"), .target = S("/b"), .keeps_ids = true}},
		{"type=bind,src=/a,dst=/b,idmap", {.source = S("/a"), .target = S("/b")}},
		{"type=tmpfs,dst=/b",
		 {.type = SPEC_MOUNT_TMPFS, .target = S("/b"), .mode = 01777, .has_no_suid = true, .has_no_dev = true}},
		{"dst=/b,tmpfs-mode=700,tmpfs-size=1m,ro,type=tmpfs",
		 {.type = SPEC_MOUNT_TMPFS,
		  .target = S("/b"),
		  .mode = 0700,
		  .size_bytes = 1 << 20,
		  .is_read_only = true,
		  .has_no_suid = true,
		  .has_no_dev = true}},
		{"type=squashfs,src=/i.sq,dst=/b",
		 {.type = SPEC_MOUNT_SQUASHFS, .source = S("/i.sq"), .target = S("/b"), .is_read_only = true}},
	};
	static const struct bad bad[] = {
		{"", "\"\" is no key"},
		{"type=bind", "no destination"},
		{"type=bind,dst=/b", "no source"},
		{"type=squashfs,dst=/b", "no source"},
		{"type=bind,src=/a", "no destination"},
		{"type=volume,src=a,dst=/b", "no volumes with a name"},
		{"type=nfs,src=/a,dst=/b", "\"nfs\" is no type"},
		{"type=bind,type=bind,src=/a,dst=/b", "\"type\" is given twice"},
		{"src=/a,source=/c,dst=/b", "\"source\" is given twice"},
		{"src=/a,dst=/b,target=/c", "\"target\" is given twice"},
		{"src=/a,dst=/b,ro,readonly", "\"readonly\" is given twice"},
		{"src=/a,dst=/b,", "\"\" is no key"},
		{"src=/a,dst=/b,rw", "\"rw\" is no key"},
		{"src,dst=/b", "\"src\" has no value"},
		{"src=/a,dst=/b,ro=maybe", "ro:"},
		{"src=/a,dst=/b,tmpfs-size=1m", "no meaning for type=bind"},
		{"type=tmpfs,src=/a,dst=/b", "no meaning for type=tmpfs"},
		{"type=tmpfs,dst=/b,noshift", "no meaning for type=tmpfs"},
		{"type=tmpfs,dst=/b,bind-propagation=slave", "no meaning for type=tmpfs"},
		{"type=squashfs,src=/a,dst=/b,ro=false", "always read-only"},
		{"src=/a,dst=/b,noshift,idmap", "contradict"},
		{"src=/a,dst=/b,bind-propagation=", "is no propagation"},
		{"src=/a,dst=/b,bind-propagation=all", "is no propagation"},
		{"src=/a,dst=/b,bind-selinux-opts=z", "SELinux"},
		{"src=a,dst=/b", "no absolute path"},
		{"src=/a,dst=/sys", "over /sys"},
		{"type=tmpfs,dst=/b,tmpfs-size=1", "not between 4096"},
		{"type=tmpfs,dst=/b,tmpfs-size=16p1", "the size"},
		{"type=tmpfs,dst=/b,tmpfs-mode=999", "no octal number"},
		{"type=tmpfs,dst=/b,tmpfs-mode=17777", "no octal number"},
	};

	(void)state;
	check_good(spec_mount_parse_mount, good, ARRAY_SIZE(good));
	check_bad(spec_mount_parse_mount, bad, ARRAY_SIZE(bad));
}

static void test_tmpfs(void **state)
{
#define TMPFS .type = SPEC_MOUNT_TMPFS, .target = S("/b")
	static const struct good good[] = {
		{"/b", {TMPFS, .mode = 01777, .has_no_suid = true, .has_no_dev = true}},
		{"/b:size=64k,mode=0755,ro,noexec",
		 {TMPFS, .mode = 0755, .size_bytes = 65536, .is_read_only = true, .has_no_exec = true, .has_no_suid = true,
		  .has_no_dev = true}},
		{"/b:rw,exec,suid,dev", {TMPFS, .mode = 01777}},
		{"/b/:mode=0,nosuid,nodev", {TMPFS, .has_no_suid = true, .has_no_dev = true}},
	};
	static const struct bad bad[] = {
		{"", "no absolute path"},
		{"b", "no absolute path"},
		{"/", "the guest's root"},
		{"/run", "tmpfs of the guest's own"},
		{"/b:", "\"\" is no option"},
		{"/b:size", "\"size\" is no option"},
		{"/b:size=", "the size"},
		{"/b:size=-1", "the size"},
		{"/b:size=4095", "not between 4096"},
		{"/b:size=99999999999999999999", "the size"},
		{"/b:size=50%", "the size"},
		{"/b:size=1m,size=2m", "\"size=2m\" says again"},
		{"/b:mode=8", "no octal number"},
		{"/b:mode=", "no octal number"},
		{"/b:mode=-1", "no octal number"},
		{"/b:exec,noexec", "\"noexec\" says again"},
		{"/b:uid=5", "\"uid=5\" is no option"},
		{"/b:noshift", "\"noshift\" is no option"},
	};

	(void)state;
	check_good(spec_mount_parse_tmpfs, good, ARRAY_SIZE(good));
	check_bad(spec_mount_parse_tmpfs, bad, ARRAY_SIZE(bad));
}

static void test_host_channels(void **state)
{
	static const struct {
		const char *text;
		struct spec_host_channel channel;
	} good[] = {
		{"/h:/g", {S("/h"), S("/g"), false, SPEC_CHANNEL_BYTES}},
		{"/h:/g::", {S("/h"), S("/g"), false, SPEC_CHANNEL_BYTES}},
		{"/h//x/:/g:ro", {S("/h/x"), S("/g"), true, SPEC_CHANNEL_BYTES}},
		{"/h:/g:rw:4096", {S("/h"), S("/g"), false, 4096}},
		{"/h:/g::4k", {S("/h"), S("/g"), false, 4096}},
	};
	static const struct bad bad[] = {
		{"", "use HOST-PATH"},
		{"/h", "use HOST-PATH"},
		{"h:/g", "path on the host"},
		{"/:/g", "is its root"},
		{"/h/../x:/g", "\"..\""},
		{"/h:/", "the guest's root"},
		{"/h:/proc/x", "over /proc"},
		{"/h:/g:wo", "neither rw nor ro"},
		{"/h:/g:rw:", ""},
		{"/h:/g:rw:4095", "not between 4096"},
		{"/h:/g:rw:x", "the size"},
		{"/h:/g:rw:1m:x", "the size"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct spec_mounts mounts = {0};

		assert_int_equal(spec_mount_parse_channel(good[i].text, &mounts.channel, NULL), 0);
		assert_string_equal(mounts.channel.source, good[i].channel.source);
		assert_string_equal(mounts.channel.target, good[i].channel.target);
		assert_int_equal(mounts.channel.is_read_only, good[i].channel.is_read_only);
		assert_true(mounts.channel.size_bytes == good[i].channel.size_bytes);
		schema_release(&spec_mounts_schema, &mounts);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct spec_mounts mounts = {0};
		struct error err = {0};
		int r = spec_mount_parse_channel(bad[i].text, &mounts.channel, &err);

		if (bad[i].message[0] ? r >= 0 || !strstr(err.message, bad[i].message) : r < 0)
			fail_msg("\"%s\": %d \"%s\"", bad[i].text, r, err.message);
		schema_release(&spec_mounts_schema, &mounts);
	}
}

static void test_volumes_from(void **state)
{
	static const char *const bad[] = {"", ":ro", "web:", "web:RO", "web:ro:rw"};
	autofree char *first = NULL, *second = NULL;
	bool is_read_only;

	(void)state;
	assert_int_equal(spec_mount_parse_from("web", &first, &is_read_only, NULL), 0);
	assert_string_equal(first, "web");
	assert_false(is_read_only);
	assert_int_equal(spec_mount_parse_from("db:ro", &second, &is_read_only, NULL), 0);
	assert_string_equal(second, "db");
	assert_true(is_read_only);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *name = NULL;

		assert_int_equal(spec_mount_parse_from(bad[i], &name, &is_read_only, NULL), -EINVAL);
	}
}

static void append(struct spec_mounts *mounts, parse_mount *parse, const char *text)
{
	struct spec_mount mount = {0};

	assert_int_equal(parse(text, &mount, NULL), 0);
	spec_mounts_append(mounts, &mount);
	schema_release(&spec_mount_schema, &mount);
}

static void test_no_destination_twice(void **state)
{
	struct spec_mounts mounts = {0};
	struct error err = {0};

	(void)state;
	append(&mounts, spec_mount_parse_volume, "/a:/b");
	append(&mounts, spec_mount_parse_tmpfs, "/b/c");
	append(&mounts, spec_mount_parse_tmpfs, "/dev/shm:size=1m");
	assert_int_equal(spec_mounts_check(&mounts, &err), 0);
	assert_string_equal(spec_mounts_find(&mounts, "/b")->source, "/a");
	assert_null(spec_mounts_find(&mounts, "/b/"));
	assert_true(spec_mounts_cover(&mounts, "/b"));
	assert_true(spec_mounts_cover(&mounts, "/b/x/y"));
	assert_false(spec_mounts_cover(&mounts, "/bx"));
	assert_false(spec_mounts_cover(&mounts, "/"));
	mounts.shm_bytes = 4096;
	assert_int_equal(spec_mounts_check(&mounts, &err), -EINVAL);
	assert_string_equal(err.message, "the destination /dev/shm is given twice");
	mounts.shm_bytes = 0;
	assert_int_equal(spec_mount_parse_channel("/h:/b/c", &mounts.channel, NULL), 0);
	assert_int_equal(spec_mounts_check(&mounts, &err), -EINVAL);
	assert_string_equal(err.message, "the destination /b/c is given twice");
	free(mounts.channel.target);
	mounts.channel.target = xstrdup("/g");
	assert_int_equal(spec_mounts_check(&mounts, &err), 0);
	append(&mounts, spec_mount_parse_mount, "src=/x,dst=//b");
	assert_int_equal(spec_mounts_check(&mounts, &err), -EINVAL);
	assert_string_equal(err.message, "the destination /b is given twice");
	schema_release(&spec_mounts_schema, &mounts);
}

/* spec.json may have been edited. */
static void test_damaged_lists(void **state)
{
	static const struct {
		const char *json, *message;
	} bad[] = {
		{"{'list':[{'type':'bind','source':'/a','target':'/b/../c'}]}", "no plain absolute path"},
		{"{'list':[{'type':'bind','source':'/a','target':'/proc/x'}]}", "over /proc"},
		{"{'list':[{'type':'bind','source':'a','target':'/b'}]}", "no absolute path"},
		{"{'list':[{'type':'bind','target':'/b'}]}", "has no source"},
		{"{'list':[{'type':'tmpfs','source':'/a','target':'/b'}]}", "has a source"},
		{"{'list':[{'type':'tmpfs','target':'/b','mode':-1}]}", "no mode"},
		{"{'list':[{'type':'squashfs','source':'/a','target':'/b'}]}", "always read-only"},
		{"{'host_channel':{'source':'/a'}}", "host_channel"},
		{"{'host_channel':{'source':'/a','target':'/b','size_bytes':1}}", "host_channel"},
		{"{'host_channel':{'source':'/','target':'/b','size_bytes':4096}}", "host_channel"},
		{"{'host_channel':{'source':'/a','target':'/sys','size_bytes':4096}}", "over /sys"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autorelease(json_free_scoped) struct json *value = NULL;
		autofree char *text = xstrdup(bad[i].json);
		struct spec_mounts mounts = {0};
		struct error err = {0};

		for (char *next = text; *next; next++)
			*next = *next == '\'' ? '"' : *next;
		assert_int_equal(json_parse(text, strlen(text), &value, NULL), 0);
		assert_int_equal(schema_read(&spec_mounts_schema, value, SCHEMA_STRICT, &mounts, NULL), 0);
		if (spec_mounts_check(&mounts, &err) >= 0 || !strstr(err.message, bad[i].message))
			fail_msg("%s: \"%s\"", bad[i].json, err.message);
		schema_release(&spec_mounts_schema, &mounts);
	}
}

static void test_text_of_mounts(void **state)
{
	static const char *const volumes[] = {"/a:/b:rw", "/a:/b:ro,rslave,noshift", "/a:/b:rw,shared"};
	static const char *const tmpfs[] = {"rw,exec,nosuid,nodev,mode=1777", "ro,noexec,suid,dev,mode=0,size=4096"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(volumes); i++) {
		struct spec_mount mount = {0};
		autofree char *text = NULL;

		assert_int_equal(spec_mount_parse_volume(volumes[i], &mount, NULL), 0);
		text = spec_mount_format_volume(&mount);
		assert_string_equal(text, volumes[i]);
		schema_release(&spec_mount_schema, &mount);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs); i++) {
		autofree char *typed = xasprintf("/t:%s", tmpfs[i]), *text = NULL;
		struct spec_mount mount = {0};

		assert_int_equal(spec_mount_parse_tmpfs(typed, &mount, NULL), 0);
		text = spec_mount_format_tmpfs(&mount);
		assert_string_equal(text, tmpfs[i]);
		schema_release(&spec_mount_schema, &mount);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_volumes),       cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_tmpfs),         cmocka_unit_test(test_host_channels),
		cmocka_unit_test(test_volumes_from),  cmocka_unit_test(test_no_destination_twice),
		cmocka_unit_test(test_damaged_lists), cmocka_unit_test(test_text_of_mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
