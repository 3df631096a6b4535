/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns what of a guest must outlast the process that serves it, as lines of numbers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/strings.h"
#include "lxcfs/guest.h"

/*
 * init TICKS               start of the guest's PID 1: whose numbers these are
 * boot SECONDS             btime
 * age NS                   up to where time is accounted
 * pending USER SYSTEM
 * cpu USER SYSTEM IDLE     one for each CPU shown
 * usage CPU USER SYSTEM    what the kernel had counted then
 * load TAKEN 1 5 15        the averages in fixed point
 * tasks RUNNABLE BLOCKED ALL
 */

static void put(struct text *out, const char *word, size_t count, const uint64_t values[])
{
	text_append(out, word);
	for (size_t i = 0; i < count; i++) {
		text_append_bytes(out, " ", 1);
		text_append_number(out, values[i], 0);
	}
	text_append_bytes(out, "\n", 1);
}

void view_guest_save(const struct view_guest *guest, struct text *out)
{
	const struct cpus_part *cpus = &guest->cpus;
	const struct load_part *load = &guest->load;

	put(out, "init", 1, (const uint64_t[]){guest->init_start});
	put(out, "boot", 1, (const uint64_t[]){guest->boot_time_s});
	put(out, "age", 1, (const uint64_t[]){cpus->age_ns});
	put(out, "pending", 2, (const uint64_t[]){cpus->pending.user, cpus->pending.system});
	for (unsigned int i = 0; i < cpus->shown; i++)
		put(out, "cpu", 3, (const uint64_t[]){cpus->times[i].user, cpus->times[i].system, cpus->times[i].idle});
	for (unsigned int i = 0; i < cpus->usage_count; i++)
		if (cpus->usage[i].user || cpus->usage[i].system)
			put(out, "usage", 3, (const uint64_t[]){i, cpus->usage[i].user, cpus->usage[i].system});
	if (!load->taken_ns)
		return;
	put(out, "load", 4,
	    (const uint64_t[]){(uint64_t)load->taken_ns, load->averages[0], load->averages[1], load->averages[2]});
	put(out, "tasks", 3, (const uint64_t[]){load->runnable, load->blocked, load->tasks});
}

uint64_t view_guest_generation(const struct view_guest *guest)
{
	return guest->generation;
}

/* What is read before anything of the guest is changed. */
struct saved {
	uint64_t init_start, boot_time_s;
	struct cpus_part cpus;
	struct load_part load;
};

static bool take_cpu(struct cpus_part *cpus, const uint64_t values[4])
{
	if (cpus->shown >= CPULIST_MAX)
		return false;
	cpus_resize(cpus, cpus->shown + 1);
	cpus->times[cpus->shown - 1] = (struct cpus_time){.user = values[0], .system = values[1], .idle = values[2]};
	return true;
}

static bool take_load(struct load_part *load, const uint64_t values[4])
{
	if (values[0] > INT64_MAX)
		return false;
	load->taken_ns = (int64_t)values[0];
	for (size_t i = 0; i < LOAD_AVERAGES; i++) {
		if (values[1 + i] > LOAD_AVERAGE_MAX)
			return false;
		load->averages[i] = values[1 + i];
	}
	return true;
}

static bool take_tasks(struct load_part *load, const uint64_t values[4])
{
	load->runnable = values[0];
	load->blocked = values[1];
	load->tasks = values[2];
	return load->tasks <= LOAD_ACTIVE_MAX && load->runnable <= LOAD_ACTIVE_MAX && load->blocked <= LOAD_ACTIVE_MAX;
}

static bool take_line(struct saved *saved, const char *line)
{
	struct cpus_part *cpus = &saved->cpus;
	uint64_t values[4] = {0};
	char word[8], rest;
	int count = sscanf(line, "%7s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %c", word, &values[0], &values[1],
			   &values[2], &values[3], &rest) -
		    1;

	if (count == 1 && strcmp(word, "init") == 0)
		saved->init_start = values[0];
	else if (count == 1 && strcmp(word, "boot") == 0)
		saved->boot_time_s = values[0];
	else if (count == 1 && strcmp(word, "age") == 0)
		cpus->age_ns = values[0];
	else if (count == 2 && strcmp(word, "pending") == 0)
		cpus->pending = (struct cpus_usage){values[0], values[1]};
	else if (count == 3 && strcmp(word, "cpu") == 0)
		return take_cpu(cpus, values);
	else if (count == 3 && strcmp(word, "usage") == 0 && values[0] < CPULIST_MAX)
		*cpus_usage_of(cpus, (unsigned int)values[0]) = (struct cpus_usage){values[1], values[2]};
	else if (count == 4 && strcmp(word, "load") == 0)
		return take_load(&saved->load, values);
	else if (count == 3 && strcmp(word, "tasks") == 0)
		return take_tasks(&saved->load, values);
	else
		return false;
	return true;
}

static int take_lines(struct saved *saved, const char *text, struct error *err)
{
	autorelease(strings_release) struct strings lines = {0};

	strings_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++)
		if (!take_line(saved, lines.items[i]))
			return error_set(err, -EINVAL, "\"%s\" is no line of a guest's saved counters", lines.items[i]);
	return 0;
}

int view_guest_restore(struct view_guest *guest, const char *text, struct error *err)
{
	struct saved saved = {.boot_time_s = guest->boot_time_s};
	int r;

	r = take_lines(&saved, text, err);
	if (r >= 0 && saved.init_start != guest->init_start)
		r = error_set(err, -ESTALE, "the saved counters are of another start of the guest");
	if (r < 0) {
		cpus_release(&saved.cpus);
		return r;
	}
	cpus_close(&guest->cpus);
	cpus_release(&guest->cpus);
	load_close(&guest->load);
	guest->boot_time_s = saved.boot_time_s;
	guest->cpus = saved.cpus;
	guest->load = saved.load;
	return 0;
}
