// SPDX-License-Identifier: GPL-2.0
/*
 * client-io.c - a vfio-user client's requests and answers on the wire
 *
 * Theory of operation: one request is in flight at a time.  An answer that comes
 * after its deadline is recognised by its id and dropped, so a server that was
 * merely stopped can be used again once it goes on; until it has caught up every
 * call is given only a few milliseconds, so that a driver polling a hung device
 * gets its all-ones quickly.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client-io.h"

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/**
 * vfu_give_up() - use a connection no more
 * @c: the client
 * @err: errno of this and every further call, positive
 *
 * Return: -@err.
 */
int vfu_give_up(struct vfu_client *c, int err)
{
	c->dead = err;
	return -err;
}

/* Waits for @events until @deadline; interrupted waits go on. */
static int wait_for(struct vfu_client *c, short events, int64_t deadline)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t left = deadline - now_ms();
		int n;

		if (left <= 0)
			left = 0;
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return vfu_give_up(c, EPIPE);
	}
}

static int send_all(struct vfu_client *c, struct iovec *iov, int iovcnt, const int *fds,
		    unsigned int nr_fds, int64_t deadline)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)iovcnt };
	bool partial = false;

	if (nr_fds) {
		struct cmsghdr *cm = &control.align;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nr_fds);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * nr_fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * nr_fds);
	}
	while (msg.msg_iovlen) {
		ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			int err;

			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				return vfu_give_up(c, EPIPE);
			err = wait_for(c, POLLOUT, deadline);
			if (err)	/* half a message cannot be taken back */
				return partial ? vfu_give_up(c, EPIPE) : err;
			continue;
		}
		partial = true;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		while (msg.msg_iovlen && (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Keeps the first descriptor that came along, closes all others. */
static void take_fds(struct vfu_client *c, struct msghdr *msg)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
		size_t i, n;
		int fd;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (c->rx_fd < 0)
				c->rx_fd = fd;
			else
				close(fd);
		}
	}
}

/* Reads until @want bytes of the current message are there. */
static int receive(struct vfu_client *c, size_t want, int64_t deadline)
{
	/* A blocking receive has the usual deadline, and costs one system call. */
	int wait = c->owed || !c->blocking ? MSG_DONTWAIT : 0;

	while (c->have < want) {
		union {
			struct cmsghdr align;
			char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
		} control;
		struct iovec iov = { (char *)c->buf + c->have, want - c->have };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
		};
		ssize_t n = recvmsg(c->fd, &msg, wait | MSG_CMSG_CLOEXEC);
		int err;

		if (n > 0) {
			take_fds(c, &msg);
			c->have += (size_t)n;
			continue;
		}
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return vfu_give_up(c, EPIPE);
		if (errno == EINTR && now_ms() < deadline)
			continue;
		err = wait_for(c, POLLIN, deadline);
		if (err)
			return err;
	}
	return 0;
}

static void drop_message(struct vfu_client *c)
{
	c->have = 0;
	if (c->rx_fd >= 0)
		close(c->rx_fd);
	c->rx_fd = -1;
}

/* Waits for the answer to @id; it is left in c->buf. */
static int await_answer(struct vfu_client *c, uint16_t id, uint16_t cmd, int64_t deadline)
{
	const struct vfio_user_hdr *h = (const void *)c->buf;

	for (;;) {
		int err = receive(c, sizeof(*h), deadline);

		if (err)
			return err;
		if (h->size < sizeof(*h) || h->size > sizeof(c->buf))
			return vfu_give_up(c, EPROTO);
		err = receive(c, h->size, deadline);
		if (err)
			return err;
		if ((h->flags & VFIO_USER_F_TYPE_MASK) == VFIO_USER_F_REPLY) {
			if (h->id == id && h->cmd == cmd)
				break;
			if (!c->owed)
				return vfu_give_up(c, EPROTO);
			c->owed--;
		} else if (!(h->flags & VFIO_USER_F_NO_REPLY)) {
			/*
			 * A server's request (DMA_READ, DMA_WRITE): memory is shared
			 * by descriptor, so none is owed an answer but this one.
			 */
			struct vfio_user_hdr no = {
				.id = h->id, .cmd = h->cmd, .size = sizeof(no),
				.flags = VFIO_USER_F_REPLY | VFIO_USER_F_ERROR,
				.err = EOPNOTSUPP,
			};
			struct iovec iov = { &no, sizeof(no) };

			err = send_all(c, &iov, 1, NULL, 0, deadline);
			if (err)
				return err;
		}
		drop_message(c);
	}
	c->owed = 0;
	return 0;
}

static int64_t patience(const struct vfu_client *c)
{
	if (c->owed || c->stuck)
		return VFU_CLIENT_HUNG_MS;
	return c->patience_ms ? c->patience_ms : VFU_CLIENT_DEADLINE_MS;
}

/*
 * Sends a request.  One that could not be sent at all in time says that the server
 * does not read; until it does, every further one is given little time.
 */
static int send_request(struct vfu_client *c, struct vfio_user_hdr *h,
			const struct vfu_part *parts, unsigned int nr_parts, const int *fds,
			unsigned int nr_fds, int64_t *deadline)
{
	struct iovec iov[4] = { { h, sizeof(*h) } };
	unsigned int i;
	int err;

	h->size = sizeof(*h);
	for (i = 0; i < nr_parts; i++) {
		iov[i + 1].iov_base = (void *)(uintptr_t)parts[i].data;
		iov[i + 1].iov_len = parts[i].len;
		h->size += (uint32_t)parts[i].len;
	}
	*deadline = now_ms() + patience(c);
	err = send_all(c, iov, (int)nr_parts + 1, fds, nr_fds, *deadline);
	c->stuck = err == -ETIMEDOUT;
	if (!err)
		c->messages++;
	return err;
}

/**
 * vfu_post() - a request that wants no answer
 * @c: the client
 * @cmd: command
 * @parts: what follows the header
 * @nr_parts: how many, at most 3
 *
 * The server carries it out before any later request; an error is the server's to
 * report.
 *
 * Return: 0 or a negative errno, see client.h.
 */
int vfu_post(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
	     unsigned int nr_parts)
{
	struct vfio_user_hdr h = {
		.id = ++c->last_id, .cmd = cmd, .flags = VFIO_USER_F_NO_REPLY,
	};
	int64_t deadline;

	c->posted = 1;
	return c->dead ? -c->dead : send_request(c, &h, parts, nr_parts, NULL, 0, &deadline);
}

/**
 * vfu_transact() - one request and its answer
 * @c: the client
 * @cmd: command
 * @parts: what follows the header
 * @nr_parts: how many, at most 3
 * @fds: descriptors that ride along
 * @nr_fds: how many, at most VFIO_USER_MAX_FDS
 * @min: bytes of payload that the answer must have
 * @got: receives how many it has
 *
 * On success the payload stands behind the header in c->buf until the next call; a
 * descriptor that came along is in c->rx_fd.
 *
 * Return: 0 or a negative errno, see client.h.
 */
int vfu_transact(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
		    unsigned int nr_parts, const int *fds, unsigned int nr_fds,
		    size_t min, size_t *got)
{
	struct vfio_user_hdr h = { .id = ++c->last_id, .cmd = cmd };
	const struct vfio_user_hdr *r = (const void *)c->buf;
	int64_t deadline;
	int err;

	if (c->dead)
		return -c->dead;
	if (c->answered)
		drop_message(c);
	c->answered = 0;
	err = send_request(c, &h, parts, nr_parts, fds, nr_fds, &deadline);
	if (err)
		return err;
	err = await_answer(c, h.id, cmd, deadline);
	if (err) {
		if (err == -ETIMEDOUT)
			c->owed++;
		return err;
	}
	c->answered = 1;
	c->posted = 0;
	*got = r->size - sizeof(*r);
	if (r->flags & VFIO_USER_F_ERROR)
		return r->err > 0 && r->err < 4096 ? -(int)r->err : -EPROTO;
	return *got < min ? vfu_give_up(c, EPROTO) : 0;
}
