/* SPDX-License-Identifier: GPL-2.0 */
/* lcov.h - from what gcov says to a tracefile of lcov's, lines and branches of each source once */
#ifndef RING3_LCOV_H
#define RING3_LCOV_H

#include <stdio.h>

#include "shim/util.h"

struct lcov_source;

/* What has been gathered, zero at first. */
struct lcov {
	struct lcov_source *v;
	size_t n;
};

/**
 * lcov_add() - add what gcov --json-format says of one object
 * @lcov: grows; counts of a line that several objects have are added
 * @json: gcov's text
 * @sources: directories, absolute and real, outside of which no file is wanted
 *
 * Return: 0, or -1 when @json is not what gcov writes.
 */
int lcov_add(struct lcov *lcov, const char *json, const struct strv *sources);

/**
 * lcov_print() - write the tracefile
 * @lcov: what has been gathered
 * @out: where to
 */
void lcov_print(const struct lcov *lcov, FILE *out);

void lcov_free(struct lcov *lcov);

#endif
