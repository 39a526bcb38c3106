/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pulse.h - does the hosted kernel still do anything but compute?
 *
 * Theory of operation: a hosted kernel that a driver keeps from scheduling, with interrupts off or in a
 * loop, cannot say so.  What is seen from outside is its processor time.  When it has used some and
 * nothing has been heard of it meanwhile, it is asked; when it has used more and has not answered,
 * that is worth a line.  An idle one is not asked, and one that has to wait for a
 * processor is not blamed.  One that was stopped by a signal is seen at once.
 *
 * One that does nothing but register accesses that are messages sleeps for each answer, thousands of
 * times a second, where a loop never does: it is slow, and its time counts a tenth.  Time in
 * which it uses little of a processor does not count at all.
 */
#ifndef RING3_PULSE_H
#define RING3_PULSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PULSE_LOOK_MS 200	/* between two looks */
#define PULSE_PATIENCE_MAX_MS 60000

enum pulse_finding {
	PULSE_FINE,
	PULSE_ASK,		/* say something that it answers */
	PULSE_STOPPED,		/* by a signal, and for the first time or again */
	PULSE_SILENT,		/* it computes and does not answer */
};

struct pulse {
	pid_t kernel;
	unsigned int patience_ms;	/* without an answer */
	struct pulse_time {
		uint64_t now_ms;	/* of a clock */
		uint64_t used_ms;	/* of a processor */
		uint64_t sleeps;	/* times that it gave its processor up by itself */
	} last;				/* look */
	struct pulse_time passed, heard, question;	/* as counted: now; when heard of last; when asked */
	bool asked, silent, stopped, told;
	bool busy;			/* it computed before the last look: its sleeps were counted then */
};

/**
 * pulse_begin() - start
 * @pulse: filled in
 * @kernel: the process
 * @patience_ms: how long it may be silent when for a third of the time it had a processor
 */
void pulse_begin(struct pulse *pulse, pid_t kernel, unsigned int patience_ms);

/**
 * pulse_heard() - it has said something
 * @pulse: state; if that comes after it was found silent, more patience is had with it from now on
 */
void pulse_heard(struct pulse *pulse);

/**
 * pulse_judge() - what to make of a look
 * @pulse: state
 * @state: of the process, as in proc(5)
 * @now: what time it is, the processor time it has used, and how often it slept
 *
 * Return: what to do; everything but PULSE_FINE and PULSE_ASK once.
 */
enum pulse_finding pulse_judge(struct pulse *pulse, char state, struct pulse_time now);

/**
 * pulse_look() - look, every PULSE_LOOK_MS
 * @pulse: state
 *
 * Return: as pulse_judge().
 */
enum pulse_finding pulse_look(struct pulse *pulse);

#endif
