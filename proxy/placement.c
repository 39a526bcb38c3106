// SPDX-License-Identifier: GPL-2.0
/*
 * placement.c - which processors there are besides the one that a run shares
 *
 * A run's processes are on one processor (shim/placement.c), this one, too, and for what goes better elsewhere
 * for a while there are those that whoever started this may use.
 */
#include <unistd.h>

#include "proxy/placement.h"

static bool of_a_run;

/**
 * placement_init() - this process was started with its client, by whoever put both on one processor
 *
 * Of another, one processor is its user's wish.
 */
void placement_init(void)
{
	of_a_run = true;
}

/**
 * placement_home() - the processor that this process shares with its client
 *
 * Return: its number, or -1: where it is is left to the host, or to its user.
 */
int placement_home(void)
{
	cpu_set_t home;

	if (!of_a_run || sched_getaffinity(0, sizeof(home), &home) || CPU_COUNT(&home) != 1)
		return -1;
	return sched_getcpu();
}

/**
 * placement_away() - the others
 * @away: filled in
 *
 * Return: false if there are none.  Context: this process is at home.
 */
bool placement_away(cpu_set_t *away)
{
	int home = placement_home();

	if (home < 0 || sched_getaffinity(getppid(), sizeof(*away), away))
		return false;
	CPU_CLR(home, away);
	return CPU_COUNT(away);
}
