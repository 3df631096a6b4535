/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the translation of device rules into instructions (kernel: bpf/standardization/instruction-set.rst).
 *
 * A rule gathers all differences from what is asked in one register and compares once. A chain of comparisons would be as quick, but the verifier follows each side of each
 * of them to the end of the program, which for a thousand rules takes it a second; so it walks through once.
 */
#include "kernel/device_program.h"

#include <stdint.h>

#include "base/memory.h"

/* What is asked, from the prologue on, and what a rule works with. */
enum { DIFFERENCE = BPF_REG_0, PART = BPF_REG_1, WAY = BPF_REG_2, MAJOR, MINOR };

#define PROLOGUE    3 /* instructions */
#define MAX_OF_RULE 12
#define ANSWER      2

struct program {
	struct bpf_insn *items;
	size_t count;
};

static void emit(struct program *program, struct bpf_insn instruction)
{
	program->items[program->count++] = instruction;
}

/* With the context, whose address the first register has at the start. */
static void emit_load(struct program *program, uint8_t target, size_t offset)
{
	emit(program, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
					.dst_reg = target & 0xf,
					.src_reg = BPF_REG_1,
					.off = (int16_t)offset});
}

static void emit_constant(struct program *program, uint8_t operation, uint8_t target, uint32_t constant)
{
	emit(program,
	     (struct bpf_insn){.code = BPF_ALU64 | BPF_K | operation, .dst_reg = target & 0xf, .imm = (int32_t)constant});
}

static void emit_register(struct program *program, uint8_t operation, uint8_t target, uint8_t source)
{
	emit(program,
	     (struct bpf_insn){.code = BPF_ALU64 | BPF_X | operation, .dst_reg = target & 0xf, .src_reg = source & 0xf});
}

static void emit_answer(struct program *program, bool is_allowed)
{
	emit_constant(program, BPF_MOV, BPF_REG_0, is_allowed);
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

static void emit_prologue(struct program *program)
{
	emit_load(program, WAY, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit_load(program, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(program, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

/* The kernel packs two numbers into one, access << 16 | kind: another kind is a difference, and so is access that the rule does not give. */
static void emit_way(struct program *program, const struct device_rule *rule)
{
	emit_register(program, BPF_MOV, DIFFERENCE, WAY);
	emit_constant(program, BPF_XOR, DIFFERENCE, rule->kind == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	emit_constant(program, BPF_AND, DIFFERENCE, (DEVICE_ALL & ~rule->access) << 16 | 0xffff);
}

static void emit_number(struct program *program, uint8_t asked, uint32_t number)
{
	if (number == DEVICE_ANY)
		return;
	emit_register(program, BPF_MOV, PART, asked);
	emit_constant(program, BPF_XOR, PART, number);
	emit_register(program, BPF_OR, DIFFERENCE, PART);
}

static void emit_rule(struct program *program, const struct device_rule *rule)
{
	emit_way(program, rule);
	emit_number(program, MAJOR, rule->major);
	emit_number(program, MINOR, rule->minor);
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = DIFFERENCE, .off = ANSWER});
	emit_answer(program, true);
}

struct bpf_insn *device_program_new(const struct device_rules *rules, size_t *ret_count)
{
	struct program program = {.items = xcalloc(PROLOGUE + rules->count * MAX_OF_RULE + ANSWER, sizeof(*program.items))};

	emit_prologue(&program);
	for (size_t i = 0; i < rules->count; i++)
		emit_rule(&program, &rules->items[i]);
	emit_answer(&program, false);
	*ret_count = program.count;
	return program.items;
}
