/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run that mount something. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/spec_mount.h"

struct mount_options {
	struct strings volumes, mounts, tmpfs, volumes_from;
	char *host_channel;
	int64_t shm_bytes; /* 0: not given */
	bool is_root_read_only;
};

int mount_options_check_volume(const char *value, struct error *err);
int mount_options_check_mount(const char *value, struct error *err);
int mount_options_check_tmpfs(const char *value, struct error *err);
int mount_options_check_from(const char *value, struct error *err);
int mount_options_check_channel(const char *value, struct error *err);

#define MOUNT_ROW(owner_, member_, name_, letter_, type_, field_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define MOUNT_ROWS(owner_, member_) \
	MOUNT_ROW(owner_, member_, "volume", 'v', OPTION_STRINGS, volumes, .argument = "SRC:DST[:OPTIONS]", \
		  .complete = "file", .check = mount_options_check_volume, \
		  .help = "mount a directory or file of the host; OPTIONS: ro, noshift, [r]private, [r]slave, [r]shared"), \
		MOUNT_ROW(owner_, member_, "mount", 0, OPTION_STRINGS, mounts, \
			  .argument = "type=TYPE,src=SRC,dst=DST[,...]", .check = mount_options_check_mount, \
			  .help = "mount a bind, a tmpfs or a squashfs image"), \
		MOUNT_ROW(owner_, member_, "volumes-from", 0, OPTION_STRINGS, volumes_from, \
			  .argument = "CONTAINER[:ro|rw]", .complete = "container", .check = mount_options_check_from, \
			  .help = "mount what another container has from the host"), \
		MOUNT_ROW(owner_, member_, "tmpfs", 0, OPTION_STRINGS, tmpfs, .argument = "PATH[:OPTIONS]", \
			  .check = mount_options_check_tmpfs, \
			  .help = "mount a tmpfs; OPTIONS: size=, mode=, ro, noexec, suid, dev"), \
		MOUNT_ROW(owner_, member_, "shm-size", 0, OPTION_SIZE, shm_bytes, .min = (int64_t)SPEC_TMPFS_MIN, \
			  .argument = "BYTES", .help = "size of /dev/shm (default: 64m)"), \
		MOUNT_ROW(owner_, member_, "read-only", 0, OPTION_FLAG, is_root_read_only, \
			  .help = "mount the tree read-only; /tmp and /var/tmp are tmpfs then"), \
		MOUNT_ROW(owner_, member_, "host-channel", 0, OPTION_STRING, host_channel, \
			  .argument = "HOST:GUEST[:rw|ro[:SIZE]]", .check = mount_options_check_channel, \
			  .help = "a tmpfs that host and guest share, made at HOST (default: rw, 64m)")

/* What they ask for, together; the host is asked about the host channel only. The caller releases, by spec_mounts_schema. */
int mount_options_get(const struct mount_options *options, struct spec_mounts *ret_mounts, struct error *err);
