// SPDX-License-Identifier: GPL-2.0
/*
 * keeper.c - the process that does what the proxy itself may not do any more
 *
 * Theory of operation: before the proxy locks itself in (sandbox.c) it forks. The child has
 * everything the proxy knew then: which devices there are, where the view is mounted, which
 * sockets are to be removed.  It keeps no descriptor but a socket, on which the proxy asks for
 * one of a few things that were fixed before, with numbers and descriptors and no names of files.
 * So somebody who has taken over the proxy can have QEMU started again, as the command line said,
 * or be connected to the same server, and nothing else.
 *
 * When the socket ends, however the proxy ended, the keeper removes what is left and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/keeper.h"
#include "proxy/loop.h"
#include "proxy/util.h"

#define MAX_ENDS 4
#define KEEPER_NAME "ring3-keep"	/* not longer than ring3-proxy */

struct message {
	int task;
	struct keeper_call call;
};

static keeper_fn tasks[NR_KEEPER_TASKS];
static void (*ends[MAX_ENDS])(void);
static unsigned int nr_ends;
static int sock = -1;
static pid_t keeper;

/**
 * keeper_offer() - say who carries a task out
 * @task: the task
 * @fn: called in the keeper
 */
void keeper_offer(enum keeper_task task, keeper_fn fn)
{
	tasks[task] = fn;
}

/**
 * keeper_at_end() - something to be done when the proxy has ended, or keeper_stop() is called
 * @fn: called in the keeper, in the order in which they were given
 */
void keeper_at_end(void (*fn)(void))
{
	if (nr_ends < MAX_ENDS)
		ends[nr_ends++] = fn;
}

static int transmit(int fd, struct message *m)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(KEEPER_FDS * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (m->call.nr_fds) {
		size_t len = m->call.nr_fds * sizeof(int);

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(len);
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(len);
		memcpy(CMSG_DATA(&control.hdr), m->call.fds, len);
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(*m) ? 0 : -1;
}

/* Sockets of packets: whole messages, or the end.  Descriptors are counted as they came. */
static int receive(int fd, struct message *m)
{
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(KEEPER_FDS * sizeof(int))];
	} control;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(*m))
		return -1;
	m->call.why[sizeof(m->call.why) - 1] = 0;
	m->call.nr_fds = 0;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return 0;
	m->call.nr_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(m->call.fds, CMSG_DATA(c), m->call.nr_fds * sizeof(int));
	return 0;
}

static void carry_out(struct message *m)
{
	int came[KEEPER_FDS];
	unsigned int nr = m->call.nr_fds;

	memcpy(came, m->call.fds, sizeof(came));
	*m->call.why = 0;
	m->call.nr_fds = 0;
	m->call.result = -ENOTSUP;
	if (m->task >= 0 && m->task < NR_KEEPER_TASKS && tasks[m->task]) {
		m->call.nr_fds = nr;
		tasks[m->task](&m->call);
	}
	if (m->call.result < 0)
		snprintf(m->call.why, sizeof(m->call.why), "%s", fail_text());
	transmit(sock, m);
	for (unsigned int i = 0; i < nr; i++)
		close(came[i]);
	for (unsigned int i = 0; i < m->call.nr_fds; i++)
		close(m->call.fds[i]);
}

/* The terminal's signals are for the proxy; we end when it has. */
static void leave_alone(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGALRM };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void live(char *name)
{
	struct message m;

	/* For ps(1); what follows on the command line is in use. */
	prctl(PR_SET_NAME, "ring3-keeper");
	if (strlen(name) >= strlen(KEEPER_NAME))
		memset(mempcpy(name, KEEPER_NAME, strlen(KEEPER_NAME)), 0,
		       strlen(name) - strlen(KEEPER_NAME));
	leave_alone();
	if (dup2(sock, STDERR_FILENO + 1) < 0 || close_range(STDERR_FILENO + 2, ~0U, 0))
		_exit(1);
	sock = STDERR_FILENO + 1;
	fcntl(sock, F_SETFD, FD_CLOEXEC);
	while (!receive(sock, &m))
		carry_out(&m);
	for (unsigned int i = 0; i < nr_ends; i++)
		ends[i]();
	_exit(0);
}

static void lost(struct loop_src *src, uint32_t events)
{
	(void)events;
	loop_del(src);
	warn("ring3-keeper was lost: what this proxy may not do itself any more is not done, and a socket or a mount may be left when it ends");
}

static struct loop_src watched = { .fd = -1, .fn = lost };

/**
 * keeper_start() - fork the keeper
 * @name: argv[0]
 *
 * From here on what the proxy learns is not known to it.
 *
 * Return: 0, or -1 with fail().
 */
int keeper_start(char *name)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return fail("cannot create a socket: %m");
	keeper = fork();
	if (keeper < 0) {
		close(pair[0]);
		close(pair[1]);
		return fail("cannot start a process: %m");
	}
	if (!keeper) {
		close(pair[0]);
		sock = pair[1];
		live(name);
	}
	close(pair[1]);
	sock = pair[0];
	watched.fd = sock;
	/* Of the other end's end alone. */
	return loop_add(&watched, 0) ? fail("cannot wait for the keeper: %m") : 0;
}

/**
 * keeper_stop() - have the keeper do what is to be done at the end, and wait for it
 */
void keeper_stop(void)
{
	if (sock < 0) {
		for (unsigned int i = 0; i < nr_ends; i++)
			ends[i]();
		return;
	}
	loop_del(&watched);
	close(sock);
	sock = -1;
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
}

/**
 * keeper_ask() - have a task carried out
 * @task: which
 * @call: arguments and descriptors, which stay the caller's; replaced by the result, and by
 *        descriptors that are the caller's now
 *
 * Without a keeper the task is carried out here.
 *
 * Return: call->result; negative with fail().
 */
int keeper_ask(enum keeper_task task, struct keeper_call *call)
{
	struct message m = { .task = task, .call = *call };

	call->nr_fds = 0;
	if (sock < 0 && !tasks[task])
		return fail("nobody offered to do this");
	if (sock < 0) {
		*call = m.call;
		tasks[task](call);
		return (int)call->result;
	}
	if (transmit(sock, &m) || receive(sock, &m))
		return fail("the process that this proxy left outside of its sandbox is lost");
	*call = m.call;
	if (call->result < 0)
		fail("%s", call->why);
	return (int)call->result;
}
