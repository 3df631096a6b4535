/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from a profile to the filter of one boot. */
#include "container/filter.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/confinement.h"
#include "model/paths.h"
#include "model/seccomp_profile.h"

int filter_write(const struct spec *spec, const char *path, struct error *err)
{
	autofree char *file = paths_run_container(spec->id, CONFINEMENT_FILTER);
	autorelease(seccomp_profile_release) struct seccomp_profile profile = {0};
	autorelease(text_release) struct text program = {0};
	int r;

	if (!path)
		return unlink(file) == 0 || errno == ENOENT ? 0 : error_set_errno(err, "cannot remove %s", file);
	r = seccomp_profile_load(path, &profile, err);
	if (r < 0)
		return error_prefix(err, "the container's system calls cannot be filtered");
	r = seccomp_compile(&profile, confinement_capabilities(spec), &program, err);
	if (r < 0)
		return error_prefix(err, "%s", path);
	return file_replace(AT_FDCWD, file, program.data, program.length, 0600, err);
}
