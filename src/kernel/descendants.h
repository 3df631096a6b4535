/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All processes that came from this one, however often they forked away. */
#pragma once

/* From now on a process whose parent ends becomes our child if it descends from us (PR_SET_CHILD_SUBREAPER, prctl(2)). */
void descendants_adopt(void);
/* SIGKILLs and reaps all of them until none is left; one in the state D is waited for. descendants_adopt() must have been called before the first of them was made. */
void descendants_kill(void);
