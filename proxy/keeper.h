/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keeper.h - the process that does what the proxy itself may not do any more
 */
#ifndef RING3_PROXY_KEEPER_H
#define RING3_PROXY_KEEPER_H

#include <stddef.h>

#define KEEPER_FDS 4

/* What can be asked: one function each, which is fixed when the keeper starts. */
enum keeper_task {
	KEEPER_QEMU,		/* start QEMU again: machine.c */
	KEEPER_QEMU_STATUS,	/* how it ended */
	KEEPER_QEMU_MOVE,	/* to another processor */
	KEEPER_CONNECT,		/* connect to the server of a vfio-user: device */
	NR_KEEPER_TASKS,
};

struct keeper_call {
	long args[3];
	long result;
	unsigned int nr_fds;	/* descriptors that go along, each way */
	int fds[KEEPER_FDS];
	char why[512];		/* if the result is negative: fail_text() */
};

typedef void (*keeper_fn)(struct keeper_call *call);

void keeper_offer(enum keeper_task task, keeper_fn fn);
void keeper_at_end(void (*fn)(void));
int keeper_start(char *name);
void keeper_stop(void);
int keeper_ask(enum keeper_task task, struct keeper_call *call);

#endif
