/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Device rules as the program that cgroup v2 asks at each use of a device (BPF_PROG_TYPE_CGROUP_DEVICE). Plain data: nothing is loaded. */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>

#include "kernel/device_rules.h"

/* Answers as device_rules_allow() does. The caller frees. */
struct bpf_insn *device_program_new(const struct device_rules *rules, size_t *ret_count);
