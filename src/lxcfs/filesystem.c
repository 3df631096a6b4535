/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the conversation with the kernel's FUSE client. */
#include "lxcfs/filesystem.h"

#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"

#define NS 1000000000

/* One open of a direct file: the text as it was when reading began. Known by a number, because a file may be older than this server. */
struct snapshot {
	uint64_t handle;
	struct snapshot *next;
	struct text text;
};

struct filesystem {
	const struct filesystem_operations *operations;
	void *data;
	struct fuse_session *session;
	struct fuse_buf buffer;
	struct text text; /* of the last cached file that was read: pages come one by one */
	uint64_t text_node;
	struct snapshot *snapshots;
	uint64_t next_handle;
	bool is_introduced;
};

static struct filesystem *filesystem_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

static pid_t reader_of(fuse_req_t request)
{
	return fuse_req_ctx(request)->pid;
}

static void fill_attributes(const struct filesystem_node *node, struct stat *ret_attributes)
{
	struct timespec changed = {.tv_sec = node->changed_ns / NS, .tv_nsec = node->changed_ns % NS};

	*ret_attributes = (struct stat){
		.st_ino = node->number,
		.st_mode = node->mode,
		.st_nlink = S_ISDIR(node->mode) ? 2 : 1,
		.st_size = (off_t)node->size,
		.st_blksize = 4096,
		.st_mtim = changed,
		.st_ctim = changed,
		.st_atim = changed,
	};
}

static double seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static void on_init(void *data, struct fuse_conn_info *connection)
{
	struct filesystem *filesystem = data;

	/* Of all that a kernel offers, this one thing is what the cache lives by. */
	connection->want = connection->capable & FUSE_CAP_AUTO_INVAL_DATA;
	filesystem->is_introduced = true;
}

static void on_lookup(fuse_req_t request, fuse_ino_t directory, const char *name)
{
	struct filesystem *filesystem = filesystem_of(request);
	struct filesystem_node node = {0};
	struct fuse_entry_param entry = {0};
	int r = filesystem->operations->look_up(filesystem->data, reader_of(request), directory, name, &node);

	if (r < 0) {
		fuse_reply_err(request, -r);
		return;
	}
	entry.ino = node.number;
	entry.entry_timeout = entry.attr_timeout = seconds(node.valid_ms);
	fill_attributes(&node, &entry.attr);
	fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	struct filesystem *filesystem = filesystem_of(request);
	struct filesystem_node node = {0};
	struct stat attributes;
	int r = filesystem->operations->describe(filesystem->data, reader_of(request), number, file != NULL, &node);

	if (r < 0) {
		fuse_reply_err(request, -r);
		return;
	}
	fill_attributes(&node, &attributes);
	fuse_reply_attr(request, &attributes, seconds(node.valid_ms));
}

static void on_readdir(fuse_req_t request, fuse_ino_t directory, size_t size, off_t offset, struct fuse_file_info *file)
{
	struct filesystem *filesystem = filesystem_of(request);
	autofree char *buffer = xmalloc(size);
	size_t length = 0;
	int r = 0;

	(void)file;
	for (uint64_t cursor = (uint64_t)offset;;) {
		struct filesystem_node node = {0};
		const char *name = NULL;
		struct stat attributes;
		size_t needed;

		r = filesystem->operations->list(filesystem->data, reader_of(request), directory, cursor, &cursor, &name,
						 &node);
		if (r <= 0)
			break;
		fill_attributes(&node, &attributes);
		needed = fuse_add_direntry(request, buffer + length, size - length, name, &attributes, (off_t)cursor);
		if (needed > size - length)
			break;
		length += needed;
	}
	if (r < 0 && length == 0)
		fuse_reply_err(request, -r);
	else
		fuse_reply_buf(request, buffer, length);
}

static void reply_piece(fuse_req_t request, const struct text *text, size_t size, off_t offset)
{
	size_t start = (size_t)offset < text->length ? (size_t)offset : text->length,
	       length = text->length - start < size ? text->length - start : size;

	fuse_reply_buf(request, length ? text->data + start : NULL, length);
}

/* The kernel reads a page at a time; further pages come from the text that the first one came from. */
static int fill_cached(struct filesystem *filesystem, pid_t reader, uint64_t number, off_t offset)
{
	int r;

	if (offset > 0 && filesystem->text_node == number)
		return 0;
	filesystem->text.length = 0;
	filesystem->text_node = 0;
	r = filesystem->operations->read(filesystem->data, reader, number, &filesystem->text);
	if (r == 0)
		filesystem->text_node = number;
	return r;
}

static struct snapshot *find_snapshot(struct filesystem *filesystem, uint64_t handle)
{
	struct snapshot *snapshot = filesystem->snapshots;

	while (snapshot && snapshot->handle != handle)
		snapshot = snapshot->next;
	return snapshot;
}

static struct snapshot *new_snapshot(struct filesystem *filesystem, uint64_t handle)
{
	struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

	snapshot->handle = handle;
	snapshot->next = filesystem->snapshots;
	filesystem->snapshots = snapshot;
	return snapshot;
}

static void free_snapshot(struct filesystem *filesystem, uint64_t handle)
{
	for (struct snapshot **place = &filesystem->snapshots; *place; place = &(*place)->next)
		if ((*place)->handle == handle) {
			struct snapshot *snapshot = *place;

			*place = snapshot->next;
			text_release(&snapshot->text);
			free(snapshot);
			return;
		}
}

/* At offset 0 a reader begins anew, as in the kernel's own /proc files. */
static int fill_direct(struct filesystem *filesystem, pid_t reader, uint64_t number, off_t offset, uint64_t handle,
		       const struct text **ret_text)
{
	struct snapshot *snapshot = find_snapshot(filesystem, handle);

	if (!snapshot)
		snapshot = new_snapshot(filesystem, handle);
	*ret_text = &snapshot->text;
	if (offset > 0 && snapshot->text.length)
		return 0;
	snapshot->text.length = 0;
	return filesystem->operations->read(filesystem->data, reader, number, &snapshot->text);
}

static void on_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *file)
{
	struct filesystem *filesystem = filesystem_of(request);
	const struct text *text = &filesystem->text;
	int r;

	if (filesystem->operations->is_direct)
		r = fill_direct(filesystem, reader_of(request), number, offset, file->fh, &text);
	else
		r = fill_cached(filesystem, reader_of(request), number, offset);
	if (r < 0)
		fuse_reply_err(request, -r);
	else
		reply_piece(request, text, size, offset);
}

static void on_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	struct filesystem *filesystem = filesystem_of(request);

	(void)number;
	/* Once for the connection: the kernel opens by itself from then on. */
	if (!filesystem->operations->is_direct) {
		fuse_reply_err(request, ENOSYS);
		return;
	}
	file->direct_io = 1;
	file->fh = filesystem->next_handle++;
	fuse_reply_open(request, file);
}

static void on_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)number;
	free_snapshot(filesystem_of(request), file->fh);
	fuse_reply_err(request, 0);
}

static void on_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *file)
{
	(void)number;
	(void)file;
	fuse_reply_err(request, ENOSYS);
}

/* Never sent, on a mount with default_permissions, but for one ENOSYS each: what libfuse answers to an operation that is not here. */
static const struct fuse_lowlevel_ops operations = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.readdir = on_readdir,
	.open = on_open,
	.read = on_read,
	.release = on_release,
	.opendir = on_opendir,
};

/*
 * The kernel introduces itself once for a connection. A later server tells its libfuse the same; the kernel drops the answer with ENOENT. BIG_WRITES and MAX_PAGES are
 * what makes libfuse's buffer large enough for what the kernel may send.
 */
static void introduce(struct filesystem *filesystem)
{
	struct {
		struct fuse_in_header header;
		struct fuse_init_in init;
	} request = {
		.header = {.len = sizeof(request), .opcode = FUSE_INIT, .unique = 2},
		.init = {.major = FUSE_KERNEL_VERSION,
			 .minor = 31,
			 .max_readahead = 131072,
			 .flags = FUSE_ASYNC_READ | FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_AUTO_INVAL_DATA},
	};
	struct fuse_buf buffer = {.size = sizeof(request), .mem = &request};

	fuse_session_process_buf(filesystem->session, &buffer);
}

int filesystem_new(int fd, bool was_served, const struct filesystem_operations *file_operations, void *data,
		   struct filesystem **ret_filesystem, struct error *err)
{
	char *argv[] = {(char *)"syscontainer-lxcfs", NULL};
	struct fuse_args arguments = FUSE_ARGS_INIT(1, argv);
	autoclose int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	autofree char *mount_point = xasprintf("/dev/fd/%d", copy);
	struct filesystem *filesystem = xcalloc(1, sizeof(*filesystem));

	filesystem->operations = file_operations;
	filesystem->data = data;
	filesystem->next_handle = (uint64_t)clock_real_ns();
	filesystem->session = fuse_session_new(&arguments, &operations, sizeof(operations), filesystem);
	if (!filesystem->session || copy < 0 || fuse_session_mount(filesystem->session, mount_point) < 0) {
		filesystem_free(filesystem);
		return error_set(err, -EIO, "libfuse cannot serve descriptor %d", fd);
	}
	steal_fd(&copy); /* libfuse closes it */
	if (was_served)
		introduce(filesystem);
	*ret_filesystem = filesystem;
	return 0;
}

int filesystem_serve(struct filesystem *filesystem, unsigned count)
{
	while (count--) {
		int r = fuse_session_receive_buf(filesystem->session, &filesystem->buffer);

		if (r == -EINTR)
			continue;
		if (r == -EAGAIN)
			return 0;
		if (r <= 0)
			return -ENODEV;
		fuse_session_process_buf(filesystem->session, &filesystem->buffer);
	}
	return 0;
}

bool filesystem_is_introduced(const struct filesystem *filesystem)
{
	return filesystem->is_introduced;
}

/* Offset -1: attributes only. With pages, the call would wait for a read that nobody but us can answer. */
void filesystem_invalidate(struct filesystem *filesystem, uint64_t node)
{
	if (filesystem->text_node == node)
		filesystem->text_node = 0;
	fuse_lowlevel_notify_inval_inode(filesystem->session, node, -1, 0);
}

void filesystem_free(struct filesystem *filesystem)
{
	if (!filesystem)
		return;
	if (filesystem->session)
		fuse_session_destroy(filesystem->session);
	while (filesystem->snapshots)
		free_snapshot(filesystem, filesystem->snapshots->handle);
	text_release(&filesystem->text);
	free(filesystem->buffer.mem);
	free(filesystem);
}
