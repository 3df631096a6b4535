/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the pressure files of a guest's cgroup. */
#include "lxcfs/pressure.h"

#include "base/memory.h"
#include "lxcfs/guest.h"

static const char *const files[PRESSURE_KINDS] = {
	[PRESSURE_CPU] = "cpu.pressure",
	[PRESSURE_MEMORY] = "memory.pressure",
	[PRESSURE_IO] = "io.pressure",
};

static int open_files(struct view_guest *guest, struct error *err)
{
	const struct cgroup_hierarchy *hierarchy = host_find_v2(guest->host);
	autofree char *path = NULL;
	int r;

	if (!hierarchy)
		return 0;
	r = guest_find_cgroup(guest, hierarchy, &path, err);
	/* Other managers make no cgroup in the v2 tree of a hybrid host. */
	for (size_t i = 0; i < PRESSURE_KINDS && r >= 0; i++)
		r = source_open_own(hierarchy, path, files[i], &guest->pressure.fds[i], err);
	return r == -ENOENT && !cgroup_is_unified(&guest->host->cgroups) ? 0 : r;
}

int pressure_open(struct view_guest *guest, struct error *err)
{
	struct pressure_part *pressure = &guest->pressure;
	int r;

	if (pressure->is_open)
		return 0;
	*pressure = (struct pressure_part){.is_open = true, .fds = {-1, -1, -1}};
	r = open_files(guest, err);
	if (r < 0)
		pressure_close(pressure);
	return r;
}

int pressure_read(struct view_guest *guest, enum pressure_kind kind, struct text *out, struct error *err)
{
	static const char zeros[] = " avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
	int r;

	r = source_read(guest->pressure.fds[kind], &guest->buffer, err);
	if (r == -EOPNOTSUPP) {
		text_appendf(out, "some%sfull%s", zeros, zeros);
		return 0;
	}
	if (r < 0)
		return r;
	text_append(out, guest->buffer.data);
	return 0;
}

void pressure_close(struct pressure_part *pressure)
{
	if (!pressure->is_open)
		return;
	for (size_t i = 0; i < PRESSURE_KINDS; i++)
		source_close(&pressure->fds[i]);
	pressure->is_open = false;
}
