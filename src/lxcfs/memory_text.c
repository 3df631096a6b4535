/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the texts of meminfo and swaps. */
#include <string.h>

#include "base/memory.h"
#include "lxcfs/guest.h"
#include "lxcfs/memory.h"

#define NAME_WIDTH 16 /* "MemTotal:       " */
#define LINE_WIDTH 24 /* where a value ends: "MemTotal:       24731708" */

/*
 * What a line of meminfo is for a guest. The host's kernel decides which lines there are and in which order; one that is not
 * named here would tell of the host, or nobody can know it for a guest: it is left out.
 */
enum line_kind {
	LINE_BYTES,    /* a field in bytes */
	LINE_COUNT,    /* a field as it is */
	LINE_ZERO,     /* nothing counts it for a cgroup */
	LINE_CONSTANT, /* the same on the whole machine: the host's line */
};

struct line {
	const char *name;
	enum line_kind kind;
	size_t offset; /* in struct memory_sample */
};

#define BYTES(text, field) \
	{ \
		text, LINE_BYTES, offsetof(struct memory_sample, field) \
	}
#define COUNT(text, field) \
	{ \
		text, LINE_COUNT, offsetof(struct memory_sample, field) \
	}

/* In the order of Linux 6.18, which makes the search short. */
static const struct line lines[] = {
	BYTES("MemTotal", total),
	BYTES("MemFree", free),
	BYTES("MemAvailable", available),
	{"Buffers", LINE_ZERO, 0},
	BYTES("Cached", cached),
	BYTES("SwapCached", swap_cached),
	BYTES("Active", active),
	BYTES("Inactive", inactive),
	BYTES("Active(anon)", active_anon),
	BYTES("Inactive(anon)", inactive_anon),
	BYTES("Active(file)", active_file),
	BYTES("Inactive(file)", inactive_file),
	BYTES("Unevictable", unevictable),
	{"Mlocked", LINE_ZERO, 0},
	BYTES("SwapTotal", swap_total),
	BYTES("SwapFree", swap_free),
	BYTES("Zswap", zswap),
	BYTES("Zswapped", zswapped),
	BYTES("Dirty", dirty),
	BYTES("Writeback", writeback),
	BYTES("AnonPages", anon),
	BYTES("Mapped", mapped),
	BYTES("Shmem", shmem),
	BYTES("KReclaimable", slab_reclaimable),
	BYTES("Slab", slab),
	BYTES("SReclaimable", slab_reclaimable),
	BYTES("SUnreclaim", slab_unreclaimable),
	BYTES("KernelStack", kernel_stack),
	BYTES("PageTables", page_tables),
	BYTES("SecPageTables", sec_page_tables),
	{"NFS_Unstable", LINE_ZERO, 0},
	{"Bounce", LINE_ZERO, 0},
	{"WritebackTmp", LINE_ZERO, 0},
	{"CommitLimit", LINE_ZERO, 0},
	{"Committed_AS", LINE_ZERO, 0},
	{"VmallocTotal", LINE_CONSTANT, 0},
	BYTES("VmallocUsed", vmalloc),
	{"VmallocChunk", LINE_ZERO, 0},
	BYTES("Percpu", percpu),
	{"HardwareCorrupted", LINE_ZERO, 0},
	BYTES("AnonHugePages", anon_huge),
	BYTES("ShmemHugePages", shmem_huge),
	{"ShmemPmdMapped", LINE_ZERO, 0},
	BYTES("FileHugePages", file_huge),
	{"FilePmdMapped", LINE_ZERO, 0},
	COUNT("HugePages_Total", huge_total),
	COUNT("HugePages_Free", huge_free),
	{"HugePages_Rsvd", LINE_ZERO, 0},
	{"HugePages_Surp", LINE_ZERO, 0},
	{"Hugepagesize", LINE_CONSTANT, 0},
	BYTES("Hugetlb", huge_bytes),
};

/* Begins behind the last hit. */
static const struct line *find_line(const char *name, size_t length, size_t *next)
{
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct line *line = &lines[(*next + i) % ARRAY_SIZE(lines)];

		if (*line->name == *name && strncmp(line->name, name, length) == 0 && !line->name[length]) {
			*next += i + 1;
			return line;
		}
	}
	return NULL;
}

static uint64_t get_value(const struct line *line, const struct memory_sample *sample)
{
	uint64_t value = *(const uint64_t *)(const void *)((const char *)sample + line->offset);

	if (line->kind == LINE_ZERO)
		return 0;
	return line->kind == LINE_BYTES ? value / 1024 : value;
}

static void write_line(const struct line *line, const char *host_line, size_t length, const struct memory_sample *sample,
		       struct text *out)
{
	static const char blanks[] = "                ";
	size_t width = strlen(line->name) + 1; /* with the colon */

	if (line->kind == LINE_CONSTANT) {
		text_append_bytes(out, host_line, length);
		text_append_bytes(out, "\n", 1);
		return;
	}
	text_append_bytes(out, host_line, width);
	if (width < NAME_WIDTH) {
		text_append_bytes(out, blanks, NAME_WIDTH - width);
		width = NAME_WIDTH;
	}
	text_append_number(out, get_value(line, sample), LINE_WIDTH - width);
	if (length > 3 && strncmp(host_line + length - 3, " kB", 3) == 0)
		text_append_bytes(out, " kB", 3);
	text_append_bytes(out, "\n", 1);
}

void memory_write_meminfo(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	size_t next = 0;

	(void)cpu;
	for (const char *host_line = guest->host->meminfo, *end; *host_line; host_line = end + (*end == '\n')) {
		const struct line *line;
		const char *colon;

		end = strchrnul(host_line, '\n');
		colon = memchr(host_line, ':', (size_t)(end - host_line));
		line = colon ? find_line(host_line, (size_t)(colon - host_line), &next) : NULL;
		if (line)
			write_line(line, host_line, (size_t)(end - host_line), &guest->memory.sample, out);
	}
}

void memory_write_swaps(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	const struct memory_sample *sample = &guest->memory.sample;

	(void)cpu;
	text_append(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	if (!sample->swap_total)
		return;
	/* As the kernel's columns; the used part is what is missing in meminfo's SwapFree. */
	text_appendf(out, "none                                    virtual\t\t%llu\t\t%llu\t\t0\n",
		     (unsigned long long)(sample->swap_total / 1024),
		     (unsigned long long)(sample->swap_total / 1024 - sample->swap_free / 1024));
}
