/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the two BPF programs that count the open files of containers: loads them, attaches them and pins them with their maps.
 * See files_limit.h, whose lock the caller holds. They are short, so they are written in instructions, and no compiler for BPF is needed.
 */
#include "kernel/files_limit.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define MAX_CONTAINERS   16384
#define MAX_FILES        (1 << 20) /* of all containers that are counted; beyond it they can open no more */
#define MAX_INSTRUCTIONS 256
#define NEW_DIRECTORY    FILES_LIMIT_BPFFS "/syscontainer-new"

/* Where the programs keep things on their stacks. */
#define SLOT_CGROUP (-8)
#define SLOT_FILE   (-16)

struct maps {
	int limits, used; /* cgroup: number */
	int files;        /* struct file: the cgroup that it counts for */
};

/* --- instructions (kernel: Documentation/bpf/standardization/instruction-set.rst) ----------------------------------------- */

struct program {
	struct bpf_insn code[MAX_INSTRUCTIONS];
	size_t count;
};

static size_t emit(struct program *program, uint8_t code, uint8_t target, uint8_t source, int16_t offset, int32_t number)
{
	if (program->count == MAX_INSTRUCTIONS)
		abort();
	program->code[program->count] = (struct bpf_insn){code, target, source, offset, number};
	return program->count++;
}

static void emit_number(struct program *program, uint8_t target, int32_t number)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, target, 0, 0, number);
}

static void emit_move(struct program *program, uint8_t target, uint8_t source)
{
	emit(program, BPF_ALU64 | BPF_MOV | BPF_X, target, source, 0, 0);
}

static void emit_load(struct program *program, uint8_t target, uint8_t base, int16_t offset)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_DW, target, base, offset, 0);
}

static void emit_store(struct program *program, int16_t slot, uint8_t source)
{
	emit(program, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, source, slot, 0);
}

static void emit_address(struct program *program, uint8_t target, int16_t slot)
{
	emit_move(program, target, BPF_REG_10);
	emit(program, BPF_ALU64 | BPF_ADD, target, 0, 0, slot); /* BPF_K is 0 */
}

/* Argument 1 is the map, argument 2 the address of the key. */
static void emit_map_call(struct program *program, int map, int16_t key_slot, int32_t function)
{
	emit(program, BPF_LD | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map); /* BPF_IMM is 0 */
	emit(program, 0, 0, 0, 0, 0);
	emit_address(program, BPF_REG_2, key_slot);
	emit(program, BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

/* `flags`: 0, or BPF_FETCH, which puts the old value into `amount`. */
static void emit_atomic_add(struct program *program, uint8_t address, uint8_t amount, int32_t flags)
{
	emit(program, BPF_STX | BPF_ATOMIC | BPF_DW, address, amount, 0, BPF_ADD | flags);
}

static void emit_return(struct program *program, int32_t value)
{
	emit_number(program, BPF_REG_0, value);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* A jump whose end is not known yet: land() is called where it is. */
static size_t emit_jump_if(struct program *program, uint8_t comparison, uint8_t left, int32_t right)
{
	return emit(program, BPF_JMP | comparison | BPF_K, left, 0, 0, right);
}

static void land(struct program *program, size_t jump)
{
	program->code[jump].off = (int16_t)(program->count - jump - 1);
}

/* --- the programs --------------------------------------------------------------------------------------------------------- */

/*
 * int file_alloc_security(struct file *file), in the process that opens something:
 *
 *     for (level = 1; level <= FILES_LIMIT_MAX_LEVEL; level++) {
 *             cgroup = bpf_get_current_ancestor_cgroup_id(level);
 *             if (cgroup == 0)
 *                     return 0;
 *             if ((limit = lookup(limits, cgroup)))
 *                     goto counted;
 *     }
 *     return 0;
 * counted:
 *     if (!(used = lookup(used, cgroup)))
 *             return 0;
 *     if (fetch_and_add(used, 1) < *limit && update(files, file, cgroup) == 0)
 *             return 0;
 *     add(used, -1);
 *     return -ENFILE;
 */
static void write_alloc(struct program *program, const struct maps *maps)
{
	size_t outside[FILES_LIMIT_MAX_LEVEL] = {0}, counted[FILES_LIMIT_MAX_LEVEL] = {0}, last, uncounted, over, stored;

	emit_load(program, BPF_REG_6, BPF_REG_1, 0);
	for (int level = 1; level <= FILES_LIMIT_MAX_LEVEL; level++) {
		emit_number(program, BPF_REG_1, level);
		emit(program, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_ancestor_cgroup_id);
		outside[level - 1] = emit_jump_if(program, BPF_JEQ, BPF_REG_0, 0);
		emit_store(program, SLOT_CGROUP, BPF_REG_0);
		emit_map_call(program, maps->limits, SLOT_CGROUP, BPF_FUNC_map_lookup_elem);
		counted[level - 1] = emit_jump_if(program, BPF_JNE, BPF_REG_0, 0);
	}
	last = emit(program, BPF_JMP | BPF_JA, 0, 0, 0, 0);

	for (int i = 0; i < FILES_LIMIT_MAX_LEVEL; i++)
		land(program, counted[i]);
	emit_load(program, BPF_REG_7, BPF_REG_0, 0);
	emit_map_call(program, maps->used, SLOT_CGROUP, BPF_FUNC_map_lookup_elem);
	uncounted = emit_jump_if(program, BPF_JEQ, BPF_REG_0, 0);
	emit_move(program, BPF_REG_8, BPF_REG_0);
	emit_number(program, BPF_REG_1, 1);
	emit_atomic_add(program, BPF_REG_8, BPF_REG_1, BPF_FETCH);
	over = emit(program, BPF_JMP | BPF_JGE | BPF_X, BPF_REG_1, BPF_REG_7, 0, 0);
	emit_store(program, SLOT_FILE, BPF_REG_6);
	emit_address(program, BPF_REG_3, SLOT_CGROUP);
	emit_number(program, BPF_REG_4, BPF_ANY);
	emit_map_call(program, maps->files, SLOT_FILE, BPF_FUNC_map_update_elem);
	stored = emit_jump_if(program, BPF_JEQ, BPF_REG_0, 0);
	land(program, over);
	emit_number(program, BPF_REG_1, -1);
	emit_atomic_add(program, BPF_REG_8, BPF_REG_1, 0);
	emit_return(program, -ENFILE);

	for (int i = 0; i < FILES_LIMIT_MAX_LEVEL; i++)
		land(program, outside[i]);
	land(program, last);
	land(program, uncounted);
	land(program, stored);
	emit_return(program, 0);
}

/*
 * void file_free_security(struct file *file), wherever the last reference was dropped:
 *
 *     if (!(owner = lookup(files, file)))
 *             return;
 *     cgroup = *owner;
 *     delete(files, file);
 *     if ((used = lookup(used, cgroup)))
 *             add(used, -1);
 */
static void write_free(struct program *program, const struct maps *maps)
{
	size_t foreign, gone;

	emit_load(program, BPF_REG_6, BPF_REG_1, 0);
	emit_store(program, SLOT_FILE, BPF_REG_6);
	emit_map_call(program, maps->files, SLOT_FILE, BPF_FUNC_map_lookup_elem);
	foreign = emit_jump_if(program, BPF_JEQ, BPF_REG_0, 0);
	emit_load(program, BPF_REG_7, BPF_REG_0, 0);
	emit_store(program, SLOT_CGROUP, BPF_REG_7);
	emit_map_call(program, maps->files, SLOT_FILE, BPF_FUNC_map_delete_elem);
	emit_map_call(program, maps->used, SLOT_CGROUP, BPF_FUNC_map_lookup_elem);
	gone = emit_jump_if(program, BPF_JEQ, BPF_REG_0, 0);
	emit_number(program, BPF_REG_1, -1);
	emit_atomic_add(program, BPF_REG_0, BPF_REG_1, 0);
	land(program, foreign);
	land(program, gone);
	emit_return(program, 0);
}

/* --- into the kernel ------------------------------------------------------------------------------------------------------ */

static int make_map(const char *name, uint32_t entries, int *ret_map, struct error *err)
{
	const struct bpf_map_create_opts options = {.sz = sizeof(options), .map_flags = BPF_F_NO_PREALLOC};

	*ret_map = bpf_map_create(BPF_MAP_TYPE_HASH, name, sizeof(uint64_t), sizeof(uint64_t), entries, &options);
	return *ret_map < 0 ? error_set_errno(err, "the kernel refuses the BPF map %s", name) : 0;
}

static int pin(int fd, const char *name, struct error *err)
{
	autofree char *path = xasprintf(NEW_DIRECTORY "/%s", name);

	return bpf_obj_pin(fd, path) < 0 ? error_set_errno(err, "cannot pin %s", path) : 0;
}

/* The kernel wants programs of this kind to be under the GPL, as which the LGPL lets them be used (its section 3). */
static int attach(const char *hook, const char *name, const struct program *program, struct error *err)
{
	struct bpf_prog_load_opts options = {.sz = sizeof(options), .expected_attach_type = BPF_LSM_MAC};
	autoclose int loaded = -EBADF, link = -EBADF;
	int type = libbpf_find_vmlinux_btf_id(hook, BPF_LSM_MAC);

	if (type < 0)
		return error_set(err, type, "the kernel has no hook %s for BPF", hook);
	options.attach_btf_id = (uint32_t)type;
	loaded = bpf_prog_load(BPF_PROG_TYPE_LSM, name, "GPL", program->code, program->count, &options);
	if (loaded < 0)
		return error_set_errno(err, "the kernel refuses BPF programs at the hook %s", hook);
	link = bpf_raw_tracepoint_open(NULL, loaded);
	if (link < 0)
		return error_set_errno(err, "the kernel refuses to attach BPF to the hook %s", hook);
	return pin(link, name, err);
}

static int make_maps(struct maps *maps, struct error *err)
{
	int r = make_map(FILES_LIMIT_LIMITS, MAX_CONTAINERS, &maps->limits, err);

	if (r == 0)
		r = make_map(FILES_LIMIT_USED, MAX_CONTAINERS, &maps->used, err);
	if (r == 0)
		r = make_map("files", MAX_FILES, &maps->files, err);
	if (r == 0)
		r = pin(maps->limits, FILES_LIMIT_LIMITS, err);
	return r < 0 ? r : pin(maps->used, FILES_LIMIT_USED, err);
}

/* The one that forgets is there before the one that counts. */
static int make_counter(struct error *err)
{
	struct program on_alloc = {0}, on_free = {0};
	struct maps maps = {-1, -1, -1};
	int r = make_maps(&maps, err);

	if (r < 0)
		return r;
	write_alloc(&on_alloc, &maps);
	write_free(&on_free, &maps);
	r = attach("file_free_security", "on_free", &on_free, err);
	return r < 0 ? r : attach("file_alloc_security", "on_alloc", &on_alloc, err);
}

/* Complete by the rename; what a killed run left is removed. */
static int run(struct error *err)
{
	int r = file_remove_tree(AT_FDCWD, NEW_DIRECTORY, err);

	if (r < 0)
		return r;
	if (mkdir(NEW_DIRECTORY, 0700) < 0)
		return error_set_errno(err, "cannot make " NEW_DIRECTORY);
	r = make_counter(err);
	if (r == 0 && rename(NEW_DIRECTORY, FILES_LIMIT_DIRECTORY) < 0)
		r = error_set_errno(err, "cannot make " FILES_LIMIT_DIRECTORY);
	if (r < 0)
		file_remove_tree(AT_FDCWD, NEW_DIRECTORY, NULL);
	return r;
}

int main(void)
{
	struct error error = {0};

	libbpf_set_print(NULL);
	if (run(&error) == 0)
		return 0;
	fprintf(stderr, "%s", error.message);
	return 1;
}
