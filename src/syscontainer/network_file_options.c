/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from options about network files to a spec. */
#include "syscontainer/network_file_options.h"

int network_file_options_get(const struct spec_network_files *options, struct spec_network_files *ret_files,
			     struct error *err)
{
	schema_copy(&spec_network_files_schema, options, ret_files);
	return spec_network_files_check(ret_files, err);
}
