/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The administrator's own terminal while a process of a guest is on it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/error.h"

struct terminal {
	bool is_raw;
	struct termios saved;
	bool saw_prefix; /* Ctrl-a was typed: the next key decides */
};

/* Puts standard input into raw mode when it is a terminal; terminal_restore() also runs at exit(3) and on deadly signals. */
void terminal_make_raw(struct terminal *terminal);
void terminal_restore(struct terminal *terminal);
/* Rows and columns of the first of standard input, output, error that is a terminal; false without one. */
bool terminal_get_size(unsigned *ret_rows, unsigned *ret_columns);
/*
 * Filters typed bytes in place for the detach keys Ctrl-a q; a doubled Ctrl-a gives one. Returns the new length, or -1 when it is
 * time to detach. *bytes needs room for one more byte than `length`.
 */
long terminal_filter(struct terminal *terminal, char *bytes, size_t length);
/* A signalfd(2) that is readable on SIGWINCH. */
int terminal_watch_size(struct error *err);
