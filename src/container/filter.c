/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from a profile to the filter of one boot. */
#include "container/filter.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/confinement.h"
#include "model/paths.h"
#include "model/seccomp_profile.h"

/* In RUN: filters of default profiles, which many containers share. Gone with the host's boot, as the kernel that they are for. */
#define FILTERS "filters"

static int compile(const char *path, uint64_t capabilities, const char *target, struct error *err)
{
	autorelease(seccomp_profile_release) struct seccomp_profile profile = {0};
	autorelease(text_release) struct text program = {0};
	int r = seccomp_profile_load(path, &profile, err);

	if (r < 0)
		return error_prefix(err, "the container's system calls cannot be filtered");
	r = seccomp_compile(&profile, capabilities, &program, err);
	if (r < 0)
		return error_prefix(err, "%s", path);
	return file_replace(AT_FDCWD, target, program.data, program.length, 0600, err);
}

/* Names everything that the filter of this profile follows from; a file that is changed has another name then. NULL: it is not there. */
static char *name_shared(const char *path, uint64_t capabilities)
{
	autofree char *directory = paths_run_file(FILTERS);
	struct stat stat_buffer;

	if (stat(path, &stat_buffer) < 0)
		return NULL;
	return xasprintf("%s/" PACKAGE_VERSION "-%" PRIx64 "-%jx-%jx-%jx-%jx.%09lx-%jx.%09lx", directory, capabilities,
			 (uintmax_t)stat_buffer.st_dev, (uintmax_t)stat_buffer.st_ino, (uintmax_t)stat_buffer.st_size,
			 (uintmax_t)stat_buffer.st_mtim.tv_sec, stat_buffer.st_mtim.tv_nsec,
			 (uintmax_t)stat_buffer.st_ctim.tv_sec, stat_buffer.st_ctim.tv_nsec);
}

/* Compiling takes libseccomp some ten milliseconds, a link nothing. */
static int link_shared(const char *path, uint64_t capabilities, const char *target, struct error *err)
{
	autofree char *directory = paths_run_file(FILTERS), *shared = name_shared(path, capabilities);
	int r;

	if (!shared)
		return compile(path, capabilities, target, err); /* which says why it cannot be read */
	if (link(shared, target) == 0)
		return 0;
	r = file_make_directories(directory, 0700, err);
	if (r == 0)
		r = file_sweep(directory, err);
	if (r == 0)
		r = compile(path, capabilities, shared, err);
	if (r == 0 && link(shared, target) < 0)
		r = error_set_errno(err, "cannot make %s", target);
	return r;
}

int filter_write(const struct spec *spec, const char *path, struct error *err)
{
	autofree char *target = paths_run_container(spec->id, CONFINEMENT_FILTER);
	uint64_t capabilities = confinement_capabilities(spec);

	if (unlink(target) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove %s", target);
	if (!path)
		return 0;
	return spec->security.seccomp == SPEC_SECCOMP_PROFILE ? compile(path, capabilities, target, err)
							      : link_shared(path, capabilities, target, err);
}
