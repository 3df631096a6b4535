/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the default confinement of a container. */
#include "container/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/memory.h"
#include "kernel/capability.h"
#include "kernel/lsm.h"
#include "model/machine_id.h"
#include "model/paths.h"

/* Only honoured in the host's user namespace, and without them systemd's own conditions skip what cannot work in a container. */
static const int never[] = {CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_AUDIT_READ};
/* What a root that is the host's root does not need to run a system, but could use against the host. */
static const int not_as_host_root[] = {CAP_SYS_TIME,     CAP_WAKE_ALARM, CAP_MAC_ADMIN,
				       CAP_MAC_OVERRIDE, CAP_SYSLOG,     CAP_BLOCK_SUSPEND};

static uint64_t without(uint64_t set, const int *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set &= ~CAPABILITY_BIT(list[i]);
	return set;
}

uint64_t confinement_capabilities(const struct spec *spec)
{
	uint64_t set = CAPABILITY_ALL;

	if (!spec->is_privileged)
		set = without(set, never, ARRAY_SIZE(never));
	if (!spec->is_privileged && !spec_is_remapped(spec))
		set = without(set, not_as_host_root, ARRAY_SIZE(not_as_host_root));
	set = spec_security_capabilities(&spec->security, set);
	/* reboot(2) means the machine, or the container, whose processes these are. */
	if (!spec_namespace_is_own(&spec->namespaces, SPEC_NAMESPACE_PID))
		set &= ~(UINT64_C(1) << CAP_SYS_BOOT);
	return set;
}

/* In the shape of a UUID: systemd makes the machine id of a tree without one from it. */
static void append_uuid(const struct spec *spec, struct strings *environment)
{
	char id[MACHINE_ID_LENGTH + 1];

	machine_id_of_container(spec->id, id);
	strings_appendf(environment, "container_uuid=%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
}

static void set_values(const struct strings *items, struct strings *environment)
{
	for (size_t i = 0; i < items->count; i++) {
		const char *item = items->items[i];
		autofree char *key = xstrndup(item, strcspn(item, "="));

		strings_set_value(environment, key, strchr(item, '=') ? strchr(item, '=') + 1 : "");
	}
}

void confinement_environment(const struct spec *spec, const struct boot *boot, bool is_init, struct strings *ret_environment)
{
	strings_append(ret_environment, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	strings_append(ret_environment, "container=lxc"); /* how systemd sees a container of this kind */
	strings_appendf(ret_environment, "HOSTNAME=%s", spec->hostname);
	if (spec->has_tty)
		strings_append(ret_environment, "TERM=xterm");
	if (is_init) {
		append_uuid(spec, ret_environment);
		strings_append(ret_environment, "NOTIFY_SOCKET=/run/host/notify");
	}
	set_values(&boot->environment, ret_environment);
	set_values(&spec->environment, ret_environment);
}

char *confinement_profile(const struct spec *spec, const struct config *config)
{
	bool is_off = spec->is_privileged || strcmp(config->seccomp_profile, "unconfined") == 0;

	if (spec->security.seccomp == SPEC_SECCOMP_PROFILE)
		return paths_container(spec->id, SPEC_SECCOMP_FILE);
	return spec->security.seccomp == SPEC_SECCOMP_UNCONFINED || is_off ? NULL : xstrdup(config->seccomp_profile);
}

static bool wants_selinux(const struct spec_label *label)
{
	return label->user || label->role || label->type || label->level;
}

/* What the container asks for, else what the configuration says of those that ask for nothing; "unconfined" is what nobody labels. */
static const char *choose_apparmor(const struct spec *spec, const struct config *config)
{
	const char *profile = spec->security.apparmor;

	if (!profile && !spec->is_privileged && !wants_selinux(&spec->security.label))
		profile = config->apparmor_profile;
	if (profile && !spec->security.apparmor && strcmp(profile, "auto") == 0)
		profile = lsm_has_profile(CONFINEMENT_APPARMOR) ? CONFINEMENT_APPARMOR : NULL;
	return profile && strcmp(profile, "unconfined") != 0 ? profile : NULL;
}

void confinement_settle(const struct spec *spec, const struct config *config, struct boot *boot)
{
	const char *profile = choose_apparmor(spec, config);

	boot->mask = config->mask;
	ulimits_release(&boot->ulimits);
	for (size_t i = 0; i < config->ulimits.count; i++)
		ulimits_set(&boot->ulimits, &config->ulimits.items[i]);
	for (size_t i = 0; i < spec->security.ulimits.count; i++)
		ulimits_set(&boot->ulimits, &spec->security.ulimits.items[i]);
	free(boot->apparmor);
	boot->apparmor = profile ? xstrdup(profile) : NULL;
}

/* From outside, by the host's root: the stub, root of a user namespace, could not raise a hard limit. */
static int set_limits(const struct ulimits *list, pid_t pid, struct error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct ulimit *limit = &list->items[i];
		struct rlimit value = {
			.rlim_cur = limit->soft == ULIMIT_UNLIMITED ? RLIM_INFINITY : (rlim_t)limit->soft,
			.rlim_max = limit->hard == ULIMIT_UNLIMITED ? RLIM_INFINITY : (rlim_t)limit->hard,
		};

		/* nofile: no more than fs.nr_open. */
		if (prlimit(pid, (__rlimit_resource_t)ulimit_resource(limit->name), &value, NULL) < 0)
			return error_set_errno(err, "cannot set the ulimit %s to %lld:%lld", limit->name,
					       (long long)limit->soft, (long long)limit->hard);
	}
	return 0;
}

static int load_filter(const struct spec *spec, struct text *filter, struct error *err)
{
	autofree char *path = paths_run_container(spec->id, CONFINEMENT_FILTER), *data = NULL;
	struct error problem = {0};
	size_t length;
	int r = file_read(AT_FDCWD, path, STUB_MAX_FILTER, &data, &length, &problem);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return error_set(err, r, "%s", problem.message);
	text_append_bytes(filter, data, length);
	return 0;
}

static int check_modules(const char *profile, const struct spec_label *label, struct error *err)
{
	if (profile && !lsm_is_on(LSM_APPARMOR))
		return error_set(
			err, -EOPNOTSUPP,
			"AppArmor is not on here, so there is no profile %s (/sys/module/apparmor/parameters/enabled)",
			profile);
	if (wants_selinux(label) && !lsm_is_on(LSM_SELINUX))
		return error_set(err, -EOPNOTSUPP, "SELinux is not on here, so there are no labels (/sys/fs/selinux)");
	if (profile && wants_selinux(label))
		return error_set(err, -EINVAL, "an AppArmor profile and an SELinux label cannot be set both");
	return 0;
}

int confinement_check(const struct spec_security *security, struct error *err)
{
	bool is_confined = security->apparmor && strcmp(security->apparmor, "unconfined") != 0;

	return check_modules(is_confined ? security->apparmor : NULL, &security->label, err);
}

static int make_context(const struct spec_label *label, char **ret_context, struct error *err)
{
	autofree char *base = NULL;
	int r = lsm_read_container_context(&base, err);

	if (r < 0)
		return r;
	*ret_context = lsm_merge_context(base, label->user, label->role, label->type, label->level);
	return *ret_context ? 0 : error_set(err, -EINVAL, "\"%s\" is no SELinux context", base);
}

static int make_label(const char *profile, const struct spec_label *label, pid_t pid, struct confinement *confinement,
		      struct error *err)
{
	int r;

	if (!profile && !wants_selinux(label))
		return 0;
	r = check_modules(profile, label, err);
	if (r == 0 && profile)
		confinement->label = xasprintf("exec %s", profile);
	else if (r == 0)
		r = make_context(label, &confinement->label, err);
	if (r < 0)
		return r;
	confinement->label_fd = lsm_open_attribute(profile ? LSM_APPARMOR : LSM_SELINUX, pid, err);
	return confinement->label_fd < 0 ? confinement->label_fd : 0;
}

int confinement_prepare(const struct spec *spec, const struct boot *boot, pid_t pid, struct confinement *confinement,
			struct stub_order *order, struct error *err)
{
	int r = set_limits(&boot->ulimits, pid, err);

	*confinement = (struct confinement){.label_fd = -1};
	if (r == 0)
		r = load_filter(spec, &confinement->filter, err);
	if (r == 0)
		r = make_label(boot->apparmor, &spec->security.label, pid, confinement, err);
	order->flags |= spec->security.has_no_new_privileges ? STUB_NO_NEW_PRIVILEGES : 0;
	order->mask = (uint32_t)boot->mask;
	order->capabilities = confinement_capabilities(spec);
	order->filter = &confinement->filter;
	order->label = confinement->label;
	order->label_fd = confinement->label_fd;
	return r;
}

void confinement_release(struct confinement *confinement)
{
	text_release(&confinement->filter);
	if (confinement->label && confinement->label_fd >= 0)
		close(confinement->label_fd);
	free(confinement->label);
	*confinement = (struct confinement){.label_fd = -1};
}
