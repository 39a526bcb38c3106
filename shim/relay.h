/* SPDX-License-Identifier: GPL-2.0 */
/*
 * relay.h - CMD's standard streams
 *
 * One thread per stream, with blocking reads and writes: the caller's descriptors may be
 * anything (files, pipes, terminals) and are shared with others, so they cannot be made
 * non-blocking; and a reader that has stopped holds up only its own stream.
 */
#ifndef RING3_RELAY_H
#define RING3_RELAY_H

#include <stdatomic.h>
#include <stdbool.h>

struct relay {
	int from;
	int to;
	int socket;		/* which of the two is ours: shut down at the end */
	bool input;		/* from the caller to CMD */
	int done;		/* eventfd, written at the end of an output */
	int error;		/* of a write to the caller, for when it is done; not EPIPE */
	/* keys: the way out of a hung guest, see relay_keys() */
	int escape;		/* eventfd, -1: none */
	atomic_int *silent_keys;
	bool running;
};

/**
 * relay_start() - start carrying a stream
 * @relay: the stream; must stay until it is done, or until the end of the program
 *
 * Return: 0, or an exit status after a message.
 */
int relay_start(struct relay *relay);

#endif
