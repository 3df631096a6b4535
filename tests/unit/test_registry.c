/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the registry: how containers come, are found, and go, also when a command dies in between or two run at once. */
#include "model/registry.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "model/paths.h"
#include "work.h"

#define OTHER_ID "00112233ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define LONE_ID  "deadbeef00000000000000000000000000000000000000000000000000000000"

static int lock_fd;

static void take_lock(void)
{
	struct error err = {0};

	if (registry_lock(&lock_fd, &err) < 0)
		fail_msg("%s", err.message);
}

static int set_up(void **state)
{
	work_set_up(state);
	take_lock();
	return 0;
}

static int tear_down(void **state)
{
	close(lock_fd);
	return work_tear_down(state);
}

static void fill(struct spec *spec, const char *name)
{
	*spec = (struct spec){.name = xstrdup(name), .rootfs = xstrdup("/srv/web"), .cgroup_parent = xstrdup("/c")};
	strings_append(&spec->command, "/sbin/init");
	cgroup_limits_init(&spec->limits);
}

/* The id of a new container; the caller frees. */
static char *add(const char *name)
{
	struct error err = {0};
	struct spec spec;
	char *id;

	fill(&spec, name);
	if (registry_add(lock_fd, &spec, &err) < 0)
		fail_msg("%s", err.message);
	id = xstrdup(spec.id);
	spec_release(&spec);
	return id;
}

static void put_container(const char *id)
{
	autofree char *path = xasprintf("root/containers/%s", id);

	work_make_directory(path);
}

static void put_link(const char *place, const char *id)
{
	assert_int_equal(symlink(id, work_path(place)), 0);
}

static size_t count_entries(const char *directory)
{
	DIR *stream = opendir(work_path(directory));
	size_t count = 0;

	assert_non_null(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count - 2;
}

static bool is_link(const char *name)
{
	return file_exists(AT_FDCWD, work_path(name));
}

static void assert_resolves(const char *reference, const char *id)
{
	autofree char *found = NULL;
	struct error err = {0};

	if (registry_resolve(reference, &found, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(found, id);
}

static void assert_missing(const char *reference)
{
	autofree char *expected = xasprintf("No such container: %s", reference);
	struct error err = {0};
	char *found = NULL;

	assert_int_equal(registry_resolve(reference, &found, &err), -ENOENT);
	assert_string_equal(err.message, expected);
	assert_null(found);
}

static void test_add_makes_everything(void **state)
{
	struct spec spec, loaded;
	struct state first;
	autofree char *id = NULL;

	(void)state;
	fill(&spec, NULL);
	assert_int_equal(registry_add(lock_fd, &spec, NULL), 0);
	assert_int_equal(strlen(spec.id), 64);
	assert_int_equal(strspn(spec.id, "0123456789abcdef"), 64);
	assert_memory_equal(spec.name, spec.id, 12);
	assert_int_equal(strlen(spec.name), 12);
	assert_string_equal(spec.hostname, spec.name);
	assert_true(spec.created_ns > 0);
	id = xstrdup(spec.id);
	assert_int_equal(spec_load(id, &loaded, NULL), 0);
	assert_string_equal(loaded.name, spec.name);
	assert_int_equal(state_load(id, &first, NULL), 0);
	assert_false(first.was_started);
	assert_resolves(spec.name, id);
	spec_release(&spec);
	spec_release(&loaded);
	state_release(&first);
}

static void test_resolve(void **state)
{
	struct strings ids = {0};
	struct error err = {0};
	char *found = NULL;

	(void)state;
	put_container(WORK_ID);
	put_container(OTHER_ID);
	put_container(LONE_ID);
	put_container("not-an-id");
	put_link("root/names/web", LONE_ID);
	put_link("root/names/0011", LONE_ID); /* a name before a prefix */
	put_link("root/names/stale", "1111111111111111111111111111111111111111111111111111111111111111");
	put_link("root/names/odd", "../../etc");
	put_link("root/names/" WORK_ID, LONE_ID); /* but nobody hides behind the id of another */

	assert_int_equal(registry_list(&ids, NULL), 0);
	assert_int_equal(ids.count, 3);
	assert_true(strings_contain(&ids, WORK_ID) && strings_contain(&ids, OTHER_ID) && strings_contain(&ids, LONE_ID));
	strings_release(&ids);

	assert_resolves("web", LONE_ID);
	assert_resolves("/web", LONE_ID);
	assert_resolves(WORK_ID, WORK_ID);
	assert_resolves("d", LONE_ID);
	assert_resolves("deadbeef0000", LONE_ID);
	assert_resolves("001122334", WORK_ID);
	assert_resolves("0011", LONE_ID);
	assert_int_equal(registry_resolve("00112233", &found, &err), -ENOTUNIQ);
	assert_null(found);
	assert_non_null(strstr(err.message, "00112233 could be any of the containers "));
	assert_non_null(strstr(err.message, "001122334455"));
	assert_non_null(strstr(err.message, "00112233ffff"));
}

static void test_resolve_finds_nothing(void **state)
{
	static const char *const references[] = {
		"",
		"/",
		"web",
		"stale",
		"odd",
		"..",
		".",
		"../names/web",
		"names/web",
		"//web",
		"D",
		"DEADBEEF",
		"deadbeef1",
		(LONE_ID "0"),
		"1111111111111111111111111111111111111111111111111111111111111111",
		" web",
		"web ",
		"not-an-id",
		(".new-" LONE_ID),
	};

	(void)state;
	put_container(LONE_ID);
	put_container("not-an-id");
	put_container(".new-" LONE_ID);
	put_link("root/names/stale", "1111111111111111111111111111111111111111111111111111111111111111");
	put_link("root/names/odd", "../../etc");
	for (size_t i = 0; i < ARRAY_SIZE(references); i++)
		assert_missing(references[i]);
}

static void test_a_taken_name_is_refused(void **state)
{
	autofree char *id = add("web"), *expected = NULL;
	struct error err = {0};
	struct spec spec;

	(void)state;
	fill(&spec, "web");
	spec.idmap.is_automatic = true;
	assert_int_equal(registry_add(lock_fd, &spec, &err), -EEXIST);
	expected = xasprintf(
		"Conflict. The name \"web\" is already in use by container %s. You have to remove (or rename) that container to be "
		"able to reuse that name.",
		id);
	assert_string_equal(err.message, expected);
	assert_resolves("web", id);
	assert_int_equal(count_entries("root/containers"), 1);
	assert_int_equal(count_entries("root/names"), 1);
	assert_int_equal(count_entries("root/idmap"), 0);
	spec_release(&spec);
}

static void test_rename(void **state)
{
	autofree char *id = add("old"), *other = add("other"), *name = NULL;
	struct error err = {0};
	struct spec spec;

	(void)state;
	assert_int_equal(spec_load(id, &spec, NULL), 0);
	assert_int_equal(registry_rename(lock_fd, &spec, "other", &err), -EEXIST);
	assert_string_equal(spec.name, "old");
	assert_resolves("old", id);
	assert_resolves("other", other);
	assert_int_equal(registry_rename(lock_fd, &spec, "new", NULL), 0);
	assert_string_equal(spec.name, "new");
	spec_release(&spec);
	assert_int_equal(spec_load(id, &spec, NULL), 0);
	assert_string_equal(spec.name, "new");
	spec_release(&spec);
	assert_resolves("new", id);
	assert_missing("old");
	name = registry_find_name(id);
	assert_string_equal(name, "new");
	free(add("old"));
}

static void test_remove_leaves_nothing(void **state)
{
	struct error err = {0};
	struct spec spec;
	autofree char *run = NULL, *host = NULL, *name = NULL, *other = add("other");

	(void)state;
	fill(&spec, "web");
	spec.idmap.is_automatic = true;
	assert_int_equal(registry_add(lock_fd, &spec, &err), 0);
	run = paths_run_container(spec.id, "sub");
	host = paths_run_host(spec.id);
	assert_int_equal(file_make_directories(run, 0700, NULL), 0);
	assert_int_equal(file_make_directories(host, 0700, NULL), 0);
	assert_int_equal(registry_remove(lock_fd, spec.id, &err), 0);
	assert_missing("web");
	assert_missing(spec.id);
	name = registry_find_name(spec.id);
	assert_string_equal(name, "");
	assert_int_equal(count_entries("root/containers"), 1);
	assert_int_equal(count_entries("root/names"), 1);
	assert_int_equal(count_entries("root/idmap"), 0);
	assert_int_equal(count_entries("run"), 1);
	assert_int_equal(count_entries("run/host"), 0);
	assert_int_equal(registry_remove(lock_fd, spec.id, &err), -ENOENT);
	assert_resolves("other", other);
	spec_release(&spec);
}

static void test_a_broken_container_is_listed_and_removed(void **state)
{
	autofree char *id = add("broken"), *name = NULL, *path = paths_container(id, "spec.json");
	struct strings ids = {0};
	struct spec spec;

	(void)state;
	assert_int_equal(truncate(path, 10), 0);
	assert_true(spec_load(id, &spec, NULL) < 0);
	assert_int_equal(registry_list(&ids, NULL), 0);
	assert_true(strings_contain(&ids, id));
	strings_release(&ids);
	name = registry_find_name(id);
	assert_string_equal(name, "broken");
	assert_resolves("broken", id);
	assert_int_equal(registry_remove(lock_fd, id, NULL), 0);
	assert_missing("broken");
	free(add("broken"));
}

/* --- what a command that died leaves ---------------------------------------------------------------------------------- */

static void test_a_half_made_container_is_swept(void **state)
{
	autofree char *id = add("web");

	(void)state;
	put_container(".new-" LONE_ID);
	work_write("root/containers/.new-" LONE_ID "/spec.json", "{");
	put_link("root/names/half", LONE_ID);
	put_link("root/idmap/805306368-65536", LONE_ID);
	assert_missing("half");
	assert_missing(LONE_ID);
	close(lock_fd);
	take_lock();
	assert_int_equal(count_entries("root/containers"), 1);
	assert_int_equal(count_entries("root/names"), 1);
	assert_int_equal(count_entries("root/idmap"), 0);
	assert_resolves("web", id);
}

static void test_a_half_removed_container_is_swept(void **state)
{
	autofree char *id = add("web");

	(void)state;
	put_container(".old-" LONE_ID);
	put_link("root/names/half", LONE_ID);
	put_link("root/idmap/805306368-65536", LONE_ID);
	work_make_directory("run/" LONE_ID "/sub");
	work_make_directory("run/host/" LONE_ID);
	work_make_directory("run/other");
	close(lock_fd);
	take_lock();
	assert_int_equal(count_entries("root/containers"), 1);
	assert_int_equal(count_entries("root/idmap"), 0);
	assert_false(is_link("root/names/half"));
	assert_false(is_link("run/" LONE_ID));
	assert_false(is_link("run/host/" LONE_ID));
	assert_true(is_link("run/other"));
	assert_resolves("web", id);
}

/* Names that no command of ours made: nothing else may go with them. */
static void test_odd_leftovers_do_no_harm(void **state)
{
	autofree char *id = add("web");

	(void)state;
	put_container(".new-");
	put_container(".old-host");
	put_container(".old-..");
	work_make_directory("run/host/" LONE_ID);
	close(lock_fd);
	take_lock();
	assert_int_equal(count_entries("root/containers"), 1);
	assert_true(is_link("run/host/" LONE_ID));
	assert_resolves("web", id);
}

/* Both names lead to it; spec.json says which one it has. */
static void test_a_half_done_rename_is_swept(void **state)
{
	autofree char *id = add("old"), *broken = add("broken"), *path = paths_container(broken, "spec.json");

	(void)state;
	put_container(".new-rename");
	put_link("root/names/new", id);
	assert_int_equal(truncate(path, 10), 0);
	close(lock_fd);
	take_lock();
	assert_missing("new");
	assert_resolves("old", id);
	assert_resolves("broken", broken);
	assert_int_equal(count_entries("root/containers"), 2);
}

static void test_a_stale_name_can_be_used_again(void **state)
{
	autofree char *id = NULL;

	(void)state;
	put_link("root/names/web", LONE_ID);
	put_link("root/names/odd", "/etc/passwd");
	id = add("web");
	assert_resolves("web", id);
	free(add("odd"));
}

/* One life of a container, over and over. */
static void live_and_die(void)
{
	for (;;) {
		int fd = -1;
		struct spec spec;

		fill(&spec, "web");
		spec.idmap.is_automatic = true;
		if (registry_lock(&fd, NULL) < 0 || registry_add(fd, &spec, NULL) < 0 ||
		    registry_rename(fd, &spec, "new", NULL) < 0 || registry_remove(fd, spec.id, NULL) < 0)
			_exit(EXIT_FAILURE);
		close(fd);
		spec_release(&spec);
	}
}

static void assert_whole_or_absent(void)
{
	autorelease(strings_release) struct strings ids = {0};

	assert_int_equal(registry_list(&ids, NULL), 0);
	assert_int_equal(count_entries("root/containers"), ids.count);
	assert_int_equal(count_entries("root/names"), ids.count);
	assert_int_equal(count_entries("root/idmap"), ids.count);
	for (size_t i = 0; i < ids.count; i++) {
		struct spec spec;

		assert_int_equal(spec_load(ids.items[i], &spec, NULL), 0);
		assert_resolves(spec.name, ids.items[i]);
		spec_release(&spec);
		assert_int_equal(registry_remove(lock_fd, ids.items[i], NULL), 0);
	}
}

/* Each child dies somewhere in adding, renaming and removing; what the next finds is whole or nothing. */
static void test_killed_at_any_point(void **state)
{
	(void)state;
	close(lock_fd);
	for (unsigned i = 0; i < 60; i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			live_and_die();
		usleep(500 + i * 731 % 15000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		take_lock();
		assert_whole_or_absent();
		close(lock_fd);
	}
	take_lock();
}

#define RIVALS 8

static void test_two_at_once_have_one_winner(void **state)
{
	pid_t pids[RIVALS];
	int winners = 0, gate[2];
	char byte;

	(void)state;
	close(lock_fd);
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < RIVALS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			int fd = -1, r;
			struct spec spec;

			fill(&spec, "web");
			close(gate[1]);
			r = read(gate[0], &byte, 1) == 0 ? registry_lock(&fd, NULL) : -EIO;
			if (r == 0)
				r = registry_add(fd, &spec, NULL);
			_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
		}
	}
	close(gate[0]);
	close(gate[1]); /* now all run */
	for (int i = 0; i < RIVALS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		winners += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(winners, 1);
	take_lock();
	assert_int_equal(count_entries("root/containers"), 1);
	assert_int_equal(count_entries("root/names"), 1);
}

static void test_roots_that_others_may_write_to_are_refused(void **state)
{
	struct error err = {0};
	int fd = -1;

	(void)state;
	assert_int_equal(chmod(work_path("root"), 0777), 0);
	assert_int_equal(registry_lock(&fd, &err), -EPERM);
	assert_non_null(strstr(err.message, work_path("root")));
	assert_int_equal(fd, -1);
	assert_int_equal(chmod(work_path("root"), 0711), 0);
}

int main(void)
{
#define REGISTRY_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		REGISTRY_TEST(test_add_makes_everything),
		REGISTRY_TEST(test_resolve),
		REGISTRY_TEST(test_resolve_finds_nothing),
		REGISTRY_TEST(test_a_taken_name_is_refused),
		REGISTRY_TEST(test_rename),
		REGISTRY_TEST(test_remove_leaves_nothing),
		REGISTRY_TEST(test_a_broken_container_is_listed_and_removed),
		REGISTRY_TEST(test_a_half_made_container_is_swept),
		REGISTRY_TEST(test_a_half_removed_container_is_swept),
		REGISTRY_TEST(test_odd_leftovers_do_no_harm),
		REGISTRY_TEST(test_a_half_done_rename_is_swept),
		REGISTRY_TEST(test_a_stale_name_can_be_used_again),
		REGISTRY_TEST(test_killed_at_any_point),
		REGISTRY_TEST(test_two_at_once_have_one_winner),
		REGISTRY_TEST(test_roots_that_others_may_write_to_are_refused),
	};

	work_become_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
