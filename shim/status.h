/* SPDX-License-Identifier: GPL-2.0 */
/* status.h - the state of a run as others see it: in instance.json and in the view */
#ifndef RING3_STATUS_H
#define RING3_STATUS_H

#include "shim/run.h"

/**
 * status_started() - the processes have been started
 * @run: the run
 */
void status_started(struct run *run);

/**
 * status_set() - the run has a new state
 * @run: the run
 * @fmt: "running", "ended STATUS", "panicked", "killed SIGNAL" or "crashed"
 */
void status_set(struct run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * status_over() - the hosted kernel has ended
 * @run: the run; its status is the exit status unless a crash has been told
 */
void status_over(struct run *run);

/**
 * status_crash() - show a crash in the view
 * @run: the run
 * @reason: one line
 * @stack: the decoded end of the log, or NULL
 * @log: the log
 */
void status_crash(struct run *run, const char *reason, const char *stack, const char *log);

#endif
