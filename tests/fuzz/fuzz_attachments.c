/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What apply takes, ours and the reference's: what is read is checked, and written and read again it is equal. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "model/device_hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_list(const struct json *document, struct attachments *list, struct error *err)
{
	int r;

	if (device_hook_is_one(document))
		return device_hook_read(document, list, err);
	r = schema_read(&attachments_schema, document, SCHEMA_STRICT, list, err);
	return r < 0 ? r : attachments_check(list, err);
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_again(const struct attachments *list)
{
	autorelease(json_free_scoped) struct json *written = schema_write(&attachments_schema, list);
	autorelease(attachments_release) struct attachments again = {0};

	require(schema_read(&attachments_schema, written, SCHEMA_STRICT, &again, NULL) == 0 &&
		attachments_check(&again, NULL) == 0);
	for (enum attachment_kind kind = 0; kind < ATTACHMENT_KINDS; kind++)
		for (size_t i = 0; i < list->lists[kind].count; i++) {
			const void *item = attachments_at(list, kind, i), *found = attachments_find(&again, kind, item);

			require(found && attachment_types[kind].is_equal(item, found));
			free(attachment_types[kind].describe(item));
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autorelease(json_free_scoped) struct json *document = NULL;
	autorelease(attachments_release) struct attachments list = {0};
	struct error err = {0};

	if (json_parse((const char *)data, size, &document, NULL) < 0)
		return 0;
	if (read_list(document, &list, &err) < 0)
		require(err.message[0]);
	else
		check_again(&list);
	return 0;
}
