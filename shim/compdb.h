/* SPDX-License-Identifier: GPL-2.0 */
/* compdb.h - compile_commands.json, by which editors know how a driver is compiled */
#ifndef RING3_COMPDB_H
#define RING3_COMPDB_H

#include "shim/kernel.h"
#include "shim/util.h"

/**
 * compdb_write() - write DIR/compile_commands.json
 * @kernel: the hosted kernel; its build tree has the program that does it
 * @dir: absolute path of a directory that has been built
 * @modules: what was built there
 *
 * Nothing happens when none of @modules is newer than the file, and a file that would not
 * change is not written.  A build without it is one all the same: what goes wrong is a warning.
 */
void compdb_write(const struct hosted_kernel *kernel, const char *dir,
		  const struct strv *modules);

#endif
