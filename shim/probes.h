/* SPDX-License-Identifier: GPL-2.0 */
/*
 * probes.h - what kbuild asks the compiler before it builds anything
 *
 * Theory of operation: the kernel's Makefile asks the compiler, assembler and linker some 27 times whether
 * they know an option, each time it is started: a second for a driver that compiles in 0.4.  The answers
 * depend on the question and on those programs only, so they are kept in a makefile in the user's cache,
 * which make reads first (MAKEFILES) and which answers in place of the kernel's `try-run`; a question that is
 * new is asked as ever, and its answer kept.  The commands that build are the same to the letter.
 */
#ifndef RING3_PROBES_H
#define RING3_PROBES_H

#include <stdbool.h>
#include "shim/kernel.h"

struct probes {
	char *path;		/* the makefile, NULL: nothing is remembered */
	char *header;		/* what it begins with, for these compilers */
	int answers;		/* a memfd that make writes new answers into */
};

/**
 * probes_begin() - have the make that is started next remember
 * @p: filled in, for probes_end()
 * @kernel: the hosted kernel that is built for
 *
 * Sets $MAKEFILES and $RING3_ANSWERS.  Where there is no place that is this user's alone, or
 * the environment changes which programs are asked, nothing is set, and make does without.
 */
void probes_begin(struct probes *p, const struct hosted_kernel *kernel);

/**
 * probes_end() - keep what make has learned
 * @p: of probes_begin()
 * @good: the build succeeded, else nothing is kept
 */
void probes_end(struct probes *p, bool good);

#endif
