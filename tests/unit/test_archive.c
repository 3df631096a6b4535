/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of packing and unpacking trees: what is kept, and what a hostile stream cannot do. */
#include "container/archive.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define CANARY "still here"

/* work/in is packed, work/out is unpacked to, work/canary must stay. */
static char *work;
static int proc_fd;

static char *path_of(const char *name)
{
	static char paths[8][512];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", work, name);
	return path;
}

static void put(const char *name, const char *content, mode_t mode)
{
	struct error err = {0};

	assert_int_equal(file_replace(AT_FDCWD, path_of(name), content, strlen(content), mode, &err), 0);
}

static void assert_content(const char *name, const char *content)
{
	autofree char *data = NULL;
	struct error err = {0};
	size_t length;

	if (file_read(AT_FDCWD, path_of(name), 1 << 20, &data, &length, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(data, content);
}

static struct stat look(const char *name)
{
	struct stat status;

	if (lstat(path_of(name), &status) < 0)
		fail_msg("%s is missing", name);
	return status;
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	work = xasprintf("%s/test_archive.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(work));
	assert_int_equal(mkdir(path_of("in"), 0755), 0);
	assert_int_equal(mkdir(path_of("out"), 0755), 0);
	put("canary", CANARY, 0600);
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return archive_prepare(NULL) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_content("canary", CANARY);
	assert_int_equal(look("canary").st_nlink, 1);
	close(proc_fd);
	file_remove_tree(AT_FDCWD, work, NULL);
	free(work);
	return 0;
}

/* --- running both sides -------------------------------------------------------------------------------------------- */

static int pack(const char *path, const char *name, const char *tar, struct error *err)
{
	autoclose int place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	autoclose int fd = open(path_of(tar), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct archive_pack order = {.place_fd = place, .proc_fd = proc_fd, .name = name};

	assert_true(place >= 0 && fd >= 0);
	return archive_pack(&order, fd, err);
}

static int unpack_here(const char *tar, const struct archive_unpack *order, struct error *err)
{
	autoclose int fd = open(tar, O_RDONLY | O_CLOEXEC);
	struct archive_reader *reader = NULL;
	int r = archive_reader_open(fd, &reader, err);

	if (r == 0)
		r = archive_unpack(reader, order, err);
	archive_reader_free(reader);
	return r;
}

/* In a process of its own, as it changes the working directory. Not its root: what keeps the tar inside here is archive.c alone. */
static int unpack(const char *tar, const struct archive_unpack *order, struct error *err)
{
	int fds[2], status;
	pid_t pid;

	*err = (struct error){0};
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct error error = {0};

		alarm(120);
		umask(0);
		if (chdir(path_of("out")) < 0)
			_exit(1);
		error.code = unpack_here(path_of(tar), order, &error);
		_exit(write(fds[1], &error, sizeof(error)) == sizeof(error) ? 0 : 1);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], err, sizeof(*err)), sizeof(*err));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return err->code;
}

static const struct archive_unpack content = {.from = ".", .to = "."};

static void round_trip(const struct archive_unpack *order)
{
	struct error err = {0};

	if (pack(path_of("in"), order->from, "tar", &err) < 0 || unpack("tar", order, &err) < 0)
		fail_msg("%s", err.message);
}

/* --- what is kept -------------------------------------------------------------------------------------------------------- */

static void test_keeps_modes_times_and_types(void **state)
{
	struct timespec times[2] = {{1, 0}, {1234567890, 123456789}};

	(void)state;
	put("in/file", "content", 0640);
	put("in/empty", "", 0400);
	assert_int_equal(mkdir(path_of("in/sub"), 0755), 0);
	put("in/sub/program", "#!", 0755);
	assert_int_equal(symlink("/nowhere/at all", path_of("in/link")), 0);
	assert_int_equal(mkfifo(path_of("in/fifo"), 0600), 0);
	assert_int_equal(utimensat(AT_FDCWD, path_of("in/file"), times, 0), 0);
	assert_int_equal(chmod(path_of("in/sub"), 0511), 0);
	assert_int_equal(utimensat(AT_FDCWD, path_of("in/sub"), times, 0), 0);
	round_trip(&content);
	assert_content("out/file", "content");
	assert_int_equal(look("out/file").st_mode, S_IFREG | 0640);
	assert_int_equal(look("out/file").st_mtim.tv_sec, 1234567890);
	assert_int_equal(look("out/file").st_mtim.tv_nsec, 123456789);
	assert_int_equal(look("out/empty").st_mode, S_IFREG | 0400);
	assert_int_equal(look("out/sub").st_mode, S_IFDIR | 0511);
	assert_int_equal(look("out/sub").st_mtim.tv_sec, 1234567890);
	assert_int_equal(look("out/sub/program").st_mode, S_IFREG | 0755);
	assert_int_equal(look("out/fifo").st_mode, S_IFIFO | 0600);
	assert_int_equal(look("out/link").st_size, strlen("/nowhere/at all"));
}

static void test_keeps_hard_links(void **state)
{
	const struct archive_unpack renamed = {.from = "old", .to = "new"};

	(void)state;
	put("in/a", "one file", 0600);
	assert_int_equal(link(path_of("in/a"), path_of("in/b")), 0);
	round_trip(&renamed);
	assert_content("out/new/a", "one file");
	assert_int_equal(look("out/new/a").st_ino, look("out/new/b").st_ino);
	assert_int_equal(look("out/new/a").st_nlink, 2);
}

static void test_keeps_holes(void **state)
{
	char data[4096], back[4096];
	int fd;

	(void)state;
	fd = open(path_of("in/sparse"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	memset(data, 'x', sizeof(data));
	assert_int_equal(pwrite(fd, data, sizeof(data), 100 << 20), sizeof(data));
	assert_int_equal(ftruncate(fd, 200 << 20), 0);
	close(fd);
	fd = open(path_of("in/hole"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(fd, 50 << 20), 0);
	close(fd);
	round_trip(&content);
	assert_int_equal(look("out/sparse").st_size, 200 << 20);
	assert_true(look("out/sparse").st_blocks * 512 < 1 << 20);
	assert_int_equal(look("out/hole").st_size, 50 << 20);
	assert_true(look("out/hole").st_blocks * 512 < 1 << 20);
	assert_true(look("tar").st_size < 1 << 20);
	fd = open(path_of("out/sparse"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, back, sizeof(back), 100 << 20), sizeof(back));
	assert_memory_equal(data, back, sizeof(data));
	assert_int_equal(pread(fd, back, 1, (100 << 20) + 4096), 1);
	assert_int_equal(back[0], 0);
	close(fd);
}

/* Data behind the first buffer, without holes. */
static void test_keeps_large_files(void **state)
{
	autofree char *data = xmalloc(5000001), *back = NULL;
	struct error err = {0};
	size_t length;

	(void)state;
	for (size_t i = 0; i < 5000001; i++)
		data[i] = (char)(i * 7 / 3);
	assert_int_equal(file_replace(AT_FDCWD, path_of("in/large"), data, 5000001, 0600, &err), 0);
	round_trip(&content);
	assert_int_equal(file_read(AT_FDCWD, path_of("out/large"), 6000000, &back, &length, &err), 0);
	assert_int_equal(length, 5000001);
	assert_memory_equal(data, back, length);
}

static void test_keeps_any_name(void **state)
{
	autorelease(text_release) struct text name = {0};
	autofree char *unpacked = NULL;

	(void)state;
	put("in/\xff\xfe not \xc3\xa9 UTF-8\n", "a", 0600);
	put("in/\xc3\xa9", "b", 0600);
	put("in/e\xcc\x81", "decomposed, and another name", 0600);
	text_append(&name, "in");
	for (int i = 0; i < 3; i++) {
		text_append(&name, "/long name ");
		for (int j = 0; j < 9; j++)
			text_append(&name, "0123456789");
		assert_int_equal(mkdir(path_of(text_get(&name)), 0755), 0);
	}
	round_trip(&content);
	assert_content("out/\xff\xfe not \xc3\xa9 UTF-8\n", "a");
	assert_content("out/\xc3\xa9", "b");
	unpacked = xasprintf("out%s", text_get(&name) + 2);
	assert_true(S_ISDIR(look(unpacked).st_mode));
}

/* Blocks with the magic of ustar: two a member when it has a pax header. The size in bytes differs by how many digits times have. */
static size_t count_headers(const char *tar)
{
	autofree char *data = NULL;
	struct error err = {0};
	size_t length, count = 0;

	assert_int_equal(file_read(AT_FDCWD, path_of(tar), 64 << 20, &data, &length, &err), 0);
	for (size_t offset = 0; offset + 512 <= length; offset += 512)
		count += memcmp(data + offset + 257, "ustar", 5) == 0;
	return count;
}

static void test_goes_deep(void **state)
{
	struct error err = {0};
	int fd = open(path_of("in"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (int i = 0; i < 900; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "directory", 0755), 0);
		next = openat(fd, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	close(openat(fd, "bottom", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(fd);
	round_trip(&content);
	/* A second round of packing what was unpacked finds as many members. */
	assert_int_equal(pack(path_of("out"), ".", "again", &err), 0);
	assert_true(count_headers("tar") >= 901);
	assert_int_equal(count_headers("tar"), count_headers("again"));
}

static void test_keeps_attributes(void **state)
{
	char value[16] = {0};

	(void)state;
	put("in/file", "content", 0600);
	if (setxattr(path_of("in/file"), "user.colour", "blue", 4, 0) < 0) {
		assert_int_equal(errno, EOPNOTSUPP);
		skip();
	}
	assert_int_equal(setxattr(path_of("in"), "user.colour", "red", 3, 0), 0);
	round_trip(&(struct archive_unpack){.from = ".", .to = "new"});
	assert_int_equal(getxattr(path_of("out/new/file"), "user.colour", value, sizeof(value)), 4);
	assert_memory_equal(value, "blue", 4);
	assert_int_equal(getxattr(path_of("out/new"), "user.colour", value, sizeof(value)), 3);
}

/* Rights go with the owner: a capability, or a set-user-ID bit, of a file that becomes another's would be a gift. */
static void test_rights_go_with_owners(void **state)
{
	/* struct vfs_cap_data, revision 2, cap_net_raw */
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
	char value[32];

	(void)state;
	if (geteuid() != 0)
		skip();
	put("in/foreign", "x", 0755);
	assert_int_equal(chown(path_of("in/foreign"), 1234, 4321), 0);
	assert_int_equal(chmod(path_of("in/foreign"), 06755), 0);
	put("in/own", "x", 0755);
	assert_int_equal(chmod(path_of("in/own"), 04755), 0);
	put("in/capable", "x", 0755);
	if (setxattr(path_of("in/capable"), "security.capability", capability, sizeof(capability), 0) < 0)
		skip();
	round_trip(&(struct archive_unpack){.from = ".", .to = "plain"});
	assert_int_equal(look("out/plain/foreign").st_uid, 0);
	assert_int_equal(look("out/plain/foreign").st_mode, S_IFREG | 0755);
	assert_int_equal(look("out/plain/own").st_mode, S_IFREG | 04755);
	assert_int_equal(getxattr(path_of("out/plain/capable"), "security.capability", value, sizeof(value)), -1);
	round_trip(&(struct archive_unpack){.from = ".", .to = "archive", .keeps_owners = true});
	assert_int_equal(look("out/archive/foreign").st_uid, 1234);
	assert_int_equal(look("out/archive/foreign").st_gid, 4321);
	assert_int_equal(look("out/archive/foreign").st_mode, S_IFREG | 06755);
	assert_int_equal(getxattr(path_of("out/archive/capable"), "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, capability, 20);
}

static void test_top_is_a_file_or_link(void **state)
{
	struct error err = {0};

	(void)state;
	put("in/file", "content", 0600);
	assert_int_equal(symlink("file", path_of("in/link")), 0);
	assert_int_equal(pack(path_of("in/file"), "file", "tar", &err), 0);
	assert_int_equal(unpack("tar", &(struct archive_unpack){.from = "file", .to = "renamed"}, &err), 0);
	assert_content("out/renamed", "content");
	assert_int_equal(pack(path_of("in/link"), "link", "tar", &err), 0);
	assert_int_equal(unpack("tar", &(struct archive_unpack){.from = "link", .to = "link"}, &err), 0);
	assert_true(S_ISLNK(look("out/link").st_mode));
}

/* Their size is 0 for stat(2), or 4096; what can be read is something else. */
static void test_packs_files_of_the_kernel(void **state)
{
	autofree char *expected = NULL;
	struct error err = {0};
	size_t length;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "/proc/version", 4096, &expected, &length, &err), 0);
	assert_int_equal(pack("/proc/version", "version", "tar", &err), 0);
	assert_int_equal(unpack("tar", &(struct archive_unpack){.from = "version", .to = "version"}, &err), 0);
	assert_content("out/version", expected);
	/* One that claims more than it holds; where a package is built, there may be no sysfs. */
	if (!file_exists(AT_FDCWD, "/sys/kernel/uevent_seqnum"))
		return;
	assert_int_equal(pack("/sys/kernel/uevent_seqnum", "number", "tar", &err), 0);
	assert_int_equal(unpack("tar", &(struct archive_unpack){.from = "number", .to = "number"}, &err), 0);
	assert_in_range(look("out/number").st_size, 2, 20);
}

/* One writer truncates and extends while the other side reads: the tar stays readable, the damage is told. */
static void test_file_changes_while_read(void **state)
{
	struct error err = {0};
	pid_t pid;

	(void)state;
	put("in/after", "content", 0600);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		autofree char *data = xcalloc(1, 4 << 20);
		int fd = open(path_of("in/changing"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		alarm(120);
		while (pwrite(fd, data, 4 << 20, 0) > 0 && ftruncate(fd, 100) == 0)
			;
		_exit(1);
	}
	for (int i = 0; i < 30; i++) {
		int packed = pack(path_of("in"), ".", "tar", &err);

		assert_true(packed == 0 || packed == -EUCLEAN);
		if (packed < 0)
			assert_non_null(strstr(err.message, "./changing"));
		assert_int_equal(unpack("tar", &content, &err), 0);
		assert_content("out/after", "content");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- hostile streams ---------------------------------------------------------------------------------------------------- */

struct tar {
	struct text bytes;
};

static void tar_pad(struct tar *tar)
{
	static const char zeroes[512];

	text_append_bytes(&tar->bytes, zeroes, (512 - tar->bytes.length % 512) % 512);
}

/* One ustar member, by hand: libarchive would not write some of these. */
static void tar_add_bytes(struct tar *tar, char type, const char *name, const char *link, const char *data, size_t length)
{
	unsigned char header[512] = {0};
	unsigned sum = 0;

	memcpy(header, name, strnlen(name, 100));
	memcpy(header + 100, type == '5' ? "0000755" : "0004755", 8);
	memcpy(header + 108, "0001750", 8);
	memcpy(header + 116, "0001750", 8);
	snprintf((char *)header + 124, 12, "%011o", (unsigned)length);
	memcpy(header + 136, "00000000001", 12);
	memset(header + 148, ' ', 8);
	header[156] = (unsigned char)type;
	memcpy(header + 157, link, strnlen(link, 100));
	strcpy((char *)header + 257, "ustar");
	header[263] = header[264] = '0';
	memcpy(header + 329, "0000001", 8); /* a device: 1:3, null */
	memcpy(header + 337, "0000003", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += header[i];
	snprintf((char *)header + 148, 8, "%06o", sum);
	text_append_bytes(&tar->bytes, (char *)header, sizeof(header));
	text_append_bytes(&tar->bytes, data, length);
	tar_pad(tar);
}

static void tar_add(struct tar *tar, char type, const char *name, const char *link, const char *data)
{
	tar_add_bytes(tar, type, name, link, data, strlen(data));
}

/* "LENGTH KEY=VALUE\n" where LENGTH counts itself. */
static void tar_add_pax(struct tar *tar, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;
	autofree char *record = NULL;

	while (length != rest + (size_t)snprintf(NULL, 0, "%zu", length))
		length++;
	record = xasprintf("%zu %s=%s\n", length, key, value);
	tar_add(tar, 'x', "pax", "", record);
}

static void tar_write(struct tar *tar, bool has_end)
{
	static const char zeroes[1024];
	struct error err = {0};

	if (has_end)
		text_append_bytes(&tar->bytes, zeroes, sizeof(zeroes));
	assert_int_equal(file_replace(AT_FDCWD, path_of("tar"), tar->bytes.data, tar->bytes.length, 0600, &err), 0);
	text_release(&tar->bytes);
}

struct member {
	char type;
	const char *name, *link, *data;
	const char *key, *value; /* a pax record before it */
};

/* %s in a link or value is the directory of the canary. */
static const struct {
	const char *name;
	const char *from;
	struct member members[4];
} attacks[] = {
	{"dotdot", NULL, {{'0', "../canary", "", "gone", NULL, NULL}}},
	{"dotdot inside", NULL, {{'5', "a/", "", "", NULL, NULL}, {'0', "a/../../canary", "", "gone", NULL, NULL}}},
	{"dotdot at the end", NULL, {{'5', "a/..", "", "", NULL, NULL}}},
	{"absolute", NULL, {{'0', "%s/canary", "", "gone", NULL, NULL}}},
	{"absolute in pax", NULL, {{'0', "a", "", "gone", "path", "%s/canary"}}},
	{"dotdot in pax", NULL, {{'0', "a", "", "gone", "path", "../canary"}}},
	{"dotdot in GNU.sparse.name", NULL, {{'0', "a", "", "gone", "GNU.sparse.name", "../canary"}}},
	{"file through symlink", NULL, {{'2', "a", "..", "", NULL, NULL}, {'0', "a/canary", "", "gone", NULL, NULL}}},
	{"file through absolute symlink",
	 NULL,
	 {{'2', "a", "%s", "", NULL, NULL}, {'0', "a/canary", "", "gone", NULL, NULL}}},
	{"file through two symlinks",
	 NULL,
	 {{'2', "a", "b", "", NULL, NULL}, {'2', "b", "..", "", NULL, NULL}, {'0', "a/canary", "", "gone", NULL, NULL}}},
	{"file over symlink", NULL, {{'2', "a", "../canary", "", NULL, NULL}, {'0', "a", "", "gone", NULL, NULL}}},
	{"directory over symlink",
	 NULL,
	 {{'2', "a", "..", "", NULL, NULL}, {'5', "a/", "", "", NULL, NULL}, {'0', "a/canary", "", "gone", NULL, NULL}}},
	{"symlink swapped for directory",
	 NULL,
	 {{'5', "a/", "", "", NULL, NULL}, {'2', "a", "..", "", NULL, NULL}, {'0', "a/canary", "", "gone", NULL, NULL}}},
	{"hard link to outside", NULL, {{'1', "a", "../canary", "", NULL, NULL}, {'0', "a", "", "gone", NULL, NULL}}},
	{"hard link to absolute", NULL, {{'1', "a", "%s/canary", "", NULL, NULL}}},
	{"hard link in pax", NULL, {{'1', "a", "b", "", "linkpath", "%s/canary"}}},
	{"hard link through symlink", NULL, {{'2', "s", "..", "", NULL, NULL}, {'1', "a", "s/canary", "", NULL, NULL}}},
	{"hard link with data", NULL, {{'1', "a", "../canary", "gone", NULL, NULL}}},
	{"name beside the top", "etc", {{'5', "etc/", "", "", NULL, NULL}, {'0', ".ssh", "", "forged", NULL, NULL}}},
	{"name like the top", "etc", {{'0', "etcetera", "", "forged", NULL, NULL}}},
	{"hard link beside the top", "etc", {{'5', "etc/", "", "", NULL, NULL}, {'1', "etc/a", "own", "", NULL, NULL}}},
	{"file called .", ".", {{'0', ".", "", "forged", NULL, NULL}}},
	{"symlink called .", ".", {{'2', ".", "..", "", NULL, NULL}}},
	{"directory over file", NULL, {{'5', "own/", "", "", NULL, NULL}}},
	{"file over directory", NULL, {{'0', "mine", "", "forged", NULL, NULL}}},
	{"file over FIFO", NULL, {{'0', "fifo", "", "forged", NULL, NULL}}},
};

static char *expand(const char *text)
{
	const char *place = strstr(text, "%s");

	return place ? xasprintf("%.*s%s%s", (int)(place - text), text, work, place + 2) : xstrdup(text);
}

static void tar_add_member(struct tar *tar, const struct member *member)
{
	autofree char *name = expand(member->name), *link = expand(member->link);

	if (member->key) {
		autofree char *value = expand(member->value);

		tar_add_pax(tar, member->key, value);
	}
	tar_add(tar, member->type, name, link, member->data);
}

/* Each stops with an error; a "file over symlink" may also replace the link. */
static void test_hostile_members(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(attacks); i++) {
		struct archive_unpack order = {.from = attacks[i].from, .to = "."};
		struct tar tar = {0};
		struct error err;
		int r;

		if (attacks[i].from && strcmp(attacks[i].from, ".") != 0)
			order.to = attacks[i].from;
		put("out/own", "own", 0600);
		assert_true(mkdir(path_of("out/mine"), 0755) == 0 || errno == EEXIST);
		assert_true(mkfifo(path_of("out/fifo"), 0600) == 0 || errno == EEXIST);
		for (size_t j = 0; j < ARRAY_SIZE(attacks[i].members) && attacks[i].members[j].name; j++)
			tar_add_member(&tar, &attacks[i].members[j]);
		tar_write(&tar, true);
		r = unpack("tar", &order, &err);
		print_message("  %s: %s\n", attacks[i].name, r < 0 ? err.message : "replaced");
		if (strcmp(attacks[i].name, "file over symlink") != 0)
			assert_true(r < 0);
		assert_content("canary", CANARY);
		assert_int_equal(look("canary").st_nlink, 1);
		assert_content("out/own", "own");
		assert_int_equal(look("out/own").st_nlink, 1);
		assert_true(S_ISFIFO(look("out/fifo").st_mode));
		assert_false(file_exists(AT_FDCWD, path_of("out/.ssh")));
		assert_int_equal(file_remove_tree(AT_FDCWD, path_of("out"), NULL), 0);
		assert_int_equal(mkdir(path_of("out"), 0755), 0);
	}
	(void)state;
}

static void test_device_nodes_are_left_out(void **state)
{
	struct tar tar = {0};
	struct error err;

	(void)state;
	tar_add(&tar, '3', "null", "", "");
	tar_add(&tar, '4', "disk", "", "");
	tar_add(&tar, '0', "file", "", "content");
	tar_write(&tar, true);
	assert_int_equal(unpack("tar", &(struct archive_unpack){.to = "."}, &err), -EUCLEAN);
	assert_non_null(strstr(err.message, "null was left out: it is a device node (and 1 more"));
	assert_false(file_exists(AT_FDCWD, path_of("out/null")));
	assert_false(file_exists(AT_FDCWD, path_of("out/disk")));
	assert_content("out/file", "content");
}

/* They are odd or broken. Whatever comes of it, it ends, and stays inside. */
static void test_pax_oddities(void **state)
{
	static const struct {
		const char *name, *records;
	} oddities[] = {
		{"no length", "path=x\n"},
		{"length too large", "99999999999 path=x\n"},
		{"length too small", "3 path=x\n"},
		{"length zero", "0 path=x\n"},
		{"empty path", "8 path=\n"},
		{"path is no UTF-8", "10 path=\xff\xfe\n"},
		{"huge size", "30 size=9223372036854775807\n"},
		{"negative size", "12 size=-100\n"},
		{"time out of range", "30 mtime=99999999999999999999\n"},
		{"sparse map beyond the end",
		 "22 GNU.sparse.major=0\n22 GNU.sparse.minor=1\n35 GNU.sparse.map=0,4,99999999999,4\n"
		 "33 GNU.sparse.size=999999999999\n"},
		{"sparse 1.0 without map", "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n26 GNU.sparse.realsize=10\n"},
		{"other charset", "31 hdrcharset=ISO-8859-1 or so\n10 path=ab\n"},
		{"attribute of nobody", "31 SCHILY.xattr.trusted.x=value\n"},
		{"attribute without name", "16 SCHILY.xattr.=\n"},
		{"bad base64", "37 LIBARCHIVE.xattr.user.x=!!!!=====\n"},
		{"ACL without end", "31 SCHILY.acl.access=user::rwx,\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(oddities); i++)
		for (int global = 0; global < 2; global++) {
			struct tar tar = {0};
			struct error err;

			tar_add(&tar, global ? 'g' : 'x', "pax", "", oddities[i].records);
			tar_add(&tar, '0', "file", "", "content");
			tar_write(&tar, true);
			unpack("tar", &(struct archive_unpack){.to = "."}, &err);
			assert_content("canary", CANARY);
			assert_int_equal(file_remove_tree(AT_FDCWD, path_of("out"), NULL), 0);
			assert_int_equal(mkdir(path_of("out"), 0755), 0);
		}
}

static void test_broken_streams(void **state)
{
	struct tar tar = {0};
	struct error err;

	(void)state;
	put("tar", "", 0600);
	assert_true(unpack("tar", &content, &err) < 0);
	put("tar", "this is no archive, but it has some length that could hold one, if it only were one", 0600);
	assert_true(unpack("tar", &content, &err) < 0);
	/* gzip: no decompressor is tried */
	put("tar", "\x1f\x8b\x08\x04\x04\x04\x04\x04\x04\x03\x03", 0600);
	assert_true(unpack("tar", &content, &err) < 0);
	/* cut off in the middle of a file */
	tar_add(&tar, '0', "./file", "", "content");
	tar.bytes.length -= 508;
	tar_write(&tar, false);
	assert_true(unpack("tar", &content, &err) < 0);
}

static int repack(const char *from, const char *to, struct error *err)
{
	autoclose int in_fd = open(path_of(from), O_RDONLY | O_CLOEXEC);
	autoclose int out_fd = open(path_of(to), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	return archive_repack(in_fd, out_fd, err);
}

static void test_repack_keeps_names_and_content(void **state)
{
	struct tar tar = {0};
	struct error err = {0};

	(void)state;
	tar_add(&tar, '5', "./", "", "");
	tar_add_pax(&tar, "path", "./\xc3\xa9t\xc3\xa9");
	tar_add(&tar, '0', "short", "", "content");
	tar_add(&tar, '1', "hard", "\xc3\xa9t\xc3\xa9", "");
	tar_add(&tar, '2', "soft", "hard", "");
	tar_write(&tar, true);
	assert_int_equal(repack("tar", "tar2", &err), 0);
	if (unpack("tar2", &(struct archive_unpack){.to = "."}, &err) < 0)
		fail_msg("%s", err.message);
	assert_content("out/\xc3\xa9t\xc3\xa9", "content");
	assert_content("out/hard", "content");
	assert_true(S_ISLNK(look("out/soft").st_mode));
	assert_int_equal(look("out").st_mode, S_IFDIR | 0755);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_keeps_modes_times_and_types),
		TEST(test_keeps_hard_links),
		TEST(test_keeps_holes),
		TEST(test_keeps_large_files),
		TEST(test_keeps_any_name),
		TEST(test_goes_deep),
		TEST(test_keeps_attributes),
		TEST(test_rights_go_with_owners),
		TEST(test_top_is_a_file_or_link),
		TEST(test_packs_files_of_the_kernel),
		TEST(test_file_changes_while_read),
		TEST(test_hostile_members),
		TEST(test_device_nodes_are_left_out),
		TEST(test_pax_oddities),
		TEST(test_broken_streams),
		TEST(test_repack_keeps_names_and_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
