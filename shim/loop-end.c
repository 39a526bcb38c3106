// SPDX-License-Identifier: GPL-2.0
/* loop-end.c - a run's ways to its end; see loop.h */
#include <signal.h>
#include <sys/epoll.h>

#include "shim/hold.h"
#include "shim/loop.h"
#include "shim/outcome.h"
#include "shim/tty.h"

#define GRACE_SIGNAL_MS 1000	/* CMD may clean up after a signal */
#define GRACE_KERNEL_MS 2000	/* the hosted kernel may write back and switch off after it */
#define GRACE_PROXY_MS 900	/* the proxy may quiesce its devices */
#define GRACE_RESET_MS 10000	/* and real ones, whose buses take a second each (PCIe 6.6.1) */
#define GRACE_GDB_MS 1500	/* gdb may let go of the hosted kernel */

void loop_kill_kernel(struct loop *loop)
{
	if (!loop->jail_gone)
		process_kill(&loop->run->jail.child, SIGKILL);
}

void loop_end_proxy(struct loop *loop)
{
	loop->hold = HOLD_NO;
	loop_unwatch(loop, ON_ENTER);
	process_kill(&loop->run->proxy, SIGTERM);
	loop_timer(loop->fd[ON_GRACE], !loop->run->proxy.pid ? GRACE_STREAMS_MS :
		  launch_is_real(loop->run) ? GRACE_RESET_MS : GRACE_PROXY_MS);
}

/* Everything has been said; what is left is for the user to look at. */
void loop_hold(struct loop *loop)
{
	loop_timer(loop->fd[ON_TIMEOUT], 0);
	loop_timer(loop->fd[ON_GRACE], 0);
	loop->hold = HOLDING;
	execs_over(&loop->run->execs, "run '%s' has ended and only its devices are held; nothing can be "
		   "executed in it, 'ring3 kill %s' lets them go", loop->run->instance.name,
		   loop->run->instance.name);
	tty_restore();
	outcome_print(loop->run);
	loop_watch(loop, ON_ENTER, hold_begin(loop->run), EPOLLIN);
}

/* The run must end for a reason that CMD has not chosen: gently if somebody is there. */
void loop_force_end(struct loop *loop, int status, int sig)
{
	struct run *run = loop->run;

	if (run->forced) {
		loop_kill_kernel(loop);
		loop->give_up = true;
		return;
	}
	run->forced = true;
	if (run->status < 0)
		run->status = status;
	if (sig && run->session.state == SESSION_RUNNING) {
		session_signal(&run->session, sig, GRACE_SIGNAL_MS);
		loop_flush_control(loop);
		loop_grace(loop, GRACE_KERNEL_MS);
	} else {
		loop_kill_kernel(loop);
	}
}

/*
 * The same with gdb, which may hold the hosted kernel at a breakpoint for ever: first gdb, which
 * lets go of it, then the rest (on_gdb()).  Asked twice, it does not get the time for that.
 */
void loop_force_end_gdb(struct loop *loop, int status)
{
	struct run *run = loop->run;

	run->forced = true;
	if (run->status < 0)
		run->status = status;
	process_kill(&run->gdb, loop->gdb_told ? SIGKILL : SIGTERM);
	loop->gdb_told = true;
	loop_timer(loop->fd[ON_GRACE], GRACE_GDB_MS);
}

void loop_on_grace(struct loop *loop)
{
	struct run *run = loop->run;

	loop_drain(loop->fd[ON_GRACE]);
	if (run->gdb.pid) {
		process_kill(&run->gdb, SIGKILL);
	} else if (loop->no_devices && !loop->jail_gone) {
		loop->no_devices = false;
		if (outcome_proxy(run, 0, false))
			loop_force_end(loop, RING3_EXIT_SETUP, 0);
	} else if (!loop->jail_gone) {
		if (!run->forced)
			warn("the hosted kernel did not switch off and was killed");
		run->forced = true;
		loop_kill_kernel(loop);
	} else if (loop->hold) {
		loop->give_up = run->forced;
	} else if (run->proxy.pid) {
		warn("ring3-proxy did not end by itself and was killed");
		process_kill(&run->proxy, SIGKILL);
		loop_timer(loop->fd[ON_GRACE], GRACE_STREAMS_MS);
	} else {
		loop->give_up = run->forced;
	}
}
