// SPDX-License-Identifier: GPL-2.0
/*
 * supervise.c - see a run to its end
 *
 * Theory of operation: one epoll loop, no polling.  The first reason to end decides the
 * exit status (run->status); what follows is collecting: the jail must have ended (with it
 * every process of the hosted kernel), then the proxy (with it QEMU), then the streams
 * must have been carried to the caller.  After an end that CMD did not choose (a
 * signal, --timeout, a failure) the caller's streams are not waited for.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "shim/hold.h"
#include "shim/loop.h"
#include "shim/outcome.h"
#include "shim/signals.h"
#include "shim/status.h"
#include "shim/tty.h"

/* The proxy has closed its ready channel, or is gone. */
static void end_ready(struct loop *loop)
{
	struct run *run = loop->run;

	loop_unwatch(loop, ON_READY);
	close(run->ready);
	run->ready = -1;
	if (outcome_ready(run))
		loop_force_end(loop, RING3_EXIT_SETUP, 0);
	else if (run->proxy_ready)
		instance_ready(&run->instance);
}

static void on_ready(struct loop *loop)
{
	char text[4096];
	ssize_t n;

	while ((n = read(loop->run->ready, text, sizeof(text))) > 0)
		buffer_add(&loop->run->ready_text, text, n);
	if (!n)
		end_ready(loop);
}

static void on_proxy(struct loop *loop)
{
	struct run *run = loop->run;
	int status;

	/* What it said before it ended comes first. */
	if (run->ready >= 0)
		on_ready(loop);
	if (run->ready >= 0)
		end_ready(loop);
	loop_unwatch(loop, ON_PROXY);
	status = process_wait(&run->proxy);
	if (run->proxy_ready && !status && !loop->jail_gone &&
	    run->session.state < SESSION_ENDED) {
		/* Its last client has gone: the hosted kernel has ended or does so now. */
		loop->no_devices = true;
		loop_grace(loop, GRACE_CLIENTS_MS);
	} else if (outcome_proxy(run, status, loop->jail_gone)) {
		loop_force_end(loop, RING3_EXIT_SETUP, 0);
	}
	if (loop->hold == HOLDING)
		warn("ring3-proxy ended (%s): there is nothing to hold any more",
		     process_describe(status));
	if (loop->hold)
		loop_end_proxy(loop);
}

static void on_jail(struct loop *loop)
{
	struct sandbox_violation violation;
	struct run *run = loop->run;
	int status;

	/* What the guest said before its end comes first. */
	while (session_input(&run->session))
		continue;
	loop_unwatch(loop, ON_CONTROL);
	loop_unwatch(loop, ON_JAIL);
	loop_unwatch(loop, ON_PULSE);
	process_wait(&run->jail.child);
	loop->jail_gone = true;
	status = jail_status(&run->jail, &violation);
	outcome_kernel(run, status, &violation);
	status_over(run);
	execs_over(&run->execs, "run '%s' is over (%s); what it printed itself says why",
		   run->instance.name, run->state);
	if (run->opts->hold && run->proxy_ready && run->proxy.pid && !loop->asked) {
		loop->hold = HOLD_NEXT;
		loop_timer(loop->fd[ON_GRACE], GRACE_STREAMS_MS);
	} else {
		loop_end_proxy(loop);
	}
}

static void start_terminal(struct loop *loop)
{
	struct run *run = loop->run;

	if (!run->tty || run->stdin_relay.running)
		return;
	run->stdin_relay.running = true;
	if (tty_raw() || relay_start(&run->stdin_relay))
		loop_force_end(loop, RING3_EXIT_SETUP, 0);
}

static void on_control(struct loop *loop)
{
	struct run *run = loop->run;
	enum session_state before = run->session.state;
	size_t sent = run->coverage.bytes, seen = run->drivers.seen.n;

	session_input(&run->session);
	/* For whoever attaches. */
	if (run->drivers.seen.n != seen)
		instance_modules(&run->instance, &run->drivers.seen);
	if (run->session.fd < 0)
		loop->fd[ON_CONTROL] = -1;
	loop_flush_control(loop);
	/* Counters on their way are a sign of life. */
	if (run->coverage.bytes != sent && !run->forced)
		loop_grace(loop, GRACE_POWER_OFF_MS);
	if (run->session.state == before)
		return;
	if (run->session.state == SESSION_RUNNING) {
		status_set(run, "running");
		start_terminal(loop);
	} else if (run->session.state >= SESSION_ENDED) {
		execs_over(&run->execs, "run '%s' is over: %s", run->instance.name,
			   run->session.state == SESSION_ENDED ? "its own command has ended" :
								 "what it printed itself says why");
	}
	if (outcome_session(run))
		loop_force_end(loop, RING3_EXIT_SETUP, 0);
	else if (run->session.state >= SESSION_ENDED && !run->forced)
		loop_grace(loop, run->kernel.flavor == FLAVOR_DEBUG ? GRACE_SCAN_MS :
								       GRACE_POWER_OFF_MS);
}

/* The terminal has told gdb, too.  A front end takes us for gdb, and tells nobody else. */
static void interrupt(const struct run *run, int code)
{
	if (code > 0)
		return;
	if (run->opts->debug.interpreter)
		kill(jail_kernel(&run->jail), SIGINT);
	else
		process_kill(&run->gdb, SIGINT);
}

static void on_signal(struct loop *loop)
{
	struct signalfd_siginfo info;
	const struct run *run = loop->run;
	uint32_t rows, cols;

	if (read(loop->fd[ON_SIGNAL], &info, sizeof(info)) != sizeof(info))
		return;
	/* Ctrl-C is for gdb, which asks the hosted kernel to stop. */
	if (info.ssi_signo == SIGINT && run->gdb.pid)
		return interrupt(run, info.ssi_code);
	/* Has CMD started?  That may have been said, but not been read. */
	on_control(loop);
	loop->asked |= info.ssi_signo != SIGWINCH;
	if (loop->asked && loop->hold) {
		loop_end_proxy(loop);
	} else if (info.ssi_signo != SIGWINCH && run->gdb.pid) {
		loop_force_end_gdb(loop, RING3_EXIT_SIGNAL + info.ssi_signo);
	} else if (info.ssi_signo != SIGWINCH) {
		loop_force_end(loop, RING3_EXIT_SIGNAL + info.ssi_signo, info.ssi_signo);
	} else if (loop->run->tty && !tty_size(&rows, &cols)) {
		session_winsize(&loop->run->session, rows, cols);
		loop_flush_control(loop);
	}
}

/* What CMD says is worth hearing only while somebody is there to hear it. */
static void on_gdb(struct loop *loop)
{
	struct run *run = loop->run;
	int status;

	loop_unwatch(loop, ON_GDB);
	status = process_wait(&run->gdb);
	if (WIFSIGNALED(status))
		debug_restore();
	loop_timer(loop->fd[ON_GRACE], 0);
	if (loop->jail_gone || (run->opts->debug.go_on && !loop->gdb_told))
		return;
	loop->asked = true;
	if (run->status < 0)
		run->status = WIFEXITED(status) ? WEXITSTATUS(status) :
						  RING3_EXIT_SIGNAL + WTERMSIG(status);
	loop_force_end(loop, run->status, 0);
}

static void on_report(struct loop *loop)
{
	struct run *run = loop->run;

	loop_drain(loop->fd[ON_REPORT]);
	if (!run->forced && outcome_report(run))
		loop_force_end(loop, RING3_EXIT_CRASH, 0);
}

static void on_timeout(struct loop *loop)
{
	loop_drain(loop->fd[ON_TIMEOUT]);
	if (outcome_timeout(loop->run) && !loop->run->gdb.pid)
		return;
	if (loop->run->gdb.pid)
		loop_force_end_gdb(loop, RING3_EXIT_TIMEOUT);
	else
		loop_force_end(loop, RING3_EXIT_TIMEOUT, SIGTERM);
}

static void on_exec(struct loop *loop)
{
	/* Has CMD started?  That may have been said, but not been read. */
	on_control(loop);
	execs_input(&loop->run->execs);
	loop_flush_control(loop);
}

static void dispatch(struct loop *loop, enum source source)
{
	switch (source) {
	case ON_SIGNAL:
		return on_signal(loop);
	case ON_READY:
		return on_ready(loop);
	case ON_PROXY:
		return on_proxy(loop);
	case ON_JAIL:
		return on_jail(loop);
	case ON_CONTROL:
		return on_control(loop);
	case ON_STREAM:
		loop->run->streams -= loop_drain(loop->fd[ON_STREAM]);
		return;
	case ON_ESCAPE:
		loop_drain(loop->fd[ON_ESCAPE]);
		loop->asked = true;
		return loop_force_end(loop, RING3_EXIT_SIGNAL + SIGINT, 0);
	case ON_TIMEOUT:
		return on_timeout(loop);
	case ON_GRACE:
		return loop_on_grace(loop);
	case ON_ENTER:
		if (hold_typed(loop->fd[ON_ENTER]))
			loop_end_proxy(loop);
		return;
	case ON_GDB:
		return on_gdb(loop);
	case ON_REPORT:
		return on_report(loop);
	case ON_EXEC:
		return on_exec(loop);
	case ON_PULSE:
		return loop_on_pulse(loop);
	case N_SOURCES:
		return;
	}
}

static bool streams_done(const struct loop *loop)
{
	return !loop->run->streams || loop->give_up;
}

static bool finished(const struct loop *loop)
{
	return loop->jail_gone && !loop->run->proxy.pid && !loop->run->gdb.pid &&
	       streams_done(loop);
}

static void watch_all(struct loop *loop)
{
	struct run *run = loop->run;
	sigset_t set;

	signals_set(&set);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop_watch(loop, ON_SIGNAL, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), EPOLLIN);
	loop_watch(loop, ON_READY, run->ready, EPOLLIN);
	loop_watch(loop, ON_PROXY, run->proxy.pid ? run->proxy.fd : -1, EPOLLIN);
	loop_watch(loop, ON_JAIL, run->jail.child.fd, EPOLLIN);
	loop_watch(loop, ON_CONTROL, run->session.fd, EPOLLIN);
	loop_watch(loop, ON_STREAM, run->stream_done, EPOLLIN);
	loop_watch(loop, ON_GDB, run->gdb.pid ? run->gdb.fd : -1, EPOLLIN);
	loop_watch(loop, ON_REPORT, run->report, EPOLLIN);
	execs_open(&run->execs, &run->instance, &run->session);
	loop_watch(loop, ON_EXEC, run->execs.epoll, EPOLLIN);
	loop_watch(loop, ON_ESCAPE, run->escape, EPOLLIN);
	loop_watch(loop, ON_TIMEOUT, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
	      EPOLLIN);
	loop_watch(loop, ON_GRACE, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
	      EPOLLIN);
	loop_timer(loop->fd[ON_TIMEOUT], run->opts->timeout_ms);
	loop_watch_pulse(loop);
}

int supervise(struct run *run)
{
	struct loop loop = { .run = run, .fd[ON_ENTER] = -1 };

	watch_all(&loop);
	loop_flush_control(&loop);
	while (!finished(&loop)) {
		struct epoll_event events[N_SOURCES];
		int n = epoll_wait(loop.epoll, events, N_SOURCES, -1);

		/* An earlier event of this round may have closed a later one's file. */
		for (int i = 0; i < n; i++) {
			if (loop.fd[events[i].data.u32] >= 0)
				dispatch(&loop, events[i].data.u32);
		}
		if (loop.hold == HOLD_NEXT && streams_done(&loop))
			loop_hold(&loop);
	}
	execs_close(&run->execs);
	tty_restore();
	return outcome_print(run);
}
