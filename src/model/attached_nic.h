/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A nic that is plugged into a container. Provisional: the package of nics replaces this file. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/schema.h"

#define ATTACHED_NIC_LIMIT 128

struct attached_nic {
	char *name;
	char *value;
	bool is_required;
};
extern const struct schema attached_nic_schema;

bool attached_nic_is_same(const struct attached_nic *a, const struct attached_nic *b);
bool attached_nic_is_equal(const struct attached_nic *a, const struct attached_nic *b);
int attached_nic_check(const struct attached_nic *nic, struct error *err);
char *attached_nic_describe(const struct attached_nic *nic);
