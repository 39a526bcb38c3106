/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reports.h - the reports of a run: decoded, and shown once each
 *
 * A thread of its own shows them, started by the first: what it takes to read debug information
 * keeps neither the run nor the reading of the log waiting.
 */
#ifndef RING3_REPORTS_H
#define RING3_REPORTS_H

#include <pthread.h>
#include <stdbool.h>

#include "shim/drivers.h"

struct reports {
	struct drivers *drivers;
	char *const *command;
	int event;		/* eventfd, written after each that was new */
	int done;		/* eventfd, written at the end */
	/* All behind @lock: */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct strv waiting;	/* titles and texts, in turn */
	struct strv keys;	/* of those that were shown */
	struct strv heads;	/* what and where */
	unsigned int *times;	/* that each came */
	bool running;
	bool ended;
};

/**
 * reports_init() - prepare
 * @reports: drivers, command, event and done are set
 */
void reports_init(struct reports *reports);

/**
 * reports_add() - show a report, unless one of the same mistake has been shown
 * @reports: the reports
 * @title: one line
 * @text: all lines; not trusted
 */
void reports_add(struct reports *reports, const char *title, const char *text);

/**
 * reports_end() - there will be no more
 * @reports: the reports
 *
 * When the last one has been shown @done is written.
 */
void reports_end(struct reports *reports);

/**
 * reports_first() - what was reported first
 * @reports: the reports
 *
 * Return: what and where, to free; NULL if there was no report.
 */
char *reports_first(struct reports *reports);

#endif
