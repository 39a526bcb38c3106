/* SPDX-License-Identifier: GPL-2.0 */
/* placement.h - on which CPU a run's processes are */
#ifndef RING3_PLACEMENT_H
#define RING3_PLACEMENT_H

#include <sched.h>

/**
 * placement_begin() - what this process starts from now on shares one CPU
 * @old: receives the affinity to return to
 */
void placement_begin(cpu_set_t *old);

/**
 * placement_end() - this process may run where it might before
 * @old: from placement_begin()
 */
void placement_end(const cpu_set_t *old);

#endif
