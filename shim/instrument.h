/* SPDX-License-Identifier: GPL-2.0 */
/* instrument.h - modules of the hosted kernel that count, for --coverage */
#ifndef RING3_INSTRUMENT_H
#define RING3_INSTRUMENT_H

#include "shim/kernel.h"
#include "shim/util.h"

/* Where a module was built anew. */
struct instrumented {
	char *objects;		/* the directory */
	char *sources;		/* that of the sources, in the hosted kernel's tree */
};

/**
 * instrument_module() - build the directory of a module with counters
 * @kernel: the hosted kernel
 * @path: the module, as installed
 * @modules: gets the paths of all modules built there
 * @where: filled in, to free both
 *
 * The hosted kernel's tree is others', too, and is not touched: beside the hosted kernel, or in the
 * user's cache, a tree of links to it is made, with real directories on the way to the module.
 *
 * Return: 0, or an exit status after a message.
 */
int instrument_module(const struct hosted_kernel *kernel, const char *path,
		      struct strv *modules, struct instrumented *where);

#endif
