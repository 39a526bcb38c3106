/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proxy-client.h - a client's socket to the real server, in one process
 */
#ifndef RING3_TESTS_PROXY_CLIENT_H
#define RING3_TESTS_PROXY_CLIENT_H

#include <signal.h>

#include "proxy/conn.h"
#include "tests/tools/send-fds.h"
#include "tests/unit/proxy-common.h"

struct client {
	struct device *dev;
	struct conn *conn;
	int fd;
	bool closed;
	uint16_t id;
	unsigned int fds_before;
};

static struct client c;

static inline void on_closed(struct conn *conn, void *arg)
{
	(void)conn;
	((struct client *)arg)->closed = true;
	((struct client *)arg)->conn = NULL;
	device_quiesce(((struct client *)arg)->dev);
}

static inline void connect_client(void)
{
	int pair[2];

	c.closed = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.fd = pair[0];
	c.conn = conn_new(pair[1], c.dev, on_closed, &c);
	assert_non_null(c.conn);
}

static inline void run(void)
{
	while (loop_step(0))
		;
}

static inline int setup(void **state)
{
	(void)state;
	memset(&c, 0, sizeof(c));
	c.dev = make_testdev();
	c.fds_before = open_fds();
	connect_client();
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	if (c.fd >= 0)
		close(c.fd);
	c.fd = -1;
	run();
	assert_true(c.closed);
	assert_int_equal(open_fds(), c.fds_before);
	free_testdev(c.dev);
	return 0;
}

static inline void send_fds(const void *data, size_t len, const int *fds, size_t nfds)
{
	assert_int_equal(send_with_fds(c.fd, data, len, fds, nfds, MSG_NOSIGNAL), len);
}

static inline size_t message(uint8_t *buf, uint16_t cmd, uint32_t flags, const void *payload, size_t len)
{
	struct vfio_user_hdr h = {
		.id = ++c.id, .cmd = cmd, .size = sizeof(h) + len, .flags = flags,
	};

	memcpy(buf, &h, sizeof(h));
	if (len)
		memcpy(buf + sizeof(h), payload, len);
	return h.size;
}

/* Next reply: its errno, its payload in @out.  Descriptors are counted and closed. */
static unsigned int reply_fds;

static inline int reply(void *out, size_t size)
{
	static uint8_t buf[VFIO_USER_MAX_MSG];
	struct vfio_user_hdr h;
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec iov = { buf, sizeof(h) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	size_t got = 0;

	run();
	reply_fds = 0;
	assert_int_equal(recvmsg(c.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), sizeof(h));
	for (struct cmsghdr *m = CMSG_FIRSTHDR(&msg); m; m = CMSG_NXTHDR(&msg, m)) {
		int fd;

		memcpy(&fd, CMSG_DATA(m), sizeof(fd));
		close(fd);
		reply_fds++;
	}
	memcpy(&h, buf, sizeof(h));
	assert_true(h.flags & VFIO_USER_F_REPLY);
	while (got < h.size - sizeof(h)) {
		ssize_t n = recv(c.fd, buf + got, h.size - sizeof(h) - got, MSG_DONTWAIT);

		if (n <= 0)
			run();
		else
			got += n;
	}
	if (h.flags & VFIO_USER_F_ERROR) {
		assert_int_equal(h.size, sizeof(h));
		assert_true(h.err);
		return h.err;
	}
	assert_int_equal(h.id, c.id);
	if (size)
		memcpy(out, buf, size < got ? size : got);
	return 0;
}

static inline int rpc_fds(uint16_t cmd, const void *payload, size_t len, const int *fds, size_t nfds,
		   void *out, size_t size)
{
	uint8_t buf[4096];

	assert_true(len <= sizeof(buf) - 16);
	send_fds(buf, message(buf, cmd, 0, payload, len), fds, nfds);
	return reply(out, size);
}

static inline int rpc(uint16_t cmd, const void *payload, size_t len)
{
	return rpc_fds(cmd, payload, len, NULL, 0, NULL, 0);
}

static inline void negotiate(void)
{
	assert_int_equal(rpc(VFIO_USER_VERSION, "\0\0\1\0{}", 7), 0);
}

static inline int read_reg(uint32_t region, uint64_t off, uint32_t count, void *out)
{
	struct vfio_user_region_access a = { off, region, count };
	uint8_t buf[sizeof(a) + 64];
	int err = rpc_fds(VFIO_USER_REGION_READ, &a, sizeof(a), NULL, 0, buf, sizeof(a) + count);

	if (!err)
		memcpy(out, buf + sizeof(a), count);
	return err;
}

static inline int write_reg(uint32_t region, uint64_t off, uint32_t count, uint64_t value)
{
	struct vfio_user_region_access a = { off, region, count };
	uint8_t buf[sizeof(a) + 8];

	memcpy(buf, &a, sizeof(a));
	memcpy(buf + sizeof(a), &value, sizeof(value));
	return rpc(VFIO_USER_REGION_WRITE, buf, sizeof(a) + count);
}

static inline void assert_alive(void)
{
	uint32_t id = 0;

	assert_int_equal(write_reg(VFIO_USER_CONFIG, PCI_COMMAND, 2, 7), 0);
	assert_int_equal(read_reg(1, TD_ID, 4, &id), 0);
	assert_int_equal(id, TD_ID_VALUE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
