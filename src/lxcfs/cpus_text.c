/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the texts that speak of CPUs: cpuinfo, stat, uptime, and the files of /sys/devices/system/cpu. */
#include <string.h>

#include "base/memory.h"
#include "lxcfs/cpus.h"
#include "lxcfs/guest.h"

#define SECOND_NS   UINT64_C(1000000000)
#define TICK_NS     (SECOND_NS / 100)
#define MASK_DIGITS 8 /* of a group in a CPU mask: 32 CPUs */

/*
 * cpuinfo
 */

/* Each CPU shown is a socket of its own, with one core (the manual of the reference). Other lines are the host's. */
static const struct {
	const char *name;
	bool is_number; /* else `value` */
	unsigned int value;
} topology[] = {
	{"processor", true, 0},  {"physical id", true, 0}, {"siblings", false, 1},      {"core id", false, 0},
	{"cpu cores", false, 1}, {"apicid", true, 0},      {"initial apicid", true, 0},
};

/* "physical id\t: 3": up to where the value begins, or 0 when the line is none of those. */
static size_t match_topology(const char *line, size_t length, unsigned int cpu, unsigned int *ret_value)
{
	for (size_t i = 0; i < ARRAY_SIZE(topology); i++) {
		size_t name = strlen(topology[i].name), value;

		if (length <= name || strncmp(line, topology[i].name, name) != 0)
			continue;
		value = name + strspn(line + name, "\t ");
		if (value + 2 > length || line[value] != ':' || line[value + 1] != ' ')
			continue;
		*ret_value = topology[i].is_number ? cpu : topology[i].value;
		return value + 2;
	}
	return 0;
}

static void write_block(const struct host_cpu *block, unsigned int cpu, struct text *out)
{
	const char *end = block->text + block->length;

	for (const char *line = block->text, *next; line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		unsigned int value;
		size_t length, kept;

		next = newline ? newline + 1 : end;
		length = (size_t)(next - line);
		kept = match_topology(line, length, cpu, &value);
		if (!kept) {
			text_append_bytes(out, line, length);
			continue;
		}
		text_append_bytes(out, line, kept);
		text_append_number(out, value, 0);
		text_append_bytes(out, "\n", 1);
	}
	text_append_bytes(out, "\n", 1);
}

void cpus_write_cpuinfo(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	unsigned int shown = 0;

	(void)cpu;
	for (unsigned int number = 0; shown < guest->cpus.shown; number++) {
		const struct host_cpu *block;

		if (!cpulist_has(cpus_list(guest), number))
			continue;
		block = host_find_cpu(guest->host, number);
		if (block)
			write_block(block, shown, out);
		shown++;
	}
}

/*
 * stat, uptime
 */

struct ticks {
	uint64_t user, system, idle;
};

/* user nice system idle iowait irq softirq steal guest guest_nice (proc_stat(5)) */
static void write_times(const struct ticks *ticks, struct text *out)
{
	text_append_bytes(out, " ", 1);
	text_append_number(out, ticks->user, 0);
	text_append(out, " 0 ");
	text_append_number(out, ticks->system, 0);
	text_append_bytes(out, " ", 1);
	text_append_number(out, ticks->idle, 0);
	text_append(out, " 0 0 0 0 0 0\n");
}

static struct ticks get_ticks(const struct cpus_time *time)
{
	return (struct ticks){time->user / TICK_NS, time->system / TICK_NS, time->idle / TICK_NS};
}

void cpus_write_stat(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	const struct cpus_part *cpus = &guest->cpus;
	uint64_t runnable = guest->load.runnable;
	struct ticks sum = {0};

	(void)cpu;
	for (unsigned int i = 0; i < cpus->shown; i++) {
		const struct ticks ticks = get_ticks(&cpus->times[i]);

		sum.user += ticks.user;
		sum.system += ticks.system;
		sum.idle += ticks.idle;
	}
	text_append(out, "cpu ");
	write_times(&sum, out);
	for (unsigned int i = 0; i < cpus->shown; i++) {
		const struct ticks ticks = get_ticks(&cpus->times[i]);

		text_append(out, "cpu");
		text_append_number(out, i, 0);
		write_times(&ticks, out);
	}
	text_append(out, "intr 0\nctxt 0\nbtime ");
	text_append_number(out, guest->boot_time_s, 0);
	text_append(out, "\nprocesses 0\nprocs_running ");
	text_append_number(out, runnable ? runnable : 1, 0); /* the reader, at least */
	text_append(out, "\nprocs_blocked ");
	text_append_number(out, guest->load.blocked, 0);
	text_append(out, "\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
}

static void write_hundredths(uint64_t hundredths, struct text *out)
{
	text_append_number(out, hundredths / 100, 0);
	text_append_bytes(out, hundredths % 100 < 10 ? ".0" : ".", hundredths % 100 < 10 ? 2 : 1);
	text_append_number(out, hundredths % 100, 0);
}

void cpus_write_uptime(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)cpu;
	write_hundredths(guest->cpus.age_ns / TICK_NS, out);
	text_append_bytes(out, " ", 1);
	write_hundredths(cpus_idle_ticks(&guest->cpus), out);
	text_append_bytes(out, "\n", 1);
}

/*
 * /sys/devices/system/cpu
 */

void cpus_write_list(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)cpu;
	text_append_bytes(out, "0", 1);
	if (guest->cpus.shown > 1) {
		text_append_bytes(out, "-", 1);
		text_append_number(out, guest->cpus.shown - 1, 0);
	}
	text_append_bytes(out, "\n", 1);
}

void cpus_write_kernel_max(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)cpu;
	text_append(out, guest->host->kernel_max);
}

void cpus_write_number(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	(void)guest;
	text_append_number(out, cpu, 0);
	text_append_bytes(out, "\n", 1);
}

/* As many digits as the guest has CPUs for, in groups: "2", "00,00000001". */
void cpus_write_mask(const struct view_guest *guest, unsigned int cpu, struct text *out)
{
	for (unsigned int digit = (guest->cpus.shown + 3) / 4; digit-- > 0;) {
		text_append_number(out, digit == cpu / 4 ? 1U << cpu % 4 : 0, 0);
		if (digit % MASK_DIGITS == 0)
			text_append_bytes(out, digit ? "," : "\n", 1);
	}
}
