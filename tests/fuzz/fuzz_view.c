/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole host in one file (tests/unit/procview.h): whatever its files say, every text is bounded and has no NUL, no counter wraps or runs
 * backwards, all files agree on the number of CPUs, and what is saved can be restored.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit/procview.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define TEXT_MAX  ((size_t)16 << 20)
#define SECOND_NS INT64_C(1000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory, where there is such a place: a run makes and removes some sixty files. */
static char in_memory[] = "/dev/shm/fuzz_view.XXXXXX", on_disk[] = "/tmp/fuzz_view.XXXXXX";
static char *folder;
static struct text text;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void remove_work(void)
{
	file_remove_tree(AT_FDCWD, folder, NULL);
	text_release(&text);
}

static void prepare(void)
{
	if (folder)
		return;
	folder = mkdtemp(in_memory);
	if (!folder)
		folder = mkdtemp(on_disk);
	require(folder != NULL);
	atexit(remove_work);
}

static unsigned int count_lines(const char *start)
{
	unsigned int count = 0;

	for (const char *line = text_get(&text); *line; line = strchrnul(line, '\n'), line += *line == '\n')
		count += strncmp(line, start, strlen(start)) == 0;
	return count;
}

static bool render(struct view_guest *guest, const char *path, int64_t now_ns, int64_t max_age_ns)
{
	struct error err = {0};
	unsigned int cpu;
	int r = view_render(guest, view_find(path, &cpu), cpu, now_ns, max_age_ns, &text, &err);

	require(r >= 0 || (err.code == r && err.message[0] && text.length == 0));
	require(text.length <= TEXT_MAX && strlen(text_get(&text)) == text.length);
	return r >= 0;
}

static void render_all(struct view_guest *guest, int64_t now_ns)
{
	const struct view *view;

	for (size_t i = 0; (view = view_at(i)); i++)
		if (S_ISREG(view->mode) && !strstr(view->path, "cpuN"))
			render(guest, view->path, now_ns, -1);
}

static unsigned long long sum_of_idle(void)
{
	unsigned long long idle = 0;

	require(sscanf(text_get(&text), "cpu %*u 0 %*u %llu 0 0 0 0 0 0\n", &idle) == 1);
	return idle;
}

static void check_cpus(struct view_guest *guest, int64_t now_ns)
{
	unsigned long long idle;

	if (!render(guest, "proc/stat", now_ns, -1))
		return;
	require(view_guest_cpus(guest) > 0 && count_lines("cpu") == view_guest_cpus(guest) + 1);
	idle = sum_of_idle();
	if (render(guest, "proc/stat", now_ns + SECOND_NS, -1))
		require(sum_of_idle() >= idle &&
			sum_of_idle() - idle <= 100ULL * view_guest_cpus(guest) + view_guest_cpus(guest));
}

static void check_memory(struct view_guest *guest, int64_t now_ns)
{
	unsigned long long total = 0, free_kb = 0;

	if (!render(guest, "proc/meminfo", now_ns, -1))
		return;
	for (const char *line = text_get(&text); *line; line = strchrnul(line, '\n'), line += *line == '\n') {
		sscanf(line, "MemTotal: %llu", &total);
		if (sscanf(line, "MemFree: %llu", &free_kb) == 1 && total)
			require(free_kb <= total);
	}
}

static void check_saved(struct view_guest *guest)
{
	struct text saved = {0}, again = {0};

	view_guest_save(guest, &saved);
	require(view_guest_restore(guest, text_get(&saved), NULL) == 0);
	view_guest_save(guest, &again);
	require(strcmp(text_get(&saved), text_get(&again)) == 0);
	text_release(&saved);
	text_release(&again);
}

static void check_guest(struct view_guest *guest, int64_t now_ns, const char *input)
{
	render_all(guest, now_ns);
	check_cpus(guest, now_ns + SECOND_NS);
	check_memory(guest, now_ns);
	check_saved(guest);
	view_guest_restore(guest, input, NULL);
	render_all(guest, now_ns + 60 * SECOND_NS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *input = xstrndup((const char *)data, size);
	struct procview_subject subject = {0};
	struct view_host *host = NULL;
	struct view_guest *guest = NULL;

	prepare();
	procview_unpack(input, folder);
	if (procview_read_subject(folder, &subject) == 0 && view_host_open(folder, &host, NULL) == 0 &&
	    view_guest_open(host, &subject.subject, &guest, NULL) == 0)
		check_guest(guest, subject.now_ns, input);
	view_guest_free(guest);
	view_host_free(host);
	procview_release(&subject);
	file_remove_tree(AT_FDCWD, folder, NULL);
	return 0;
}
