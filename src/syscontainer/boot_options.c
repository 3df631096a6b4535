/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the step from the options about the host's boot to the spec. */
#include "syscontainer/boot_options.h"

int boot_options_get(const struct boot_options *options, struct spec_boot *boot, struct error *err)
{
	if (options->has_order)
		boot->order = (int)options->order;
	if (options->has_delay)
		boot->delay_ms = options->delay_ms;
	return spec_boot_check(boot, err);
}
