/* SPDX-License-Identifier: GPL-2.0 */
/* run.h - one run: everything it consists of, from launch to exit status */
#ifndef RING3_RUN_H
#define RING3_RUN_H

#include <stdatomic.h>

#include "shim/console.h"
#include "shim/coverage.h"
#include "shim/drivers.h"
#include "shim/exec.h"
#include "shim/instance.h"
#include "shim/jail.h"
#include "shim/options.h"
#include "shim/plan.h"
#include "shim/relay.h"
#include "shim/sandbox.h"
#include "shim/session.h"

/* Where descriptors of a pair go. */
struct fd_pair {
	int ours;
	int theirs;
};

struct run {
	const struct run_options *opts;
	struct hosted_kernel kernel;
	struct drivers drivers;
	struct plan plans[PLAN_SCRATCHES];
	struct sandbox sandbox;
	struct instance instance;
	struct show show;
	char state[32];		/* as told to others, see status.h */

	struct child proxy;
	int ready;		/* the proxy's ready channel, -1: done with */
	struct buffer ready_text;
	bool proxy_ready;
	struct jail jail;
	struct child gdb;	/* of `ring3 debug` */
	struct console console;
	struct session session;
	struct coverage coverage;
	struct execs execs;
	struct relay stdin_relay, stdout_relay, stderr_relay;
	unsigned int streams;	/* outputs and log that have not ended */
	int stream_done;	/* semaphore eventfd, counts their ends */
	int stdin_done;		/* eventfd: nobody reads the caller's input any more */
	int escape;		/* eventfd of the three Ctrl-C */
	int report;		/* eventfd: the hosted kernel has reported something */
	atomic_int silent_keys;
	bool tty;
	bool tty_stderr;

	int status;		/* exit status, -1: not known yet */
	bool forced;		/* the end was not CMD's: wait for nobody */
	char *message;		/* printed at the end, when the terminal is back */
	bool show_tail;		/* with the end of the kernel's log */
	bool show_crash;	/* with the decoded stack */
	bool crashed;		/* the end is for the view, too */
	bool printed;
};

/**
 * launch() - create everything and start the processes
 * @run: opts, kernel, drivers, plans and instance are set
 *
 * Return: 0, or an exit status after a message, with nothing left behind.
 */
int launch(struct run *run);

/**
 * launch_is_real() - has a run devices of this machine, whose memory is locked and whose reset takes long?
 * @run: opts are set
 */
bool launch_is_real(const struct run *run);

/**
 * supervise() - see a launched run to its end
 * @run: the run
 *
 * When this returns no process of the run is left.
 *
 * Return: the exit status.
 */
int supervise(struct run *run);

#endif
