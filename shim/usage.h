/* SPDX-License-Identifier: GPL-2.0 */
/* usage.h - what the processes of a run have taken together */
#ifndef RING3_USAGE_H
#define RING3_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	unsigned int processes;
	uint64_t private_bytes;	/* memory that is no file's, so not the hosted kernel's RAM either */
};

/**
 * usage_of() - add up a process and all below it
 * @root: the process
 *
 * Return: the sum; of processes that end meanwhile what was seen of them.
 */
struct usage usage_of(pid_t root);

#endif
