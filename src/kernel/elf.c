/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the look at ELF headers. */
#include "kernel/elf.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{EM_X86_64, "x86-64"}, {EM_386, "i386"},    {EM_AARCH64, "arm64"}, {EM_ARM, "arm"},
	{EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"}, {EM_S390, "s390"},     {EM_LOONGARCH, "loongarch"},
};

#if defined(__x86_64__)
static const unsigned runnable[] = {EM_X86_64, EM_386};
#elif defined(__aarch64__)
static const unsigned runnable[] = {EM_AARCH64, EM_ARM};
#else
#error "add the ELF machine numbers of this architecture"
#endif

static const char *machine_name(unsigned machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "an unknown machine";
}

int elf_check_machine(int fd, const char *name, struct error *err)
{
	unsigned char header[20]; /* up to and with e_machine, which 32 and 64 bit files have at the same place */
	unsigned machine;

	if (pread(fd, header, sizeof(header), 0) != sizeof(header) || memcmp(header, ELFMAG, SELFMAG) != 0)
		return 0;
	machine = header[EI_DATA] == ELFDATA2MSB ? (unsigned)header[18] << 8 | header[19]
						 : (unsigned)header[19] << 8 | header[18];
	for (size_t i = 0; i < ARRAY_SIZE(runnable); i++)
		if (machine == runnable[i])
			return 0;
	return error_set(err, -ENOEXEC,
			 "%s is a program for %s, and this machine is %s; use a tree made for this architecture", name,
			 machine_name(machine), machine_name(runnable[0]));
}
