/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Faults that tests ask for: a command that is killed between any two of its steps. Only in builds configured with --enable-fault-injection. */
#pragma once

/*
 * A place where a crash would leave something half done, or would not, which is what a test finds out: with SYSCONTAINER_FAULT=N in the environment the N-th
 * such place kills the process that passed the first one, and the one that is here, by SIGKILL. With SYSCONTAINER_FAULT=N:alone only the latter; with
 * SYSCONTAINER_FAULT=N:CODE the N-th place returns -CODE instead, once. Places are counted over all processes that come of the first.
 */
#ifdef FAULT_INJECTION
int fault_point(void);
#else
static inline int fault_point(void)
{
	return 0;
}
#endif
