/* SPDX-License-Identifier: GPL-2.0 */
/*
 * console.h - the hosted kernel's log
 *
 * A thread of its own reads it, because with -v it writes to a stderr that may block.
 */
#ifndef RING3_CONSOLE_H
#define RING3_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>

#include "shim/reports.h"
#include "shim/show.h"
#include "shim/util.h"

struct console {
	int in;			/* the read end of the pipe */
	bool live;		/* -v: show every line at once */
	struct reports reports;	/* found in it; their end is that of the console */
	struct show *show;	/* gets all of it; must stay */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool end;		/* under @lock */
	struct buffer log;	/* the newest lines, under @lock */
};

/**
 * console_start() - start reading
 * @console: in, live, show, and what reports_init() needs, are set
 *
 * Return: 0, or an exit status after a message.
 */
int console_start(struct console *console);

/**
 * console_finish() - wait until the log is complete
 * @console: a console whose writers have gone
 *
 * With a -v reader that has stopped this gives up after a second.
 */
void console_finish(struct console *console);

/**
 * console_text() - the log as one string
 * @console: the console, whether finished or not
 *
 * Return: printable text to free.
 */
char *console_text(struct console *console);

#endif
