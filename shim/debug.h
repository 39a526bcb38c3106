/* SPDX-License-Identifier: GPL-2.0 */
/* debug.h - gdb on the hosted kernel: of a new run, or of a running instance */
#ifndef RING3_DEBUG_H
#define RING3_DEBUG_H

#include "shim/kernel.h"
#include "shim/process.h"
#include "shim/util.h"

/* What the command line says of gdb. */
struct debug_options {
	bool on;		/* `ring3 debug` */
	bool go_on;		/* the run goes on after gdb's end */
	bool batch;
	bool tui;
	bool print_launch;	/* what an editor's launch.json needs, and nothing runs */
	const char *interpreter;	/* NULL: gdb's own, for people */
	const char *tty;	/* where CMD writes, NULL: to our stdout and stderr */
	struct strv words;	/* -x FILE and -ex CMD as they came, for gdb */
};

/* Where gdb's scripts find things. */
struct debug_places {
	const struct hosted_kernel *kernel;
	const char *view;	/* NULL: none */
	const struct strv *modules;	/* files with symbols; NULL: none */
};

/**
 * debug_check() - can there be a gdb?
 *
 * Return: 0, or an exit status after a message.
 */
int debug_check(void);

/**
 * debug_start() - start gdb on a hosted kernel that waits before its first instruction
 * @gdb: filled in
 * @opts: what the user wants of it
 * @places: for its scripts
 * @kernel: the process
 *
 * gdb has the caller's terminal.
 *
 * Return: 0, or an exit status after a message.
 */
int debug_start(struct child *gdb, const struct debug_options *opts,
		const struct debug_places *places, pid_t kernel);

/**
 * debug_restore() - after a gdb that was killed: the terminal as it was before it
 */
void debug_restore(void);

/**
 * debug_attach() - become gdb on a running hosted kernel
 * @opts: what the user wants of it
 * @places: for its scripts
 * @kernel: the process
 *
 * Return: only after a message, an exit status.
 */
int debug_attach(const struct debug_options *opts, const struct debug_places *places,
		 pid_t kernel);

/**
 * debug_output() - where CMD's output goes while gdb is there
 * @opts: what the user wants of it
 * @own: the caller's stream for it
 *
 * A front end that speaks MI has our stdout for itself.
 *
 * Return: a descriptor, -1 after a message.
 */
int debug_output(const struct debug_options *opts, int own);

/**
 * debug_launch_json() - print what makes VS Code start this run
 * @kernel: the hosted kernel
 * @argc: number of arguments, "debug" first
 * @argv: as they came
 *
 * Return: 0, or an exit status after a message.
 */
int debug_launch_json(const struct hosted_kernel *kernel, int argc, char **argv);

#endif
