/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the rules for shared namespaces and kernel parameters. */
#include "model/spec_namespaces.h"

#include <ctype.h>
#include <sched.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define CONTAINER "container:"

static const char *const net_words[] = {"none", "host", NULL};
static const char *const ipc_words[] = {"shareable", "private", "host", NULL};
static const char *const usual_words[] = {"private", "host", NULL};

const struct spec_namespace_kind spec_namespace_kinds[] = {
	[SPEC_NAMESPACE_NET] = {"net", "net", CLONE_NEWNET, net_words, true,
				"the kernel mounts /sys only for the owner of the network"},
	[SPEC_NAMESPACE_PID] = {"pid", "pid", CLONE_NEWPID, usual_words, true,
				"the kernel mounts /proc only for the owner of the processes"},
	[SPEC_NAMESPACE_IPC] = {"ipc", "ipc", CLONE_NEWIPC, ipc_words, true,
				"the kernel mounts /dev/mqueue only for the owner of the queues"},
	[SPEC_NAMESPACE_UTS] = {"uts", "uts", CLONE_NEWUTS, usual_words, true, NULL},
	[SPEC_NAMESPACE_CGROUP] = {"cgroupns", "cgroup", CLONE_NEWCGROUP, usual_words, false, NULL},
	[SPEC_NAMESPACE_TIME] = {"timens", "time", CLONE_NEWTIME, usual_words, false, NULL},
};

static const struct schema_field fields[] = {
	{"net", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_NET]), .is_omitted_when_empty = true},
	{"pid", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_PID]), .is_omitted_when_empty = true},
	{"ipc", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_IPC]), .is_omitted_when_empty = true},
	{"uts", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_UTS]), .is_omitted_when_empty = true},
	{"cgroup", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_CGROUP]),
	 .is_omitted_when_empty = true},
	{"time", SCHEMA_STRING, offsetof(struct spec_namespaces, modes[SPEC_NAMESPACE_TIME]), .is_omitted_when_empty = true},
	{"sysctls", SCHEMA_MAP, offsetof(struct spec_namespaces, sysctls), .is_omitted_when_empty = true},
	{"writable", SCHEMA_STRINGS, offsetof(struct spec_namespaces, writable), .is_omitted_when_empty = true},
};
const struct schema spec_namespaces_schema = {sizeof(struct spec_namespaces), fields, ARRAY_SIZE(fields)};

/* --- modes --------------------------------------------------------------------------------------------------------------- */

/* What a name or an id may consist of; whether there is such a container is asked elsewhere. */
static bool is_reference(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return length > 0 && length <= 255 && !text[length] && isalnum((unsigned char)text[0]);
}

int spec_namespace_check_mode(enum spec_namespace kind, const char *mode, struct error *err)
{
	const struct spec_namespace_kind *rules = &spec_namespace_kinds[kind];
	autorelease(text_release) struct text words = {0};

	if (rules->is_shared_with_others && strncmp(mode, CONTAINER, strlen(CONTAINER)) == 0 &&
	    is_reference(mode + strlen(CONTAINER)))
		return 0;
	for (const char *const *word = rules->words; *word; word++) {
		if (strcmp(mode, *word) == 0)
			return 0;
		text_appendf(&words, "%s%s", word == rules->words ? "" : ", ", *word);
	}
	if (rules->is_shared_with_others)
		text_append(&words, ", " CONTAINER "NAME");
	return error_set(err, -EINVAL, "use one of: %s", text_get(&words));
}

const char *spec_namespace_mode(const struct spec_namespaces *namespaces, enum spec_namespace kind)
{
	return namespaces->modes[kind] ? namespaces->modes[kind] : spec_namespace_kinds[kind].words[0];
}

bool spec_namespace_is_host(const struct spec_namespaces *namespaces, enum spec_namespace kind)
{
	return strcmp(spec_namespace_mode(namespaces, kind), "host") == 0;
}

const char *spec_namespace_container(const struct spec_namespaces *namespaces, enum spec_namespace kind)
{
	const char *mode = spec_namespace_mode(namespaces, kind);

	return strncmp(mode, CONTAINER, strlen(CONTAINER)) == 0 ? mode + strlen(CONTAINER) : NULL;
}

bool spec_namespace_is_own(const struct spec_namespaces *namespaces, enum spec_namespace kind)
{
	return !spec_namespace_is_host(namespaces, kind) && !spec_namespace_container(namespaces, kind);
}

/* --- kernel parameters ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key; /* with a dot at its end: all below */
	enum spec_namespace kind;
} sysctls[] = {
	{"net.", SPEC_NAMESPACE_NET},           {"fs.mqueue.", SPEC_NAMESPACE_IPC},
	{"kernel.msgmax", SPEC_NAMESPACE_IPC},  {"kernel.msgmnb", SPEC_NAMESPACE_IPC},
	{"kernel.msgmni", SPEC_NAMESPACE_IPC},  {"kernel.sem", SPEC_NAMESPACE_IPC},
	{"kernel.shmall", SPEC_NAMESPACE_IPC},  {"kernel.shmmax", SPEC_NAMESPACE_IPC},
	{"kernel.shmmni", SPEC_NAMESPACE_IPC},  {"kernel.shm_rmid_forced", SPEC_NAMESPACE_IPC},
	{"kernel.pid_max", SPEC_NAMESPACE_PID},
};

/* Words of letters, digits, '_' and '-' between single dots: it becomes a path below /proc/sys. */
static bool is_dotted(const char *key, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (key[i] == '.' ? i == 0 || i + 1 == length || key[i - 1] == '.'
				  : !isalnum((unsigned char)key[i]) && key[i] != '_' && key[i] != '-')
			return false;
	return length > 0;
}

/* Index into `sysctls`, or -1. */
static int find_sysctl(const char *item)
{
	size_t length = strcspn(item, "=");

	if (!is_dotted(item, length))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		size_t known = strlen(sysctls[i].key);
		bool is_prefix = sysctls[i].key[known - 1] == '.';

		if (strncmp(item, sysctls[i].key, known) == 0 && (is_prefix ? length > known : length == known))
			return (int)i;
	}
	return -1;
}

int spec_sysctl_check(const char *item, struct error *err)
{
	size_t length = strcspn(item, "=");
	const char *value = item + length + 1;

	if (!item[length])
		return error_set(err, -EINVAL, "use KEY=VALUE");
	if (find_sysctl(item) < 0)
		return error_set(err, -EPERM,
				 "Sysctl '%.*s' is not whitelist; what a container has for itself is net.*, fs.mqueue.* and "
				 "kernel.{msgmax,msgmnb,msgmni,sem,shmall,shmmax,shmmni,shm_rmid_forced,pid_max}",
				 length > 256 ? 256 : (int)length, item);
	if (length > 255 || !value[0] || strlen(value) > 1024)
		return error_set(err, -EINVAL, "the value must have 1 to 1024 characters");
	for (; *value; value++)
		if (!isprint((unsigned char)*value) || *value == '=' || *value == '+')
			return error_set(err, -EINVAL, "the value holds a character that no kernel parameter has");
	return 0;
}

enum spec_namespace spec_sysctl_namespace(const char *item)
{
	int index = find_sysctl(item);

	return index < 0 ? SPEC_NAMESPACE_COUNT : sysctls[index].kind;
}

/* --- --ns-change-opt ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum spec_namespace kind;
	const char *const files[10];
} writables[] = {
	{"net", SPEC_NAMESPACE_NET, {"/proc/sys/net"}},
	{"ipc",
	 SPEC_NAMESPACE_IPC,
	 {"/proc/sys/kernel/shmmax", "/proc/sys/kernel/shmmni", "/proc/sys/kernel/shmall",
	  "/proc/sys/kernel/shm_rmid_forced", "/proc/sys/kernel/msgmax", "/proc/sys/kernel/msgmnb",
	  "/proc/sys/kernel/msgmni", "/proc/sys/kernel/sem", "/proc/sys/fs/mqueue"}},
};

static enum spec_namespace writable_namespace(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(writables); i++)
		if (strcmp(word, writables[i].word) == 0)
			return writables[i].kind;
	return SPEC_NAMESPACE_COUNT;
}

const char *const *spec_writable_files(const char *word)
{
	static const char *const none[] = {NULL};

	for (size_t i = 0; i < ARRAY_SIZE(writables); i++)
		if (strcmp(word, writables[i].word) == 0)
			return writables[i].files;
	return none;
}

int spec_parse_writable(const char *text, struct strings *ret_words, struct error *err)
{
	for (const char *next = text;; next++) {
		size_t length = strcspn(next, ",");
		autofree char *word = xstrndup(next, length);

		if (writable_namespace(word) == SPEC_NAMESPACE_COUNT)
			return error_set(err, -EINVAL, "use net, ipc or net,ipc");
		if (strings_contain(ret_words, word))
			return error_set(err, -EINVAL, "%s is given twice", word);
		strings_append(ret_words, word);
		next += length;
		if (!*next)
			return 0;
	}
}

/* --- all of it ------------------------------------------------------------------------------------------------------------- */

static int check_modes(const struct spec_namespaces *namespaces, bool is_remapped, struct error *err)
{
	for (enum spec_namespace kind = 0; kind < SPEC_NAMESPACE_COUNT; kind++) {
		const struct spec_namespace_kind *rules = &spec_namespace_kinds[kind];
		const char *mode = spec_namespace_mode(namespaces, kind);

		if (spec_namespace_check_mode(kind, mode, err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --%s", mode, rules->option);
		if (is_remapped && rules->why_not_remapped && !spec_namespace_is_own(namespaces, kind))
			return error_set(
				err, -EINVAL,
				"--%s %s cannot be had by a guest with ids of its own: %s. Add --user-remap none if root inside may be root of the host",
				rules->option, mode, rules->why_not_remapped);
	}
	return 0;
}

static int check_sysctls(const struct spec_namespaces *namespaces, struct error *err)
{
	for (size_t i = 0; i < namespaces->sysctls.count; i++) {
		const char *item = namespaces->sysctls.items[i];
		enum spec_namespace kind = spec_sysctl_namespace(item);

		if (spec_sysctl_check(item, err) < 0)
			return error_prefix(err, "Invalid value \"%s\" for flag --sysctl", item);
		if (!spec_namespace_is_own(namespaces, kind))
			return error_set(err, -EINVAL,
					 "--sysctl %s contradicts --%s %s: it would change what the container shares", item,
					 spec_namespace_kinds[kind].option, spec_namespace_mode(namespaces, kind));
	}
	return 0;
}

static int check_writable(const struct spec_namespaces *namespaces, struct error *err)
{
	for (size_t i = 0; i < namespaces->writable.count; i++) {
		const char *word = namespaces->writable.items[i];
		enum spec_namespace kind = writable_namespace(word);

		if (kind == SPEC_NAMESPACE_COUNT)
			return error_set(err, -EINVAL,
					 "Invalid value \"%s\" for flag --ns-change-opt: use net, ipc or net,ipc", word);
		if (!spec_namespace_is_own(namespaces, kind))
			return error_set(
				err, -EINVAL,
				"--ns-change-opt %s contradicts --%s %s: the guest could change what the container shares",
				word, spec_namespace_kinds[kind].option, spec_namespace_mode(namespaces, kind));
	}
	return 0;
}

int spec_namespaces_check(const struct spec_namespaces *namespaces, bool is_remapped, struct error *err)
{
	int r = check_modes(namespaces, is_remapped, err);

	if (r == 0)
		r = check_sysctls(namespaces, err);
	return r < 0 ? r : check_writable(namespaces, err);
}
