/* SPDX-License-Identifier: GPL-2.0 */
/* outcome.h - what the end of each part of a run means for the exit status */
#ifndef RING3_OUTCOME_H
#define RING3_OUTCOME_H

#include "shim/run.h"
#include "shim/usage.h"

/**
 * outcome_ready() - the proxy has closed its ready channel
 * @run: the run, with what was written there
 *
 * Return: true if the devices could not be set up and the run must end.
 */
bool outcome_ready(struct run *run);

/**
 * outcome_proxy() - the proxy has ended
 * @run: the run
 * @status: as wait(2) gives it
 * @expected: the hosted kernel has ended before
 *
 * Return: true if the run must end.
 */
bool outcome_proxy(struct run *run, int status, bool expected);

/**
 * outcome_session() - the guest has reported something new
 * @run: the run
 *
 * Return: true if the run must end now.
 */
bool outcome_session(struct run *run);

/**
 * outcome_stopped() - say that the driver process does not run, by a signal
 * @run: the run
 */
void outcome_stopped(const struct run *run);

/**
 * outcome_silent() - say that the hosted kernel only computes
 * @run: the run
 */
void outcome_silent(const struct run *run);

/**
 * outcome_usage() - have the processes of the hosted kernel taken more than they may?
 * @run: the run
 * @usage: what they have
 *
 * Return: true if the run must end now.
 */
bool outcome_usage(struct run *run, struct usage usage);

/**
 * outcome_kernel() - the hosted kernel has ended
 * @run: the run
 * @status: as wait(2) gives it
 * @violation: what the sandbox has ended it for; its call is -1 where there is nothing
 */
void outcome_kernel(struct run *run, int status, const struct sandbox_violation *violation);

/**
 * outcome_report() - the hosted kernel has reported a mistake
 * @run: the run
 *
 * Return: true if the run must end.
 */
bool outcome_report(struct run *run);

/**
 * outcome_timeout() - the time of --timeout is over
 * @run: the run
 *
 * Return: true if that means nothing any more.
 */
bool outcome_timeout(struct run *run);

/**
 * outcome_print() - print what there is to say at the end
 * @run: the run
 *
 * Return: the exit status.
 */
int outcome_print(struct run *run);

#endif
