/* SPDX-License-Identifier: GPL-2.0 */
/*
 * coverage.h - which lines of a driver were executed: ring3 run --coverage
 *
 * Theory of operation: the driver is built with GCOV_PROFILE=y, so it counts for itself
 * (the kernel's CONFIG_GCOV_KERNEL).  After CMD's end the guest init sends the counters of each
 * object as the kernel gives them, a .gcda file.  With the .gcno files that the compiler left
 * beside the objects gcov(1) makes lines of them, and lcov.c a tracefile of those that are in the
 * driver's own directory.
 *
 * The counters come from the guest: coverage_valid() looks at all of them before gcov does.
 */
#ifndef RING3_COVERAGE_H
#define RING3_COVERAGE_H

#include "shim/drivers.h"
#include "shim/util.h"

struct coverage_file;

/* What the guest has sent, zero at first. */
struct coverage {
	struct coverage_file *v;
	size_t n;
	size_t bytes;
};

/**
 * coverage_check() - can there be a --coverage?
 * @kernel: the hosted kernel
 *
 * Return: 0, or an exit status after a message.
 */
int coverage_check(const struct hosted_kernel *kernel);

/**
 * coverage_add() - the guest has sent a piece of an object's counters
 * @coverage: grows, within a bound
 * @path: the object's .gcda, absolute on the host; not trusted
 * @data: the piece
 * @len: bytes
 */
void coverage_add(struct coverage *coverage, const char *path, const char *data, size_t len);

/**
 * coverage_valid() - are these counters well-formed, and of this object?
 * @data: a .gcda file; not trusted
 * @len: bytes
 * @notes: the beginning of the .gcno file, 12 bytes
 *
 * Return: whether gcov should see it.
 */
bool coverage_valid(const char *data, size_t len, const char notes[12]);

/**
 * coverage_write() - write the tracefile
 * @coverage: what the guest has sent
 * @drivers: which were built for this
 * @file: where to
 * @dir: for files that are gone afterwards; NULL: there is none yet
 *
 * Return: 0, or an exit status after a message.
 */
int coverage_write(const struct coverage *coverage, const struct drivers *drivers,
		   const char *file, const char *dir);

void coverage_free(struct coverage *coverage);

#endif
