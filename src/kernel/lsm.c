/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns our side of AppArmor and SELinux. */
#include "kernel/lsm.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/strings.h"
#include "base/text.h"

#define MAX_BYTES    ((size_t)64 << 10)
#define MAX_PROFILES ((size_t)4 << 20)

bool lsm_is_on(enum lsm lsm)
{
	autofree char *line = NULL;

	if (lsm == LSM_APPARMOR)
		return file_read_line(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", &line, NULL) == 0 &&
		       line[0] == 'Y';
	/* libselinux looks for the same: selinuxfs is mounted once a policy is loaded. */
	return lsm == LSM_SELINUX && file_exists(AT_FDCWD, "/sys/fs/selinux/enforce");
}

bool lsm_lists_profile(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, name, length) == 0 && strncmp(line + length, " (", 2) == 0)
			return true;
	return false;
}

bool lsm_has_profile(const char *name)
{
	autofree char *list = NULL;

	return file_read(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", MAX_PROFILES, &list, NULL, NULL) == 0 &&
	       lsm_lists_profile(list, name);
}

int lsm_open_attribute(enum lsm lsm, pid_t pid, struct error *err)
{
	autofree char *path = xasprintf("/proc/%d/attr/apparmor/exec", pid), *shared = xasprintf("/proc/%d/attr/exec", pid);
	int fd = -1;

	/* AppArmor has a file of its own since Linux 5.8; the shared one belongs to the first module. */
	if (lsm == LSM_APPARMOR)
		fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fd = open(shared, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, "cannot open %s", shared) : fd;
}

/* The value of `key = "value"`, quotes optional, in a file of such lines. */
static char *find_value(const char *text, const char *key)
{
	autorelease(strings_release) struct strings lines = {0};
	size_t length = strlen(key);

	strings_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t"), *value;

		if (strncmp(line, key, length) != 0)
			continue;
		value = line + length + strspn(line + length, " \t");
		if (*value++ != '=')
			continue;
		value += strspn(value, " \t\"");
		return xstrndup(value, strcspn(value, " \t\"\r"));
	}
	return NULL;
}

char *lsm_parse_container_context(const char *text)
{
	return find_value(text, "process");
}

int lsm_read_container_context(char **ret_context, struct error *err)
{
	autofree char *config = NULL, *type = NULL, *path = NULL, *contexts = NULL;
	int r = file_read(AT_FDCWD, "/etc/selinux/config", MAX_BYTES, &config, NULL, err);

	if (r < 0)
		return r;
	type = find_value(config, "SELINUXTYPE");
	path = xasprintf("/etc/selinux/%s/contexts/lxc_contexts", type ? type : "targeted");
	r = file_read(AT_FDCWD, path, MAX_BYTES, &contexts, NULL, err);
	if (r < 0)
		return r;
	*ret_context = lsm_parse_container_context(contexts);
	return *ret_context ? 0 : error_set(err, -ENOENT, "%s names no context for \"process\"", path);
}

char *lsm_merge_context(const char *base, const char *user, const char *role, const char *type, const char *level)
{
	const char *given[3] = {user, role, type};
	autorelease(text_release) struct text context = {0};

	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		size_t length = strcspn(base, ":");

		if (length == 0 || (i < 2 && !base[length]))
			return NULL;
		text_appendf(&context, "%s%.*s", i ? ":" : "", given[i] ? 0 : (int)length, base);
		text_append(&context, given[i] ? given[i] : "");
		base += length + (base[length] == ':');
	}
	/* What follows the third colon is the level, which may hold colons itself; a policy without levels has none. */
	if (level || *base)
		text_appendf(&context, ":%s", level ? level : base);
	return text_steal(&context);
}

int lsm_set_file_type(const char *path, const char *type, struct error *err)
{
	static const char name[] = "security.selinux";
	autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	autofree char *context = NULL;
	char old[1024] = "";
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot open %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, -EINVAL, "%s is no regular file", path);
	if (fgetxattr(fd, name, old, sizeof(old) - 1) < 0)
		return error_set_errno(err, "cannot read the SELinux context of %s", path);
	context = lsm_merge_context(old, NULL, NULL, type, NULL);
	if (!context)
		return error_set(err, -EBADMSG, "the SELinux context of %s, \"%s\", is none", path, old);
	if (strcmp(context, old) != 0 && fsetxattr(fd, name, context, strlen(context) + 1, 0) < 0)
		return error_set_errno(err, "cannot set the SELinux context %s on %s", context, path);
	return 0;
}
