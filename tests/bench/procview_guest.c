/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest of tests/bench/procview: PID 1 of its own pid, mount and cgroup namespaces, in the cgroups whose cgroup.procs are its arguments.
 * It does what it reads on standard input, a line each, and answers with a line of numbers. It ends with its input.
 *
 * ready                                          0, when it is
 * bind SOURCE TARGET                             0
 * time visit|cat|kept CPU ROUNDS COUNT FILE      the least of the rounds' medians, ns; CPU -1: wherever
 * first CPU MILLISECONDS FILE                    one visit, ns, after some time with other files: neither CPU nor reader is cold
 * rate READERS MILLISECONDS FILE                 visits per second of all readers together
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_READERS 64

static char buffer[65536];

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* --- what is timed: each is at the beginning of the file, and must read something ---------------------------------------------------- */

static void kept(int fd, const char *path)
{
	if (pread(fd, buffer, sizeof(buffer), 0) <= 0)
		err(1, "cannot read %s", path);
}

static void visit(int unused, const char *path)
{
	int fd = open_file(path);

	(void)unused;
	if (read(fd, buffer, sizeof(buffer)) <= 0)
		err(1, "cannot read %s", path);
	close(fd);
}

static void cat(int unused, const char *path)
{
	int fd = open_file(path);
	struct stat attributes;
	ssize_t count;

	(void)unused;
	fstat(fd, &attributes);
	do {
		count = read(fd, buffer, sizeof(buffer));
	} while (count > 0);
	close(fd);
}

/* --- commands ------------------------------------------------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

static void stay_on(int cpu)
{
	static cpu_set_t all;
	cpu_set_t set;

	if (CPU_COUNT(&all) == 0)
		sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&set);
	if (cpu >= 0)
		CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), cpu >= 0 ? &set : &all);
}

static int64_t time_rounds(void (*action)(int fd, const char *path), int rounds, int count, const char *path)
{
	int64_t best = INT64_MAX, *times = calloc((size_t)count, sizeof(*times));
	int fd = open_file(path);

	if (!times)
		err(1, "calloc");
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < count; i++) {
			int64_t begin = now_ns();

			action(fd, path);
			times[i] = now_ns() - begin;
		}
		qsort(times, (size_t)count, sizeof(*times), compare);
		if (times[count / 2] < best)
			best = times[count / 2];
	}
	close(fd);
	free(times);
	return best;
}

static int64_t first(int milliseconds, const char *path)
{
	int64_t begin;

	for (int64_t end = now_ns() + milliseconds * INT64_C(1000000); now_ns() < end;)
		visit(-1, "/proc/version");
	begin = now_ns();
	visit(-1, path);
	return now_ns() - begin;
}

struct race {
	volatile int64_t begin_ns;                /* 0: wait */
	volatile uint64_t visits[MAX_READERS][8]; /* a cache line each */
};

static void run_reader(struct race *race, int number, int64_t duration_ns, const char *path)
{
	uint64_t visits = 0;

	while (race->begin_ns == 0)
		sched_yield();
	for (int64_t end = race->begin_ns + duration_ns; now_ns() < end; visits++)
		visit(-1, path);
	race->visits[number][0] = visits;
	_exit(0);
}

static int64_t rate(int readers, int milliseconds, const char *path)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t sum = 0;

	if (race == MAP_FAILED || readers > MAX_READERS)
		err(1, "mmap");
	for (int i = 0; i < readers; i++)
		if (fork() == 0)
			run_reader(race, i, milliseconds * INT64_C(1000000), path);
	race->begin_ns = now_ns();
	for (int i = 0, status; i < readers; i++)
		if (wait(&status) < 0 || status != 0)
			errx(1, "a reader of %s failed", path);
	for (int i = 0; i < readers; i++)
		sum += race->visits[i][0];
	munmap(race, sizeof(*race));
	return (int64_t)(sum * 1000 / (uint64_t)milliseconds);
}

static int64_t obey(const char *line)
{
	char word[16], path[256], target[256];
	int numbers[3];

	if (strcmp(line, "ready\n") == 0)
		return 0;
	if (sscanf(line, "bind %255s %255s", path, target) == 2) {
		if (mount(path, target, NULL, MS_BIND, NULL) < 0)
			err(1, "cannot bind %s on %s", path, target);
		return 0;
	}
	if (sscanf(line, "time %15s %d %d %d %255s", word, &numbers[0], &numbers[1], &numbers[2], path) == 5) {
		stay_on(numbers[0]);
		return time_rounds(*word == 'v' ? visit : *word == 'c' ? cat : kept, numbers[1], numbers[2], path);
	}
	if (sscanf(line, "first %d %d %255s", &numbers[0], &numbers[1], path) == 3) {
		stay_on(numbers[0]);
		return first(numbers[1], path);
	}
	if (sscanf(line, "rate %d %d %255s", &numbers[0], &numbers[1], path) == 3) {
		stay_on(-1);
		return rate(numbers[0], numbers[1], path);
	}
	errx(1, "what is \"%s\"?", line);
}

static void be_guest(void)
{
	char line[1024];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		err(1, "cannot mount /proc");
	while (fgets(line, sizeof(line), stdin)) {
		printf("%lld\n", (long long)obey(line));
		fflush(stdout);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	pid_t child;

	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, "0", 1) != 1)
			err(1, "%s", argv[i]);
		close(fd);
	}
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP) < 0)
		err(1, "unshare");
	child = fork();
	if (child == 0)
		be_guest();
	printf("%d\n", child); /* the guest's PID 1 as the host knows it */
	fflush(stdout);
	return waitpid(child, NULL, 0) == child ? 0 : 1;
}
