/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of inspect's document that have a file each. All set members of it and of its HostConfig, in which all keys are already. */
#pragma once

#include "base/json.h"
#include "container/container.h"
#include "model/spec.h"

/* What was asked for; the kernel is not read. */
void describe_limits(const struct cgroup_limits *limits, struct json *host_config);
void describe_mounts(const struct spec *spec, struct json *document, struct json *host_config);
void describe_security(const struct container *container, struct json *document, struct json *host_config);
/* What is plugged in, or would be; and why it is not. */
void describe_attachments(const struct container *container, struct json *document);
