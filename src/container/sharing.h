/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces that a container shares with another one. */
#pragma once

#include "base/error.h"
#include "model/spec.h"

/*
 * For the payload, before it makes the guest: joins the namespaces of those containers that the spec names with container:ID, which must
 * run. The guest keeps what its maker has (lxc.namespace.keep), so it has the namespaces that were there now: when the other
 * container restarts it gets new ones, and this one keeps the old ones.
 */
int sharing_join(const struct spec *spec, struct error *err);
