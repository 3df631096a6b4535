/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns "_retry", which the manager's repair executes: another attempt at what could not be plugged in at boot. */
#include <stdio.h>

#include "tools/tools.h"

static void print(const char *action, const char *what, void *data)
{
	const struct strings *operands = data;

	(void)action;
	tools_say("%s: %s is plugged in again", operands->items[0], what);
}

static int run(void *options, const struct strings *operands, struct error *err)
{
	const struct tools_change change = {.reference = operands->items[0], .visit = print, .visit_data = (void *)operands};

	(void)options;
	return tools_change(&change, err);
}

const struct command command_retry = {
	.name = "_retry",
	.arguments = "CONTAINER",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
