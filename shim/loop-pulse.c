// SPDX-License-Identifier: GPL-2.0
/* loop-pulse.c - whether a run's hosted kernel is alive, and what it takes; see loop.h */
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "shim/loop.h"
#include "shim/outcome.h"
#include "shim/usage.h"

/* The hosted kernel computes and gives no sign of life; KASAN and lockdep make probes slow. */
#define PATIENCE_MS 800
#define PATIENCE_DEBUG_MS 10000
#define LOOKS_PER_USAGE 5

/* Each process has its own limit; this is for all of them, and who loses its parent is the jail's child. */
static void look_at_usage(struct loop *loop)
{
	struct run *run = loop->run;

	if (run->opts->no_sandbox || run->forced || ++loop->looks % LOOKS_PER_USAGE)
		return;
	if (outcome_usage(run, usage_of(run->jail.child.pid)))
		loop_force_end(loop, RING3_EXIT_CRASH, 0);
}

/* Before its init runs there is no driver; and gdb may hold it as long as it likes. */
void loop_on_pulse(struct loop *loop)
{
	struct run *run = loop->run;

	loop_drain(loop->fd[ON_PULSE]);
	if (run->session.heard != loop->heard || run->gdb.pid || loop->jail_gone ||
	    run->session.state == SESSION_BOOTING || run->session.state > SESSION_RUNNING)
		pulse_heard(&loop->pulse);
	loop->heard = run->session.heard;
	look_at_usage(loop);
	switch (pulse_look(&loop->pulse)) {
	case PULSE_ASK:
		session_ping(&run->session);
		loop_flush_control(loop);
		break;
	case PULSE_STOPPED:
		if (!run->gdb.pid && !run->forced)
			outcome_stopped(run);
		break;
	case PULSE_SILENT:
		if (!run->gdb.pid && !run->forced)
			outcome_silent(run);
		break;
	case PULSE_FINE:
		break;
	}
}

void loop_watch_pulse(struct loop *loop)
{
	const struct itimerspec often = {
		.it_value.tv_nsec = PULSE_LOOK_MS * 1000000, .it_interval.tv_nsec = PULSE_LOOK_MS * 1000000,
	};
	const struct run *run = loop->run;

	pulse_begin(&loop->pulse, jail_kernel(&run->jail),
		    run->kernel.flavor == FLAVOR_DEBUG ? PATIENCE_DEBUG_MS : PATIENCE_MS);
	loop_watch(loop, ON_PULSE, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), EPOLLIN);
	timerfd_settime(loop->fd[ON_PULSE], 0, &often, NULL);
}
