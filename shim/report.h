/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - what a kernel reports about mistakes, found in its log
 *
 * KASAN, UBSAN, lockdep, kmemleak, the DMA API's checks and WARN() write some lines, a stack
 * among them, between lines of others.  Few of them say where a report ends.
 */
#ifndef RING3_REPORT_H
#define RING3_REPORT_H

#include <stdbool.h>

#include "shim/util.h"

enum report_end {
	REPORT_NONE,		/* there is no open report */
	REPORT_FRAME,		/* a line of '=': the next one tells whether a report begins */
	REPORT_CUT,		/* ends with "---[ end trace" */
	REPORT_BOX,		/* ends with a line of '=' */
	REPORT_TRACE,		/* ends behind its call trace */
	REPORT_LEAK,		/* ends with kmemleak's lines */
	REPORT_AFTER,		/* behind a cut the DMA API says where memory was mapped */
};

/* Who is told, line by line. */
struct report_sink {
	void (*plain)(void *arg, const char *line);	/* of no report */
	void (*found)(void *arg, const char *title, const char *text);
	void *arg;
};

struct report_finder {
	struct report_sink sink;
	enum report_end open;
	struct buffer text;	/* its lines so far */
	char *title;
	unsigned int lines;
	bool in_stack;		/* in the dump of the stack */
	bool in_trace;
};

/**
 * report_line() - look at the next line of the log
 * @finder: state; zero and a sink at first
 * @line: the line, without newline
 */
void report_line(struct report_finder *finder, const char *line);

/**
 * report_pause() - the log ends here, or says nothing more for the moment
 * @finder: state
 *
 * An open report is over.
 */
void report_pause(struct report_finder *finder);

/**
 * report_open() - is a report open, so that a pause matters?
 * @finder: state
 */
bool report_open(const struct report_finder *finder);

/**
 * report_patience() - how long a pause must be to be the end of the open report
 * @finder: state, with an open report
 *
 * One that says where it ends is waited for, unless the kernel got stuck in it.
 *
 * Return: milliseconds.
 */
int report_patience(const struct report_finder *finder);

void report_free(struct report_finder *finder);

/**
 * report_key() - what two reports of the same mistake have in common
 * @title: the title
 * @text: the lines
 *
 * Return: a string to free.
 */
char *report_key(const char *title, const char *text);

#endif
