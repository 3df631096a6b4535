/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how limits of disks and of huge pages reach the kernel's files. */
#include "kernel/cgroup_applying.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/cgroup_disk.h"
#include "kernel/cgroup_walk.h"

#define FILE_MAX       ((size_t)1 << 20)
#define WEIGHT_DEFAULT 100

/*
 * Files with a line for each disk: "8:0 1048576" on v1, "8:0 rbps=max wbps=1048576" on v2. One disk is written at a time.
 */

/* What the disk's line has behind `key` ("" is all of it), or NULL. The caller frees. */
static char *find_entry(const char *content, const char *disk, const char *key)
{
	autorelease(strings_release) struct strings lines = {0};

	strings_split(&lines, content, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		autorelease(strings_release) struct strings words = {0};

		strings_split(&words, lines.items[i], " ");
		if (words.count < 2 || strcmp(words.items[0], disk) != 0)
			continue;
		for (size_t j = 1; j < words.count; j++)
			if (strncmp(words.items[j], key, strlen(key)) == 0)
				return xstrdup(words.items[j] + strlen(key));
	}
	return NULL;
}

/* `key` is "" or "rbps="; `none` what stands for no limit. */
static int set_entry(struct applying *applying, int fd, const char *file, const char *option, const char *disk,
		     const char *key, const char *value, const char *none, struct error *err)
{
	autofree char *content = NULL, *found = NULL, *old = NULL, *wanted = NULL;
	int r = file_read(fd, file, FILE_MAX, &content, NULL, err);

	if (r == -ENOENT)
		return error_set(err, -EOPNOTSUPP, "Your kernel does not support %s: the cgroup has no %s", option, file);
	if (r < 0)
		return r;
	found = find_entry(content, disk, key);
	old = xasprintf("%s %s%s", disk, key, found ? found : none);
	wanted = xasprintf("%s %s%s", disk, key, value);
	return applying_change(applying, fd, file, old, wanted, err);
}

static char *number_or(int64_t value, int64_t unlimited, const char *none)
{
	return value == unlimited ? xstrdup(none) : xasprintf("%lld", (long long)value);
}

struct throttle {
	struct applying *applying;
	const struct cgroup_limit *row;
	const char *disk, *text;
};

/* On v1 a new cgroup would have no limit: the guest, whose root owns its cgroups, must not make any from here on. */
static int set_throttle_v1(int fd, size_t depth, void *data, struct error *err)
{
	const struct throttle *throttle = data;

	if (depth > 0 && fchown(fd, 0, 0) < 0)
		return error_set_errno(err, "cannot take the guest's cgroups of blkio from its root");
	return set_entry(throttle->applying, fd, throttle->row->v1_file, throttle->row->option, throttle->disk, "",
			 throttle->text, "0", err);
}

/* v1 counts what each cgroup reads and writes for itself: the limit of one does not bind those below it. */
static int set_throttle(struct applying *applying, int fd, bool is_v2, const struct cgroup_limit *row, const char *disk,
			int64_t value, struct error *err)
{
	autofree char *text = number_or(value, 0, is_v2 ? "max" : "0");
	struct throttle throttle = {.applying = applying, .row = row, .disk = disk, .text = text};
	const struct cgroup_walker walker = {.before = set_throttle_v1, .data = &throttle};
	autofree char *directory = NULL, *key = NULL;

	if (!is_v2) {
		directory = cgroup_directory(cgroup_find(applying->host, "blkio"), applying->path);
		return cgroup_walk(directory, &walker, err);
	}
	key = xasprintf("%s=", row->v2_key);
	return set_entry(applying, fd, "io.max", row->option, disk, key, text, "max", err);
}

/*
 * Weights. BFQ takes them on v1 and v2, CFQ was its forerunner on v1, and io.weight of v2 is that of the io.cost controller. Each
 * disk goes by one of them, so a cgroup's own weight is written to all that are there, and a disk's to the first that is the disk's.
 */

struct weight_file {
	bool is_v2;
	const char *file, *device_file;
	int64_t initial;
	bool is_wide; /* 1 to 10000 with 100 in the middle, instead of 10 to 1000 */
};

static const struct weight_file weight_files[] = {
	{false, "blkio.weight", "blkio.weight_device", 500, false},
	{false, "blkio.bfq.weight", "blkio.bfq.weight_device", WEIGHT_DEFAULT, false},
	{true, "io.bfq.weight", "io.bfq.weight", WEIGHT_DEFAULT, false},
	{true, "io.weight", "io.weight", WEIGHT_DEFAULT, true},
};

static int weights_unsupported(bool is_v2, struct error *err)
{
	return error_set(err, -EOPNOTSUPP, "Your kernel does not support --blkio-weight: the cgroup has neither %s",
			 is_v2 ? "io.bfq.weight nor io.weight" : "blkio.weight nor blkio.bfq.weight");
}

/* In proportion: 10 is 1, 1000 is 10000. */
static int64_t scale_weight(const struct weight_file *file, int64_t weight)
{
	return file->is_wide ? 1 + (weight - 10) * 9999 / 990 : weight;
}

static int set_weight_file(struct applying *applying, int fd, const struct weight_file *file, struct error *err)
{
	int64_t weight = applying->limits->blkio_weight;
	autofree char *text = xasprintf("%s%lld", file->is_v2 ? "default " : "",
					(long long)(weight ? scale_weight(file, weight) : file->initial));

	return applying_set(applying, fd, file->file, "--blkio-weight", text, err);
}

static int set_weight(struct applying *applying, int fd, bool is_v2, struct error *err)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(weight_files) && r >= 0; i++) {
		if (weight_files[i].is_v2 != is_v2 || !file_exists(fd, weight_files[i].file))
			continue;
		r = set_weight_file(applying, fd, &weight_files[i], err);
		count++;
	}
	return r < 0 || count ? r : weights_unsupported(is_v2, err);
}

static int set_device_weight_file(struct applying *applying, int fd, const struct weight_file *file, const char *disk,
				  int64_t weight, struct error *err)
{
	autofree char *text = weight ? xasprintf("%lld", (long long)scale_weight(file, weight)) : xstrdup("default");

	return set_entry(applying, fd, file->device_file, "--blkio-weight-device", disk, "", text, "default", err);
}

/* Taken back it is from all. */
static int set_device_weight(struct applying *applying, int fd, bool is_v2, const char *disk, int64_t weight,
			     struct error *err)
{
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(weight_files) && (r < 0 || weight == 0); i++) {
		if (weight_files[i].is_v2 != is_v2 || !file_exists(fd, weight_files[i].file))
			continue;
		r = set_device_weight_file(applying, fd, &weight_files[i], disk, weight, err);
		if (r < 0 && r != -EOPNOTSUPP)
			return r;
	}
	if (r == -ENOENT)
		return weights_unsupported(is_v2, err);
	if (r == -EOPNOTSUPP)
		error_append(err,
			     "; the disk's scheduler knows no weights: write bfq to /sys/dev/block/%s/queue/scheduler%s",
			     disk, is_v2 ? ", or enable the disk in io.cost.qos of the top cgroup" : "");
	return r;
}

static int set_disk(struct applying *applying, int fd, bool is_v2, const struct cgroup_limit *row, const char *disk,
		    int64_t value, struct error *err)
{
	return row->kind == CGROUP_LIMIT_WEIGHTS ? set_device_weight(applying, fd, is_v2, disk, value, err)
						 : set_throttle(applying, fd, is_v2, row, disk, value, err);
}

static int set_disk_item(struct applying *applying, int fd, bool is_v2, const struct cgroup_limit *row,
			 const struct cgroup_limit_item *item, struct error *err)
{
	autofree char *disk = NULL;
	int r = cgroup_disk_number(applying->host, item->subject, &disk, err);

	/* A disk that is gone has taken its limit along. */
	if (r < 0)
		return item->value == 0 ? 0 : error_prefix(err, "%s", row->option);
	return set_disk(applying, fd, is_v2, row, disk, item->value, err);
}

static int set_disk_items(struct applying *applying, int fd, bool is_v2, const struct cgroup_limit *row, struct error *err)
{
	const struct strings *texts = cgroup_limit_items(applying->limits, row);
	int r = 0;

	for (size_t i = 0; i < texts->count && r >= 0; i++) {
		autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};

		r = cgroup_limit_parse(row->kind, texts->items[i], &item, err);
		if (r >= 0)
			r = set_disk_item(applying, fd, is_v2, row, &item, err);
	}
	return r;
}

static bool is_of_disks(const struct cgroup_limit *row)
{
	return row->kind == CGROUP_LIMIT_RATES || row->kind == CGROUP_LIMIT_COUNTS || row->kind == CGROUP_LIMIT_WEIGHTS;
}

static bool has_io_limits(const struct cgroup_limits *limits)
{
	bool has_limits = limits->blkio_weight != CGROUP_LIMIT_UNSET;

	for (size_t i = 0; i < cgroup_limit_count && !has_limits; i++)
		has_limits = is_of_disks(&cgroup_limit_rows[i]) && cgroup_limit_items(limits, &cgroup_limit_rows[i])->count;
	return has_limits;
}

int cgroup_apply_io(struct applying *applying, struct error *err)
{
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (!has_io_limits(applying->limits))
		return 0;
	r = applying_open(applying, "blkio", "limits of disks", &is_v2, &fd, err);
	if (r >= 0 && applying->limits->blkio_weight != CGROUP_LIMIT_UNSET)
		r = set_weight(applying, fd, is_v2, err);
	for (size_t i = 0; i < cgroup_limit_count && r >= 0; i++)
		if (is_of_disks(&cgroup_limit_rows[i]))
			r = set_disk_items(applying, fd, is_v2, &cgroup_limit_rows[i], err);
	return r;
}

static const struct cgroup_limit *find_row(const char *option)
{
	for (size_t i = 0; i < cgroup_limit_count; i++)
		if (is_of_disks(&cgroup_limit_rows[i]) && strcmp(cgroup_limit_rows[i].option + strlen("--"), option) == 0)
			return &cgroup_limit_rows[i];
	return NULL;
}

int cgroup_apply_disk(struct applying *applying, const char *disk, const struct cgroup_disk_limit *limits, size_t count,
		      struct error *err)
{
	autoclose int fd = -EBADF;
	bool is_v2;
	int r = applying_open(applying, "blkio", "limits of disks", &is_v2, &fd, err);

	for (size_t i = 0; i < count && r >= 0; i++)
		r = set_disk(applying, fd, is_v2, find_row(limits[i].option), disk, limits[i].value, err);
	return r;
}

int64_t cgroup_limits_of_disk(const struct cgroup_host *host, const struct cgroup_limits *limits, const char *option,
			      dev_t disk)
{
	const struct cgroup_limit *row = find_row(option);
	const struct strings *texts = cgroup_limit_items(limits, row);
	autofree char *wanted = xasprintf("%u:%u", major(disk), minor(disk));
	int64_t value = 0;

	for (size_t i = 0; i < texts->count; i++) {
		autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
		autofree char *number = NULL;

		if (cgroup_limit_parse(row->kind, texts->items[i], &item, NULL) == 0 &&
		    cgroup_disk_number(host, item.subject, &number, NULL) == 0 && strcmp(number, wanted) == 0)
			value = item.value;
	}
	return value;
}

/*
 * Huge pages. What a program reserves is refused at once where the kernel counts reservations (Linux 5.7); the other file
 * only lets it die by SIGBUS when it touches one page too many.
 */

static int set_pages(struct applying *applying, int fd, bool is_v2, const char *text, struct error *err)
{
	static const char *const parts[] = {"", ".rsvd"};
	autorelease(cgroup_limit_item_release) struct cgroup_limit_item item = {0};
	autofree char *size = NULL, *value = NULL;
	int r = cgroup_limit_parse(CGROUP_LIMIT_PAGES, text, &item, err);

	if (r < 0)
		return r;
	size = cgroup_limit_page_name(item.page_bytes);
	value = number_or(item.value, -1, is_v2 ? "max" : "-1");
	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++) {
		autofree char *file = xasprintf("hugetlb.%s%s.%s", size, parts[i], is_v2 ? "max" : "limit_in_bytes");

		if (i == 0 || file_exists(fd, file))
			r = applying_set(applying, fd, file, "--hugetlb-limit", value, err);
	}
	return r;
}

int cgroup_apply_hugetlb(struct applying *applying, struct error *err)
{
	const struct strings *texts = &applying->limits->hugetlb;
	autoclose int fd = -EBADF;
	bool is_v2;
	int r;

	if (texts->count == 0)
		return 0;
	r = applying_open(applying, "hugetlb", "--hugetlb-limit", &is_v2, &fd, err);
	for (size_t i = 0; i < texts->count && r >= 0; i++)
		r = set_pages(applying, fd, is_v2, texts->items[i], err);
	return r;
}
