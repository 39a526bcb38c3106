// SPDX-License-Identifier: GPL-2.0
/*
 * stream_user.c - host side of the channels: stream sockets that never block
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user.h"

int ring3_stream_setup(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return 0;
}

long ring3_stream_read(int fd, void *buf, unsigned long len)
{
	ssize_t n;

	do {
		n = recv(fd, buf, len, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == ECONNRESET ? 0 : -errno;
}

long ring3_stream_write(int fd, const void *buf, unsigned long len)
{
	ssize_t n;

	do {
		n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int ring3_stream_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	int now = 0;

	while (poll(&p, 1, 0) < 0 && errno == EINTR)
		;
	if (p.revents & (POLLIN | POLLHUP))
		now |= RING3_STREAM_IN;
	if (p.revents & POLLOUT)
		now |= RING3_STREAM_OUT;
	if (p.revents & (POLLHUP | POLLERR))
		now |= RING3_STREAM_HUP;
	return now;
}

void ring3_stream_finish(int fd)
{
	shutdown(fd, SHUT_WR);
}
