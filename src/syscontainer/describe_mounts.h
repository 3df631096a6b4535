/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a container's mounts are told to people and programs. */
#pragma once

#include "base/json.h"
#include "model/spec.h"

/* Sets Mounts of inspect's document, and what its HostConfig says of mounts. */
void describe_mounts(const struct spec *spec, struct json *document, struct json *host_config);
