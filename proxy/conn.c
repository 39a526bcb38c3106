// SPDX-License-Identifier: GPL-2.0
/*
 * conn.c - a client's socket: bytes in, whole messages out, and back
 *
 * Theory of operation: one recvmsg() takes what is there, up to the buffer's size;
 * whole messages in it are carried out and answered one by one.  While an answer
 * cannot be sent the socket is not read, so at most one answer is ever held, and a
 * client that does not take it in STALL_NS is dropped.  After TURN_NS others have a turn, however
 * much is in the buffer.  A message whose end has not come after REST_NS is told of and waited for,
 * as a debugger may have stopped its sender.
 *
 * Descriptors: the kernel ends a recvmsg() with the first segment that carries any,
 * so those that come with a chunk belong to the message its last byte is in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/conn.h"
#include "proxy/decode.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/server.h"
#include "proxy/util.h"

#define STALL_NS 10000000000u
#define RX_INITIAL 8192
#define TURN_NS 1000000
#define REST_NS 500000000

struct rx_fd {
	int fd;
	uint64_t at;		/* position in the stream of the last byte it came with */
};

struct conn {
	struct loop_src src;
	struct loop_timer timer;	/* it does not read; yielded: others had their turn; or partial */
	struct session session;
	conn_closed_fn closed;
	void *arg;
	uint8_t *rx;
	size_t rx_head, rx_len, rx_size;	/* rx_len bytes from rx_head on */
	uint64_t rx_pos;	/* position in the stream of rx[rx_head] */
	struct rx_fd fds[VFIO_USER_MAX_FDS];
	unsigned int nr_fds;
	struct reply tx;
	size_t tx_done;		/* tx.len: nothing is waiting */
	bool dying;		/* after this answer, close */
	bool yielded;		/* until the timer fires the socket is left alone */
	bool partial;		/* a message has begun to come */
};

/**
 * conn_free() - close a connection without a word
 * @conn: connection or NULL
 */
void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	for (unsigned int i = 0; i < conn->nr_fds; i++)
		close(conn->fds[i].fd);
	loop_timer_exit(&conn->timer);
	loop_del(&conn->src);
	close(conn->src.fd);
	free(conn->rx);
	free(conn->tx.buf);
	free(conn);
}

static void drop(struct conn *conn)
{
	conn->closed(conn, conn->arg);
	conn_free(conn);
}

static void stalled(struct conn *conn)
{
	warn("a client of '%s' does not read its replies: dropped",
	     device_name(conn->session.dev));
	drop(conn);
}

static bool tx_waiting(const struct conn *conn)
{
	return conn->tx_done < conn->tx.len;
}

/* Send what is left of the answer.  False: the client has gone. */
static bool tx_send(struct conn *conn)
{
	struct iovec iov = {
		.iov_base = conn->tx.buf + conn->tx_done,
		.iov_len = conn->tx.len - conn->tx_done,
	};
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (conn->tx.fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), &conn->tx.fd, sizeof(int));
	}
	n = sendmsg(conn->src.fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	conn->tx_done += n;
	conn->tx.fd = -1;
	return true;
}

/* The descriptors that came with the message that ends at stream position @end. */
static unsigned int fds_take(struct conn *conn, uint64_t end, int *fds)
{
	unsigned int n = 0;

	while (n < conn->nr_fds && conn->fds[n].at < end) {
		fds[n] = conn->fds[n].fd;
		n++;
	}
	conn->nr_fds -= n;
	memmove(conn->fds, conn->fds + n, conn->nr_fds * sizeof(conn->fds[0]));
	return n;
}

static void handle(struct conn *conn, const struct vfio_user_hdr *hdr, const uint8_t *message)
{
	int fds[VFIO_USER_MAX_FDS];
	unsigned int n = fds_take(conn, conn->rx_pos + hdr->size, fds);

	server_handle(&conn->session, hdr, message + sizeof(*hdr), fds, n, &conn->tx);
	for (unsigned int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void consume(struct conn *conn, size_t n)
{
	conn->rx_head += n;
	conn->rx_len -= n;
	conn->rx_pos += n;
}

/* One whole message from the buffer.  False: there is none. */
static bool rx_message(struct conn *conn)
{
	struct vfio_user_hdr hdr;
	int err;

	if (conn->rx_len < sizeof(hdr))
		return false;
	memcpy(&hdr, conn->rx + conn->rx_head, sizeof(hdr));
	conn->tx.fd = -1;
	conn->tx.len = conn->tx_done = 0;
	err = decode_header(&hdr);
	if (err) {
		conn->dying = true;
		server_refused(conn->session.dev, &hdr);
		server_reply_error(&hdr, err, &conn->tx);
		return true;
	}
	if (conn->rx_len < hdr.size)
		return false;
	handle(conn, &hdr, conn->rx + conn->rx_head);
	consume(conn, hdr.size);
	return true;
}

/* Carry out what is in the buffer, as far as answers can be sent. */
static bool rx_process(struct conn *conn)
{
	const uint64_t end = clock_ns(CLOCK_MONOTONIC) + TURN_NS;

	while (!conn->dying && rx_message(conn)) {
		if (conn->tx.len && !tx_send(conn))
			return false;
		if (tx_waiting(conn)) {
			conn->partial = false;
			loop_timer_arm(&conn->timer, STALL_NS);
			loop_mod(&conn->src, EPOLLOUT);
			return true;
		}
		if (conn->rx_len && clock_ns(CLOCK_MONOTONIC) > end) {
			conn->yielded = true;
			conn->partial = false;
			loop_mod(&conn->src, 0);
			loop_timer_arm(&conn->timer, 1);
			return true;
		}
	}
	return !conn->dying;
}

/* Make room for the rest of a message that is longer than the buffer. */
static bool rx_reserve(struct conn *conn)
{
	struct vfio_user_hdr hdr;
	uint8_t *buf;

	memmove(conn->rx, conn->rx + conn->rx_head, conn->rx_len);
	conn->rx_head = 0;
	if (conn->rx_len < sizeof(hdr))
		return true;
	memcpy(&hdr, conn->rx, sizeof(hdr));
	if (hdr.size <= conn->rx_size)
		return true;
	buf = realloc(conn->rx, hdr.size);
	if (!buf)
		return false;
	conn->rx = buf;
	conn->rx_size = hdr.size;
	return true;
}

/* False if there are more than a message may carry; the surplus is closed. */
static bool rx_fds(struct conn *conn, struct msghdr *msg)
{
	uint64_t at = conn->rx_pos + conn->rx_len - 1;
	bool fits = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const unsigned char *data = CMSG_DATA(c);
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
			if (conn->nr_fds < VFIO_USER_MAX_FDS) {
				conn->fds[conn->nr_fds++] = (struct rx_fd){ fd, at };
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

/* False: the client has gone, or must go. */
static bool rx(struct conn *conn)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(VFIO_USER_MAX_FDS * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	if (!rx_reserve(conn))
		return false;
	iov.iov_base = conn->rx + conn->rx_len;
	iov.iov_len = conn->rx_size - conn->rx_len;
	n = recvmsg(conn->src.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	conn->rx_len += n;
	if (!rx_fds(conn, &msg)) {
		if (policy_deny(conn->session.dev, DENY_REQUEST))
			warn("device '%s': its client sent more than %d descriptors at once: dropped",
			     device_name(conn->session.dev), VFIO_USER_MAX_FDS);
		return false;
	}
	return rx_process(conn);
}

/* The socket takes bytes again: finish the answer, then go on where we stopped. */
static bool tx_resume(struct conn *conn)
{
	if (!tx_send(conn))
		return false;
	if (tx_waiting(conn))
		return true;
	loop_timer_arm(&conn->timer, 0);
	loop_mod(&conn->src, EPOLLIN);
	return rx_process(conn);
}

/* Is there the beginning of a message, and since when? */
static void await_rest(struct conn *conn)
{
	bool partial = conn->rx_len > 0;

	if (tx_waiting(conn) || conn->yielded || partial == conn->partial)
		return;
	conn->partial = partial;
	loop_timer_arm(&conn->timer, partial ? REST_NS : 0);
}

static void rest_is_late(struct conn *conn)
{
	struct device *dev = conn->session.dev;

	if (policy_deny(dev, DENY_REQUEST))
		warn("device '%s': a client has begun a message, %zu bytes of it, and does not end it: it is waited for, others are served",
		     device_name(dev), conn->rx_len);
}

static void turn(struct loop_timer *timer)
{
	struct conn *conn = container_of(timer, struct conn, timer);

	if (conn->partial) {
		rest_is_late(conn);
		return;
	}
	if (!conn->yielded) {
		stalled(conn);
		return;
	}
	conn->yielded = false;
	loop_mod(&conn->src, EPOLLIN);
	if (rx_process(conn))
		await_rest(conn);
	else
		drop(conn);
}

static void event(struct loop_src *src, uint32_t events)
{
	struct conn *conn = container_of(src, struct conn, src);
	bool alive;

	/* It has gone, but what it has said is carried out first. */
	if (conn->yielded)
		return;
	if (tx_waiting(conn))
		alive = !(events & (EPOLLHUP | EPOLLERR)) && tx_resume(conn);
	else
		alive = rx(conn);
	if (alive)
		await_rest(conn);
	else
		drop(conn);
}

/**
 * conn_new() - serve a device to a client
 * @fd: connected stream socket; taken over on success
 * @dev: the device; must outlive the connection
 * @closed: called when the client has gone; not called by conn_free()
 * @arg: for @closed
 *
 * Return: the connection, or NULL with fail().
 */
struct conn *conn_new(int fd, struct device *dev, conn_closed_fn closed, void *arg)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		goto err_memory;
	conn->rx = malloc(RX_INITIAL);
	if (!conn->rx)
		goto err_memory;
	conn->rx_size = RX_INITIAL;
	conn->session.dev = dev;
	conn->closed = closed;
	conn->arg = arg;
	conn->tx.fd = -1;
	conn->src.fd = fd;
	conn->src.fn = event;
	conn->src.owner = conn->timer.src.owner = dev;
	if (loop_timer_init(&conn->timer, turn))
		goto err_free;
	if (loop_add(&conn->src, EPOLLIN)) {
		fail("cannot wait for a client: %m");
		goto err_timer;
	}
	return conn;

err_timer:
	loop_timer_exit(&conn->timer);
	goto err_free;
err_memory:
	fail("out of memory for a client");
err_free:
	if (conn)
		free(conn->rx);
	free(conn);
	return NULL;
}
