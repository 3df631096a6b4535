/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the commands of lxcfs-toolkit: the proc view's files over those of guests that run. None of them waits for a server without a limit. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/table.h"
#include "lxcfs/bind.h"
#include "lxcfs/place.h"
#include "lxcfs/registration.h"
#include "lxcfs/report.h"
#include "lxcfs/workers.h"

#define GUEST_TIMEOUT_MS 30000
#define CHECK_TIMEOUT_MS 2000

/* The only global option. */
static char *log_file;

#define say(...) report(log_file, __VA_ARGS__)

/* --- which containers ------------------------------------------------------------------------------------------------------------- */

struct selection {
	struct registration *items;
	size_t count;
	bool is_undo;
};

static void selection_release(struct selection *selection)
{
	for (size_t i = 0; i < selection->count; i++)
		registration_release(&selection->items[i]);
	free(selection->items);
}

static bool is_called(const struct registration *registration, const char *reference)
{
	return strncmp(registration->id, reference, strlen(reference)) == 0 ||
	       (registration->name && strcmp(registration->name, reference) == 0);
}

static void add(struct selection *selection, struct registration *registration)
{
	selection->items = xreallocarray(selection->items, selection->count + 1, sizeof(*registration));
	selection->items[selection->count++] = *registration;
	*registration = (struct registration){0};
}

/* `reference` NULL: all that run. */
static int select_containers(const char *reference, struct selection *ret_selection, struct error *err)
{
	autorelease(strings_release) struct strings ids = {0};
	int r = registration_list(&ids, err);

	for (size_t i = 0; r == 0 && i < ids.count; i++) {
		autorelease(registration_release) struct registration registration = {0};
		struct error error = {0};

		if (registration_load(ids.items[i], &registration, &error) < 0)
			say("warning", "%s", error.message);
		else if (reference ? is_called(&registration, reference) : registration_is_alive(&registration))
			add(ret_selection, &registration);
	}
	if (r == 0 && reference && ret_selection->count > 1)
		return error_set(err, -ENOTUNIQ, "%s is the start of more than one id", reference);
	return r;
}

static const char *name_of(const struct registration *registration)
{
	return registration->name ? registration->name : registration->id;
}

/* --- remount, umount -------------------------------------------------------------------------------------------------------------- */

struct options {
	char *id;
	bool is_all, has_id;
};

#define ROW(name_, letter_, type_, member_, ...) \
	{ \
		.name = name_, .letter = letter_, .type = type_, .offset = offsetof(struct options, member_), ##__VA_ARGS__ \
	}
static const struct option_row rows[] = {
	ROW("all", 'a', OPTION_FLAG, is_all, .help = "every container that runs"),
	ROW("container-id", 'c', OPTION_STRING, id, .given_offset = offsetof(struct options, has_id), .argument = "ID",
	    .help = "this container: id, start of an id, or name"),
	{.name = NULL},
};

static int work_on(size_t index, void *data, struct error *err)
{
	const struct selection *selection = data;

	return selection->is_undo ? bind_undo(&selection->items[index], err) : bind_guest(&selection->items[index], err);
}

/* A line for each container; fails with the names of those that failed. */
static int work(struct selection *selection, const char *command, struct error *err)
{
	autofree struct error *errors = xcalloc(selection->count + 1, sizeof(*errors));
	autorelease(strings_release) struct strings failed = {0};
	autofree char *list = NULL;

	workers_run(selection->count, GUEST_TIMEOUT_MS, work_on, selection, errors);
	for (size_t i = 0; i < selection->count; i++) {
		const char *name = name_of(&selection->items[i]);

		/* It ended meanwhile: nothing is left to be done. */
		if (errors[i].code == 0 || errors[i].code == -ESRCH) {
			say("info", "%s %s: done", command, name);
			continue;
		}
		say("error", "%s %s: %s", command, name, errors[i].message);
		strings_append(&failed, name);
	}
	if (failed.count == 0)
		return 0;
	list = strings_join(&failed, ", ");
	return error_set(err, -EIO, "%s failed for %s", command, list);
}

static int run_on_selection(const struct options *options, const struct strings *operands, bool is_undo, struct error *err)
{
	autorelease(selection_release) struct selection selection = {.is_undo = is_undo};
	const char *command = is_undo ? "umount" : "remount";
	int r;

	if (operands->count)
		return error_set(err, -EINVAL,
				 is_undo ? "umount:requires at least one argument" : "remount: requires none args");
	if (!options->is_all && !options->has_id)
		return error_set(err, -EINVAL, "%s: You must choose at least one container", command);
	if (!options->is_all && !options->id[0])
		return error_set(err, -EINVAL, "Containerid mustn't be empty");
	r = select_containers(options->is_all ? NULL : options->id, &selection, err);
	if (r < 0)
		return r;
	if (!options->is_all && selection.count == 0)
		return error_set(err, -ENOENT, "%s: no container %s has the proc view", command, options->id);
	if (!options->is_all && !registration_is_alive(&selection.items[0])) {
		if (is_undo)
			return 0;
		return error_set(err, -ESRCH, "remount: container %s does not run", options->id);
	}
	return work(&selection, command, err);
}

static int run_remount(void *options, const struct strings *operands, struct error *err)
{
	return run_on_selection(options, operands, false, err);
}

static int run_umount(void *options, const struct strings *operands, struct error *err)
{
	return run_on_selection(options, operands, true, err);
}

/* --- check-lxcfs, prestart -------------------------------------------------------------------------------------------------------- */

static int look_at_tree(size_t index, void *data, struct error *err)
{
	autofree char *tree = place_run(PLACE_TREE);
	autoclose int fd = open(tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char entries[1024];

	(void)index;
	(void)data;
	if (fd < 0 || getdents64(fd, entries, sizeof(entries)) < 0)
		return error_set_errno(err, "cannot read %s", tree);
	return 0;
}

static int run_check(void *options, const struct strings *operands, struct error *err)
{
	struct error error = {0};

	(void)options;
	if (operands->count)
		return error_set(err, -EINVAL, "check-lxcfs: don't need any args");
	if (!bind_has_tree())
		return error_set(err, -ENOTCONN, "lxcfs is not ready: syscontainer-lxcfs does not run");
	workers_run(1, CHECK_TIMEOUT_MS, look_at_tree, NULL, &error);
	if (error.code < 0)
		return error_set(err, error.code, "lxcfs is not ready: %s", error.message);
	say("info", "lxcfs is running");
	return 0;
}

/* What a server that died for good leaves behind would be in the way of the next one. */
static int run_prestart(void *options, const struct strings *operands, struct error *err)
{
	autofree char *tree = place_run(PLACE_TREE);
	struct error error = {0};

	(void)options;
	if (operands->count)
		return error_set(err, -EINVAL, "prestart: don't need any args");
	if (!bind_has_tree())
		return file_make_directories(tree, 0755, err);
	workers_run(1, CHECK_TIMEOUT_MS, look_at_tree, NULL, &error);
	if (error.code == -ENOTCONN && umount2(tree, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot unmount %s", tree);
	return 0;
}

/* --- list --------------------------------------------------------------------------------------------------------------------------- */

static const char *describe(const struct bind_file *file)
{
	return file->layers == 0 ? "host" : file->is_current ? "bound" : "dead";
}

struct list_options {
	char *format;
};
static const char *const formats[] = {"table", "json", NULL};
static const struct option_row list_rows[] = {
	{.name = "format",
	 .type = OPTION_CHOICE,
	 .offset = offsetof(struct list_options, format),
	 .choices = formats,
	 .argument = "FORMAT",
	 .help = "table or json"},
	{.name = NULL},
};
static const struct list_options list_defaults = {.format = (char *)"table"};

static int list_container(const struct registration *registration, struct table *table, struct json *array,
			  struct error *err)
{
	autofree struct bind_file *files = NULL;
	size_t count = 0;
	int r = bind_list(registration, &files, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		struct json *object;

		table_append(table, (const char *const[]){name_of(registration), files[i].path, describe(&files[i])});
		object = json_append(array, json_new_object());
		json_set(object, "id", json_new_string(registration->id));
		json_set(object, "name", json_new_string(name_of(registration)));
		json_set(object, "file", json_new_string(files[i].path));
		json_set(object, "shows", json_new_string(describe(&files[i])));
		json_set(object, "layers", json_new_unsigned(files[i].layers));
	}
	return r;
}

static int run_list(void *data, const struct strings *operands, struct error *err)
{
	static const char *const headers[] = {"CONTAINER", "FILE", "SHOWS"};
	autorelease(selection_release) struct selection selection = {0};
	autorelease(json_free_scoped) struct json *array = json_new_array();
	autorelease(text_release) struct text text = {0};
	const struct list_options *options = data;
	struct table *table = table_new(headers, ARRAY_SIZE(headers));
	int r = select_containers(operands->count ? operands->items[0] : NULL, &selection, err);

	for (size_t i = 0; r == 0 && i < selection.count; i++) {
		r = list_container(&selection.items[i], table, array, err);
		r = r == -ESRCH ? 0 : r;
	}
	if (r == 0 && strcmp(options->format, "json") == 0) {
		json_print(array, 4, &text);
		puts(text.data);
	} else if (r == 0) {
		table_print(table, true, stdout);
	}
	table_free(table);
	return r;
}

/* --- the program -------------------------------------------------------------------------------------------------------------------- */

static const struct command remount_command = {
	.name = "remount",
	.arguments = "{--all | --container-id ID}",
	.summary = "Bind the proc view into containers",
	.details =
		"Binds what is missing; what comes from a file system that is gone is replaced. Containers are worked on in parallel, each for 30 s at most. Fails with the names of those where it failed.",
	.options = rows,
	.options_size = sizeof(struct options),
	.usage_status = 1,
	.run = run_remount,
};
static const struct command umount_command = {
	.name = "umount",
	.arguments = "{--all | --container-id ID}",
	.summary = "Let containers see the host's files",
	.details = "Takes the proc view off, also when its server is dead or hangs.",
	.options = rows,
	.options_size = sizeof(struct options),
	.usage_status = 1,
	.run = run_umount,
};
static const struct command check_command = {
	.name = "check-lxcfs",
	.summary = "Tell whether the proc view answers",
	.options_size = 1,
	.usage_status = 1,
	.run = run_check,
};
static const struct command prestart_command = {
	.name = "prestart",
	.summary = "Clear the mount point of a server that is gone",
	.options_size = 1,
	.usage_status = 1,
	.run = run_prestart,
};
static const struct command list_command = {
	.name = "list",
	.arguments = "[OPTIONS] [CONTAINER]",
	.summary = "Tell which files containers see as their own",
	.details =
		"SHOWS is \"bound\", \"host\" (the kernel's file), or \"dead\" (bound from a file system that is gone; remount mends it).",
	.options = list_rows,
	.defaults = &list_defaults,
	.options_size = sizeof(struct list_options),
	.max_operands = 1,
	.usage_status = 1,
	.run = run_list,
};
static const struct command *const commands[] = {
	&check_command, &list_command, &prestart_command, &remount_command, &umount_command, NULL,
};

static const struct option_row global_rows[] = {
	{.name = "log",
	 .type = OPTION_STRING,
	 .offset = 0,
	 .argument = "FILE",
	 .complete = "file",
	 .help = "write messages to this file, too"},
	{.name = NULL},
};
static const struct command_program program = {
	.name = "lxcfs-toolkit",
	.summary = "Bind the proc view of syscontainer-lxcfs into running containers.",
	.version = PACKAGE_VERSION,
	.commands = commands,
	.global_options = global_rows,
	.globals = &log_file,
};

static bool is_command(const char *word)
{
	for (const struct command *const *command = commands; *command; command++)
		if (strcmp((*command)->name, word) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	/* What scripts know. */
	if (argc > 1 && argv[1][0] != '-' && argv[1][0] != '_' && !is_command(argv[1])) {
		printf("No help topic for '%s'\n", argv[1]);
		return 3;
	}
	return command_main(&program, argc, argv);
}
