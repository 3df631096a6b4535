/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The id by which systemd and D-Bus know a machine: machine-id(5). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MACHINE_ID_LENGTH    32
#define MACHINE_ID_MAX_BYTES 64 /* no file of one is longer */

/* The content of such a file: 32 hexadecimal digits, perhaps a newline. They come back in lower case, with NUL. False for anything else, and for all zeroes. */
bool machine_id_parse(const char *data, size_t length, char ret_id[MACHINE_ID_LENGTH + 1]);
/* That of a guest whose tree has none yet, from its container's id (64 hexadecimal digits): what PID 1 is given as container_uuid, and writes into /etc/machine-id. */
void machine_id_of_container(const char *container_id, char ret_id[MACHINE_ID_LENGTH + 1]);
