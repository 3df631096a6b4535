/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the translation between files and tar streams; the only user of libarchive. */
#include "container/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <locale.h>
#include <search.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "base/memory.h"
#include "base/text.h"

#define BUFFER_SIZE ((size_t)1 << 20)
#define MAX_DEPTH   4000
#define MAX_SIZE    ((int64_t)1 << 46) /* of one file, holes included; a hole costs time to describe */
#define MAX_EXTENTS 10000              /* of a file with holes; what is behind them is taken as data */
#define MAX_TAIL    ((size_t)1 << 20)  /* behind the end of an archive: padding */

/* What went wrong without being the end of the work. */
struct problems {
	size_t count;
	char first[512];
};

static void problems_add(struct problems *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void problems_add(struct problems *problems, const char *format, ...)
{
	va_list arguments;

	if (problems->count++)
		return;
	va_start(arguments, format);
	vsnprintf(problems->first, sizeof(problems->first), format, arguments);
	va_end(arguments);
}

static int problems_report(const struct problems *problems, struct error *err)
{
	if (problems->count == 0)
		return 0;
	error_set(err, -EUCLEAN, "%s", problems->first);
	if (problems->count > 1)
		error_append(err, " (and %zu more like this)", problems->count - 1);
	return -EUCLEAN;
}

static int fail(struct archive *archive, struct error *err, const char *what)
{
	int code = archive_errno(archive);
	const char *reason = archive_error_string(archive);

	/* libarchive has positive numbers for errno and own ones below zero ("bad file format"). */
	return error_set(err, code > 0 ? -code : -EBADMSG, "%s: %s", what, reason ? reason : "unknown reason");
}

/* --- extended attributes --------------------------------------------------------------------------------------------- */

/* What travels. Others are either the host's business (trusted, labels of security modules) or made by the file system. */
static const struct {
	const char *prefix;
	bool grants_rights; /* like an owner: kept with the owners or not at all */
} attributes[] = {
	{"user.", false},
	{"security.capability", true},
	{"system.posix_acl_access", true},
	{"system.posix_acl_default", true},
};

static bool travels(const char *name, bool with_rights)
{
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if (strncmp(name, attributes[i].prefix, strlen(attributes[i].prefix)) == 0)
			return with_rights || !attributes[i].grants_rights;
	return false;
}

static void add_attribute(struct archive_entry *entry, int fd, const char *name)
{
	autofree char *value = xmalloc(XATTR_SIZE_MAX);
	ssize_t length = fgetxattr(fd, name, value, XATTR_SIZE_MAX);

	if (length >= 0)
		archive_entry_xattr_add_entry(entry, name, value, (size_t)length);
}

/* A list that cannot be read is that of a file system without any. */
static void add_attributes(struct archive_entry *entry, int fd)
{
	autofree char *names = NULL;
	ssize_t length = flistxattr(fd, NULL, 0);

	if (length <= 0 || length > XATTR_LIST_MAX)
		return;
	names = xcalloc(1, (size_t)XATTR_LIST_MAX + 1);
	length = flistxattr(fd, names, XATTR_LIST_MAX);
	for (const char *name = names; length > 0 && name < names + length; name += strlen(name) + 1)
		if (travels(name, true))
			add_attribute(entry, fd, name);
}

static void filter_attributes(struct archive_entry *entry, bool with_rights)
{
	struct archive_entry *kept;
	const void *value;
	const char *name;
	size_t length;

	if (archive_entry_xattr_reset(entry) == 0)
		return;
	kept = archive_entry_new();
	while (archive_entry_xattr_next(entry, &name, &value, &length) == ARCHIVE_OK)
		if (name && travels(name, with_rights))
			archive_entry_xattr_add_entry(kept, name, value, length);
	archive_entry_xattr_clear(entry);
	archive_entry_xattr_reset(kept);
	while (archive_entry_xattr_next(kept, &name, &value, &length) == ARCHIVE_OK)
		archive_entry_xattr_add_entry(entry, name, value, length);
	archive_entry_free(kept);
}

/* --- packing --------------------------------------------------------------------------------------------------------- */

struct packer {
	struct archive *archive;
	struct archive_entry *entry;
	int proc_fd;
	struct text name; /* of the member at hand */
	void *links;      /* tsearch(3) tree of struct link: files that have more than one name */
	char *buffer;     /* of BUFFER_SIZE */
	int depth;
	struct problems problems;
	struct error *err;
};

struct link {
	dev_t device;
	ino_t inode;
	char *name;
};

static int link_compare(const void *left, const void *right)
{
	const struct link *a = left, *b = right;

	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

static void link_free(void *data)
{
	struct link *link = data;

	free(link->name);
	free(link);
}

static struct archive *new_writer(bool is_for_others)
{
	struct archive *archive = archive_write_new();

	/*
	 * Names are bytes for us: nothing is converted, whatever a guest calls its files. GNU tar complains about the mark of such
	 * names, so what others read has it only where a name is no UTF-8.
	 */
	archive_write_set_format_pax(archive);
	archive_write_set_options(archive, "xattrheader=SCHILY"); /* not also in a form that is libarchive's alone */
	if (!is_for_others)
		archive_write_set_options(archive, "hdrcharset=BINARY");
	archive_write_set_bytes_per_block(archive, 65536);
	archive_write_set_bytes_in_last_block(archive, 1);
	return archive;
}

static void fill_entry(struct packer *packer, const struct stat *status)
{
	struct archive_entry *entry = archive_entry_clear(packer->entry);

	archive_entry_copy_pathname(entry, packer->name.data);
	archive_entry_set_mode(entry, status->st_mode);
	archive_entry_set_uid(entry, status->st_uid);
	archive_entry_set_gid(entry, status->st_gid);
	archive_entry_set_mtime(entry, status->st_mtim.tv_sec, status->st_mtim.tv_nsec);
	archive_entry_set_size(entry, 0);
}

/* Returns 1 when this member cannot be in an archive; that is noted, and the work goes on. */
static int write_header(struct packer *packer)
{
	int r = archive_write_header(packer->archive, packer->entry);

	if (r == ARCHIVE_FATAL)
		return fail(packer->archive, packer->err, "cannot write the archive");
	if (r < ARCHIVE_WARN) {
		problems_add(&packer->problems, "%s cannot be archived: %s", packer->name.data,
			     archive_error_string(packer->archive));
		return 1;
	}
	return 0;
}

static int write_data(struct packer *packer, const void *data, size_t length)
{
	while (length > 0) {
		la_ssize_t count = archive_write_data(packer->archive, data, length);

		if (count <= 0)
			return fail(packer->archive, packer->err, "cannot write the archive");
		data = (const char *)data + count;
		length -= (size_t)count;
	}
	return 0;
}

/* As much as there is, up to `length`; an error ends it like the end of the file. */
static size_t read_at(int fd, char *buffer, size_t length, int64_t offset)
{
	size_t done = 0;

	while (done < length) {
		ssize_t count = pread(fd, buffer + done, length - done, offset + (int64_t)done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			break;
		done += (size_t)count;
	}
	return done;
}

struct extent {
	int64_t begin, end;
};

/* Where a file has data. Returns how many extents there are: at most MAX_EXTENTS, the last reaches to the end then. */
static size_t find_extents(int fd, int64_t size, struct extent *extents)
{
	size_t count = 0;
	int64_t offset = 0;

	while (offset < size && count < MAX_EXTENTS) {
		int64_t begin = lseek(fd, offset, SEEK_DATA), end;

		if (begin < 0 && errno == ENXIO)
			break;
		end = begin < 0 ? -1 : lseek(fd, begin, SEEK_HOLE);
		if (begin < offset || end <= begin) {
			/* This file system does not say, or not the truth. */
			begin = offset;
			end = size;
		}
		if (begin >= size)
			break;
		end = end < size ? end : size;
		extents[count++] = (struct extent){begin, end};
		offset = end;
	}
	if (count == MAX_EXTENTS)
		extents[count - 1].end = size;
	return count;
}

/* libarchive wants the holes' zeroes too and leaves them out itself. */
static int write_hole(struct packer *packer, int64_t length)
{
	int r = 0;

	memset(packer->buffer, 0, BUFFER_SIZE);
	while (r == 0 && length > 0) {
		size_t chunk = length < (int64_t)BUFFER_SIZE ? (size_t)length : BUFFER_SIZE;

		r = write_data(packer, packer->buffer, chunk);
		length -= (int64_t)chunk;
	}
	return r;
}

/* The header has promised the size: what is missing of it is zeroes. */
static int write_extent(struct packer *packer, int fd, const struct extent *extent, bool *ret_is_short)
{
	for (int64_t offset = extent->begin; offset < extent->end;) {
		int64_t left = extent->end - offset;
		size_t wanted = left < (int64_t)BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
		size_t count = read_at(fd, packer->buffer, wanted, offset);
		int r = write_data(packer, packer->buffer, count);

		if (r < 0)
			return r;
		if (count < wanted) {
			*ret_is_short = true;
			return write_hole(packer, left - (int64_t)count);
		}
		offset += (int64_t)count;
	}
	return 0;
}

static int write_extents(struct packer *packer, int fd, int64_t size, const struct extent *extents, size_t count)
{
	bool is_short = false;
	int64_t offset = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = write_hole(packer, extents[i].begin - offset);
		if (r == 0)
			r = write_extent(packer, fd, &extents[i], &is_short);
		offset = extents[i].end;
	}
	if (r == 0)
		r = write_hole(packer, size - offset);
	if (is_short)
		problems_add(&packer->problems,
			     "%s became shorter or unreadable while it was read and ends in zeroes in the copy",
			     packer->name.data);
	return r;
}

static int pack_large_file(struct packer *packer, int fd, const struct stat *status)
{
	autofree struct extent *extents = NULL;
	size_t count = 1;
	int r;

	if (status->st_size > MAX_SIZE) {
		problems_add(&packer->problems, "%s was left out: it claims to be larger than 64 TiB", packer->name.data);
		return 0;
	}
	extents = xcalloc(MAX_EXTENTS, sizeof(*extents));
	extents[0] = (struct extent){0, status->st_size};
	archive_entry_set_size(packer->entry, status->st_size);
	if ((int64_t)status->st_blocks * 512 < status->st_size) {
		count = find_extents(fd, status->st_size, extents);
		for (size_t i = 0; i < count; i++)
			archive_entry_sparse_add_entry(packer->entry, extents[i].begin, extents[i].end - extents[i].begin);
		if (count == 0)
			archive_entry_sparse_add_entry(packer->entry, 0, 0);
	}
	r = write_header(packer);
	return r != 0 ? r : write_extents(packer, fd, status->st_size, extents, count);
}

/* Read before the header is written, so its size is always right: also that of files in /proc and /sys, which claim another. */
static int pack_small_file(struct packer *packer, int fd)
{
	size_t length = read_at(fd, packer->buffer, BUFFER_SIZE, 0);
	int r;

	archive_entry_set_size(packer->entry, (int64_t)length);
	r = write_header(packer);
	return r != 0 ? r : write_data(packer, packer->buffer, length);
}

/* The first name of a file is packed as a file, later ones as links to it. Returns that first name or NULL. */
static const char *find_link(struct packer *packer, const struct stat *status)
{
	struct link key = {.device = status->st_dev, .inode = status->st_ino}, *link;
	void *place = tfind(&key, &packer->links, link_compare);

	if (place)
		return (*(struct link **)place)->name;
	link = xcalloc(1, sizeof(*link));
	*link = (struct link){.device = status->st_dev, .inode = status->st_ino, .name = xstrdup(packer->name.data)};
	if (!tsearch(link, &packer->links, link_compare))
		link_free(link);
	return NULL;
}

/*
 * The file was looked at through an O_PATH descriptor and is opened through that one, so that what is opened is what was looked
 * at: never a FIFO to wait for or a device that an open would wake. O_NONBLOCK is for leases.
 */
static int reopen(const struct packer *packer, int place_fd)
{
	char path[32];

	snprintf(path, sizeof(path), "self/fd/%d", place_fd);
	return openat(packer->proc_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int pack_file(struct packer *packer, int place_fd, const struct stat *status)
{
	const char *first_name = status->st_nlink > 1 ? find_link(packer, status) : NULL;
	autoclose int fd = -EBADF;

	if (first_name) {
		archive_entry_copy_hardlink(packer->entry, first_name);
		return write_header(packer);
	}
	fd = reopen(packer, place_fd);
	if (fd < 0) {
		problems_add(&packer->problems, "%s was left out: %s", packer->name.data,
			     errno == EWOULDBLOCK ? "a process holds a lease on it" : strerror(errno));
		return 0;
	}
	add_attributes(packer->entry, fd);
	return status->st_size > (int64_t)BUFFER_SIZE ? pack_large_file(packer, fd, status) : pack_small_file(packer, fd);
}

static int pack_symlink(struct packer *packer, int place_fd)
{
	char target[PATH_MAX + 1];
	ssize_t length = readlinkat(place_fd, "", target, sizeof(target) - 1);

	if (length < 0) {
		problems_add(&packer->problems, "%s was left out: %s", packer->name.data, strerror(errno));
		return 0;
	}
	target[length] = '\0';
	archive_entry_copy_symlink(packer->entry, target);
	return write_header(packer);
}

static int pack_special(struct packer *packer, const struct stat *status)
{
	if (S_ISSOCK(status->st_mode)) { /* it is of no use without the process behind it */
		if (packer->depth == 0)
			problems_add(&packer->problems, "%s is a socket, which is not copied", packer->name.data);
		return 0;
	}
	archive_entry_set_rdev(packer->entry, status->st_rdev);
	return write_header(packer);
}

/* What the kernel makes up while it is read: no files to copy, and some of them have no end. */
static bool is_kernel_filesystem(int fd)
{
	static const long magics[] = {
		/* the last two, mqueue and configfs, are in no header */
		PROC_SUPER_MAGIC,   SYSFS_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,  TRACEFS_MAGIC,      SECURITYFS_MAGIC,
		BPF_FS_MAGIC,       BINFMTFS_MAGIC, 0x19800202,         0x62656570,
	};
	struct statfs filesystem;

	if (fstatfs(fd, &filesystem) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if ((long)filesystem.f_type == magics[i])
			return true;
	return false;
}

static int pack_place(struct packer *packer, int place_fd, const struct stat *parent);

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static int pack_children(struct packer *packer, DIR *directory, const struct stat *status)
{
	size_t length = packer->name.length;
	struct dirent *child;
	int r = 0;

	while (r == 0 && (errno = 0, child = readdir(directory))) {
		autoclose int place = -EBADF;

		if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0)
			continue;
		text_append(&packer->name, "/");
		text_append(&packer->name, child->d_name);
		place = openat(dirfd(directory), child->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (place >= 0)
			r = pack_place(packer, place, status);
		else if (errno != ENOENT) /* it went meanwhile */
			problems_add(&packer->problems, "%s was left out: %s", packer->name.data, strerror(errno));
		packer->name.length = length;
		packer->name.data[length] = '\0';
		errno = 0;
	}
	if (r == 0 && errno)
		problems_add(&packer->problems, "%s cannot be listed: %s", packer->name.data, strerror(errno));
	return r;
}

static int pack_directory(struct packer *packer, int place_fd, const struct stat *status, const struct stat *parent)
{
	autorelease(close_directory) DIR *directory = NULL;
	autoclose int fd = openat(place_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd >= 0)
		add_attributes(packer->entry, fd);
	r = write_header(packer);
	if (r != 0)
		return r;
	if (parent && parent->st_dev != status->st_dev && is_kernel_filesystem(place_fd))
		return 0;
	if (packer->depth >= MAX_DEPTH) {
		problems_add(&packer->problems, "what is below %s was left out: more than %d directories deep",
			     packer->name.data, MAX_DEPTH);
		return 0;
	}
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		problems_add(&packer->problems, "what is below %s was left out: %s", packer->name.data, strerror(errno));
		return 0;
	}
	steal_fd(&fd);
	packer->depth++;
	r = pack_children(packer, directory, status);
	packer->depth--;
	return r;
}

/* `parent` is that of the directory it was found in, NULL for the top. */
static int pack_place(struct packer *packer, int place_fd, const struct stat *parent)
{
	struct stat status;
	int r;

	if (fstat(place_fd, &status) < 0)
		return error_set_errno(packer->err, "cannot look at %s", packer->name.data);
	fill_entry(packer, &status);
	if (S_ISDIR(status.st_mode))
		r = pack_directory(packer, place_fd, &status, parent);
	else if (S_ISREG(status.st_mode))
		r = pack_file(packer, place_fd, &status);
	else
		r = S_ISLNK(status.st_mode) ? pack_symlink(packer, place_fd) : pack_special(packer, &status);
	return r < 0 ? r : 0;
}

/* One descriptor a level of the tree. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int archive_pack(const struct archive_pack *pack, int fd, struct error *err)
{
	struct error error = {0};
	struct packer packer = {.archive = new_writer(pack->is_for_others), .proc_fd = pack->proc_fd, .err = &error};
	int r;

	raise_descriptor_limit();
	packer.entry = archive_entry_new();
	packer.buffer = xmalloc(BUFFER_SIZE);
	text_append(&packer.name, pack->name);
	if (archive_write_open_fd(packer.archive, fd) != ARCHIVE_OK)
		r = fail(packer.archive, &error, "cannot write the archive");
	else
		r = pack_place(&packer, pack->place_fd, NULL);
	if (r == 0 && archive_write_close(packer.archive) != ARCHIVE_OK)
		r = fail(packer.archive, &error, "cannot write the archive");
	archive_entry_free(packer.entry);
	archive_write_free(packer.archive);
	text_release(&packer.name);
	tdestroy(packer.links, link_free);
	free(packer.buffer);
	if (r < 0) {
		if (err)
			*err = error;
		return r;
	}
	return problems_report(&packer.problems, err);
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

struct archive_reader {
	struct archive *archive;
	struct archive_entry *entry; /* the member at hand; owned by the archive */
	int fd;
};

/* Returns 1, or 0 at the end. A warning is a name that cannot be converted, which the caller sees by its absence. */
static int read_header(struct archive_reader *reader, struct error *err)
{
	int r = archive_read_next_header(reader->archive, &reader->entry);

	if (r == ARCHIVE_EOF)
		return 0;
	return r < ARCHIVE_WARN ? fail(reader->archive, err, "the archive cannot be read") : 1;
}

int archive_reader_open(int fd, struct archive_reader **ret_reader, struct error *err)
{
	struct archive_reader *reader = xcalloc(1, sizeof(*reader));
	int r;

	reader->archive = archive_read_new();
	reader->fd = fd;
	/* No other format and no compression: that is less code in front of a hostile stream, and some would run programs. */
	archive_read_support_format_tar(reader->archive);
	if (archive_read_open_fd(reader->archive, fd, 65536) != ARCHIVE_OK)
		r = fail(reader->archive, err, "this is no tar archive (one that is compressed must be decompressed first)");
	else
		r = read_header(reader, err);
	if (r == 0)
		r = error_set(err, -ENODATA, "the archive is empty");
	if (r < 0) {
		archive_reader_free(reader);
		return r;
	}
	*ret_reader = reader;
	return 0;
}

mode_t archive_reader_type(const struct archive_reader *reader)
{
	return archive_entry_filetype(reader->entry);
}

void archive_reader_free(struct archive_reader *reader)
{
	if (!reader)
		return;
	archive_read_free(reader->archive);
	free(reader);
}

/* The writer shall be able to end in peace; one that does not end is left alone. */
static void skip_tail(const struct archive_reader *reader)
{
	char buffer[4096];
	size_t done = 0;
	ssize_t count;

	while (done < MAX_TAIL && (count = read(reader->fd, buffer, sizeof(buffer))) != 0) {
		if (count < 0 && errno != EINTR)
			return;
		done += count > 0 ? (size_t)count : 0;
	}
}

/* --- unpacking ------------------------------------------------------------------------------------------------------- */

struct unpacker {
	struct archive_reader *reader;
	struct archive *disk;
	const struct archive_unpack *unpack;
	struct problems problems;
};

static bool has_dotdot(const char *path)
{
	for (const char *part = path; *part;) {
		size_t length = strcspn(part, "/");

		if (length == 2 && strncmp(part, "..", 2) == 0)
			return true;
		part += length;
		part += strspn(part, "/");
	}
	return false;
}

/* Without "./" in front and slashes at the end; "." for nothing else. Caller frees. */
static char *plain_name(const char *name)
{
	size_t length;

	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	for (length = strlen(name); length > 0 && name[length - 1] == '/';)
		length--;
	return length ? xstrndup(name, length) : xstrdup(".");
}

/* What comes behind the old top, or NULL when the name is not below it. "." is above all. */
static const char *below(const char *name, const char *top)
{
	size_t length = strlen(top);

	if (strcmp(top, ".") == 0)
		return strcmp(name, ".") == 0 ? "" : name;
	if (strncmp(name, top, length) != 0 || (name[length] && name[length] != '/'))
		return NULL;
	return name + length + strspn(name + length, "/");
}

/* The name below the new top, or an error for one that our own archive_pack() would never have written. Caller frees. */
static int map_name(const struct archive_unpack *unpack, const char *name, char **ret_name, struct error *err)
{
	autofree char *plain = NULL;
	const char *rest;

	if (!name || !*name)
		return error_set(err, -EBADMSG, "the archive was refused: it has a member whose name cannot be used");
	if (name[0] == '/' || has_dotdot(name))
		return error_set(err, -EBADMSG, "the archive was refused: its member %.256s leads out of the destination",
				 name);
	plain = plain_name(name);
	if (!unpack->from) {
		*ret_name = steal_ptr(plain);
		return 0;
	}
	rest = below(plain, unpack->from);
	if (!rest)
		return error_set(err, -EBADMSG,
				 "the archive was refused: its member %.256s is not below %.256s, which was asked for", name,
				 unpack->from);
	if (strcmp(unpack->to, ".") == 0)
		*ret_name = xstrdup(*rest ? rest : ".");
	else
		*ret_name = *rest ? xasprintf("%s/%s", unpack->to, rest) : xstrdup(unpack->to);
	return 0;
}

static int map_entry(const struct unpacker *unpacker, struct archive_entry *entry, struct error *err)
{
	autofree char *name = NULL, *target = NULL;
	const char *hardlink = archive_entry_hardlink(entry);
	int r = map_name(unpacker->unpack, archive_entry_pathname(entry), &name, err);

	if (r == 0 && hardlink)
		r = map_name(unpacker->unpack, hardlink, &target, err);
	if (r < 0)
		return r;
	archive_entry_copy_pathname(entry, name);
	if (target)
		archive_entry_copy_hardlink(entry, target);
	filter_attributes(entry, unpacker->unpack->keeps_owners);
	return 0;
}

/* What is there already keeps its kind. This is for people; what a guest changes afterwards it changes below our root. */
static int check_existing(struct archive_entry *entry, struct error *err)
{
	const char *name = archive_entry_pathname(entry);
	bool is_directory = archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry);
	struct stat status;

	if (lstat(name, &status) < 0)
		return 0;
	if (is_directory && !S_ISDIR(status.st_mode))
		return error_set(err, -ENOTDIR, "cannot overwrite %s, which is no directory, with a directory", name);
	if (!is_directory && S_ISDIR(status.st_mode))
		return error_set(err, -EISDIR, "cannot overwrite directory %s with a file", name);
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
		return error_set(err, -EEXIST, "%s is a device, FIFO or socket, which is not overwritten", name);
	return 0;
}

static int unpack_data(const struct unpacker *unpacker, struct error *err)
{
	struct archive *from = unpacker->reader->archive;
	const void *data;
	la_int64_t offset;
	size_t length;
	int r;

	while ((r = archive_read_data_block(from, &data, &length, &offset)) == ARCHIVE_OK)
		if (archive_write_data_block(unpacker->disk, data, length, offset) < ARCHIVE_WARN)
			return fail(unpacker->disk, err, "cannot write a file");
	return r == ARCHIVE_EOF ? 0 : fail(from, err, "the archive cannot be read");
}

static bool is_device(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFCHR || archive_entry_filetype(entry) == AE_IFBLK;
}

/* A warning is an owner, a time or an attribute that the file system does not take; only who asked for owners cares. */
static int judge(struct unpacker *unpacker, int result, struct error *err)
{
	if (result < ARCHIVE_WARN)
		return fail(unpacker->disk, err, "cannot unpack");
	if (result == ARCHIVE_WARN && unpacker->unpack->keeps_owners)
		problems_add(&unpacker->problems, "%s", archive_error_string(unpacker->disk));
	return 0;
}

static int unpack_entry(struct unpacker *unpacker, struct error *err)
{
	struct archive_entry *entry = unpacker->reader->entry;
	int r = map_entry(unpacker, entry, err);

	if (r < 0)
		return r;
	if (strcmp(archive_entry_pathname(entry), ".") == 0) /* the destination stays what it is */
		return archive_entry_filetype(entry) == AE_IFDIR
			       ? 0
			       : error_set(err, -EBADMSG, "the archive has a file called \".\"");
	if (is_device(entry)) {
		problems_add(&unpacker->problems, "%s was left out: it is a device node", archive_entry_pathname(entry));
		return 0;
	}
	r = check_existing(entry, err);
	if (r == 0)
		r = judge(unpacker, archive_write_header(unpacker->disk, entry), err);
	if (r == 0 && archive_entry_size(entry) > 0 && !archive_entry_hardlink(entry))
		r = unpack_data(unpacker, err);
	return r < 0 ? r : judge(unpacker, archive_write_finish_entry(unpacker->disk), err);
}

static struct archive *new_disk(const struct archive_unpack *unpack)
{
	struct archive *disk = archive_write_disk_new();
	int flags = ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
		    ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;

	/* No look-up of names is set: ids are numbers. */
	archive_write_disk_set_options(disk, unpack->keeps_owners ? flags | ARCHIVE_EXTRACT_OWNER : flags);
	return disk;
}

int archive_unpack(struct archive_reader *reader, const struct archive_unpack *unpack, struct error *err)
{
	struct unpacker unpacker = {.reader = reader, .disk = new_disk(unpack), .unpack = unpack};
	int r, more;

	do {
		r = unpack_entry(&unpacker, err);
		more = r < 0 ? 0 : read_header(reader, err);
	} while (more > 0);
	r = more < 0 ? more : r;
	/* Modes and times of directories are set at the end. */
	if (archive_write_close(unpacker.disk) < ARCHIVE_WARN && r == 0)
		r = fail(unpacker.disk, err, "cannot unpack");
	archive_write_free(unpacker.disk);
	if (r < 0)
		return r;
	skip_tail(reader);
	return problems_report(&unpacker.problems, err);
}

/* --- rewriting ------------------------------------------------------------------------------------------------------- */

static int copy_data(struct archive *from, struct archive *to, char *buffer, struct error *err)
{
	la_ssize_t count;

	/* Holes come as zeroes here; the size is what the header promised. */
	while ((count = archive_read_data(from, buffer, BUFFER_SIZE)) > 0)
		if (archive_write_data(to, buffer, (size_t)count) < 0)
			return fail(to, err, "cannot write the archive");
	return count < 0 ? fail(from, err, "the archive cannot be read") : 0;
}

static int repack_entry(struct archive_reader *reader, struct archive *writer, char *buffer, struct error *err)
{
	struct archive_entry *entry = reader->entry;
	int r;

	if (!archive_entry_pathname(entry))
		return error_set(err, -EBADMSG, "the archive has a member whose name is no UTF-8");
	archive_entry_set_uname(entry, NULL);
	archive_entry_set_gname(entry, NULL);
	archive_entry_sparse_clear(entry);
	r = archive_write_header(writer, entry);
	if (r < ARCHIVE_WARN)
		return fail(writer, err, "the archive cannot be passed on");
	return archive_entry_size(entry) > 0 ? copy_data(reader->archive, writer, buffer, err) : 0;
}

int archive_repack(int in_fd, int out_fd, struct error *err)
{
	autofree char *buffer = xmalloc(BUFFER_SIZE);
	struct archive_reader *reader = NULL;
	struct archive *writer = new_writer(false);
	int r, more = 1;

	r = archive_reader_open(in_fd, &reader, err);
	if (r == 0 && archive_write_open_fd(writer, out_fd) != ARCHIVE_OK)
		r = fail(writer, err, "cannot write the archive");
	while (r == 0 && more > 0) {
		r = repack_entry(reader, writer, buffer, err);
		more = r < 0 ? 0 : read_header(reader, err);
	}
	if (more < 0)
		r = more;
	if (r == 0 && archive_write_close(writer) != ARCHIVE_OK)
		r = fail(writer, err, "cannot write the archive");
	if (r == 0)
		skip_tail(reader);
	archive_write_free(writer);
	archive_reader_free(reader);
	return r;
}

/* --- first use ------------------------------------------------------------------------------------------------------- */

/* A member that needs every kind of header: a long name that is not ASCII, an attribute, a time with a fraction. */
static size_t write_sample(char *buffer, size_t size)
{
	struct archive *archive = new_writer(true);
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0;
	char name[300];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(name, "\xc3\xa9", 2);
	archive_entry_copy_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0600);
	archive_entry_set_mtime(entry, 1, 1);
	archive_entry_set_size(entry, 0);
	archive_entry_xattr_add_entry(entry, "user.sample", "x", 1);
	if (archive_write_open_memory(archive, buffer, size, &used) == ARCHIVE_OK &&
	    archive_write_header(archive, entry) == ARCHIVE_OK)
		archive_write_close(archive);
	archive_entry_free(entry);
	archive_write_free(archive);
	return used;
}

int archive_prepare(struct error *err)
{
	autofree char *buffer = xcalloc(1, 65536);
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	size_t length;
	int r;

	setlocale(
		LC_CTYPE,
		"C.UTF-8"); /* names in pax headers are UTF-8; without it only those of other programs in ASCII are understood */
	length = write_sample(buffer, 65536);
	archive_read_support_format_tar(archive);
	r = archive_read_open_memory(archive, buffer, length);
	if (r == ARCHIVE_OK)
		r = archive_read_next_header(archive, &entry);
	r = r < ARCHIVE_WARN ? fail(archive, err, "libarchive does not read its own archive") : 0;
	archive_read_free(archive);
	return r;
}
