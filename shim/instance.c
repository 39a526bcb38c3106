// SPDX-License-Identifier: GPL-2.0
/* instance.c - a run as others see it; see instance.h */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/instance.h"
#include "shim/mounts.h"
#include "shim/process.h"

#define TRIES 100	/* others may remove the runtime directory meanwhile */

/* Waits for the death of @parent, or to be killed when all went well. */
static void guard_main(int parent, pid_t shim, const char *name, const char *view)
{
	struct pollfd p = { .fd = STDERR_FILENO + 1, .events = POLLIN };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	prctl(PR_SET_NAME, "ring3-guard");
	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	if (dup2(parent, p.fd) < 0 || chdir("/") < 0)
		_exit(1);
	syscall(SYS_close_range, p.fd + 1, ~0U, 0);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		continue;
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* From here on it is a parent itself, of fusermount3. */
	process_init();
	if (view)
		mounts_detach(view, shim);
	registry_after(name, shim);
	_exit(0);
}

static pid_t start_guard(const char *name, const char *view)
{
	pid_t shim = getpid();
	_cleanup_close_ int self = syscall(SYS_pidfd_open, shim, 0);
	pid_t pid = self < 0 ? -1 : fork();

	if (!pid)
		guard_main(self, shim, name, view);
	return pid;
}

static void stop_guard(struct instance *inst)
{
	if (inst->guard <= 0)
		return;
	kill(inst->guard, SIGKILL);
	while (waitpid(inst->guard, NULL, 0) < 0 && errno == EINTR)
		continue;
	inst->guard = 0;
}

static struct json_object *list_words(char *const *words)
{
	struct json_object *list = json_object_new_array();

	for (; *words; words++)
		json_object_array_add(list, json_object_new_string(*words));
	return list;
}

static struct json_object *list_devices(const struct device_list *devices)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < devices->n; i++) {
		const struct device_spec *d = &devices->v[i];
		struct json_object *one = json_object_new_object();
		_cleanup_free_ char *addr = d->bridge.slot < 0 ?
			xasprintf("%x.%d", d->at.slot, d->at.fn) :
			xasprintf("%x.%d/%x.%d", d->bridge.slot, d->bridge.fn, d->at.slot, d->at.fn);

		json_object_object_add(one, "spec", json_object_new_string(d->text));
		json_object_object_add(one, "addr", json_object_new_string(addr));
		json_object_array_add(list, one);
	}
	return list;
}

static void set_text(struct json_object *info, const char *key, const char *text)
{
	json_object_object_add(info, key, text ? json_object_new_string(text) : NULL);
}

static void describe(struct instance *inst, const struct run_options *opts)
{
	double started = inst->started.tv_sec + inst->started.tv_nsec / 1e9;

	inst->info = json_object_new_object();
	set_text(inst->info, "name", inst->name);
	set_text(inst->info, "state", "booting");
	json_object_object_add(inst->info, "pid", json_object_new_int(getpid()));
	json_object_object_add(inst->info, "proxy_pid", NULL);
	json_object_object_add(inst->info, "kernel_pid", NULL);
	json_object_object_add(inst->info, "started", json_object_new_double(started));
	json_object_object_add(inst->info, "command", list_words(opts->command));
	json_object_object_add(inst->info, "devices", list_devices(&opts->devices));
	set_text(inst->info, "view", inst->view);
	set_text(inst->info, "trace", opts->trace);
	set_text(inst->info, "flavor", flavor_name(opts->flavor));
	json_object_object_add(inst->info, "held", json_object_new_boolean(false));
}

/* Whole or not at all: others read it at any time. */
static void publish(struct instance *inst)
{
	_cleanup_free_ char *dir = NULL, *path = NULL, *new = NULL;
	const char *text;
	FILE *file;

	if (inst->rt.fd < 0)
		return;
	dir = xasprintf("%s/%s", inst->rt.path, inst->name);
	path = xasprintf("%s/" RUN_INFO, dir);
	new = xasprintf("%s/" RUN_INFO_NEW, dir);
	text = json_object_to_json_string_ext(inst->info, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_SPACED |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	file = fopen(new, "we");
	if (!file)
		return;
	if (fprintf(file, "%s\n", text) < 0) {
		fclose(file);
		unlink(new);
	} else if (fclose(file) || rename(new, path) < 0) {
		unlink(new);
	}
}

static void set_default(struct instance *inst, const struct run_options *opts)
{
	*inst = (struct instance)INSTANCE_NONE;
	clock_gettime(CLOCK_REALTIME, &inst->started);
	inst->name = opts->name ? xstrdup(opts->name) : xasprintf("run-%d", getpid());
	if (opts->view)
		inst->view = xstrdup(opts->view);
}

/* A run without devices has no proxy, and with it no view. */
static void set_view(struct instance *inst, const struct run_options *opts)
{
	if (!opts->view && opts->devices.n)
		inst->view = xasprintf("%s/%s/" RUN_VIEW, inst->rt.path, inst->name);
}

/* Under runtime_lock().  Returns 0, or -1 with errno: EBUSY, a living run has the name. */
static int make_dir(struct instance *inst, const struct run_options *opts)
{
	_cleanup_close_ int dir = -1;

	if (registry_sweep_one(&inst->rt, inst->name) == SWEEP_ALIVE) {
		errno = EBUSY;
		return -1;
	}
	if (mkdirat(inst->rt.fd, inst->name, 0700) < 0)
		return -1;
	dir = openat(inst->rt.fd, inst->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || mkdirat(dir, RUN_VIEW, 0700) < 0)
		return -1;
	/* Another run may have looked at that directory as we did, a moment ago. */
	if (opts->view && registry_view_taken(&inst->rt, inst->name, opts->view)) {
		errno = EADDRINUSE;
		return -1;
	}
	inst->lock = openat(dir, RUN_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return inst->lock < 0 ? -1 : flock(inst->lock, LOCK_EX | LOCK_NB);
}

/* Returns 0, or -1 with errno; rt is open on success. */
static int try_make(struct instance *inst, const struct run_options *opts, char **why)
{
	int err = 0;

	for (int i = 0; i < TRIES; i++) {
		if (runtime_open(&inst->rt, true, why) < 0) {
			errno = EACCES;
			return -1;
		}
		runtime_lock(&inst->rt);
		err = make_dir(inst, opts) < 0 ? errno : 0;
		if (!err) {
			set_view(inst, opts);
			describe(inst, opts);
			publish(inst);
		}
		flock(inst->rt.fd, LOCK_UN);
		if (!err)
			return 0;
		runtime_close(&inst->rt);
		if (err != ENOENT)
			break;
	}
	errno = err;
	return -1;
}

int instance_create(struct instance *inst, const struct run_options *opts)
{
	_cleanup_free_ char *why = NULL;

	set_default(inst, opts);
	inst->guard = start_guard(inst->name, inst->view);
	if (try_make(inst, opts, &why) < 0) {
		int err = errno;

		if (!inst->view)
			stop_guard(inst);
		if (err == EADDRINUSE) {
			registry_after(inst->name, getpid());
			return fail("--view %s: another run has its view there; choose another directory",
				    opts->view);
		}
		if (err == EBUSY)
			return fail("a run named '%s' is alive; choose another --name, or end it with "
				    "'ring3 kill %s'", inst->name, inst->name);
		/* Who names a run wants to find it by that. */
		(opts->name ? warn : info)("no runtime directory, the run is not listed: %s",
					   why ? why : strerror(err));
		describe(inst, opts);
		return 0;
	}
	return 0;
}

void instance_default(struct instance *inst, const struct run_options *opts)
{
	set_default(inst, opts);
	inst->rt.path = runtime_default();
	set_view(inst, opts);
	runtime_close(&inst->rt);
}

void instance_started(struct instance *inst, pid_t proxy, pid_t kernel)
{
	if (inst->rt.fd < 0)
		return;
	if (proxy)
		json_object_object_add(inst->info, "proxy_pid", json_object_new_int(proxy));
	json_object_object_add(inst->info, "kernel_pid", json_object_new_int(kernel));
	publish(inst);
}

void instance_ready(struct instance *inst)
{
	_cleanup_free_ char *what = inst->view ? mounts_at(inst->view) : NULL;

	if (!inst->view || what || !inst->info)
		return;
	info("there is no view: it cannot be mounted here; --view DIR says why");
	set_text(inst->info, "view", NULL);
	publish(inst);
}

void instance_state(struct instance *inst, const char *state)
{
	if (!inst->info)
		return;
	set_text(inst->info, "state", state);
	publish(inst);
}

void instance_modules(struct instance *inst, const struct strv *modules)
{
	struct json_object *list;

	if (!inst->info)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < modules->n; i++)
		json_object_array_add(list, json_object_new_string(modules->v[i]));
	json_object_object_add(inst->info, "modules", list);
	publish(inst);
}

void instance_held(struct instance *inst)
{
	json_object_object_add(inst->info, "held", json_object_new_boolean(true));
	publish(inst);
}

char *instance_dir(const struct instance *inst)
{
	return inst->rt.fd < 0 ? NULL : xasprintf("%s/%s", inst->rt.path, inst->name);
}

void instance_end(struct instance *inst)
{
	if (inst->view && inst->guard > 0)
		mounts_detach(inst->view, getpid());
	if (inst->rt.fd >= 0) {
		registry_remove(&inst->rt, inst->name);
		rmdir(inst->rt.path);
	}
	stop_guard(inst);
	if (inst->lock >= 0)
		close(inst->lock);
	runtime_close(&inst->rt);
	json_object_put(inst->info);
	free(inst->name);
	free(inst->view);
	*inst = (struct instance)INSTANCE_NONE;
}
