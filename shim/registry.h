/* SPDX-License-Identifier: GPL-2.0 */
/*
 * registry.h - the runs of this user
 *
 * Theory of operation: a run has a directory named like it in the runtime directory, with
 *   lock           an empty file; the run's shim holds flock(2) on it as long as it lives
 *   instance.json  what others may know of the run (docs/architecture.md)
 *   exec           a socket: ring3 exec asks the shim there (exec.h)
 *   view           an empty directory, the default place of its view
 * A directory whose lock is free was left by a shim that was killed, and is swept by the next
 * that comes along.  The process number in instance.json is that of the lock's holder: a run
 * whose lock is held is alive, whatever numbers were used since.
 */
#ifndef RING3_REGISTRY_H
#define RING3_REGISTRY_H

#include <json-c/json.h>
#include <sys/types.h>

#include "shim/runtime.h"
#include "shim/util.h"

#define RUN_LOCK "lock"
#define RUN_INFO "instance.json"
#define RUN_INFO_NEW "instance.json.new"
#define RUN_VIEW "view"
#define RUN_EXEC "exec"
/* Of --coverage, for as long as gcov(1) takes. */
#define RUN_COUNTERS "object.gcda"
#define RUN_NOTES "object.gcno"

/* A living run. */
struct run_entry {
	char *name;
	struct json_object *info;	/* the content of instance.json */
};

struct run_list {
	struct run_entry *v;
	size_t n;
};

enum sweep {
	SWEEP_NOTHING,		/* there is no such directory */
	SWEEP_ALIVE,
	SWEEP_REMOVED,
	SWEEP_FAILED,		/* something in it cannot be removed */
};

/**
 * registry_sweep_one() - remove the directory of a run if nobody holds its lock
 * @rt: the runtime directory, with runtime_lock()
 * @name: of the run
 *
 * A view that is still mounted is detached first.
 *
 * Return: what was there.
 */
enum sweep registry_sweep_one(const struct runtime *rt, const char *name);

/**
 * registry_view_taken() - does a living run have its view there?
 * @rt: the runtime directory, with runtime_lock()
 * @name: of the run that asks
 * @view: absolute path
 */
bool registry_view_taken(const struct runtime *rt, const char *name, const char *view);

/**
 * registry_remove() - remove the directory of a run, without looking whether it lives
 * @rt: the runtime directory
 * @name: of the run
 *
 * Return: true if nothing is left.
 */
bool registry_remove(const struct runtime *rt, const char *name);

/**
 * registry_after() - remove the directory of a run whose shim has died
 * @name: of the run
 * @shim: process number that the shim had
 *
 * Its dying children may hold the lock for moments; they are waited for, seconds at most.
 *
 * Return: false if the directory is still there.
 */
bool registry_after(const char *name, pid_t shim);

/**
 * registry_sweep() - remove all that is stale
 * @removed: receives the names
 */
void registry_sweep(struct strv *removed);

/**
 * registry_list() - sweep, and list the living runs by name
 * @list: filled in, for registry_free()
 * @removed: receives the names of what was swept
 *
 * A run that is about to start and has told nothing yet is not listed.
 */
void registry_list(struct run_list *list, struct strv *removed);

/**
 * registry_find() - find a run by its name
 * @list: the runs
 * @name: the name
 *
 * Return: the run, or NULL.
 */
const struct run_entry *registry_find(const struct run_list *list, const char *name);

/**
 * registry_choose() - find the run that is named, or the only one
 * @list: the runs
 * @name: the name, NULL: not said
 *
 * Return: the run, or NULL.
 */
const struct run_entry *registry_choose(const struct run_list *list, const char *name);

/**
 * registry_unknown() - say that there is no such run
 * @list: those there are
 * @name: what was asked for
 *
 * Return: RING3_EXIT_SETUP.
 */
int registry_unknown(const struct run_list *list, const char *name);

void registry_free(struct run_list *list);

/**
 * run_text() - a text of a run
 * @run: the run
 * @key: its key in instance.json
 *
 * Return: the text; NULL if it has none.
 */
const char *run_text(const struct run_entry *run, const char *key);

/**
 * run_list_texts() - a list of texts of a run
 * @run: the run
 * @key: which
 * @texts: they are added to it
 */
void run_list_texts(const struct run_entry *run, const char *key, struct strv *texts);

/**
 * run_pid() - the number of one of a run's processes
 * @run: the run
 * @key: "pid", "proxy_pid" or "kernel_pid"
 *
 * Return: the number; 0 if there is none.
 */
int run_pid(const struct run_entry *run, const char *key);

#endif
