/* SPDX-License-Identifier: GPL-2.0 */
/* kbuild.h - building out-of-tree drivers for the hosted kernel */
#ifndef RING3_KBUILD_H
#define RING3_KBUILD_H

#include <stdbool.h>

#include "shim/kernel.h"
#include "shim/util.h"

enum kbuild_how {
	KBUILD_ON_THE_FLY = 1,	/* show the compiler's output only if it fails */
	KBUILD_COVERAGE = 2,	/* with counters, for --coverage */
};

/**
 * kbuild_run() - build the modules of a directory
 * @kernel: the hosted kernel
 * @dir: a directory with a Kbuild or Makefile
 * @how: enum kbuild_how
 * @modules: gets the paths of the .ko files, in the order to load them
 *
 * make decides what is out of date.
 *
 * Return: 0, or an exit status after a message.
 */
int kbuild_run(const struct hosted_kernel *kernel, const char *dir, unsigned int how,
	       struct strv *modules);

/**
 * kbuild_modules() - read the list of modules a build has made
 * @dir: the directory
 * @text: the text of its modules.order, in the form of any kernel since 6.1
 * @modules: gets the paths
 */
void kbuild_modules(const char *dir, const char *text, struct strv *modules);

#endif
