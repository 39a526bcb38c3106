// SPDX-License-Identifier: GPL-2.0
/*
 * placement.c - on which CPU a run's processes are; see placement.h
 *
 * Theory of operation: a register access, an interrupt, a page fault of a hosted process are
 * all a hand-over: hosted kernel, proxy, QEMU and the processes that the hosted kernel
 * traces wait for one another and seldom run at once.  A hand-over on one CPU costs 2 to 5
 * microseconds, across two of a virtual machine's CPUs 20 to 80.  Measured with both: NVMe 4 KiB
 * reads 58 instead of 281 microseconds, TCP through e1000e the same but steadier, start to
 * exit with e1000e 0.18 instead of 0.30 s.  The CPU is the one this process is on: the host put it
 * where there was least to do when it was executed a moment ago, so two runs get
 * two CPUs.  The shim itself, which copies standard input and output, may run anywhere.
 */
#include <sched.h>

#include "shim/placement.h"

static int chosen = -1;

void placement_begin(void)
{
	cpu_set_t may;

	if (!sched_getaffinity(0, sizeof(may), &may) && CPU_COUNT(&may) > 1)
		chosen = sched_getcpu();
}

void placement_end(void)
{
	chosen = -1;
}

void placement_enter(void)
{
	cpu_set_t one;

	if (chosen < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET(chosen, &one);
	sched_setaffinity(0, sizeof(one), &one);
}
