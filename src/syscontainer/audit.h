/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trail in the system log of who ended, restarted or removed what. */
#pragma once

/* Writes "COMMAND CONTAINER, asked for by pid N (UID): COMMAND LINE OF THE CALLER" to syslog(3), when there is one. */
void audit_log(const char *command, const char *container);
