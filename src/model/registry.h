/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which containers there are: ids, unique names, and who owns which range of ids. */
#pragma once

#include "base/error.h"
#include "base/strings.h"
#include "model/spec.h"
#include "model/state.h"

/*
 * Everything that changes names, ids or id ranges holds this lock, and only for that long. Taking it also removes what a
 * crashed command left half made or half removed. Released by close(2).
 */
int registry_lock(int *ret_fd, struct error *err);

/* Full ids of all containers, broken ones too, in no order. */
int registry_list(struct strings *ret_ids, struct error *err);
/*
 * A full id, a name or a unique prefix of an id (in this order) to the full id. -ENOENT: "No such container: X"; -ENOTUNIQ: names the ids.
 * Caller frees.
 */
int registry_resolve(const char *reference, char **ret_id, struct error *err);

/*
 * Under the lock, makes a new container of `spec`: gives it an id, a range of ids when idmap.is_automatic, its name
 * (-EEXIST when taken; made from the id when NULL), spec.json and a first state.json. After a crash at any point it is there
 * completely or not at all. Fills spec->id, name, created_ns, idmap.
 */
int registry_add(int lock_fd, struct spec *spec, struct error *err);
/* Under the lock, gives it another name and saves the spec. */
int registry_rename(int lock_fd, struct spec *spec, const char *new_name, struct error *err);
/* Under the lock, forgets it: directory, name, range. Works for a container whose spec cannot be read. */
int registry_remove(int lock_fd, const char *id, struct error *err);
/* The name of a container whose spec may be unreadable, from names/; "" when there is none. The caller frees. */
char *registry_find_name(const char *id);
