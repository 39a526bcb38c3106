/* SPDX-License-Identifier: GPL-2.0 */
/*
 * plan.h - the command lines of the processes of a run
 *
 * File descriptors have fixed numbers in the processes that inherit them, so that a
 * command line can be written (and printed by --dry-run) before anything exists.
 */
#ifndef RING3_PLAN_H
#define RING3_PLAN_H

#include "shim/kernel.h"
#include "shim/options.h"

enum {
	PLAN_FD_RAM = 3,	/* hosted kernel and proxy */
	PLAN_FD_STDIN,		/* hosted kernel */
	PLAN_FD_STDOUT,
	PLAN_FD_STDERR,
	PLAN_FD_CONTROL,
	PLAN_FD_PRIVATE,	/* a tmpfs nobody else sees */
	PLAN_FD_DEVICE,		/* first of one per device, in both; behind them show.h's, in the proxy */
	PLAN_FD_READY = PLAN_FD_STDIN,	/* proxy */
};

struct plan {
	char *proxy;		/* path of ring3-proxy */
	char *initrd;		/* path of the guest init's initramfs */
	struct strv proxy_argv;
	struct strv kernel_argv;
	struct strv kernel_env;
};

/* Where UML puts its own files. */
enum plan_scratch {
	PLAN_NOWHERE,
	PLAN_PRIVATE,		/* PLAN_FD_PRIVATE */
	PLAN_SANDBOX,		/* a directory of the sandbox */
	PLAN_SCRATCHES,
};

/**
 * plan_make() - write the command lines of a run
 * @plan: filled in, for plan_free()
 * @opts: the options
 * @kernel: the hosted kernel
 * @view: where the view is mounted, NULL: there is none
 * @scratch: where there will be room for UML's own files
 *
 * Return: 0, or an exit status after a message.
 */
int plan_make(struct plan *plan, const struct run_options *opts,
	      const struct hosted_kernel *kernel, const char *view, enum plan_scratch scratch);

/**
 * plan_print() - print the commands in a form that a shell reads
 * @plan: the plan
 * @has_devices: whether a proxy is part of it
 */
void plan_print(const struct plan *plan, bool has_devices);

void plan_free(struct plan *plan);

#endif
