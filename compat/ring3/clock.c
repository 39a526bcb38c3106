// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c - time stamps finer than a tick
 *
 * The default sched_clock() counts jiffies; the host's CLOCK_MONOTONIC costs a few
 * nanoseconds and gives log and trace real time stamps.
 */
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/sched/clock.h>
#include <os.h>

/**
 * sched_clock() - nanoseconds since boot
 *
 * Context: any.
 */
unsigned long long notrace sched_clock(void)
{
	static unsigned long long start;

	if (unlikely(!start))
		start = os_nsecs();
	return os_nsecs() - start;
}

/**
 * calibrate_delay_is_known() - loops of __delay() per jiffy, measured in a millisecond
 *
 * The kernel's own way waits for ten ticks.  The shortest of several runs is the one
 * that nothing interrupted.
 */
unsigned long calibrate_delay_is_known(void)
{
	const unsigned long loops = 200000;
	long long best = LLONG_MAX;
	int i;

	for (i = 0; i < 8; i++) {
		long long start = os_nsecs();

		__delay(loops);
		best = min(best, os_nsecs() - start);
	}
	return best > 0 ? loops * (NSEC_PER_SEC / HZ) / best : 0;
}

/* Drivers under test compare a device's CLOCK_MONOTONIC stamps with their own. */
EXPORT_SYMBOL_GPL(os_nsecs);
