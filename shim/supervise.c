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
#include "shim/outcome.h"
#include "shim/pulse.h"
#include "shim/run.h"
#include "shim/signals.h"
#include "shim/status.h"
#include "shim/tty.h"
#include "shim/usage.h"

#define GRACE_SIGNAL_MS 1000	/* CMD may clean up after a signal */
#define GRACE_KERNEL_MS 2000	/* the hosted kernel may write back and switch off after it */
#define GRACE_POWER_OFF_MS 5000 /* the same after CMD's own end */
#define GRACE_SCAN_MS 60000	/* the same where it looks for lost memory first */
#define GRACE_PROXY_MS 900	/* the proxy may quiesce its devices */
#define GRACE_RESET_MS 10000	/* and real ones, whose buses take a second each (PCIe 6.6.1) */
#define GRACE_CLIENTS_MS 500	/* the hosted kernel has closed its devices: it is about to end */
#define GRACE_GDB_MS 1500	/* gdb may let go of the hosted kernel */
#define GRACE_STREAMS_MS 100	/* streams of a forced end */

/* The hosted kernel computes and gives no sign of life; KASAN and lockdep make probes slow. */
#define PATIENCE_MS 800
#define PATIENCE_DEBUG_MS 10000
#define LOOKS_PER_USAGE 5

/*
 * A guest that asks and does not read the answers is not listened to beyond this; above what
 * ring3 exec may add for it (exec.h), so that it never waits for us and we for it.
 */
#define MAX_UNREAD (2 * RING3_CTL_MAX_TO_GUEST)

enum source {
	ON_SIGNAL,
	ON_READY,
	ON_PROXY,
	ON_JAIL,
	ON_CONTROL,
	ON_STREAM,
	ON_ESCAPE,
	ON_TIMEOUT,
	ON_GRACE,
	ON_ENTER,
	ON_GDB,
	ON_REPORT,
	ON_EXEC,
	ON_PULSE,
	N_SOURCES,
};

/* --hold: between the end of the hosted kernel and that of the proxy. */
enum hold {
	HOLD_NO,
	HOLD_NEXT,		/* once the streams have been carried to the caller */
	HOLDING,
};

struct loop {
	struct run *run;
	int epoll;
	int fd[N_SOURCES];
	bool give_up;		/* do not wait for streams any longer */
	bool no_devices;	/* the proxy ended because its clients did */
	bool jail_gone;
	bool asked;		/* the user wants the end */
	bool gdb_told;		/* gdb, too */
	enum hold hold;
	struct pulse pulse;
	unsigned int heard;	/* of the session, at the last look */
	unsigned int looks;
};

static void watch(struct loop *loop, enum source source, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = source };

	loop->fd[source] = fd;
	if (fd >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("cannot watch a file: %s", strerror(errno));
}

static void unwatch(struct loop *loop, enum source source)
{
	if (loop->fd[source] >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->fd[source], NULL);
	loop->fd[source] = -1;
}

static void set_timer(int fd, uint64_t ms)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 },
	};

	timerfd_settime(fd, 0, &when, NULL);
}

/* Somebody who looks at the end with gdb has all the time there is. */
static void set_grace(struct loop *loop, uint64_t ms)
{
	if (!loop->gdb_told || !loop->run->gdb.pid)
		set_timer(loop->fd[ON_GRACE], loop->run->gdb.pid ? 0 : ms);
}

static bool drain_counter(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

static void kill_kernel(struct loop *loop)
{
	if (!loop->jail_gone)
		process_kill(&loop->run->jail.child, SIGKILL);
}

/* While the guest does not read, nobody is to say more. */
static void listen_execs(struct loop *loop)
{
	bool full = loop->run->session.out.len > EXECS_UNSENT;
	struct epoll_event event = { .events = full ? 0 : EPOLLIN, .data.u32 = ON_EXEC };

	if (loop->fd[ON_EXEC] >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->fd[ON_EXEC], &event);
}

static void flush_control(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = ON_CONTROL };

	if (session_output(&loop->run->session))
		event.events = loop->run->session.out.len > MAX_UNREAD ? EPOLLOUT :
									 EPOLLIN | EPOLLOUT;
	if (loop->run->session.fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->run->session.fd, &event);
	listen_execs(loop);
}

static void end_proxy(struct loop *loop)
{
	loop->hold = HOLD_NO;
	unwatch(loop, ON_ENTER);
	process_kill(&loop->run->proxy, SIGTERM);
	set_timer(loop->fd[ON_GRACE], !loop->run->proxy.pid ? GRACE_STREAMS_MS :
		  launch_is_real(loop->run) ? GRACE_RESET_MS : GRACE_PROXY_MS);
}

/* Everything has been said; what is left is for the user to look at. */
static void begin_hold(struct loop *loop)
{
	set_timer(loop->fd[ON_TIMEOUT], 0);
	set_timer(loop->fd[ON_GRACE], 0);
	loop->hold = HOLDING;
	execs_over(&loop->run->execs, "run '%s' has ended and only its devices are held; nothing can be "
		   "executed in it, 'ring3 kill %s' lets them go", loop->run->instance.name,
		   loop->run->instance.name);
	tty_restore();
	outcome_print(loop->run);
	watch(loop, ON_ENTER, hold_begin(loop->run), EPOLLIN);
}

/* The run must end for a reason that CMD has not chosen: gently if somebody is there. */
static void force_end(struct loop *loop, int status, int sig)
{
	struct run *run = loop->run;

	if (run->forced) {
		kill_kernel(loop);
		loop->give_up = true;
		return;
	}
	run->forced = true;
	if (run->status < 0)
		run->status = status;
	if (sig && run->session.state == SESSION_RUNNING) {
		session_signal(&run->session, sig, GRACE_SIGNAL_MS);
		flush_control(loop);
		set_grace(loop, GRACE_KERNEL_MS);
	} else {
		kill_kernel(loop);
	}
}

/*
 * The same with gdb, which may hold the hosted kernel at a breakpoint for ever: first gdb, which
 * lets go of it, then the rest (on_gdb()).  Asked twice, it does not get the time for that.
 */
static void force_end_gdb(struct loop *loop, int status)
{
	struct run *run = loop->run;

	run->forced = true;
	if (run->status < 0)
		run->status = status;
	process_kill(&run->gdb, loop->gdb_told ? SIGKILL : SIGTERM);
	loop->gdb_told = true;
	set_timer(loop->fd[ON_GRACE], GRACE_GDB_MS);
}

/* The proxy has closed its ready channel, or is gone. */
static void end_ready(struct loop *loop)
{
	struct run *run = loop->run;

	unwatch(loop, ON_READY);
	close(run->ready);
	run->ready = -1;
	if (outcome_ready(run))
		force_end(loop, RING3_EXIT_SETUP, 0);
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
	unwatch(loop, ON_PROXY);
	status = process_wait(&run->proxy);
	if (run->proxy_ready && !status && !loop->jail_gone &&
	    run->session.state < SESSION_ENDED) {
		/* Its last client has gone: the hosted kernel has ended or does so now. */
		loop->no_devices = true;
		set_grace(loop, GRACE_CLIENTS_MS);
	} else if (outcome_proxy(run, status, loop->jail_gone)) {
		force_end(loop, RING3_EXIT_SETUP, 0);
	}
	if (loop->hold == HOLDING)
		warn("ring3-proxy ended (%s): there is nothing to hold any more",
		     process_describe(status));
	if (loop->hold)
		end_proxy(loop);
}

static void on_jail(struct loop *loop)
{
	struct sandbox_violation violation;
	struct run *run = loop->run;
	int status;

	/* What the guest said before its end comes first. */
	while (session_input(&run->session))
		continue;
	unwatch(loop, ON_CONTROL);
	unwatch(loop, ON_JAIL);
	unwatch(loop, ON_PULSE);
	process_wait(&run->jail.child);
	loop->jail_gone = true;
	status = jail_status(&run->jail, &violation);
	outcome_kernel(run, status, &violation);
	status_over(run);
	execs_over(&run->execs, "run '%s' is over (%s); what it printed itself says why",
		   run->instance.name, run->state);
	if (run->opts->hold && run->proxy_ready && run->proxy.pid && !loop->asked) {
		loop->hold = HOLD_NEXT;
		set_timer(loop->fd[ON_GRACE], GRACE_STREAMS_MS);
	} else {
		end_proxy(loop);
	}
}

static void start_terminal(struct loop *loop)
{
	struct run *run = loop->run;

	if (!run->tty || run->stdin_relay.running)
		return;
	run->stdin_relay.running = true;
	if (tty_raw() || relay_start(&run->stdin_relay))
		force_end(loop, RING3_EXIT_SETUP, 0);
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
	flush_control(loop);
	/* Counters on their way are a sign of life. */
	if (run->coverage.bytes != sent && !run->forced)
		set_grace(loop, GRACE_POWER_OFF_MS);
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
		force_end(loop, RING3_EXIT_SETUP, 0);
	else if (run->session.state >= SESSION_ENDED && !run->forced)
		set_grace(loop, run->kernel.flavor == FLAVOR_DEBUG ? GRACE_SCAN_MS :
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
		end_proxy(loop);
	} else if (info.ssi_signo != SIGWINCH && run->gdb.pid) {
		force_end_gdb(loop, RING3_EXIT_SIGNAL + info.ssi_signo);
	} else if (info.ssi_signo != SIGWINCH) {
		force_end(loop, RING3_EXIT_SIGNAL + info.ssi_signo, info.ssi_signo);
	} else if (loop->run->tty && !tty_size(&rows, &cols)) {
		session_winsize(&loop->run->session, rows, cols);
		flush_control(loop);
	}
}

/* What CMD says is worth hearing only while somebody is there to hear it. */
static void on_gdb(struct loop *loop)
{
	struct run *run = loop->run;
	int status;

	unwatch(loop, ON_GDB);
	status = process_wait(&run->gdb);
	if (WIFSIGNALED(status))
		debug_restore();
	set_timer(loop->fd[ON_GRACE], 0);
	if (loop->jail_gone || (run->opts->debug.go_on && !loop->gdb_told))
		return;
	loop->asked = true;
	if (run->status < 0)
		run->status = WIFEXITED(status) ? WEXITSTATUS(status) :
						  RING3_EXIT_SIGNAL + WTERMSIG(status);
	force_end(loop, run->status, 0);
}

static void on_report(struct loop *loop)
{
	struct run *run = loop->run;

	drain_counter(loop->fd[ON_REPORT]);
	if (!run->forced && outcome_report(run))
		force_end(loop, RING3_EXIT_CRASH, 0);
}

static void on_grace(struct loop *loop)
{
	struct run *run = loop->run;

	drain_counter(loop->fd[ON_GRACE]);
	if (run->gdb.pid) {
		process_kill(&run->gdb, SIGKILL);
	} else if (loop->no_devices && !loop->jail_gone) {
		loop->no_devices = false;
		if (outcome_proxy(run, 0, false))
			force_end(loop, RING3_EXIT_SETUP, 0);
	} else if (!loop->jail_gone) {
		if (!run->forced)
			warn("the hosted kernel did not switch off and was killed");
		run->forced = true;
		kill_kernel(loop);
	} else if (loop->hold) {
		loop->give_up = run->forced;
	} else if (run->proxy.pid) {
		warn("ring3-proxy did not end by itself and was killed");
		process_kill(&run->proxy, SIGKILL);
		set_timer(loop->fd[ON_GRACE], GRACE_STREAMS_MS);
	} else {
		loop->give_up = run->forced;
	}
}

static void on_timeout(struct loop *loop)
{
	drain_counter(loop->fd[ON_TIMEOUT]);
	if (outcome_timeout(loop->run) && !loop->run->gdb.pid)
		return;
	if (loop->run->gdb.pid)
		force_end_gdb(loop, RING3_EXIT_TIMEOUT);
	else
		force_end(loop, RING3_EXIT_TIMEOUT, SIGTERM);
}

static void on_exec(struct loop *loop)
{
	/* Has CMD started?  That may have been said, but not been read. */
	on_control(loop);
	execs_input(&loop->run->execs);
	flush_control(loop);
}

/* Each process has its own limit; this is for all of them. */
static void look_at_usage(struct loop *loop)
{
	struct run *run = loop->run;

	if (run->opts->no_sandbox || run->forced || ++loop->looks % LOOKS_PER_USAGE)
		return;
	if (outcome_usage(run, usage_of(loop->pulse.kernel)))
		force_end(loop, RING3_EXIT_CRASH, 0);
}

/* Before its init runs there is no driver; and gdb may hold it as long as it likes. */
static void on_pulse(struct loop *loop)
{
	struct run *run = loop->run;

	drain_counter(loop->fd[ON_PULSE]);
	if (run->session.heard != loop->heard || run->gdb.pid || loop->jail_gone ||
	    run->session.state == SESSION_BOOTING || run->session.state > SESSION_RUNNING)
		pulse_heard(&loop->pulse);
	loop->heard = run->session.heard;
	look_at_usage(loop);
	switch (pulse_look(&loop->pulse)) {
	case PULSE_ASK:
		session_ping(&run->session);
		flush_control(loop);
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
		loop->run->streams -= drain_counter(loop->fd[ON_STREAM]);
		return;
	case ON_ESCAPE:
		drain_counter(loop->fd[ON_ESCAPE]);
		loop->asked = true;
		return force_end(loop, RING3_EXIT_SIGNAL + SIGINT, 0);
	case ON_TIMEOUT:
		return on_timeout(loop);
	case ON_GRACE:
		return on_grace(loop);
	case ON_ENTER:
		if (hold_typed(loop->fd[ON_ENTER]))
			end_proxy(loop);
		return;
	case ON_GDB:
		return on_gdb(loop);
	case ON_REPORT:
		return on_report(loop);
	case ON_EXEC:
		return on_exec(loop);
	case ON_PULSE:
		return on_pulse(loop);
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

static void watch_pulse(struct loop *loop)
{
	const struct itimerspec often = {
		.it_value.tv_nsec = PULSE_LOOK_MS * 1000000, .it_interval.tv_nsec = PULSE_LOOK_MS * 1000000,
	};
	const struct run *run = loop->run;

	pulse_begin(&loop->pulse, jail_kernel(&run->jail),
		    run->kernel.flavor == FLAVOR_DEBUG ? PATIENCE_DEBUG_MS : PATIENCE_MS);
	watch(loop, ON_PULSE, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), EPOLLIN);
	timerfd_settime(loop->fd[ON_PULSE], 0, &often, NULL);
}

static void watch_all(struct loop *loop)
{
	struct run *run = loop->run;
	sigset_t set;

	signals_set(&set);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(loop, ON_SIGNAL, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), EPOLLIN);
	watch(loop, ON_READY, run->ready, EPOLLIN);
	watch(loop, ON_PROXY, run->proxy.pid ? run->proxy.fd : -1, EPOLLIN);
	watch(loop, ON_JAIL, run->jail.child.fd, EPOLLIN);
	watch(loop, ON_CONTROL, run->session.fd, EPOLLIN);
	watch(loop, ON_STREAM, run->stream_done, EPOLLIN);
	watch(loop, ON_GDB, run->gdb.pid ? run->gdb.fd : -1, EPOLLIN);
	watch(loop, ON_REPORT, run->report, EPOLLIN);
	execs_open(&run->execs, &run->instance, &run->session);
	watch(loop, ON_EXEC, run->execs.epoll, EPOLLIN);
	watch(loop, ON_ESCAPE, run->escape, EPOLLIN);
	watch(loop, ON_TIMEOUT, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
	      EPOLLIN);
	watch(loop, ON_GRACE, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
	      EPOLLIN);
	set_timer(loop->fd[ON_TIMEOUT], run->opts->timeout_ms);
	watch_pulse(loop);
}

int supervise(struct run *run)
{
	struct loop loop = { .run = run, .fd[ON_ENTER] = -1 };

	watch_all(&loop);
	flush_control(&loop);
	while (!finished(&loop)) {
		struct epoll_event events[N_SOURCES];
		int n = epoll_wait(loop.epoll, events, N_SOURCES, -1);

		/* An earlier event of this round may have closed a later one's file. */
		for (int i = 0; i < n; i++) {
			if (loop.fd[events[i].data.u32] >= 0)
				dispatch(&loop, events[i].data.u32);
		}
		if (loop.hold == HOLD_NEXT && streams_done(&loop))
			begin_hold(&loop);
	}
	execs_close(&run->execs);
	tty_restore();
	return outcome_print(run);
}
