// SPDX-License-Identifier: GPL-2.0
/*
 * wire.c - bytes and descriptors to and from a vfio-user server
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/device.h"
#include "proxy/vfio-user/peer.h"

#define RX_INITIAL	8192
#define QUICK_MS	2	/* so long nobody else is served, which is quicker */
#define STOP_MS		500	/* at the end of the proxy */

/**
 * peer_now_ms() - what deadlines are counted in
 *
 * Return: milliseconds of CLOCK_MONOTONIC.
 */
int64_t peer_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/**
 * peer_wait() - wait for a server, first alone, then with the loop going on for others
 * @p: the connection
 * @events: POLLIN or POLLOUT
 * @deadline: of peer_now_ms()
 *
 * Return: 0 or -ETIMEDOUT.
 */
int peer_wait(struct peer *p, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = p->client.fd, .events = events };
	int64_t left = deadline - peer_now_ms();

	if (left < 0)
		left = 0;
	if (poll(&poll_fd, 1, left < QUICK_MS ? left : QUICK_MS) > 0)
		return 0;
	while ((left = deadline - peer_now_ms()) > 0) {
		/* Whoever ends the proxy does not wait as long as a driver. */
		if (loop_stopping() && left > STOP_MS) {
			deadline = peer_now_ms() + STOP_MS;
			left = STOP_MS;
		}
		if (loop_wait(p->dev, p->client.fd, events, left))
			return 0;
	}
	return poll(&poll_fd, 1, 0) > 0 ? 0 : -ETIMEDOUT;
}

static void put_fds(struct msghdr *msg, struct cmsghdr *cm, const int *fds, unsigned int nr)
{
	msg->msg_control = cm;
	msg->msg_controllen = CMSG_SPACE(sizeof(int) * nr);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int) * nr);
	memcpy(CMSG_DATA(cm), fds, sizeof(int) * nr);
}

static void skip_sent(struct msghdr *msg, size_t n)
{
	msg->msg_control = NULL;
	msg->msg_controllen = 0;
	while (msg->msg_iovlen && n >= msg->msg_iov->iov_len) {
		n -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (msg->msg_iovlen) {
		msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + n;
		msg->msg_iov->iov_len -= n;
	}
}

/**
 * peer_send() - send one message
 * @p: the connection
 * @iov: its parts; used up
 * @iovcnt: how many
 * @fds: descriptors that ride along
 * @nr_fds: how many, at most VFIO_USER_MAX_FDS
 * @deadline: of peer_now_ms()
 *
 * Return: 0, -ETIMEDOUT if nothing was sent, or -EPIPE.
 */
int peer_send(struct peer *p, struct iovec *iov, size_t iovcnt, const int *fds,
	      unsigned int nr_fds, int64_t deadline)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = iovcnt };
	bool partial = false;

	if (fds && nr_fds)
		put_fds(&msg, &control.align, fds, nr_fds);
	while (msg.msg_iovlen) {
		ssize_t n = sendmsg(p->client.fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err;

		if (n >= 0) {
			partial = true;
			skip_sent(&msg, n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return vfu_give_up(&p->client, EPIPE);
		err = peer_wait(p, POLLOUT, deadline);
		if (err)	/* half a message cannot be taken back */
			return partial ? vfu_give_up(&p->client, EPIPE) : err;
	}
	return 0;
}

/* Keeps the first descriptor that came along, closes all others. */
static void take_fds(struct peer *p, struct msghdr *msg)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (p->rx_fd < 0)
				p->rx_fd = fd;
			else
				close(fd);
		}
	}
}

/* Room for the rest of a message that is longer than the buffer. */
static int reserve(struct peer *p)
{
	struct vfio_user_hdr hdr = { .size = 0 };
	uint8_t *rx;
	size_t need = RX_INITIAL;

	if (p->rx_len >= sizeof(hdr))
		memcpy(&hdr, p->rx, sizeof(hdr));
	if (hdr.size > need)
		need = hdr.size;
	if (need <= p->rx_size)
		return 0;
	rx = realloc(p->rx, need);
	if (!rx)
		return vfu_give_up(&p->client, EPROTO);
	p->rx = rx;
	p->rx_size = need;
	return 0;
}

/**
 * peer_receive() - take what is there, behind what is in the buffer
 * @p: the connection
 *
 * Return: 0, -EAGAIN if nothing is there, or another negative errno: the connection's end.
 */
int peer_receive(struct peer *p)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
	} control;
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	ssize_t n;
	int err = reserve(p);

	if (err)
		return err;
	iov = (struct iovec){ p->rx + p->rx_len, p->rx_size - p->rx_len };
	do
		n = recvmsg(p->client.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n <= 0)
		return vfu_give_up(&p->client, EPIPE);
	take_fds(p, &msg);
	p->rx_len += n;
	return 0;
}
