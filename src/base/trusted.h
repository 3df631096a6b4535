/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that root is going to believe or to run: nobody but root may be able to change what their path means. */
#pragma once

#include "base/error.h"

/*
 * The canonical path (realpath(3)) of a regular file that belongs to root and that only root may write to, in directories of which the same is
 * true up to the top; a sticky one such as /tmp will do, because what is root's in it nobody else can replace. What is checked is
 * what a later open(2) or execve(2) of *ret_path finds, so no descriptor has to be kept. The caller frees. -EPERM names the culprit.
 */
int trusted_resolve(const char *path, char **ret_path, struct error *err);
