/* SPDX-License-Identifier: GPL-2.0 */
/*
 * instance.h - a run as others see it: its directory in the registry
 *
 * Theory of operation: the shim makes the directory and takes it away at its end.  A "guard",
 * a small process, waits for the shim's death and does the same if the shim was killed; it is
 * there before the directory is, so that at no moment a kill leaves anything.  Whoever
 * kills the guard too leaves the directory to the next ring3 (registry.h).
 */
#ifndef RING3_INSTANCE_H
#define RING3_INSTANCE_H

#include <time.h>

#include "shim/options.h"
#include "shim/registry.h"

struct instance {
	char *name;
	char *view;		/* where the view is, NULL: nowhere */
	struct runtime rt;	/* fd -1: the run has no directory */
	int lock;
	pid_t guard;
	struct timespec started;	/* CLOCK_REALTIME */
	struct json_object *info;
};

#define INSTANCE_NONE { .rt.fd = -1, .lock = -1 }

/**
 * instance_create() - make a run known
 * @inst: filled in, for instance_end()
 * @opts: of the run
 *
 * Where there is no runtime directory the run goes on without.
 *
 * Return: 0, or an exit status after a message.
 */
int instance_create(struct instance *inst, const struct run_options *opts);

/**
 * instance_default() - what instance_create() would make, and nothing is made
 * @inst: filled in, for instance_end()
 * @opts: of the run
 */
void instance_default(struct instance *inst, const struct run_options *opts);

/**
 * instance_started() - tell of the run's processes
 * @inst: the instance
 * @proxy: process number, 0: none
 * @kernel: process number of the hosted kernel
 */
void instance_started(struct instance *inst, pid_t proxy, pid_t kernel);

/**
 * instance_ready() - the devices are ready: is there a view?
 * @inst: the instance
 */
void instance_ready(struct instance *inst);

/**
 * instance_state() - tell of the run's state
 * @inst: the instance
 * @state: "booting", "running" and so on
 */
void instance_state(struct instance *inst, const char *state);

/**
 * instance_modules() - tell which modules the run has used, for whoever attaches gdb
 * @inst: the instance
 * @modules: their files
 */
void instance_modules(struct instance *inst, const struct strv *modules);

/**
 * instance_held() - tell that --hold keeps the devices
 * @inst: the instance
 */
void instance_held(struct instance *inst);

/**
 * instance_dir() - the run's own directory
 * @inst: the instance
 *
 * Return: its path to free, NULL where there is none.
 */
char *instance_dir(const struct instance *inst);

/**
 * instance_end() - remove what is left of the run, and release @inst
 * @inst: the instance; the proxy has ended
 */
void instance_end(struct instance *inst);

#endif
