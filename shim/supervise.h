/* SPDX-License-Identifier: GPL-2.0 */
/* supervise.h - the signals of a run */
#ifndef RING3_SUPERVISE_H
#define RING3_SUPERVISE_H

/**
 * supervise_block_signals() - keep signals for supervise()
 *
 * From here on a signal waits until the loop reads it, so that none falls into the gap
 * between the start of a process and its supervision.
 */
void supervise_block_signals(void);

#endif
