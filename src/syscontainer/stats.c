/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer stats`: what containers use, measured over a second. */
#include "syscontainer/commands.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/schema.h"
#include "base/table.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "kernel/cgroup_stats.h"
#include "syscontainer/listing.h"

#define SHORT_ID      12
#define NS_PER_SECOND UINT64_C(1000000000)
#define CLEAR_SCREEN  "\033[H\033[J"
#define PROC_STAT_MAX ((size_t)4 << 20)

struct stats_options {
	bool all, no_stream, original;
	char *format;
};

/* --- a sample of one container ---------------------------------------------------------------------------------------- */

/* Bytes and nanoseconds. */
struct usage {
	char *id, *name, *status;
	uint64_t pids, pids_limit;
	uint64_t cpu_ns, system_ns; /* what the container and what the whole host have spent */
	uint64_t cpus;
	uint64_t blkio_read, blkio_write;
	uint64_t memory, memory_limit, memory_kernel, memory_cache;
	uint64_t files, files_limit; /* 0 without a limit */
	double cpu_percent, memory_percent;
};

#define FIELD(member, key_, type_) \
	{ \
		.key = key_, .type = type_, .offset = offsetof(struct usage, member) \
	}

/* JSON; all but the last five are also the columns of --original, in this order. */
static const struct schema_field usage_fields[] = {
	FIELD(id, "ID", SCHEMA_STRING),
	FIELD(pids, "PIDS", SCHEMA_UINT64),
	FIELD(status, "Status", SCHEMA_STRING),
	FIELD(cpu_ns, "CpuUseNanos", SCHEMA_UINT64),
	FIELD(system_ns, "CpuSystemUse", SCHEMA_UINT64),
	FIELD(cpus, "OnlineCpus", SCHEMA_UINT64),
	FIELD(blkio_read, "BlkioRead", SCHEMA_UINT64),
	FIELD(blkio_write, "BlkioWrite", SCHEMA_UINT64),
	FIELD(memory, "MemUsed", SCHEMA_UINT64),
	FIELD(memory_limit, "MemLimit", SCHEMA_UINT64),
	FIELD(memory_kernel, "KmemUsed", SCHEMA_UINT64),
	FIELD(memory_cache, "CacheUsage", SCHEMA_UINT64),
	FIELD(name, "NAME", SCHEMA_STRING),
	FIELD(pids_limit, "PidsLimit", SCHEMA_UINT64),
	FIELD(cpu_percent, "CpuPercent", SCHEMA_DOUBLE),
	FIELD(memory_percent, "MemPercent", SCHEMA_DOUBLE),
	FIELD(files, "FilesUsed", SCHEMA_UINT64),
	FIELD(files_limit, "FilesLimit", SCHEMA_UINT64),
};
#define ORIGINAL_COLUMNS (ARRAY_SIZE(usage_fields) - 5)
static const struct schema usage_schema = {sizeof(struct usage), usage_fields, ARRAY_SIZE(usage_fields)};

/* proc_stat(5), first line: user, nice, system, idle, iowait, irq, softirq, steal in ticks; guest time is in user time already. */
static uint64_t read_system_ns(void)
{
	autofree char *content = NULL;
	unsigned long long ticks, sum = 0;
	char *next;

	if (file_read(AT_FDCWD, "/proc/stat", PROC_STAT_MAX, &content, NULL, NULL) < 0 || strncmp(content, "cpu ", 4) != 0)
		return 0;
	next = content + 4;
	for (int i = 0; i < 8; i++) {
		ticks = strtoull(next, &next, 10);
		sum += ticks;
	}
	return sum * (NS_PER_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t read_host_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : UINT64_MAX;
}

static uint64_t smaller(uint64_t left, uint64_t right)
{
	return left < right ? left : right;
}

static void fill_from_cgroup(struct usage *usage, const struct cgroup_stats *stats)
{
	usage->pids = stats->pids_current;
	usage->pids_limit = stats->pids_limit == UINT64_MAX ? 0 : stats->pids_limit;
	usage->files = stats->files_current;
	usage->files_limit = stats->files_limit == UINT64_MAX ? 0 : stats->files_limit;
	usage->cpu_ns = stats->cpu_usage_ns;
	usage->blkio_read = stats->blkio_read;
	usage->blkio_write = stats->blkio_write;
	/* Cache that goes first is not what the container needs. */
	usage->memory = stats->memory_usage - smaller(stats->memory_usage, stats->memory_inactive_file);
	usage->memory_limit = smaller(stats->memory_limit, read_host_memory());
	usage->memory_kernel = stats->memory_kernel;
	usage->memory_cache = stats->memory_cache;
	if (usage->memory_limit > 0)
		usage->memory_percent = (double)usage->memory * 100 / (double)usage->memory_limit;
}

static int measure(const struct cgroup_host *host, struct container *container, struct usage *ret_usage, struct error *err)
{
	struct cgroup_stats stats = {0};
	autofree char *cgroup = spec_cgroup(&container->spec);
	int r = cgroup_stats_read(host, cgroup, &stats, err);

	if (r < 0)
		return error_prefix(err, "container %s", container->spec.name);
	*ret_usage = (struct usage){
		.id = xstrdup(container->id),
		.name = xstrdup(container->spec.name),
		.status = xstrdup(container_status_name(container->status)),
		.cpus = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
		.system_ns = read_system_ns(),
	};
	if (r > 0 && container_is_live(container))
		fill_from_cgroup(ret_usage, &stats);
	return 0;
}

/* --- a sample of all -------------------------------------------------------------------------------------------------- */

struct sample {
	struct usage *items;
	size_t count;
};

static void sample_release(struct sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		schema_release(&usage_schema, &sample->items[i]);
	free(sample->items);
	*sample = (struct sample){0};
}

static int add_usage(struct sample *sample, const struct cgroup_host *host, struct container *container, struct error *err)
{
	struct usage usage = {0};
	int r = measure(host, container, &usage, err);

	if (r < 0)
		return r;
	sample->items = xreallocarray(sample->items, sample->count + 1, sizeof(*sample->items));
	sample->items[sample->count++] = usage;
	return 0;
}

static int compare_by_name(const void *left, const void *right)
{
	return strcmp(((const struct usage *)left)->name, ((const struct usage *)right)->name);
}

/* The running ones, or with `all` all; broken ones have nothing to measure. */
static int sample_everything(const struct cgroup_host *host, bool all, struct sample *ret_sample, struct error *err)
{
	autorelease(listing_release) struct listing listing = {0};
	int r = listing_load(&listing, err);

	for (size_t i = 0; r >= 0 && i < listing.count; i++) {
		struct container *container = &listing.items[i];

		if (container->status != CONTAINER_BROKEN && (all || container_is_live(container)))
			r = add_usage(ret_sample, host, container, err);
	}
	if (ret_sample->count > 0)
		qsort(ret_sample->items, ret_sample->count, sizeof(*ret_sample->items), compare_by_name);
	return r;
}

/* Those that were removed since they were named are left out. */
static int sample_named(const struct cgroup_host *host, const struct strings *ids, struct sample *ret_sample,
			struct error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ids->count; i++) {
		autorelease(container_release) struct container container = {0};

		container_load(ids->items[i], &container);
		if (container.status != CONTAINER_BROKEN)
			r = add_usage(ret_sample, host, &container, err);
	}
	return r;
}

static const struct usage *find_usage(const struct sample *sample, const char *id)
{
	for (size_t i = 0; i < sample->count; i++)
		if (strcmp(sample->items[i].id, id) == 0)
			return &sample->items[i];
	return NULL;
}

/* What the container's share of the host's CPU time was between two samples; 100 is one CPU. */
static void compare_samples(const struct sample *before, struct sample *after)
{
	for (size_t i = 0; i < after->count; i++) {
		struct usage *now = &after->items[i];
		const struct usage *then = find_usage(before, now->id);

		/* A reboot makes a new cgroup, whose time begins at 0. */
		if (!then || now->cpu_ns < then->cpu_ns || now->system_ns <= then->system_ns)
			continue;
		now->cpu_percent = (double)(now->cpu_ns - then->cpu_ns) / (double)(now->system_ns - then->system_ns) *
				   (double)now->cpus * 100;
	}
}

/* --- output ----------------------------------------------------------------------------------------------------------- */

static void append_pair(struct text *out, uint64_t left, uint64_t right)
{
	number_format_size(left, out);
	text_append(out, " / ");
	number_format_size(right, out);
}

static void append_row(struct table *table, const struct usage *usage)
{
	autorelease(text_release) struct text cpu = {0}, memory = {0}, memory_percent = {0}, io = {0}, pids = {0},
					      files = {0};
	autofree char *id = xstrndup(usage->id, SHORT_ID);

	text_appendf(&cpu, "%.2f%%", usage->cpu_percent);
	append_pair(&memory, usage->memory, usage->memory_limit);
	text_appendf(&memory_percent, "%.2f%%", usage->memory_percent);
	append_pair(&io, usage->blkio_read, usage->blkio_write);
	text_appendf(&pids, "%llu", (unsigned long long)usage->pids);
	if (usage->files_limit > 0)
		text_appendf(&files, "%llu / %llu", (unsigned long long)usage->files,
			     (unsigned long long)usage->files_limit);
	else
		text_append(&files, "-");
	table_append(table, (const char *const[]){id, text_get(&cpu), text_get(&memory), text_get(&memory_percent),
						  text_get(&io), text_get(&pids), text_get(&files)});
}

static void print_table(const struct sample *sample)
{
	static const char *const headers[] = {"CONTAINER", "CPU %", "MEM USAGE / LIMIT", "MEM %", "BLOCK I / O",
					      "PIDS",      "FILES"};
	struct table *table = table_new(headers, ARRAY_SIZE(headers));

	for (size_t i = 0; i < sample->count; i++)
		append_row(table, &sample->items[i]);
	table_print(table, true, stdout);
	table_free(table);
}

static void append_original_row(struct table *table, const struct usage *usage)
{
	autorelease(json_free_scoped) struct json *object = schema_write(&usage_schema, usage);
	autorelease(strings_release) struct strings cells = {0};

	for (size_t i = 0; i < ORIGINAL_COLUMNS; i++) {
		autorelease(text_release) struct text cell = {0};
		const struct json *value = json_at(object, i);

		if (i == 0)
			text_appendf(&cell, "%.*s", SHORT_ID, json_string(value));
		else if (json_type(value) == JSON_STRING)
			text_append(&cell, json_string(value));
		else
			json_print(value, 0, &cell);
		strings_append(&cells, text_get(&cell));
	}
	table_append(table, (const char *const *)cells.items);
}

static void print_original(const struct sample *sample)
{
	const char *headers[ORIGINAL_COLUMNS];
	struct table *table;

	for (size_t i = 0; i < ORIGINAL_COLUMNS; i++)
		headers[i] = usage_fields[i].key;
	table = table_new(headers, ORIGINAL_COLUMNS);
	for (size_t i = 0; i < sample->count; i++)
		append_original_row(table, &sample->items[i]);
	table_print(table, true, stdout);
	table_free(table);
}

/* One array a line, so that a stream of them can be read by lines. */
static void print_json(const struct sample *sample)
{
	autorelease(json_free_scoped) struct json *array = json_new_array();
	autorelease(text_release) struct text out = {0};

	for (size_t i = 0; i < sample->count; i++)
		json_append(array, schema_write(&usage_schema, &sample->items[i]));
	json_print(array, 0, &out);
	puts(text_get(&out));
}

static int print(const struct stats_options *options, const struct sample *sample, struct error *err)
{
	bool is_json = options->format && strcmp(options->format, "json") == 0;

	if (!is_json && !options->no_stream && isatty(STDOUT_FILENO))
		fputs(CLEAR_SCREEN, stdout);
	if (is_json)
		print_json(sample);
	else if (options->original)
		print_original(sample);
	else
		print_table(sample);
	return fflush(stdout) == 0 ? 0 : error_set_errno(err, "cannot write the statistics");
}

/* --- the command ------------------------------------------------------------------------------------------------------ */

static int check_name(const char *reference, struct error *err)
{
	/* One letter can be the beginning of an id. */
	if (reference[0] && !reference[1])
		return 0;
	return spec_check_name(reference[0] == '/' ? reference + 1 : reference, err);
}

static int resolve_all(const struct strings *references, struct strings *ret_ids, struct error *err)
{
	for (size_t i = 0; i < references->count; i++) {
		autorelease(container_release) struct container container = {0};
		int r = check_name(references->items[i], err);

		if (r >= 0)
			r = container_open(references->items[i], &container, err);
		if (r < 0)
			return r;
		strings_append(ret_ids, container.id);
	}
	return 0;
}

static int take_sample(const struct cgroup_host *host, const struct strings *ids, bool all, struct sample *ret_sample,
		       struct error *err)
{
	*ret_sample = (struct sample){0};
	return ids->count > 0 ? sample_named(host, ids, ret_sample, err) : sample_everything(host, all, ret_sample, err);
}

static void wait_a_second(void)
{
	struct timespec rest = {.tv_sec = 1};

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

/* Streams until somebody interrupts, or all containers that were named are gone. */
static int show(const struct stats_options *options, const struct cgroup_host *host, const struct strings *ids,
		struct error *err)
{
	autorelease(sample_release) struct sample before = {0};
	int r = take_sample(host, ids, options->all, &before, err);

	while (r >= 0) {
		struct sample after;

		wait_a_second();
		r = take_sample(host, ids, options->all, &after, err);
		if (r >= 0) {
			compare_samples(&before, &after);
			r = print(options, &after, err);
		}
		sample_release(&before);
		before = after;
		if (options->no_stream || (ids->count > 0 && after.count == 0))
			break;
	}
	return r;
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	autorelease(cgroup_host_release) struct cgroup_host host = {0};
	autorelease(strings_release) struct strings ids = {0};
	int r = resolve_all(operands, &ids, err);

	if (r >= 0)
		r = cgroup_host_load(&host, err);
	return r < 0 ? r : show(data, &host, &ids, err);
}

static const char *const formats[] = {"table", "json", NULL};

#define ROW(member, name_, letter_, type_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct stats_options, member), \
		##__VA_ARGS__ \
	}

static const struct option_row rows[] = {
	ROW(all, "all", 'a', OPTION_FLAG, .help = "show stopped containers too"),
	ROW(no_stream, "no-stream", 0, OPTION_FLAG, .help = "print once, measured over a second, instead of every second"),
	ROW(original, "original", 0, OPTION_FLAG, .help = "print plain numbers, in bytes and nanoseconds"),
	ROW(format, "format", 0, OPTION_CHOICE, .choices = formats, .argument = "FORMAT",
	    .help = "table or json: an array a line"),
	{0},
};

const struct command command_stats = {
	.name = "stats",
	.arguments = "[OPTIONS] [CONTAINER...]",
	.summary = "Show what containers use",
	.options = rows,
	.options_size = sizeof(struct stats_options),
	.complete = "container",
	.run = run,
};
