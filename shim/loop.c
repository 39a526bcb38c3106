// SPDX-License-Identifier: GPL-2.0
/* loop.c - what a run's supervision waits for; see loop.h */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "shim/loop.h"

/*
 * A guest that asks and does not read the answers is not listened to beyond this; above what
 * ring3 exec may add for it (exec.h), so that it never waits for us and we for it.
 */
#define MAX_UNREAD (2 * RING3_CTL_MAX_TO_GUEST)

void loop_watch(struct loop *loop, enum source source, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = source };

	loop->fd[source] = fd;
	if (fd >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		fail("cannot watch a file: %s", strerror(errno));
}

void loop_unwatch(struct loop *loop, enum source source)
{
	if (loop->fd[source] >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->fd[source], NULL);
	loop->fd[source] = -1;
}

void loop_timer(int fd, uint64_t ms)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 },
	};

	timerfd_settime(fd, 0, &when, NULL);
}

/* Somebody who looks at the end with gdb has all the time there is. */
void loop_grace(struct loop *loop, uint64_t ms)
{
	if (!loop->gdb_told || !loop->run->gdb.pid)
		loop_timer(loop->fd[ON_GRACE], loop->run->gdb.pid ? 0 : ms);
}

bool loop_drain(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

/* While the guest does not read, nobody is to say more. */
static void listen_execs(struct loop *loop)
{
	bool full = loop->run->session.out.len > EXECS_UNSENT;
	struct epoll_event event = { .events = full ? 0 : EPOLLIN, .data.u32 = ON_EXEC };

	if (loop->fd[ON_EXEC] >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->fd[ON_EXEC], &event);
}

void loop_flush_control(struct loop *loop)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = ON_CONTROL };

	if (session_output(&loop->run->session))
		event.events = loop->run->session.out.len > MAX_UNREAD ? EPOLLOUT :
									 EPOLLIN | EPOLLOUT;
	if (loop->run->session.fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->run->session.fd, &event);
	listen_execs(loop);
}
