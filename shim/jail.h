/* SPDX-License-Identifier: GPL-2.0 */
/*
 * jail.h - the process that holds the hosted kernel
 *
 * Theory of operation: the hosted kernel does not run as our child but as that of a
 * "jail" process, PID 1 of a PID namespace.  The hosted kernel's user processes are
 * processes of the host too; whoever of all these dies, and however, the jail's end
 * makes the kernel kill the rest.  In the mount namespace that goes with it a tmpfs is
 * made that has no place in any tree; User-Mode Linux puts its scratch files there.
 *
 * With a sandbox (sandbox.h) the jail leaves the host's tree of files and has every other namespace
 * of its own, too.  It is who learns of system calls that are not to be, and ends the run.
 *
 * Without, and where namespaces are forbidden, the jail is a plain process, and parent-death
 * signals do the same work.
 */
#ifndef RING3_JAIL_H
#define RING3_JAIL_H

#include "shim/plan.h"
#include "shim/process.h"
#include "shim/sandbox.h"

struct jail {
	struct child child;
	int report;		/* pipe on which the jail tells how the kernel ended */
	enum plan_scratch scratch;	/* what it could make for UML's files */
};

/* What the hosted kernel inherits; -1: nothing. */
struct jail_files {
	int ram;
	int console;		/* its stdout and stderr */
	int channel[4];		/* stdin, stdout, stderr, control */
	const int *devices;
	size_t n_devices;
	const struct sandbox *sandbox;	/* NULL: none */
	bool wait;		/* stop before the first instruction, for a debugger */
};

/**
 * jail_start() - make the jail and start the hosted kernel in it
 * @jail: filled in
 * @plans: command lines, for each kind of scratch directory
 * @files: what the kernel inherits
 *
 * To be called before there are threads.
 *
 * Return: 0, or an exit status after a message.
 */
int jail_start(struct jail *jail, const struct plan *plans, const struct jail_files *files);

/**
 * jail_kernel() - the hosted kernel's process
 * @jail: a jail that was started
 *
 * Return: its number; that of the jail if it has gone.
 */
pid_t jail_kernel(const struct jail *jail);

/**
 * jail_status() - how the hosted kernel ended
 * @jail: a jail that has ended
 * @violation: filled in; its call is -1 if the sandbox had no reason to end it
 *
 * Return: status as wait(2) gives it; that of SIGKILL when the jail was killed itself.
 */
int jail_status(struct jail *jail, struct sandbox_violation *violation);

#endif
