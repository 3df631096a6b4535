/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest's programs find of a device in udev's database, /run/udev/data/b8:16 or c10:200, where no udevd is there to write it.
 *
 * libudev and sd-device take names, numbers and sizes from /sys, which a guest sees; what they want of the record is that it is there with a time ("I:"): until
 * then the device is one that udev has not seen yet, and is passed over. A node that is not called as the kernel calls the device is a link of it ("S:"). What udevd would
 * find out by reading the disk (ID_FS_TYPE) is left out: nobody would keep it true when the guest makes a new file system.
 *
 * A guest that runs a udevd of its own (its /run/udev/control is there) hears the uevent, writes its record itself and removes it; then nothing is done here.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * All are for root of the guest in its mount namespace, in functions for namespace_run(); in its time namespace too, so that the time is one that it knows. `root_fd`
 * is its root directory. Nothing is done where /run is no tmpfs, since a record must not outlive the boot. A record that is there is replaced, one that is not there is
 * removed with success.
 */
/* `path` is where the node is, `kernel_name` how the kernel calls the device ("sdb"); it may be NULL. */
int udev_record_write(int root_fd, bool is_block, dev_t number, const char *path, const char *kernel_name,
		      struct error *err);
int udev_record_remove(int root_fd, bool is_block, dev_t number, struct error *err);

/* The text of a record. The caller frees. */
char *udev_record_text(const char *path, const char *kernel_name, unsigned long long now_us);
