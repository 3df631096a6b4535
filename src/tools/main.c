/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the list of the commands of syscontainer-tools. */
#include <signal.h>
#include <stddef.h>

#include "container/tools_verbs.h"
#include "model/paths.h"
#include "tools/tools.h"

#define POINTER(id_, name_, summary_) &command_##id_,
static const struct command *const commands[] = {TOOLS_VERBS(POINTER) & command_retry, NULL};

static void log_failure(const char *message)
{
	tools_log("error", message);
}

/* A terminal that goes away, or Ctrl-C, does not leave something half done: what is done is short and has its deadlines. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGINT, SIGHUP, SIGQUIT, SIGTERM, SIGPIPE};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static int prepare(struct error *err)
{
	int r = tools_log_open(err);

	ignore_signals();
	return r < 0 ? r : paths_prepare(err);
}

static const struct command_program program = {
	.name = "syscontainer-tools",
	.summary = "Plug devices, network interfaces, routes and paths into containers, running or not.",
	.version = PACKAGE_VERSION,
	.commands = commands,
	.global_options = tools_log_rows,
	.globals = &tools_log_options,
	.usage_status = 1,
	.prepare = prepare,
	.is_message_bare = true,
	.on_failure = log_failure,
};

int main(int argc, char **argv)
{
	return command_main(&program, argc, argv);
}
