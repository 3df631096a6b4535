/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of create and run for devices. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/spec_device.h"

struct device_options {
	struct strings devices, rules;
};

int device_options_check(const char *value, struct error *err);

#define DEVICE_ROW(owner_, member_, name_, field_, ...) \
	{ \
		.name = name_, .type = OPTION_STRINGS, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define DEVICE_ROWS(owner_, member_) \
	DEVICE_ROW(owner_, member_, "device", devices, .argument = "HOST[:GUEST][:rwm]", .check = device_options_check, \
		   .complete = "file", .help = "give it a device of the host, or those of a directory"), \
		DEVICE_ROW(owner_, member_, "device-cgroup-rule", rules, .argument = "'TYPE MAJOR:MINOR rwm'", \
			   .check = spec_device_check_rule, \
			   .help = "devices that it may open, should a node of them be there: a, b or c, numbers or *")

/* Devices that are not there are refused; they are looked at again at each start. */
int device_options_get(const struct device_options *options, struct spec_devices *ret_devices, struct error *err);
