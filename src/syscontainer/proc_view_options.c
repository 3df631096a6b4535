/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from the proc view's options to the spec. */
#include "syscontainer/proc_view_options.h"

void proc_view_options_get(const struct proc_view_options *options, const struct config *config,
			   struct spec_proc_view *ret_view)
{
	*ret_view = (struct spec_proc_view){
		.is_off = options->is_off_given ? options->is_off : !config->shows_proc_view,
		.hides_quota = !options->shows_quota,
	};
}
