/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a foreign tree tells of its init: by the name of a library, and by the head of a program. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "container/guest_layout.h"
#include "kernel/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
	autofree char *prefix = NULL;
	unsigned version = guest_systemd_version(name);

	if (!version)
		return;
	prefix = xasprintf("libsystemd-shared-%u", version);
	if (version > 9999 || strncmp(name, prefix, strlen(prefix)) != 0)
		abort();
}

static void check_program(const uint8_t *data, size_t size)
{
	autoclose int fd = memfd_create("init", MFD_CLOEXEC);
	struct error error = {0};
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	r = elf_check_machine(fd, "init", &error);
	if (r != 0 && (r != -ENOEXEC || !error.message[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *name = xstrndup((const char *)data, size);

	check_name(name);
	check_program(data, size);
	return 0;
}
