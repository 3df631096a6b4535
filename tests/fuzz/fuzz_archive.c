/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unpacks arbitrary bytes as a tar; a canary beside the destination must stay what it is. The first byte chooses how. */
#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "container/archive.h"

#define CANARY   "still here"
#define MAX_FILE ((rlim_t)64 << 20)

/* Some broken tars make libarchive 3.6 forget a buffer; our processes are short. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libarchive.so";
}

static char *work;
static int work_fd, home_fd; /* home: libFuzzer goes on with relative paths */

static void remove_work(void)
{
	file_remove_tree(AT_FDCWD, work, NULL);
}

static void set_up(void)
{
	const char *base = getenv("TMPDIR");
	struct rlimit limit = {MAX_FILE, MAX_FILE};
	struct error err;

	work = xasprintf("%s/fuzz_archive.XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(work))
		abort();
	work_fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	home_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(work_fd >= 0 && home_fd >= 0);
	assert(file_replace(work_fd, "canary", CANARY, strlen(CANARY), 0600, &err) == 0);
	atexit(remove_work);
	/* A member may claim any size: writing beyond this is an error, not a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert(archive_prepare(&err) == 0);
}

static void check_canary(void)
{
	autofree char *data = NULL;
	struct stat status;
	size_t length;

	assert(file_read(work_fd, "canary", 100, &data, &length, NULL) == 0);
	assert(strcmp(data, CANARY) == 0);
	assert(fstatat(work_fd, "canary", &status, AT_SYMLINK_NOFOLLOW) == 0);
	assert(status.st_nlink == 1 && status.st_mode == (S_IFREG | 0600));
}

static void unpack(int fd, const struct archive_unpack *order)
{
	struct archive_reader *reader;
	struct error err;

	if (archive_reader_open(fd, &reader, &err) < 0)
		return;
	archive_unpack(reader, order, &err);
	archive_reader_free(reader);
}

static void repack(int fd)
{
	int out = memfd_create("repacked", MFD_CLOEXEC);
	struct error err;

	archive_repack(fd, out, &err);
	close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct archive_unpack orders[] = {
		{.to = "."},
		{.to = ".", .keeps_owners = true},
		{.from = ".", .to = "."},
		{.from = "a", .to = "b"},
	};
	int fd;

	if (size < 1)
		return 0;
	if (!work)
		set_up();
	fd = memfd_create("tar", MFD_CLOEXEC);
	assert(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)size - 1);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	assert(mkdirat(work_fd, "out", 0700) == 0);
	assert(fchdir(work_fd) == 0 && chdir("out") == 0);
	if (data[0] % 5 == 4)
		repack(fd);
	else
		unpack(fd, &orders[data[0] % 5]);
	close(fd);
	check_canary();
	assert(fchdir(home_fd) == 0);
	assert(file_remove_tree(work_fd, "out", NULL) == 0);
	return 0;
}
