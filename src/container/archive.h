/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trees of files as tar streams, packed and unpacked so that neither a guest's tree nor a forged stream can do harm. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Loads all that libarchive and libc load at first use (locale, character conversion). To be called in the host's own root
 * directory, before a process that packs or unpacks enters a guest: afterwards nothing is loaded from anywhere.
 */
int archive_prepare(struct error *err);

struct archive_pack {
	int place_fd;     /* the file or directory to pack, opened with O_PATH */
	int proc_fd;      /* the host's /proc */
	const char *name; /* of the top member; all others are below it. "." for a directory's content */
	bool is_for_others; /* names as other programs read them (UTF-8); else as bytes, which only archive_unpack() must understand */
};

/*
 * Writes what is at place_fd to `fd` as a pax tar with numeric ids: types, modes, times, hard links, holes and extended
 * attributes, no sockets. File systems of the kernel's own (proc, sysfs, cgroup, ...) that are mounted below it are left empty.
 * Never waits for a FIFO, device or lease. Files that become shorter meanwhile are filled up with zeroes, of files that
 * grow the first part is taken. -EUCLEAN: the stream is complete, but files in it are not; the message names the first.
 */
int archive_pack(const struct archive_pack *pack, int fd, struct error *err);

struct archive_reader;

/* Reads a tar up to its first member. -ENODATA: it has none. */
int archive_reader_open(int fd, struct archive_reader **ret_reader, struct error *err);
/* The type bits of the first member: S_IFDIR, S_IFREG, ... */
mode_t archive_reader_type(const struct archive_reader *reader);
void archive_reader_free(struct archive_reader *reader);

struct archive_unpack {
	const char *from;  /* what the top member must be called, all others are below it; NULL: any relative name */
	const char *to;    /* its new name; "." puts the content into the working directory itself */
	bool keeps_owners; /* numeric ids, ACLs and capabilities of the archive; else all belongs to the caller */
};

/*
 * Unpacks below the working directory. Refuses members with "..", absolute names, names not below `from`, and links or
 * paths that lead elsewhere; a directory never replaces a file nor the other way round. The caller should have made the
 * working directory its root (chroot(2)): then the kernel sees to it too that nothing leaves it. Device nodes are left
 * out; set-user-ID and set-group-ID bits stay where the owner or group does. -EUCLEAN: something was left out, the rest was unpacked.
 */
int archive_unpack(struct archive_reader *reader, const struct archive_unpack *unpack, struct error *err);

/*
 * Rewrites somebody's tar from `in_fd` in the one form that archive_pack() writes, so that a process in a guest has no names to
 * convert.
 */
int archive_repack(int in_fd, int out_fd, struct error *err);
