/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the words of --link-journal. */
#include "model/spec_journal.h"

#include <stddef.h>
#include <string.h>

const char *const spec_journal_names[] = {"auto", "no", "host", "try-host", NULL};

int spec_journal_parse(const char *text, int *ret_journal, struct error *err)
{
	for (int journal = 0; spec_journal_names[journal]; journal++) {
		if (strcmp(text, spec_journal_names[journal]) == 0) {
			*ret_journal = journal;
			return 0;
		}
	}
	if (strcmp(text, "guest") == 0 || strcmp(text, "try-guest") == 0)
		return error_set(
			err, -EOPNOTSUPP,
			"'%s' would be a link from the host's /var/log/journal into the tree, and the host's root would go wherever "
			"the guest lets it lead; use host or try-host, which keep the journal on the host",
			text);
	return error_set(err, -EINVAL, "'%s' is none of no, auto, host and try-host", text);
}
