/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the command line of syscontainer-lxcfs. */
#include <stddef.h>
#include <stdio.h>

#include "base/command.h"
#include "base/memory.h"
#include "lxcfs/holder.h"

struct options {
	int64_t age_ms;
	bool shows_quota, is_without_resend;
};

#define ROW(name_, type_, member_, ...) \
	{ \
		.name = name_, .type = type_, .offset = offsetof(struct options, member_), ##__VA_ARGS__ \
	}
static const struct option_row rows[] = {
	ROW("cache-age", OPTION_DURATION, age_ms, .argument = "TIME",
	    .help = "how old what a guest reads may be; 0: always made anew"),
	ROW("cpu-quota-view", OPTION_FLAG, shows_quota,
	    .help = "show processes below MOUNTPOINT a CPU quota as a number of CPUs"),
	ROW("without-resend", OPTION_FLAG, is_without_resend, .help = NULL),
	{.name = NULL},
};
static const struct options defaults = {.age_ms = 100, .shows_quota = true};
static char **own_argv;

static int run(void *data, const struct strings *operands, struct error *err)
{
	const struct options *options = data;
	struct holder_options holder = {
		.mount_point = operands->count ? operands->items[0] : NULL,
		.age_ms = options->age_ms,
		.hides_quota = !options->shows_quota,
		.is_without_resend = options->is_without_resend,
	};

	return holder_run(&holder, own_argv, err);
}

static const struct command command = {
	.name = "syscontainer-lxcfs",
	.arguments = "[OPTIONS] [MOUNTPOINT]",
	.summary = "Show containers a /proc and /sys of their own",
	.details =
		"Serves the files that a guest sees of its own limits, load and disks in place of the host's. Guests of syscontainer get them by a hook (lxcfs-hook) as long as this runs; it may be "
		"killed or upgraded under them (SIGHUP puts the programs that are installed now in the place of those that run). With MOUNTPOINT it also serves containers of other managers, which bind files of that directory "
		"over their own, as with lxcfs: a reader there sees the limits of the container that it is in. Runs in the foreground until SIGTERM.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct options),
	.max_operands = 1,
	.usage_status = 1,
	.complete = "directory",
	.run = run,
};
static const struct command_program program = {
	.name = "syscontainer-lxcfs",
	.version = PACKAGE_VERSION,
	.only = &command,
};

int main(int argc, char **argv)
{
	own_argv = argv;
	return command_main(&program, argc, argv);
}
