/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run that give KEY=VALUE: environment, labels, annotations. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/spec.h"

struct environment_options {
	struct strings values, files;
	char *target;
	struct strings labels, label_files, annotations;
};

int environment_check_value(const char *value, struct error *err);
int environment_check_label(const char *value, struct error *err);

#define ENVIRONMENT_ROW(owner_, member_, name_, letter_, type_, field_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define ENVIRONMENT_ROWS(owner_, member_) \
	ENVIRONMENT_ROW(owner_, member_, "env", 'e', OPTION_STRINGS, values, .argument = "KEY[=VALUE]", \
			.help = "set a variable of the environment; KEY alone takes ours", \
			.check = environment_check_value), \
		ENVIRONMENT_ROW(owner_, member_, "env-file", 0, OPTION_STRINGS, files, .argument = "FILE", \
				.complete = "file", \
				.help = "set the variables of a file of KEY[=VALUE] lines; --env counts more"), \
		ENVIRONMENT_ROW(owner_, member_, "env-target-file", 0, OPTION_STRING, target, .argument = "PATH", \
				.check = spec_check_guest_file, \
				.help = "file in the tree that keeps the environment: read and written at each start"), \
		ENVIRONMENT_ROW(owner_, member_, "label", 'l', OPTION_STRINGS, labels, .argument = "KEY[=VALUE]", \
				.help = "set a label", .check = environment_check_label), \
		ENVIRONMENT_ROW(owner_, member_, "label-file", 0, OPTION_STRINGS, label_files, .argument = "FILE", \
				.complete = "file", \
				.help = "set the labels of a file of KEY[=VALUE] lines; --label counts more"), \
		ENVIRONMENT_ROW(owner_, member_, "annotation", 0, OPTION_STRINGS, annotations, .argument = "KEY[=VALUE]", \
				.help = "set an annotation", .check = environment_check_label)

/* Reads the files and fills environment, environment_target, labels and annotations. */
int environment_options_get(const struct environment_options *options, struct spec *spec, struct error *err);
