/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device_hook.json: what the reference's tools have recorded of a container, for those who move over. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "model/attachments.h"

/* Does the document look like one? It has one of its keys. */
bool device_hook_is_one(const struct json *document);
/*
 * The same as our list. A partition whose disk is recorded too comes with that disk, which then follows its partitions; other partitions are devices like
 * all others. A limit of a disk that is not recorded is left out. What our own commands refuse is refused, with the entry's place. The caller releases.
 */
int device_hook_read(const struct json *document, struct attachments *ret_attachments, struct error *err);
