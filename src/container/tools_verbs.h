/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of syscontainer-tools, which the manager has as well: it executes that program in its own place. The one list of their names. */
#pragma once

#define TOOLS_VERB_ADD_DEVICE(ROW) \
	ROW(add_device, "add-device", "Plug block and character devices of the host into a container")
#define TOOLS_VERB_REMOVE_DEVICE(ROW) ROW(remove_device, "remove-device", "Take devices out of a container")
#define TOOLS_VERB_LIST_DEVICE(ROW)   ROW(list_device, "list-device", "List the devices that were plugged into a container")
#define TOOLS_VERB_UPDATE_DEVICE(ROW) ROW(update_device, "update-device", "Change the rates of a container's devices")
#define TOOLS_VERB_ADD_NIC(ROW)       ROW(add_nic, "add-nic", "Plug a network interface into a container")
#define TOOLS_VERB_REMOVE_NIC(ROW)    ROW(remove_nic, "remove-nic", "Take a network interface out of a container")
#define TOOLS_VERB_LIST_NIC(ROW)      ROW(list_nic, "list-nic", "List the network interfaces that were plugged into a container")
#define TOOLS_VERB_UPDATE_NIC(ROW)    ROW(update_nic, "update-nic", "Change a network interface of a container")
#define TOOLS_VERB_ADD_ROUTE(ROW)     ROW(add_route, "add-route", "Add routes to a container")
#define TOOLS_VERB_REMOVE_ROUTE(ROW)  ROW(remove_route, "remove-route", "Remove routes from a container")
#define TOOLS_VERB_LIST_ROUTE(ROW)    ROW(list_route, "list-route", "List the routes that were added to a container")
#define TOOLS_VERB_ADD_PATH(ROW)      ROW(add_path, "add-path", "Mount files and directories of the host in a container")
#define TOOLS_VERB_REMOVE_PATH(ROW)   ROW(remove_path, "remove-path", "Unmount what was mounted in a container by add-path")
#define TOOLS_VERB_LIST_PATH(ROW)     ROW(list_path, "list-path", "List the paths that were mounted in a container")
#define TOOLS_VERB_RELABEL(ROW)       ROW(relabel, "relabel", "Give our programs their SELinux labels")
#define TOOLS_VERB_ATTACHMENTS(ROW)   ROW(attachments, "attachments", "Show everything that is plugged into a container")
#define TOOLS_VERB_APPLY(ROW)         ROW(apply, "apply", "Make what is plugged into a container equal to a file")

#define TOOLS_VERBS(ROW) \
	TOOLS_VERB_ADD_DEVICE(ROW) \
	TOOLS_VERB_ADD_NIC(ROW) \
	TOOLS_VERB_ADD_PATH(ROW) \
	TOOLS_VERB_ADD_ROUTE(ROW) \
	TOOLS_VERB_APPLY(ROW) \
	TOOLS_VERB_ATTACHMENTS(ROW) \
	TOOLS_VERB_LIST_DEVICE(ROW) \
	TOOLS_VERB_LIST_NIC(ROW) \
	TOOLS_VERB_LIST_PATH(ROW) \
	TOOLS_VERB_LIST_ROUTE(ROW) \
	TOOLS_VERB_RELABEL(ROW) \
	TOOLS_VERB_REMOVE_DEVICE(ROW) \
	TOOLS_VERB_REMOVE_NIC(ROW) \
	TOOLS_VERB_REMOVE_PATH(ROW) \
	TOOLS_VERB_REMOVE_ROUTE(ROW) \
	TOOLS_VERB_UPDATE_DEVICE(ROW) \
	TOOLS_VERB_UPDATE_NIC(ROW)
/* Two members of a struct command: TOOLS_VERB_ADD_DEVICE(TOOLS_NAMED) */
#define TOOLS_NAMED(id_, name_, summary_) .name = (name_), .summary = (summary_)
