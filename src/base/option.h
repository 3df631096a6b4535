/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each type of option does with its member: the table behind parsing, help, completion. Only for the command_*.c files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/command.h"
#include "base/text.h"

/* What every command understands besides its own rows, and a program before its command word; and where it goes. */
struct option_builtins {
	bool help;
};
struct option_program {
	bool version;
};
extern const struct option_row option_builtin_rows[];
extern const struct option_row option_program_rows[];

/* `rows` may be NULL in all of these. */
const struct option_row *option_find(const struct option_row *rows, const char *name, size_t name_length);
const struct option_row *option_find_letter(const struct option_row *rows, char letter);
bool option_takes_value(const struct option_row *row);
bool option_is_hidden(const struct option_row *row);

/* Makes the owned members (strings, lists) of a struct that was copied byte by byte copies of their own. */
void option_own_members(const struct option_row *rows, void *options);
void option_release_members(const struct option_row *rows, void *options);
/* Parses `value` ("true" for a bare flag) into the member of `row`; the error is the whole message. */
int option_set(const struct option_row *row, const char *value, void *options, struct error *err);

/* For people and programs that read the tables. */
const char *option_type_name(const struct option_row *row);     /* "size" */
const char *option_argument_name(const struct option_row *row); /* "BYTES"; NULL for flags */
/* The member's value as one would type it; nothing when it is zero. `options` may be NULL. */
void option_format_member(const struct option_row *row, const void *options, struct text *out);
