/* SPDX-License-Identifier: GPL-2.0 */
/*
 * exec.h - ring3 exec at the side of the run: the socket, and the commands of its clients
 *
 * Theory of operation: the run's directory has a socket.  A client (cmd-exec.c) connects and
 * sends EXEC and what follows; the messages go on to the guest init, and its answers back, both
 * with a number of ours in place of the client's.  Both sides are held to their windows
 * (guest/control.h), so that what is kept here is bounded and nobody is waited for; while the
 * guest does not read, no client is listened to.  A client that has gone has its command
 * hung up, and killed after a while.
 */
#ifndef RING3_EXEC_H
#define RING3_EXEC_H

#include "shim/control.h"

struct instance;
struct session;

/* More for the guest than this waits: no client is listened to. */
#define EXECS_UNSENT (256 * 1024)

struct exec {
	uint32_t id;		/* 0: free */
	int fd;			/* the client, -1: it has gone */
	bool asked;		/* the guest knows of it */
	bool started;
	bool closed;		/* the command takes no more input */
	bool closing;		/* everything has been said to the client */
	bool bad;		/* the client does not follow the protocol */
	struct execs *execs;
	struct ctl_decoder decoder;
	struct buffer out;
	uint32_t unread[2];	/* output the client has not got yet */
	uint32_t untaken;	/* input the command has not got yet */
};

struct execs {
	struct session *session;
	const char *name;
	int epoll;		/* readable when execs_input() has something to do; -1: none */
	int listen;
	uint32_t last;		/* id given */
	char *over;		/* why there can be no command any more, NULL: there can */
	struct exec v[RING3_EXEC_MAX];
};

/**
 * execs_open() - let clients come
 * @execs: filled in, for execs_close()
 * @inst: the run; without a directory nobody can come
 * @session: the conversation with the guest; both must stay
 */
void execs_open(struct execs *execs, const struct instance *inst, struct session *session);

/**
 * execs_input() - act on what clients want; the session may have more to send after it
 * @execs: the commands
 */
void execs_input(struct execs *execs);

/**
 * execs_message() - act on a message of the guest's
 * @execs: the commands
 * @msg: of the EXEC family
 */
void execs_message(struct execs *execs, const struct ctl_message *msg);

/**
 * execs_over() - end every command, and begin no other
 * @execs: the commands
 * @fmt: what has happened to the run, for the clients
 */
void execs_over(struct execs *execs, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void execs_close(struct execs *execs);

#endif
