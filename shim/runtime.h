/* SPDX-License-Identifier: GPL-2.0 */
/* runtime.h - the user's directory in which runs tell that they are there */
#ifndef RING3_RUNTIME_H
#define RING3_RUNTIME_H

#include <stdbool.h>

struct runtime {
	char *path;		/* absolute, without symbolic links */
	int fd;
};

/**
 * runtime_open() - open $XDG_RUNTIME_DIR/ring3, /run/ring3 or /tmp/ring3-UID
 * @rt: filled in, for runtime_close()
 * @create: make it if it is not there
 * @why: receives the reason of a failure, to free; may be NULL
 *
 * Only a directory that belongs to the user and is open to nobody else is taken; others
 * can make whatever they like in /tmp.
 *
 * Return: 0, or -1 with nothing printed.
 */
int runtime_open(struct runtime *rt, bool create, char **why);

/**
 * runtime_default() - the path that runtime_open() would try first
 *
 * Return: the path, to free.
 */
char *runtime_default(void);

/**
 * runtime_lock() - keep others from making and removing runs
 * @rt: the directory, until it is closed
 *
 * For moments: whoever starts a run waits.
 */
void runtime_lock(const struct runtime *rt);

void runtime_close(struct runtime *rt);

#endif
