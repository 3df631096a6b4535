/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the one line that says how far long work is. */
#include "base/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#define REDRAW_MS 100

struct progress {
	char *what;
	uint64_t total_bytes; /* 0: unknown */
	uint64_t done_bytes;
	int64_t started_ms;
	int64_t drawn_ms;
	size_t drawn_length;
};

/* A line that wraps cannot be rewritten by going back to its start. */
static size_t measure_terminal(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1u;
}

/* Goes over the line that is there, with blanks to its end; progress that cannot be shown is no failure. */
static void draw(struct progress *progress, const char *line, const char *ending)
{
	autorelease(text_release) struct text text = {0};
	size_t length = strlen(line);
	size_t width = measure_terminal();

	length = length < width ? length : width;
	text_appendf(&text, "\r%.*s", (int)length, line);
	if (progress->drawn_length > length)
		text_appendf(&text, "%*s", (int)(progress->drawn_length - length), "");
	text_append(&text, ending);
	file_write_all(STDERR_FILENO, text.data, text.length, NULL);
	progress->drawn_length = length;
}

static uint64_t compute_rate(const struct progress *progress, int64_t elapsed_ms)
{
	return elapsed_ms > 0 ? (uint64_t)((double)progress->done_bytes * 1000 / (double)elapsed_ms) : 0;
}

static void describe(const struct progress *progress, int64_t elapsed_ms, struct text *line)
{
	text_appendf(line, "%s: ", progress->what);
	if (progress->total_bytes) {
		/* The total was an estimate if more came than it. */
		double share = (double)progress->done_bytes / (double)progress->total_bytes;

		text_appendf(line, "%d%%, ", share < 1 ? (int)(share * 100) : 100);
	}
	number_format_size(progress->done_bytes, line);
	if (progress->total_bytes) {
		text_append(line, " of ");
		number_format_size(progress->total_bytes, line);
	}
	text_append(line, ", ");
	number_format_size(compute_rate(progress, elapsed_ms), line);
	text_append(line, "/s");
}

static void redraw(struct progress *progress, int64_t now_ms)
{
	autorelease(text_release) struct text line = {0};

	describe(progress, now_ms - progress->started_ms, &line);
	draw(progress, text_get(&line), "");
	progress->drawn_ms = now_ms;
}

struct progress *progress_new(const char *what, uint64_t total_bytes)
{
	struct progress *progress;

	if (!isatty(STDERR_FILENO))
		return NULL;
	progress = xcalloc(1, sizeof(*progress));
	progress->what = xstrdup(what);
	progress->total_bytes = total_bytes;
	progress->started_ms = clock_monotonic_ms();
	redraw(progress, progress->started_ms);
	return progress;
}

void progress_advance(struct progress *progress, uint64_t bytes)
{
	int64_t now_ms;

	if (!progress)
		return;
	progress->done_bytes += bytes;
	now_ms = clock_monotonic_ms();
	if (now_ms - progress->drawn_ms >= REDRAW_MS)
		redraw(progress, now_ms);
}

void progress_done(struct progress *progress)
{
	autorelease(text_release) struct text line = {0};

	if (!progress)
		return;
	text_appendf(&line, "%s: ", progress->what);
	number_format_size(progress->done_bytes, &line);
	text_appendf(&line, " in %.1f s", (double)(clock_monotonic_ms() - progress->started_ms) / 1000);
	draw(progress, text_get(&line), "\n");
	free(progress->what);
	free(progress);
}
