/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values as typed behind options and in daemon.json: each parser keeps its promises, or refuses with a message. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/number.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_limits.h"
#include "kernel/lsm.h"
#include "model/idmap.h"
#include "model/machine_id.h"
#include "model/slice.h"
#include "model/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* True when it was taken; what is refused has a code and a message. */
static bool is_taken(int r, const struct error *err)
{
	require(r == 0 || (r < 0 && err->code == r && err->message[0]));
	return r == 0;
}

static void check_restart(const char *text)
{
	struct spec_restart_policy policy, again;
	struct error err = {0};
	autofree char *typed = NULL;

	if (!is_taken(spec_parse_restart(text, &policy, &err), &err))
		return;
	require(policy.name >= SPEC_RESTART_NO && policy.name <= SPEC_RESTART_UNLESS_STOPPED && policy.retries >= 0);
	require(policy.retries == 0 || policy.name == SPEC_RESTART_ON_FAILURE);
	typed = xasprintf(policy.retries ? "%s:%d" : "%s", spec_restart_names[policy.name], policy.retries);
	require(spec_parse_restart(typed, &again, NULL) == 0 && again.name == policy.name &&
		again.retries == policy.retries);
}

static void check_idmap(const char *text)
{
	struct spec_idmap idmap;
	struct error err = {0};

	if (!is_taken(spec_parse_idmap(text, &idmap, &err), &err) || idmap.size == 0)
		return;
	require(!idmap.is_automatic && idmap.uid > 0 && idmap.gid > 0);
	require(idmap.uid + idmap.size <= UINT32_MAX && idmap.gid + idmap.size <= UINT32_MAX);
}

/* What becomes a place for cgroups is one. */
static void check_slice(const char *text)
{
	autofree char *cgroup = NULL;
	struct error err = {0};

	if (!is_taken(slice_check(text, &err), &err))
		return;
	require(slice_is_meant(text));
	cgroup = slice_cgroup(text);
	require(!*cgroup || strcmp(strrchr(cgroup, '/') + 1, text) == 0);
}

static void check_words(const char *text)
{
	struct error err = {0};
	int number = 0;

	if (is_taken(spec_parse_signal(text, &number, &err), &err))
		require(number >= 1 && number <= SIGRTMAX);
	if (is_taken(spec_check_name(text, &err), &err))
		require(strlen(text) >= 2 && strlen(text) <= 255 && !strpbrk(text, "/ \n") && text[0] != '.');
	if (is_taken(spec_check_hostname(text, &err), &err))
		require(strlen(text) <= 64 && !strpbrk(text, "/_ \n") && text[0] != '.');
	if (is_taken(cgroup_path_check(text, &err), &err))
		require(text[0] == '/' && !strstr(text, "/../") && !strstr(text, "//"));
}

static void check_namespaces(const char *text)
{
	autorelease(strings_release) struct strings words = {0};
	struct spec_device device = {0};
	struct error err = {0};

	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++)
		if (is_taken(spec_namespace_check_mode(kind, text, &err), &err))
			require(text[0] && !strpbrk(text, "/ \n"));
	/* Exactly one '=', and a key that leads nowhere but below /proc/sys/{net,fs/mqueue,kernel}. */
	if (is_taken(spec_sysctl_check(text, &err), &err)) {
		size_t key = strcspn(text, "=");

		require(strchr(text, '=') == strrchr(text, '=') && !strpbrk(text, "+\n") && text[key + 1]);
		require(!memchr(text, '/', key) && !memmem(text, key, "..", 2) && text[key - 1] != '.' && text[0] != '.');
		require(spec_sysctl_namespace(text) != SPEC_NAMESPACE_COUNT);
	}
	if (is_taken(spec_parse_writable(text, &words, &err), &err))
		require(words.count == 1 || words.count == 2);
	if (is_taken(spec_device_check_rule(text, &err), &err))
		require(!strpbrk(text, "\n\t=") && strlen(text) <= 18);
	if (is_taken(spec_device_parse(text, &device, &err), &err)) {
		require(device.host[0] == '/' && device.guest[0] == '/' && device.permissions[0]);
		require(!strchr(device.host, ':') && !strchr(device.guest, ':'));
	}
	spec_device_release(&device);
}

static void check_numbers(const char *text)
{
	struct error err = {0};
	int64_t number, milliseconds;
	uint64_t positive, bytes;
	double decimal;
	int truth;

	if (is_taken(number_parse(text, -1000, INT32_MAX, &number, &err), &err))
		require(number >= -1000 && number <= INT32_MAX && number == strtoll(text, NULL, 10));
	if (is_taken(number_parse_unsigned(text, UINT32_MAX, &positive, &err), &err))
		require(positive <= UINT32_MAX && positive == strtoull(text, NULL, 10));
	if (is_taken(number_parse_decimal(text, &decimal, &err), &err))
		require(isfinite(decimal));
	if (is_taken(number_parse_duration(text, &milliseconds, &err), &err))
		require(milliseconds >= 0);
	if (is_taken(number_parse_bool(text, &truth, &err), &err))
		require(truth == 0 || truth == 1);
	/* A size is at least the number in front of its unit. */
	if (is_taken(number_parse_size(text, &bytes, &err), &err))
		require(bytes >= strtoull(text, NULL, 10));
}

static void check_limits(const char *text)
{
	for (enum cgroup_limit_kind kind = CGROUP_LIMIT_PAGES; kind <= CGROUP_LIMIT_WEIGHTS; kind++) {
		autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
		struct error err = {0};

		if (!is_taken(cgroup_limit_parse(kind, text, &item, &err), &err))
			continue;
		require(item.value >= (kind == CGROUP_LIMIT_PAGES ? -1 : 0));
		require(kind == CGROUP_LIMIT_PAGES ? !item.subject : item.subject && item.subject[0] == '/');
		require(kind != CGROUP_LIMIT_WEIGHTS || item.value == 0 || (item.value >= 10 && item.value <= 1000));
	}
}

static void check_cgroup_parent(const char *text)
{
	char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct spec spec = {.id = id, .cgroup_parent = (char *)text};
	autofree char *cgroup = NULL;
	struct error err = {0};

	_Static_assert(sizeof(id) == SPEC_ID_LENGTH + 1, "an id as containers have");

	if (!is_taken(spec_check_cgroup_parent(text, &err), &err))
		return;
	cgroup = spec_cgroup(&spec);
	require(cgroup_path_check(cgroup, NULL) == 0);
}

/* What becomes the name of a directory in the host's /var/log/journal is one. */
static void check_journal(const char *text, const uint8_t *data, size_t size)
{
	char id[MACHINE_ID_LENGTH + 1];
	struct error err = {0};
	int journal = 0;

	if (machine_id_parse((const char *)data, size, id))
		require(strlen(id) == MACHINE_ID_LENGTH && strspn(id, "0123456789abcdef") == MACHINE_ID_LENGTH);
	if (is_taken(spec_journal_parse(text, &journal, &err), &err))
		require(strcmp(spec_journal_names[journal], text) == 0);
}

static void check_subordinate(const char *text)
{
	/* Who overlaps a part overlaps the whole, and nobody overlaps what lies behind the last id. */
	if (idmap_overlaps_subordinate(text, 100000, 65536))
		require(idmap_overlaps_subordinate(text, 1, UINT32_MAX));
	require(!idmap_overlaps_subordinate(text, (uint64_t)UINT32_MAX * 2, 65536));
}

/* What is taken is shown, and taken again as the same. */
static void check_security_option(const char *text)
{
	struct spec_security security = {0}, again = {0};
	autorelease(strings_release) struct strings shown = {0}, shown_again = {0};
	struct error err = {0};

	if (is_taken(spec_security_parse_option(text, &security, &err), &err)) {
		require(spec_security_check(&security, NULL) == 0);
		spec_security_format_options(&security, &shown);
		for (size_t i = 0; i < shown.count; i++)
			require(spec_security_parse_option(shown.items[i], &again, NULL) == 0);
		spec_security_format_options(&again, &shown_again);
		require(shown.count == shown_again.count);
		for (size_t i = 0; i < shown.count; i++)
			require(strcmp(shown.items[i], shown_again.items[i]) == 0);
	}
	spec_security_release(&security);
	spec_security_release(&again);
}

static void check_security(const char *text)
{
	autofree char *name = NULL, *context = lsm_parse_container_context(text),
		      *merged = lsm_merge_context(text, NULL, "r", NULL, NULL);
	struct ulimit limit = {0};
	struct error err = {0};

	check_security_option(text);
	if (is_taken(spec_security_parse_capability(text, &name, &err), &err))
		require(strcasecmp(name, "ALL") == 0 || strstr(text, "_") || strlen(name) == strlen(text));
	if (is_taken(ulimit_parse(text, &limit, &err), &err))
		require(ulimit_check(&limit, NULL) == 0 && ulimit_resource(limit.name) >= 0);
	require(!context || !strpbrk(context, " \n"));
	require(!merged || strchr(merged, ':'));
	free(limit.name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	check_restart(text);
	check_slice(text);
	check_cgroup_parent(text);
	check_idmap(text);
	check_words(text);
	check_namespaces(text);
	check_numbers(text);
	check_limits(text);
	check_journal(text, data, size);
	check_subordinate(text);
	check_security(text);
	return 0;
}
