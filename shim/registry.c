// SPDX-License-Identifier: GPL-2.0
/* registry.c - the runs of this user; see registry.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>

#include "shim/mounts.h"
#include "shim/near.h"
#include "shim/registry.h"

#define DYING_SECONDS 5

static struct json_object *read_info(const struct runtime *rt, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s/" RUN_INFO, rt->path, name);
	_cleanup_free_ char *text = read_text(path);
	struct json_object *info = text ? json_tokener_parse(text) : NULL;

	if (info && !json_object_is_type(info, json_type_object)) {
		json_object_put(info);
		info = NULL;
	}
	return info;
}

static const char *info_text(struct json_object *info, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(info, key, &value) &&
	       json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* A number that no mount has, where there is none. */
static pid_t info_pid(struct json_object *info)
{
	struct json_object *value;

	return json_object_object_get_ex(info, "pid", &value) ? json_object_get_int(value) : -1;
}

bool registry_remove(const struct runtime *rt, const char *name)
{
	static const char *const files[] = { RUN_INFO, RUN_INFO_NEW, RUN_COUNTERS, RUN_NOTES, RUN_EXEC,
					     RUN_LOCK };
	_cleanup_free_ char *own_view = xasprintf("%s/%s/" RUN_VIEW, rt->path, name);
	struct json_object *info = read_info(rt, name);
	const char *view = info ? info_text(info, "view") : NULL;
	_cleanup_close_ int dir = openat(rt->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (view && strcmp(view, own_view))
		mounts_detach(view, info_pid(info));
	json_object_put(info);
	mounts_detach(own_view, 0);
	if (dir < 0)
		return errno == ENOENT;
	unlinkat(dir, RUN_VIEW, AT_REMOVEDIR);
	/* The lock last: until then the name is taken. */
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(dir, files[i], 0);
	return !unlinkat(rt->fd, name, AT_REMOVEDIR) || errno == ENOENT;
}

enum sweep registry_sweep_one(const struct runtime *rt, const char *name)
{
	_cleanup_close_ int dir = openat(rt->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int lock = -1;

	if (dir < 0)
		return SWEEP_NOTHING;
	lock = openat(dir, RUN_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	/* Without a lock, its making or its removal was cut short. */
	if (lock < 0 && errno != ENOENT)
		return SWEEP_FAILED;
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		return SWEEP_ALIVE;
	return registry_remove(rt, name) ? SWEEP_REMOVED : SWEEP_FAILED;
}

/* Is the directory of that name still the one of a shim of this number? */
static bool is_of(const struct runtime *rt, const char *name, pid_t shim)
{
	struct json_object *info = read_info(rt, name), *pid;
	bool same = info && json_object_object_get_ex(info, "pid", &pid) &&
		    json_object_get_int(pid) == shim;

	json_object_put(info);
	return same;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Wait until the lock is free, or for so long. */
static void await_lock(int lock, unsigned int seconds)
{
	const struct sigaction interrupt = { .sa_handler = on_alarm };
	struct sigaction old;

	sigaction(SIGALRM, &interrupt, &old);
	alarm(seconds);
	flock(lock, LOCK_EX);
	alarm(0);
	sigaction(SIGALRM, &old, NULL);
}

/* Sweeps, or returns the lock to wait for. */
static int sweep_after(const char *name, pid_t shim, bool *gone)
{
	_cleanup_free_ char *path = NULL;
	enum sweep result;
	struct runtime rt;
	int lock = -1;

	*gone = true;
	if (runtime_open(&rt, false, NULL) < 0)
		return -1;
	runtime_lock(&rt);
	result = registry_sweep_one(&rt, name);
	*gone = result != SWEEP_FAILED;
	if (result == SWEEP_ALIVE && is_of(&rt, name, shim)) {
		*gone = false;
		path = xasprintf("%s/%s/" RUN_LOCK, rt.path, name);
		lock = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	}
	rmdir(rt.path);
	runtime_close(&rt);
	return lock;
}

bool registry_after(const char *name, pid_t shim)
{
	bool gone = false;

	for (int i = 0; i < 2; i++) {
		_cleanup_close_ int lock = sweep_after(name, shim, &gone);

		if (lock < 0)
			break;
		if (!i)
			await_lock(lock, DYING_SECONDS);
	}
	return gone;
}

/* Every name in the directory: swept, or alive. */
static void walk(const struct runtime *rt, struct strv *alive, struct strv *removed)
{
	DIR *dir = fdopendir(dup(rt->fd));
	struct dirent *entry;

	if (!dir)
		return;
	rewinddir(dir);
	while ((entry = readdir(dir))) {
		enum sweep result;

		if (entry->d_name[0] == '.')
			continue;
		result = registry_sweep_one(rt, entry->d_name);
		if (result == SWEEP_ALIVE)
			strv_add(alive, entry->d_name);
		else if (result == SWEEP_REMOVED)
			strv_add(removed, entry->d_name);
	}
	closedir(dir);
	/* The last one turns off the light. */
	if (!alive->n)
		rmdir(rt->path);
}

bool registry_view_taken(const struct runtime *rt, const char *name, const char *view)
{
	DIR *dir = fdopendir(dup(rt->fd));
	struct dirent *entry;
	bool taken = false;

	if (!dir)
		return false;
	rewinddir(dir);
	while (!taken && (entry = readdir(dir))) {
		struct json_object *info;
		const char *theirs;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, name))
			continue;
		info = read_info(rt, entry->d_name);
		theirs = info ? info_text(info, "view") : NULL;
		taken = theirs && !strcmp(theirs, view) &&
			registry_sweep_one(rt, entry->d_name) == SWEEP_ALIVE;
		json_object_put(info);
	}
	closedir(dir);
	return taken;
}

static int by_name(const void *a, const void *b)
{
	const struct run_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static void add(struct run_list *list, const struct runtime *rt, const char *name)
{
	struct json_object *info = read_info(rt, name);

	if (!info)
		return;
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = (struct run_entry){ xstrdup(name), info };
}

/* Leaves the runtime directory open and locked; false: there is none. */
static bool look(struct runtime *rt, struct strv *alive, struct strv *removed)
{
	if (runtime_open(rt, false, NULL) < 0)
		return false;
	runtime_lock(rt);
	walk(rt, alive, removed);
	return true;
}

void registry_list(struct run_list *list, struct strv *removed)
{
	struct strv alive = { 0 };
	struct runtime rt;

	*list = (struct run_list){ 0 };
	if (!look(&rt, &alive, removed))
		return;
	for (size_t i = 0; i < alive.n; i++)
		add(list, &rt, alive.v[i]);
	runtime_close(&rt);
	strv_free(&alive);
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_name);
}

/* Nothing is read of runs that live but their locks: there may be many. */
void registry_sweep(struct strv *removed)
{
	struct strv alive = { 0 };
	struct runtime rt;

	if (!look(&rt, &alive, removed))
		return;
	runtime_close(&rt);
	strv_free(&alive);
}

void registry_free(struct run_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->v[i].name);
		json_object_put(list->v[i].info);
	}
	free(list->v);
	*list = (struct run_list){ 0 };
}

const struct run_entry *registry_find(const struct run_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i].name, name))
			return &list->v[i];
	}
	return NULL;
}

const struct run_entry *registry_choose(const struct run_list *list, const char *name)
{
	if (name)
		return registry_find(list, name);
	return list->n == 1 ? &list->v[0] : NULL;
}

int registry_unknown(const struct run_list *list, const char *name)
{
	struct strv names = { 0 };
	_cleanup_free_ char *hint = NULL;

	for (size_t i = 0; i < list->n; i++)
		strv_add(&names, list->v[i].name);
	hint = near_names(name, &names);
	strv_free(&names);
	return fail("no run is named '%s'%s%s", name, hint,
		    *hint ? "" : list->n ? "; see 'ring3 ps'" : "; none is running");
}

const char *run_text(const struct run_entry *run, const char *key)
{
	return info_text(run->info, key);
}

void run_list_texts(const struct run_entry *run, const char *key, struct strv *texts)
{
	struct json_object *list;

	if (!json_object_object_get_ex(run->info, key, &list) ||
	    !json_object_is_type(list, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		strv_add(texts, json_object_get_string(json_object_array_get_idx(list, i)));
}

int run_pid(const struct run_entry *run, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(run->info, key, &value) ? json_object_get_int(value) : 0;
}
