/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop.h - what the files of a run's supervision share; see supervise.c
 *
 * All of it runs in one thread, and nothing waits but supervise()'s epoll_wait().
 */
#ifndef RING3_LOOP_H
#define RING3_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/pulse.h"
#include "shim/run.h"

#define GRACE_POWER_OFF_MS 5000 /* the same after CMD's own end */
#define GRACE_SCAN_MS 60000	/* the same where it looks for lost memory first */
#define GRACE_CLIENTS_MS 500	/* the hosted kernel has closed its devices: it is about to end */
#define GRACE_STREAMS_MS 100	/* streams of a forced end */

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

/* loop.c: what is waited for */

/**
 * loop_watch() - wait for a file, too
 * @loop: the supervision
 * @source: what it is
 * @fd: the file, or -1: there is none
 * @events: of epoll
 */
void loop_watch(struct loop *loop, enum source source, int fd, uint32_t events);

void loop_unwatch(struct loop *loop, enum source source);

/**
 * loop_timer() - arm a timer
 * @fd: a timerfd
 * @ms: from now, milliseconds; 0: never
 */
void loop_timer(int fd, uint64_t ms);

/* The same for what must come next, unless gdb is there. */
void loop_grace(struct loop *loop, uint64_t ms);

/* Returns whether an eventfd or timerfd had something to tell. */
bool loop_drain(int fd);

/* Send the guest what is to be sent, and listen to it as far as it reads. */
void loop_flush_control(struct loop *loop);

/* loop-end.c: ways to the end */

void loop_kill_kernel(struct loop *loop);

/* The hosted kernel has ended: now the proxy, and then the streams. */
void loop_end_proxy(struct loop *loop);

/* --hold: the hosted kernel has ended, and the devices stay until the user lets them go. */
void loop_hold(struct loop *loop);

/**
 * loop_force_end() - the run must end for a reason that CMD has not chosen
 * @loop: the supervision
 * @status: exit status, if there is none yet
 * @sig: for CMD, which then has time to clean up; 0: at once
 *
 * Called twice, it ends at once.
 */
void loop_force_end(struct loop *loop, int status, int sig);

/**
 * loop_force_end_gdb() - the same with gdb, which is ended first
 * @loop: the supervision
 * @status: exit status, if there is none yet
 */
void loop_force_end_gdb(struct loop *loop, int status);

/* What was to come next did not come in time. */
void loop_on_grace(struct loop *loop);

/* loop-pulse.c: is it alive, and how much does it take? */

void loop_watch_pulse(struct loop *loop);
void loop_on_pulse(struct loop *loop);

#endif
