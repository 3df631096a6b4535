/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns `syscontainer info`. */
#include "syscontainer/commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/json_strings.h"
#include "base/memory.h"
#include "base/text.h"
#include "kernel/cgroup.h"
#include "model/config.h"
#include "model/paths.h"
#include "syscontainer/listing.h"

#define OS_RELEASE_MAX_BYTES ((size_t)64 << 10)

struct info_options {
	char *format;
};

/* Containers. */

static const char *const count_keys[] = {
	[CONTAINER_INITED] = "ContainersStopped",  [CONTAINER_STARTING] = "ContainersRunning",
	[CONTAINER_RUNNING] = "ContainersRunning", [CONTAINER_STOPPING] = "ContainersRunning",
	[CONTAINER_PAUSED] = "ContainersPaused",   [CONTAINER_RESTARTING] = "ContainersRunning",
	[CONTAINER_EXITED] = "ContainersStopped",  [CONTAINER_BROKEN] = "ContainersBroken",
};

static void add_one(struct json *info, const char *key)
{
	int64_t count = 0;

	json_integer(json_get(info, key), &count);
	json_set(info, key, json_new_integer(count + 1));
}

/* A row for broken ones only where there are some. */
static int add_containers(struct json *info, struct error *err)
{
	autorelease(listing_release) struct listing listing = {0};
	int r = listing_load(&listing, err);

	if (r < 0)
		return r;
	json_set(info, "Containers", json_new_unsigned(listing.count));
	json_set(info, "ContainersRunning", json_new_integer(0));
	json_set(info, "ContainersPaused", json_new_integer(0));
	json_set(info, "ContainersStopped", json_new_integer(0));
	for (size_t i = 0; i < listing.count; i++)
		add_one(info, count_keys[listing.items[i].status]);
	return 0;
}

/* The program. */

static void add_program(struct json *info)
{
	json_set(info, "Images", json_new_integer(0));
	json_set_string(info, "ServerVersion", PACKAGE_VERSION);
	json_set_string(info, "StorageDriver", "none");
	json_set_string(info, "LoggingDriver", "json-file");
	json_set_string(info, "RootDir", paths_root());
	json_set_string(info, "RunDir", paths_run());
	json_set_string(info, "ConfigFile", paths_config());
}

static void add_key(void *data, const char *key, const struct json *value, enum config_source source)
{
	struct json *row = json_set(data, key, json_new_object());

	json_set(row, "Value", value ? json_copy(value) : json_new_null());
	json_set_string(row, "Source", source == CONFIG_FILE ? "file" : "default");
}

/* A configuration that cannot be read is what one wants to find out by `info`. */
static void add_configuration(struct json *info)
{
	struct config config;
	struct error problem = {0};

	if (config_load(&config, &problem) < 0) {
		json_set_string(info, "ConfigProblem", problem.message);
		return;
	}
	config_explain(add_key, json_set(info, "Configuration", json_new_object()), NULL);
	json_set_string(info, "UserRemap", config.user_remap);
	json_set_string(info, "StartTimeout", config.start_timeout);
	json_set_string(info, "StopTimeout", config.stop_timeout);
	json_set_string(info, "CgroupParent", config.cgroup_parent);
	json_set_string(info, "SeccompProfile", config.seccomp_profile);
	json_set_string(info, "AppArmorProfile", config.apparmor_profile);
	json_set_string(info, "Umask", config.umask);
	config_release(&config);
}

static void add_proxies(struct json *info)
{
	json_set_string(info, "HttpProxy", getenv("http_proxy"));
	json_set_string(info, "HttpsProxy", getenv("https_proxy"));
	json_set_string(info, "NoProxy", getenv("no_proxy"));
}

/* The host. */

/* With v2 beside v1 hierarchies it is "hybrid". */
static const char *name_version(const struct cgroup_host *host)
{
	if (cgroup_is_unified(host))
		return "v2";
	for (size_t i = 0; i < host->count; i++)
		if (host->hierarchies[i].is_v2)
			return "hybrid";
	return "v1";
}

static void add_cgroups(struct json *info)
{
	struct cgroup_host host = {0};
	struct error problem = {0};

	json_set_string(info, "CgroupDriver", "cgroupfs");
	if (cgroup_host_load(&host, &problem) < 0) {
		json_set_string(info, "CgroupVersion", "none");
		return;
	}
	json_set_string(info, "CgroupVersion", name_version(&host));
	cgroup_host_release(&host);
}

/* "hugepages-2048kB" gives "2MB". */
static void append_page_size(const char *entry, struct text *out)
{
	static const char *const units[] = {"kB", "MB", "GB"};
	unsigned long size;
	size_t unit = 0;

	if (sscanf(entry, "hugepages-%lukB", &size) != 1)
		return;
	for (; size >= 1024 && size % 1024 == 0 && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	text_appendf(out, "%s%lu%s", out->length ? ", " : "", size, units[unit]);
}

static void add_page_sizes(struct json *info)
{
	autorelease(text_release) struct text sizes = {0};
	struct dirent **entries = NULL;
	int count = scandir("/sys/kernel/mm/hugepages", &entries, NULL, versionsort);

	for (int i = 0; i < count; i++) {
		append_page_size(entries[i]->d_name, &sizes);
		free(entries[i]);
	}
	free(entries);
	if (sizes.length)
		json_set_string(info, "HugetlbPagesize", text_get(&sizes));
}

/* The value of PRETTY_NAME in os-release(5); quotes are taken off. NULL when there is none. */
static char *find_pretty_name(const char *content)
{
	static const char key[] = "PRETTY_NAME=";
	const char *line = content;
	char ends[] = "\n\"";

	while (line && strncmp(line, key, strlen(key)) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return NULL;
	line += strlen(key);
	if (*line == '"' || *line == '\'')
		ends[1] = *line++;
	return xstrndup(line, strcspn(line, ends));
}

static void add_system(struct json *info)
{
	static const char *const places[] = {"/etc/os-release", "/usr/lib/os-release"};
	autofree char *content = NULL, *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !content; i++)
		file_read(AT_FDCWD, places[i], OS_RELEASE_MAX_BYTES, &content, NULL, NULL);
	name = content ? find_pretty_name(content) : NULL;
	json_set_string(info, "OperatingSystem", name ? name : "Linux");
	json_set_string(info, "OSType", "linux");
}

static void add_machine(struct json *info)
{
	struct utsname host = {0};
	struct sysinfo memory = {0};

	uname(&host);
	sysinfo(&memory);
	json_set_string(info, "KernelVersion", host.release);
	json_set_string(info, "Architecture", host.machine);
	json_set_string(info, "Name", host.nodename);
	json_set(info, "NCPU", json_new_integer(get_nprocs()));
	json_set(info, "MemTotal", json_new_unsigned((uint64_t)memory.totalram * memory.mem_unit));
}

static int collect(struct json *info, struct error *err)
{
	int r = add_containers(info, err);

	if (r < 0)
		return r;
	add_program(info);
	add_configuration(info);
	add_proxies(info);
	add_cgroups(info);
	add_page_sizes(info);
	add_system(info);
	add_machine(info);
	return 0;
}

/* Printing. */

static void append_value(const struct json *value, struct text *out)
{
	if (json_string(value))
		text_append(out, json_string(value));
	else
		json_print(value, 0, out);
}

static void append_gigabytes(const struct json *value, struct text *out)
{
	uint64_t bytes = 0;

	json_unsigned(value, &bytes);
	text_appendf(out, "%.2fGB", (double)bytes / (1 << 30));
}

/* One line for each key of daemon.json, behind the label's own. */
static void append_configuration(const struct json *value, struct text *out)
{
	for (size_t i = 0; i < json_count(value); i++) {
		const struct json *row = json_at(value, i);

		text_appendf(out, "\n %s: ", json_key_at(value, i));
		append_value(json_get(row, "Value"), out);
		text_appendf(out, " (%s)", json_string(json_get(row, "Source")));
	}
}

/* Lines of keys that are not there are left out. */
static const struct info_line {
	const char *label, *key;
	void (*append)(const struct json *value, struct text *out);
} info_lines[] = {
	{"Containers", "Containers", append_value},
	{" Running", "ContainersRunning", append_value},
	{" Paused", "ContainersPaused", append_value},
	{" Stopped", "ContainersStopped", append_value},
	{" Broken", "ContainersBroken", append_value},
	{"Images", "Images", append_value},
	{"Server Version", "ServerVersion", append_value},
	{"Storage Driver", "StorageDriver", append_value},
	{"Logging Driver", "LoggingDriver", append_value},
	{"Cgroup Driver", "CgroupDriver", append_value},
	{"Cgroup Version", "CgroupVersion", append_value},
	{"Cgroup Parent", "CgroupParent", append_value},
	{"Seccomp Profile", "SeccompProfile", append_value},
	{"Umask", "Umask", append_value},
	{"Hugetlb Pagesize", "HugetlbPagesize", append_value},
	{"Kernel Version", "KernelVersion", append_value},
	{"Operating System", "OperatingSystem", append_value},
	{"OSType", "OSType", append_value},
	{"Architecture", "Architecture", append_value},
	{"CPUs", "NCPU", append_value},
	{"Total Memory", "MemTotal", append_gigabytes},
	{"Name", "Name", append_value},
	{"Syscontainer Root Dir", "RootDir", append_value},
	{"iSulad Root Dir", "RootDir", append_value}, /* tools that were made for the reference look for it */
	{"Run Dir", "RunDir", append_value},
	{"Config File", "ConfigFile", append_value},
	{"Config Problem", "ConfigProblem", append_value},
	{"Configuration", "Configuration", append_configuration},
	{"Http Proxy", "HttpProxy", append_value},
	{"Https Proxy", "HttpsProxy", append_value},
	{"No Proxy", "NoProxy", append_value},
};

static void append_lines(const struct json *info, struct text *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(info_lines); i++) {
		const struct info_line *line = &info_lines[i];
		const struct json *value = json_get(info, line->key);

		if (!value)
			continue;
		text_appendf(out, "%s: ", line->label);
		line->append(value, out);
		text_append(out, "\n");
	}
}

static int run(void *data, const struct strings *operands, struct error *err)
{
	autorelease(json_free_scoped) struct json *info = json_new_object();
	autorelease(text_release) struct text out = {0};
	const struct info_options *options = data;
	int r = collect(info, err);

	(void)operands;
	if (r < 0)
		return r;
	if (options->format) {
		json_print(info, 0, &out);
		text_append(&out, "\n");
	} else {
		append_lines(info, &out);
	}
	fputs(text_get(&out), stdout);
	return 0;
}

static const char *const formats[] = {"json", NULL};

static const struct option_row rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct info_options, format),
	 .choices = formats,
	 .argument = "json",
	 .help = "print it as JSON"},
	{0},
};

const struct command command_info = {
	.name = "info",
	.arguments = "[OPTIONS]",
	.summary = "Show how many containers there are, the host and what is in force",
	.options = rows,
	.options_size = sizeof(struct info_options),
	.max_operands = COMMAND_NO_OPERANDS,
	.run = run,
};
