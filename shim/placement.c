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
#include "shim/placement.h"

void placement_begin(cpu_set_t *old)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(old);
	if (cpu < 0 || sched_getaffinity(0, sizeof(*old), old) < 0 || CPU_COUNT(old) < 2)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void placement_end(const cpu_set_t *old)
{
	if (CPU_COUNT(old))
		sched_setaffinity(0, sizeof(*old), old);
}
