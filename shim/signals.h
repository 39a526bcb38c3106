/* SPDX-License-Identifier: GPL-2.0 */
/* signals.h - the signals of a run */
#ifndef RING3_SIGNALS_H
#define RING3_SIGNALS_H

#include <signal.h>

/**
 * signals_set() - all signals of ours
 * @set: filled in
 *
 * Without a SIGHUP that nohup(1) wants ignored.  A script's background job starts with SIGINT
 * ignored, but kill -INT is meant when it is said.
 */
void signals_set(sigset_t *set);

/**
 * signals_block() - keep signals for supervise()
 *
 * From here on a signal waits until the loop reads it, so that none falls into the gap
 * between the start of a process and its supervision.
 */
void signals_block(void);

#endif
