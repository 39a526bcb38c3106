// SPDX-License-Identifier: GPL-2.0
/*
 * pace.c - how soon the view's thread answers
 *
 * Who reads a file asks again in a moment.  While the driver rests, the thread stays awake for
 * that moment, since a wake-up costs more: across CPUs of a virtual machine ten times as much.
 * While the driver works, readers that are answered at once, again and again, would take its CPU
 * from it, wherever this thread runs; so after a burst they get what one SHARE-th of a
 * CPU can do.  Measured, 8 readers and NVMe traffic on 2 CPUs: 3 instead of 20 % less of the latter.
 */
#include <poll.h>
#include <sched.h>
#include <time.h>

#include "proxy/trace.h"
#include "proxy/util.h"
#include "proxy/view/view.h"

#define SPIN_NS		50000
#define SHARE		20
#define BURST_NS	250000000	/* of CPU time: a grep through all of the view, and more */
#define PAUSE_NS	20000000	/* at a time, at most */

/* Has the driver used a device since this was asked last? */
static bool driver_works(void)
{
	static uint64_t events;
	const uint64_t before = events;

	events = trace_head();
	return events != before;
}

/* How long to wait before the next answer, ns; only what is used while the driver works counts. */
static uint64_t debt(bool works)
{
	static int64_t credit = BURST_NS;
	static uint64_t used, at;
	uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), now = clock_ns(CLOCK_MONOTONIC);

	credit += (now - at) / SHARE;
	if (works)
		credit -= cpu - used;
	credit = credit > BURST_NS ? BURST_NS : credit;
	used = cpu;
	at = now;
	if (credit >= 0)
		return 0;
	return -credit * SHARE < PAUSE_NS ? -credit * SHARE : PAUSE_NS;
}

static void spin(struct pollfd *fds, unsigned int nr)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + SPIN_NS;

	while (!poll(fds, nr, 0) && clock_ns(CLOCK_MONOTONIC) < until)
		sched_yield();
}

/**
 * view_pace() - after an answer: wait for the next request, or make it wait
 * @fds: requests, then what ends the thread
 * @nr: 2
 *
 * Context: the view's thread; sleeps.
 */
void view_pace(struct pollfd *fds, unsigned int nr)
{
	bool works = driver_works();
	uint64_t ns = debt(works);
	const struct timespec pause = { .tv_nsec = ns };

	if (ns)
		ppoll(fds + 1, nr - 1, &pause, NULL);
	else if (!works)
		spin(fds, nr);
}
