/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon.json: whatever it is, it is refused with a word, or everything in it has a value in force. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void count(void *data, const char *key, const struct json *value, enum config_source source)
{
	(void)value;
	require(key[0] && (source == CONFIG_DEFAULT || source == CONFIG_FILE));
	++*(size_t *)data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoclose int fd = memfd_create("daemon.json", MFD_CLOEXEC);
	struct config config;
	struct error err = {0};
	size_t keys = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(fd >= 0 && file_write_all(fd, data, size, NULL) == 0 && setenv("SYSCONTAINER_CONFIG", path, 1) == 0);
	if (config_load(&config, &err) < 0) {
		require(err.code < 0 && err.message[0]);
		return 0;
	}
	require(config.user_remap && config.cgroup_parent && config.log_max_bytes >= 4096 && config.start_timeout_ms >= 0);
	config_release(&config);
	require(config_explain(count, &keys, NULL) == 0 && keys > 0);
	return 0;
}
