/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what we know about init systems. */
#include "container/init.h"

#include <signal.h>
#include <string.h>

#include "base/memory.h"
#include "kernel/procfs.h"

static const char *const sysvinit_stop[] = {"/sbin/init", "0", NULL};
static const char *const openrc_stop[] = {"/sbin/openrc-shutdown", "--poweroff", "now", NULL};
static const char *const runit_stop[] = {"/sbin/init", "0", NULL};

const struct init_language *init_language(enum init_kind kind)
{
	static struct init_language languages[] = {
		[INIT_SYSTEMD] = {.name = "systemd", .waits_for_handler = true, .speaks_notify = true},
		[INIT_SYSVINIT] = {.name = "sysvinit", .stop_command = sysvinit_stop},
		/* What these are asked for before they listen, which is when their services are up, is lost. */
		[INIT_OPENRC] = {.name = "openrc", .stop_command = openrc_stop, .repeats = true},
		[INIT_RUNIT] = {.name = "runit", .stop_command = runit_stop, .repeats = true},
		/* It sits in sigtimedwait(2), during which /proc shows nothing as blocked. */
		[INIT_BUSYBOX] = {.name = "busybox", .stop_signal = SIGUSR2, .repeats = true},
		[INIT_OTHER] = {.name = "other", .stop_signal = SIGTERM},
	};

	languages[INIT_SYSTEMD].stop_signal = SIGRTMIN + 3; /* systemd(1), SIGNALS; SIGRTMIN is no constant */
	return &languages[kind];
}

static const struct {
	const char *executable;
	enum init_kind kind;
} executables[] = {
	{"systemd", INIT_SYSTEMD}, {"init", INIT_SYSVINIT},    {"openrc-init", INIT_OPENRC},
	{"runit", INIT_RUNIT},     {"runit-init", INIT_RUNIT}, {"busybox", INIT_BUSYBOX},
};

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_busybox_init(const char *path)
{
	const char *name = last_component(path);

	return strcmp(name, "init") == 0 || strcmp(name, "linuxrc") == 0;
}

bool init_is_name(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(executables); i++)
		if (executables[i].kind != INIT_BUSYBOX && strcmp(last_component(path), executables[i].executable) == 0)
			return true;
	return is_busybox_init(path);
}

enum init_kind init_kind_of_program(const char *executable, const char *argument)
{
	for (size_t i = 0; i < ARRAY_SIZE(executables); i++)
		if (strcmp(last_component(executable), executables[i].executable) == 0)
			/* busybox is many programs; only as init does it know these signals */
			return executables[i].kind != INIT_BUSYBOX || is_busybox_init(argument) ? executables[i].kind
												: INIT_OTHER;
	return INIT_OTHER;
}

enum init_kind init_detect(pid_t pid)
{
	autofree char *executable = procfs_executable_name(pid), *argument = procfs_first_argument(pid);

	return init_kind_of_program(executable, argument);
}

enum init_kind init_kind_of_name(const char *name)
{
	for (enum init_kind kind = INIT_SYSTEMD; name && kind < INIT_OTHER; kind++)
		if (strcmp(init_language(kind)->name, name) == 0)
			return kind;
	return INIT_OTHER;
}
