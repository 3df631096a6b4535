/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns how kernel modules are found and loaded. */
#include "kernel/module.h"

#include <fcntl.h>
#include <libkmod.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/memory.h"

char *module_directory(void)
{
	struct utsname system;

	uname(&system);
	return xasprintf("/lib/modules/%s", system.release);
}

static void context_release(struct kmod_ctx **context)
{
	kmod_unref(*context);
}

static void list_release(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}

static int open_context(const char *directory, struct kmod_ctx **ret_context, struct error *err)
{
	*ret_context = kmod_new(directory, NULL);
	return *ret_context ? 0 : error_set(err, -ENOMEM, "cannot read what modules there are in %s", directory);
}

/* Loaded or, with parameters, built in: the kernel writes '_' for '-'. */
static bool is_in_kernel(const char *name)
{
	autofree char *path = xasprintf("/sys/module/%s", name);

	for (char *next = path + strlen("/sys/module/"); *next; next++)
		if (*next == '-')
			*next = '_';
	return file_exists(AT_FDCWD, path);
}

/* Nothing found is an empty list. */
static int look_up(struct kmod_ctx *context, const char *name, struct kmod_list **ret_list, struct error *err)
{
	int r = kmod_module_new_from_lookup(context, name, ret_list);

	if (r == -ENOENT || r == -ENOSYS) /* no index files at all */
		return 0;
	return r < 0 ? error_set(err, r, "cannot look up the kernel module %s: %s", name, strerror(-r)) : 0;
}

int module_find_missing(const char *directory, const struct strings *names, struct strings *ret_missing, struct error *err)
{
	autorelease(context_release) struct kmod_ctx *context = NULL;
	int r = open_context(directory, &context, err);

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		autorelease(list_release) struct kmod_list *list = NULL;

		if (is_in_kernel(names->items[i]))
			continue;
		r = look_up(context, names->items[i], &list, err);
		if (r == 0 && !list)
			strings_append(ret_missing, names->items[i]);
	}
	return r;
}

int module_load(const char *directory, const char *name, struct error *err)
{
	autorelease(context_release) struct kmod_ctx *context = NULL;
	autorelease(list_release) struct kmod_list *list = NULL;
	struct kmod_list *item;
	int r;

	if (is_in_kernel(name))
		return 0;
	r = open_context(directory, &context, err);
	if (r == 0)
		r = look_up(context, name, &list, err);
	kmod_list_foreach(item, list)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		if (r == 0)
			r = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (r < 0)
			return error_set(err, r, "cannot load the kernel module %s: %s", name, strerror(-r));
	}
	return r;
}
