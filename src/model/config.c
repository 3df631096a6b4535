/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns daemon.json. */
#include "model/config.h"

#include <fcntl.h>
#include <stddef.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/paths.h"
#include "model/spec.h"

static const struct schema_field log_fields[] = {
	{.key = "max-size", .type = SCHEMA_STRING, .offset = offsetof(struct config_log, max_size)},
	{.key = "max-file", .type = SCHEMA_INT, .offset = offsetof(struct config_log, max_files)},
};
static const struct schema log_schema = {sizeof(struct config_log), log_fields, ARRAY_SIZE(log_fields)};

static const struct schema_field config_fields[] = {
	{.key = "user-remap", .type = SCHEMA_STRING, .offset = offsetof(struct config, user_remap)},
	{.key = "start-timeout", .type = SCHEMA_STRING, .offset = offsetof(struct config, start_timeout)},
	{.key = "stop-timeout", .type = SCHEMA_STRING, .offset = offsetof(struct config, stop_timeout)},
	{.key = "cgroup-parent", .type = SCHEMA_STRING, .offset = offsetof(struct config, cgroup_parent)},
	{.key = "container-log", .type = SCHEMA_OBJECT, .offset = offsetof(struct config, log), .nested = &log_schema},
};
const struct schema config_schema = {sizeof(struct config), config_fields, ARRAY_SIZE(config_fields)};

static void set_default(char **place, const char *value)
{
	if (!*place)
		*place = xstrdup(value);
}

static int parse_values(struct config *config, struct error *err)
{
	struct spec_idmap idmap;
	bool is_endless;

	if (number_parse_duration(config->start_timeout, &config->start_timeout_ms, err) < 0)
		return error_prefix(err, "start-timeout");
	/* Any negative one waits for ever. */
	is_endless = config->stop_timeout[0] == '-';
	if (number_parse_duration(config->stop_timeout + is_endless, &config->stop_timeout_ms, err) < 0)
		return error_prefix(err, "stop-timeout");
	if (is_endless)
		config->stop_timeout_ms = -1;
	if (number_parse_size(config->log.max_size, &config->log_max_bytes, err) < 0)
		return error_prefix(err, "container-log.max-size");
	if (spec_parse_idmap(config->user_remap, &idmap, err) < 0)
		return error_prefix(err, "user-remap: \"%s\"", config->user_remap);
	if (config->log_max_bytes < 4096)
		return error_set(err, -EINVAL, "container-log.max-size: %s is below 4096 bytes", config->log.max_size);
	if (config->log.max_files < 1 || config->log.max_files > 100)
		return error_set(err, -EINVAL, "container-log.max-file: %d is not between 1 and 100", config->log.max_files);
	return 0;
}

int config_load(struct config *ret_config, struct error *err)
{
	autorelease(json_free_scoped) struct json *value = NULL;
	const char *path = paths_config();
	int r;

	*ret_config = (struct config){.log = {.max_files = 7}};
	r = json_read_file(AT_FDCWD, path, JSON_MAX_BYTES, &value, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0)
		r = schema_read(&config_schema, value, SCHEMA_STRICT, ret_config, err);
	else
		r = 0;
	if (r == 0) {
		set_default(&ret_config->user_remap, "auto");
		set_default(&ret_config->start_timeout, "90s");
		set_default(&ret_config->stop_timeout, "10s");
		set_default(&ret_config->cgroup_parent, "/syscontainer");
		set_default(&ret_config->log.max_size, "1m");
		r = parse_values(ret_config, err);
	}
	if (r < 0) {
		config_release(ret_config);
		return error_prefix(err, "%s", path);
	}
	return 0;
}

void config_release(struct config *config)
{
	schema_release(&config_schema, config);
}
