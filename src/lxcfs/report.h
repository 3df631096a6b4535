/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for people and log files: time="..." level=info msg="...". */
#pragma once

/* On standard error, and at the end of the file `log` unless that is NULL. The message is one line; level is "info", "warning" or "error". */
void report(const char *log, const char *level, const char *format, ...) __attribute__((format(printf, 3, 4)));
