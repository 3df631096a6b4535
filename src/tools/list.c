/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how lists are printed. */
#include <stdio.h>

#include "base/json.h"
#include "base/memory.h"
#include "tools/tools.h"

#define INDENT 4

void tools_print_list(const struct json *list, bool is_pretty)
{
	autorelease(text_release) struct text out = {0};

	if (json_count(list) == 0)
		return;
	json_print(list, is_pretty ? INDENT : 0, &out);
	puts(text_get(&out));
}
