/* SPDX-License-Identifier: GPL-2.0 */
/* placement.h - on which CPU a run's processes are */
#ifndef RING3_PLACEMENT_H
#define RING3_PLACEMENT_H

/**
 * placement_begin() - what this process starts from now on shares one CPU, the one it is on itself
 */
void placement_begin(void);

/**
 * placement_end() - what it starts from now on may run anywhere
 */
void placement_end(void);

/**
 * placement_enter() - be where this process' parent wants it
 *
 * Context: a child that was just forked.
 */
void placement_enter(void);

#endif
