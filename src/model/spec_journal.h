/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a guest's journal is kept on the host: --link-journal. */
#pragma once

#include "base/error.h"

enum spec_journal {
	SPEC_JOURNAL_AUTO, /* if it was before */
	SPEC_JOURNAL_NO,
	SPEC_JOURNAL_HOST,     /* a start without it fails */
	SPEC_JOURNAL_TRY_HOST, /* where the host keeps a journal */
};
extern const char *const spec_journal_names[];

/* As typed. What systemd-nspawn knows and we refuse says why. */
int spec_journal_parse(const char *text, int *ret_journal, struct error *err);
