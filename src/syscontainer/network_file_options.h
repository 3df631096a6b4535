/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of create and run about the guest's hosts and resolv.conf. */
#pragma once

#include <stddef.h>

#include "base/command.h"
#include "model/spec_network_files.h"

#define NETWORK_FILE_ROW(owner_, member_, name_, field_, ...) \
	{ \
		.name = name_, .type = OPTION_STRINGS, .offset = offsetof(owner_, member_.field_), ##__VA_ARGS__ \
	}
#define NETWORK_FILE_ROWS(owner_, member_) \
	NETWORK_FILE_ROW(owner_, member_, "add-host", hosts, .argument = "NAME:IP", .check = spec_check_extra_host, \
			 .help = "one more line of the guest's /etc/hosts"), \
		NETWORK_FILE_ROW(owner_, member_, "dns", servers, .argument = "IP", .check = spec_check_server, \
				 .help = "name server, before those of the tree"), \
		NETWORK_FILE_ROW(owner_, member_, "dns-option", options, .argument = "OPTION", \
				 .check = spec_check_resolver_option, .help = "option of resolv.conf, such as ndots:2"), \
		NETWORK_FILE_ROW(owner_, member_, "dns-opt", options, .argument = "OPTION", \
				 .check = spec_check_resolver_option), \
		NETWORK_FILE_ROW(owner_, member_, "dns-search", searches, .argument = "DOMAIN", .check = spec_check_search, \
				 .help = "search domain, before those of the tree")

/* Copies what was given; what is there many times is refused. */
int network_file_options_get(const struct spec_network_files *options, struct spec_network_files *ret_files,
			     struct error *err);
