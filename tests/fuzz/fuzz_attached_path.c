/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* add-path's and remove-path's arguments: what is taken keeps the rules, and says the same when it is written and parsed again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/attached_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

typedef int parse_path(const char *text, struct attached_path *ret_path, struct error *err);

static bool is_taken(parse_path *parse, const char *text, struct attached_path *path)
{
	struct error err = {0};
	int r = parse(text, path, &err);

	require(r == 0 || (r < 0 && err.code == r && err.message[0] && !path->host && !path->guest));
	return r == 0;
}

static void check_path(const char *text)
{
	struct attached_path path, again;
	autofree char *formatted = NULL;

	if (!is_taken(attached_path_parse, text, &path))
		return;
	require(attached_path_check(&path, NULL) == 0);
	require(path.guest[0] == '/' && path.guest[1] && !strstr(path.guest, "//") && !strchr(path.guest, ':'));
	require(strncmp(path.guest, "/proc/", 6) != 0 && strncmp(path.guest, "/sys/", 5) != 0);
	formatted = attached_path_format(&path);
	require(is_taken(attached_path_parse, formatted, &again));
	require(attached_path_is_equal(&path, &again) && attached_path_is_same(&path, &again));
	attached_path_release(&again);
	require(is_taken(attached_path_parse_pair, text, &again));
	require(strcmp(path.host, again.host) == 0 && attached_path_is_same(&path, &again));
	attached_path_release(&again);
	attached_path_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	struct attached_path path;

	check_path(text);
	if (is_taken(attached_path_parse_pair, text, &path))
		attached_path_release(&path);
	return 0;
}
