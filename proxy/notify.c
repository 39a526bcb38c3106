// SPDX-License-Identifier: GPL-2.0
/*
 * notify.c - signal a file descriptor that belongs to an untrusted client
 *
 * Theory of operation: the client keeps a copy of every descriptor it hands over
 * and shares its file status flags with us, so O_NONBLOCK can be taken away at any
 * time.  A write that must never block therefore needs more than that flag:
 *
 *  socket   of AF_UNIX; MSG_DONTWAIT belongs to the call, not to the file.
 *  eventfd  cannot be opened again.  It blocks only when its counter is full, which
 *           poll() tells.  Against a client that fills it in between, a timer that
 *           ticks only while signals are being sent interrupts the write, and the
 *           client loses that vector.
 *
 * Anything else (files, terminals, FUSE) is refused; pipes too, because whoever reads one into
 * memory that does not come (userfaultfd, FUSE) holds its lock, and no flag and no signal helps.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "proxy/notify.h"

#define WATCHDOG_US 200000

static atomic_int writing, ticking;	/* also used by the signal handler */

static void watchdog(int on)
{
	struct itimerval it = {
		.it_interval.tv_usec = on ? WATCHDOG_US : 0,
		.it_value.tv_usec = on ? WATCHDOG_US : 0,
	};

	ticking = on;
	setitimer(ITIMER_REAL, &it, NULL);
}

/* Without SA_RESTART: its only purpose is to make a blocked write() return EINTR. */
static void tick(int sig)
{
	int saved = errno;

	(void)sig;
	if (!writing)
		watchdog(0);
	errno = saved;
}

static void watchdog_start(void)
{
	static bool installed;
	struct sigaction sa = { .sa_handler = tick };

	if (!installed)
		sigaction(SIGALRM, &sa, NULL);
	installed = true;
	watchdog(1);
}

static bool is_eventfd(int fd)
{
	char path[32], target[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return !strcmp(target, "anon_inode:[eventfd]");
}

/* Of others, send() waits for whoever has them locked, whatever its flags. */
static bool is_local(int fd)
{
	int domain;
	socklen_t len = sizeof(domain);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX;
}

/**
 * notify_set() - use a client's descriptor for signals from now on
 * @n: its previous descriptor, if any, is closed
 * @fd: an eventfd or a local socket; taken over on success
 *
 * Return: 0, or a negative errno (-EINVAL: some other kind of file); then @fd still
 * belongs to the caller.
 */
int notify_set(struct notify *n, int fd)
{
	struct notify new = { .fd = fd };
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISSOCK(st.st_mode) && is_local(fd))
		new.kind = NOTIFY_SOCKET;
	else if (is_eventfd(fd))
		new.kind = NOTIFY_EVENTFD;
	else
		return -EINVAL;
	notify_clear(n);
	*n = new;
	return 0;
}

/**
 * notify_clear() - forget and close the descriptor
 * @n: armed or not
 */
void notify_clear(struct notify *n)
{
	if (notify_armed(n))
		close(n->fd);
	n->fd = -1;
	n->kind = NOTIFY_NONE;
}

static ssize_t write_eventfd(int fd, const uint64_t *one)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	ssize_t r;

	/* Full: 2^64 - 2 signals wait to be read, one more says nothing new. */
	if (poll(&room, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	writing = 1;
	if (!ticking)
		watchdog_start();
	r = write(fd, one, sizeof(*one));
	writing = 0;
	return r;
}

/**
 * notify_signal() - write one to the descriptor, never blocking
 * @n: armed or not; a descriptor that nobody reads or that would block is disarmed
 *
 * EAGAIN is no error: the reader has not taken an earlier signal yet.
 */
void notify_signal(struct notify *n)
{
	const uint64_t one = 1;
	ssize_t r = 0;

	switch (n->kind) {
	case NOTIFY_NONE:
		return;
	case NOTIFY_SOCKET:
		r = send(n->fd, &one, sizeof(one), MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case NOTIFY_EVENTFD:
		r = write_eventfd(n->fd, &one);
		break;
	}
	if (r < 0 && errno != EAGAIN && !(errno == EINTR && n->kind != NOTIFY_EVENTFD))
		notify_clear(n);
}
