/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns syscontainer-seccomp: can a filter be made of a profile for these capabilities? A program of its own, so that
 * the manager does not load libseccomp at each command.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/seccomp_profile.h"

static int check(const char *capabilities, struct error *err)
{
	autofree char *text = NULL;
	autorelease(seccomp_profile_release) struct seccomp_profile profile = {0};
	autorelease(text_release) struct text program = {0};
	uint64_t set = 0;
	size_t length;
	int r = number_parse_unsigned(capabilities, UINT64_MAX, &set, err);

	if (r == 0)
		r = file_read(AT_FDCWD, "/dev/stdin", SECCOMP_PROFILE_MAX_BYTES, &text, &length, err);
	if (r == 0)
		r = seccomp_profile_parse(text, length, &profile, err);
	return r < 0 ? r : seccomp_compile(&profile, set, &program, err);
}

/* syscontainer-seccomp CAPABILITIES <PROFILE: says on standard error what is wrong with it, and ends with 1. */
int main(int argc, char **argv)
{
	struct error error = {0};

	if (argc != 2)
		return 125;
	if (check(argv[1], &error) == 0)
		return 0;
	fprintf(stderr, "%s\n", error.message);
	return 1;
}
