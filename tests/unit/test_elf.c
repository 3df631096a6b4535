/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the look at ELF headers: made ones for every case, and this very program. */
#include "kernel/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/memory.h"

#if defined(__x86_64__)
#define OURS   EM_X86_64
#define OURS32 EM_386
#else
#define OURS   EM_AARCH64
#define OURS32 EM_ARM
#endif

static int check_bytes(const void *data, size_t length, struct error *err)
{
	autoclose int fd = memfd_create("program", MFD_CLOEXEC);

	assert_int_equal(write(fd, data, length), length);
	return elf_check_machine(fd, "/sbin/init", err);
}

static void test_headers(void **state)
{
	static const struct {
		unsigned machine;
		bool is_big_endian;
		const char *refusal; /* NULL: runs here */
	} cases[] = {
		{OURS, false, NULL},
		{OURS32, false, NULL},
		{EM_RISCV, false, "/sbin/init is a program for riscv, and this machine is "},
		{EM_S390, true, "/sbin/init is a program for s390, and this machine is "},
		{EM_PPC64, true, "/sbin/init is a program for ppc64, and this machine is "},
		{EM_S390, false, "/sbin/init is a program for s390, and this machine is "},
		{OURS << 8, false, "/sbin/init is a program for an unknown machine, and this machine is "},
		{0, false, "/sbin/init is a program for an unknown machine, and this machine is "},
		{0xffff, false, "/sbin/init is a program for an unknown machine, and this machine is "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char header[64] = {0x7f,      'E',        'L',
					    'F',       ELFCLASS64, cases[i].is_big_endian ? ELFDATA2MSB : ELFDATA2LSB,
					    EV_CURRENT};
		struct error err = {0};
		int r;

		header[cases[i].is_big_endian ? 19 : 18] = cases[i].machine & 0xff;
		header[cases[i].is_big_endian ? 18 : 19] = cases[i].machine >> 8;
		r = check_bytes(header, sizeof(header), &err);
		assert_int_equal(r, cases[i].refusal ? -ENOEXEC : 0);
		assert_int_equal(err.code, r);
		if (cases[i].refusal)
			assert_memory_equal(err.message, cases[i].refusal, strlen(cases[i].refusal));
	}
}

static void test_what_is_no_elf_file_is_fine(void **state)
{
	static const char *const contents[] = {
		"", "#!/bin/sh\n", "\177EL", "\177ELF", "\177ELF\2\1\1 cut here", "ELF and more than 20 bytes"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++)
		assert_int_equal(check_bytes(contents[i], strlen(contents[i]), NULL), 0);
}

static void test_real_files(void **state)
{
	static const char *const paths[] = {"/proc/self/exe", "/", "/dev/null"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		autoclose int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(elf_check_machine(fd, paths[i], NULL), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_what_is_no_elf_file_is_fine),
		cmocka_unit_test(test_real_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
