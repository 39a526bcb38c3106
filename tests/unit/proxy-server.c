// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-server.c - a client's socket against the real server: framing, errors,
 * descriptors, and a proxy that survives all of it
 */
#include <signal.h>

#include "proxy/conn.h"
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

static void on_closed(struct conn *conn, void *arg)
{
	(void)conn;
	((struct client *)arg)->closed = true;
	((struct client *)arg)->conn = NULL;
	device_quiesce(((struct client *)arg)->dev);
}

static void connect_client(void)
{
	int pair[2];

	c.closed = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.fd = pair[0];
	c.conn = conn_new(pair[1], c.dev, on_closed, &c);
	assert_non_null(c.conn);
}

static void run(void)
{
	while (loop_step(0))
		;
}

static int setup(void **state)
{
	(void)state;
	memset(&c, 0, sizeof(c));
	c.dev = make_testdev();
	c.fds_before = open_fds();
	connect_client();
	return 0;
}

static int teardown(void **state)
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

static void send_fds(const void *data, size_t len, const int *fds, size_t nfds)
{
	struct iovec iov = { (void *)data, len };
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(128 * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(c.fd, &msg, MSG_NOSIGNAL), len);
}

static size_t message(uint8_t *buf, uint16_t cmd, uint32_t flags, const void *payload, size_t len)
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

static int reply(void *out, size_t size)
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

static int rpc_fds(uint16_t cmd, const void *payload, size_t len, const int *fds, size_t nfds,
		   void *out, size_t size)
{
	uint8_t buf[4096];

	assert_true(len <= sizeof(buf) - 16);
	send_fds(buf, message(buf, cmd, 0, payload, len), fds, nfds);
	return reply(out, size);
}

static int rpc(uint16_t cmd, const void *payload, size_t len)
{
	return rpc_fds(cmd, payload, len, NULL, 0, NULL, 0);
}

static void negotiate(void)
{
	assert_int_equal(rpc(VFIO_USER_VERSION, "\0\0\1\0{}", 7), 0);
}

static int read_reg(uint32_t region, uint64_t off, uint32_t count, void *out)
{
	struct vfio_user_region_access a = { off, region, count };
	uint8_t buf[sizeof(a) + 64];
	int err = rpc_fds(VFIO_USER_REGION_READ, &a, sizeof(a), NULL, 0, buf, sizeof(a) + count);

	if (!err)
		memcpy(out, buf + sizeof(a), count);
	return err;
}

static int write_reg(uint32_t region, uint64_t off, uint32_t count, uint64_t value)
{
	struct vfio_user_region_access a = { off, region, count };
	uint8_t buf[sizeof(a) + 8];

	memcpy(buf, &a, sizeof(a));
	memcpy(buf + sizeof(a), &value, sizeof(value));
	return rpc(VFIO_USER_REGION_WRITE, buf, sizeof(a) + count);
}

static void assert_alive(void)
{
	uint32_t id = 0;

	assert_int_equal(write_reg(VFIO_USER_CONFIG, PCI_COMMAND, 2, 7), 0);
	assert_int_equal(read_reg(1, TD_ID, 4, &id), 0);
	assert_int_equal(id, TD_ID_VALUE);
}

static void test_order(void **state)
{
	char v[256] = "";
	(void)state;

	assert_int_equal(rpc(VFIO_USER_DEVICE_RESET, NULL, 0), EINVAL);
	assert_int_equal(rpc(VFIO_USER_VERSION, "\1\0\0\0", 4), EINVAL);
	assert_int_equal(rpc_fds(VFIO_USER_VERSION, "\0\0\0\0", 4, NULL, 0, v, sizeof(v)), 0);
	assert_memory_equal(v, "\0\0\0\0", 4);
	assert_non_null(strstr(v + 4, "max_data_xfer_size"));
	assert_int_equal(rpc(VFIO_USER_VERSION, "\0\0\1\0", 4), EINVAL);
	assert_alive();
}

static void test_bytewise(void **state)
{
	uint8_t buf[64];
	size_t n;
	(void)state;

	negotiate();
	n = message(buf, VFIO_USER_DEVICE_RESET, 0, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		send_fds(buf + i, 1, NULL, 0);
		run();
	}
	assert_int_equal(reply(NULL, 0), 0);
	assert_alive();
}

static void test_pipelined(void **state)
{
	struct vfio_user_region_access a = { TD_ID, 1, 4 };
	uint8_t buf[40 * 400];
	size_t n = 0;
	uint16_t last;
	(void)state;

	negotiate();
	assert_alive();
	for (int i = 0; i < 400; i++)
		n += message(buf + n, VFIO_USER_REGION_READ, 0, &a, sizeof(a));
	send_fds(buf, n, NULL, 0);
	last = c.id;
	for (int i = 0; i < 400; i++) {
		c.id = last - 399 + i;
		assert_int_equal(reply(NULL, 0), 0);
	}
	c.id = last;
	assert_alive();
}

static void test_no_reply(void **state)
{
	struct {
		struct vfio_user_region_access a;
		uint32_t value;
	} w = { { TD_SCRATCH, 1, 4 }, 0x1234abcd };
	uint8_t buf[64];
	uint32_t value = 0;
	(void)state;

	negotiate();
	assert_alive();
	send_fds(buf, message(buf, VFIO_USER_REGION_WRITE, VFIO_USER_F_NO_REPLY, &w, 20),
		 NULL, 0);
	w.a.offset = ~0ull;	/* an error has no reply either */
	send_fds(buf, message(buf, VFIO_USER_REGION_WRITE, VFIO_USER_F_NO_REPLY, &w, 20),
		 NULL, 0);
	assert_int_equal(read_reg(1, TD_SCRATCH, 4, &value), 0);
	assert_int_equal(value, 0x1234abcd);
}

/* What cannot be framed is answered if possible, and ends the connection. */
static void test_bad_headers(void **state)
{
	static const struct vfio_user_hdr bad[] = {
		{ .cmd = 1, .size = 0 }, { .cmd = 1, .size = 15 }, { .cmd = 1, .size = ~0u },
		{ .cmd = 1, .size = VFIO_USER_MAX_MSG + 1 },
		{ .cmd = 1, .size = 16, .flags = VFIO_USER_F_REPLY },
		{ .cmd = 1, .size = 16, .flags = 0xffffffff },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		send_fds(&bad[i], sizeof(bad[i]), NULL, 0);
		assert_true(reply(NULL, 0) > 0);
		assert_true(c.closed);
		close(c.fd);
		assert_int_equal(open_fds(), c.fds_before);
		connect_client();
	}
	negotiate();
	assert_alive();
}

static void test_garbage(void **state)
{
	uint8_t buf[4096];
	(void)state;

	srand(1);
	for (int round = 0; round < 500; round++) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = rand();
		if (round & 1) {	/* a good header before the garbage */
			negotiate();
			message(buf, rand() % 20, 0, NULL, 0);
			((struct vfio_user_hdr *)buf)->size = 16 + rand() % 200;
		}
		send_fds(buf, rand() % sizeof(buf), NULL, 0);
		run();
		close(c.fd);
		run();
		assert_true(c.closed);
		connect_client();
	}
	negotiate();
	assert_alive();
}

static void test_errors_leave_it_alive(void **state)
{
	uint64_t x;
	(void)state;

	negotiate();
	assert_alive();
	assert_int_equal(read_reg(1, 0x2000, 4, &x), EINVAL);
	assert_int_equal(read_reg(1, 1, 4, &x), EINVAL);
	assert_int_equal(read_reg(2, 0, 8, &x), EINVAL);
	assert_int_equal(read_reg(8, 0, 4, &x), EINVAL);
	assert_int_equal(rpc(200, "x", 1), ENOTSUP);
	assert_int_equal(rpc(VFIO_USER_DEVICE_FEATURE, "01234567", 8), ENOTSUP);
	assert_int_equal(rpc(VFIO_USER_DEVICE_GET_INFO, "x", 1), EINVAL);
	assert_alive();
}

static void test_region_info(void **state)
{
	struct vfio_user_region_info ask = { .argsz = sizeof(ask), .index = 4 }, got;
	uint8_t full[256];
	(void)state;

	negotiate();
	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_GET_REGION_INFO, &ask, sizeof(ask), NULL, 0, &got,
				 sizeof(got)), 0);
	assert_int_equal(reply_fds, 0);
	assert_int_equal(got.cap_offset, 32);
	assert_int_equal(got.argsz, 32 + 16 + 2 * 16);
	ask.argsz = got.argsz;
	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_GET_REGION_INFO, &ask, sizeof(ask), NULL, 0, full,
				 sizeof(full)), 0);
	assert_int_equal(reply_fds, 1);
	for (ask.index = 0; ask.index < VFIO_USER_NUM_REGIONS; ask.index++)
		assert_int_equal(rpc(VFIO_USER_DEVICE_GET_REGION_INFO, &ask, sizeof(ask)), 0);
}

static void test_dma_and_fds(void **state)
{
	struct vfio_user_dma_map m = { sizeof(m), 3, 0, 0x40000000, 0x10000 };
	int mem = memfd_create("ram", MFD_CLOEXEC), two[2] = { mem, mem };
	unsigned int now;
	char text[8] = "";
	(void)state;

	assert_int_equal(ftruncate(mem, 0x10000), 0);
	negotiate();
	assert_alive();
	now = open_fds();
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), two, 2, NULL, 0), EINVAL);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m) - 1, two, 1, NULL, 0), EINVAL);
	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_RESET, NULL, 0, two, 1, NULL, 0), EINVAL);
	assert_int_equal(open_fds(), now);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), two, 1, NULL, 0), 0);
	assert_int_equal(open_fds(), now + 1);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), two, 1, NULL, 0), EEXIST);
	assert_int_equal(open_fds(), now + 1);
	assert_int_equal(pwrite(mem, "hello", 5, 0x100), 5);
	assert_int_equal(write_reg(1, TD_DMA_SRC, 8, 0x40000100), 0);
	assert_int_equal(write_reg(1, TD_DMA_DST, 8, 0x20), 0);
	assert_int_equal(write_reg(1, TD_DMA_LEN, 4, 5), 0);
	assert_int_equal(write_reg(1, TD_DMA_CMD, 4, TD_DMA_TO_DEVICE), 0);
	assert_int_equal(read_reg(4, 0x20, 5, text), 0);
	assert_string_equal(text, "hello");
	close(mem);
}

/* Descriptors that come with the second of two messages read at once belong to it. */
static void test_fds_follow_their_message(void **state)
{
	struct vfio_user_irq_set s = {
		sizeof(s), VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_TRIGGER, VFIO_USER_INTX, 0, 1,
	};
	uint8_t buf[128];
	int efd = make_eventfd();
	(void)state;

	negotiate();
	assert_alive();
	send_fds(buf, message(buf, VFIO_USER_DEVICE_RESET, VFIO_USER_F_NO_REPLY, NULL, 0), NULL, 0);
	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_SET_IRQS, &s, sizeof(s), &efd, 1, NULL, 0), 0);
	assert_alive();
	assert_int_equal(write_reg(1, TD_INTX, 4, 1), 0);
	assert_int_equal(signals(efd), 1);
	close(efd);
}

static void test_too_many_fds(void **state)
{
	uint8_t buf[16];
	int fds[VFIO_USER_MAX_FDS + 1];
	(void)state;

	negotiate();
	for (int i = 0; i <= VFIO_USER_MAX_FDS; i++)
		fds[i] = c.fd;
	send_fds(buf, message(buf, VFIO_USER_DEVICE_RESET, 0, NULL, 0), fds,
		 VFIO_USER_MAX_FDS + 1);
	run();
	assert_true(c.closed);
}

/* Not reading replies holds one of them at most, and blocks nobody. */
static void test_reader_stalls(void **state)
{
	struct vfio_user_region_access a = { 0, 0, 0x10000 };
	uint8_t buf[64];
	size_t n;
	(void)state;

	negotiate();
	assert_alive();
	n = message(buf, VFIO_USER_REGION_READ, 0, &a, sizeof(a));
	for (int i = 0; i < 100; i++)
		send_fds(buf, n, NULL, 0);
	run();
	assert_false(c.closed);
	for (int i = 0; i < 100; i++)
		assert_int_equal(reply(NULL, 0), 0);
	assert_alive();
}

static void test_large(void **state)
{
	static uint8_t buf[VFIO_USER_MAX_MSG], *data = buf + 32;
	struct vfio_user_region_access a = { 0x100, 4, VFIO_USER_MAX_DATA };
	size_t sent = 0, n;
	uint8_t last;
	(void)state;

	negotiate();
	assert_alive();
	n = message(buf, VFIO_USER_REGION_WRITE, 0, &a, sizeof(a)) + VFIO_USER_MAX_DATA;
	((struct vfio_user_hdr *)buf)->size = n;
	for (size_t i = 0; i < VFIO_USER_MAX_DATA; i++)
		data[i] = i * 7;
	while (sent < n) {
		ssize_t r = send(c.fd, buf + sent, n - sent, MSG_DONTWAIT);

		if (r > 0)
			sent += r;
		run();
	}
	assert_int_equal(reply(NULL, 0), 0);
	assert_int_equal(read_reg(4, 0x100 + VFIO_USER_MAX_DATA - 1, 1, &last), 0);
	assert_int_equal(last, (uint8_t)((VFIO_USER_MAX_DATA - 1) * 7));
}

static void test_multi(void **state)
{
	struct {
		uint64_t n;
		struct vfio_user_write_one w[2];
	} m = { 2, { { TD_SCRATCH, 1, 1, { 0x5a } }, { TD_SCRATCH + 8, 1, 8, { 1, 2, 3, 4 } } } };
	uint64_t done = 0, value = 0;
	(void)state;

	negotiate();
	assert_alive();
	assert_int_equal(rpc_fds(VFIO_USER_REGION_WRITE_MULTI, &m, sizeof(m), NULL, 0, &done, 8), 0);
	assert_int_equal(done, 2);
	assert_int_equal(read_reg(1, TD_SCRATCH, 1, &value), 0);
	assert_int_equal(value, 0x5a);
	m.w[0].data[0] = 1;
	m.w[1].offset = ~0ull;	/* one bad entry: nothing is written */
	assert_int_equal(rpc(VFIO_USER_REGION_WRITE_MULTI, &m, sizeof(m)), EINVAL);
	assert_int_equal(read_reg(1, TD_SCRATCH, 1, &value), 0);
	assert_int_equal(value, 0x5a);
}

static void test_quiesce(void **state)
{
	struct vfio_user_dma_map m = { sizeof(m), 3, 0, 0x1000, 0x1000 };
	int mem = memfd_create("ram", MFD_CLOEXEC);
	uint32_t resets = 0, after = 0;
	(void)state;

	negotiate();
	assert_alive();
	assert_int_equal(read_reg(1, TD_RESETS, 4, &resets), 0);
	assert_int_equal(write_reg(0, 0, 4, 0xdeadbeef), 0);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), &mem, 1, NULL, 0), 0);
	close(mem);
	close(c.fd);
	run();
	assert_true(c.closed);
	assert_int_equal(c.dev->dma.nr, 0);
	connect_client();
	negotiate();
	assert_alive();
	assert_int_equal(read_reg(1, TD_RESETS, 4, &after), 0);
	assert_int_equal(after, resets + 1);
	assert_int_equal(read_reg(0, 0, 4, &after), 0);
	assert_int_equal(after, 0);	/* nothing of the last client is left */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_bytewise), TEST(test_pipelined), TEST(test_no_reply),
		TEST(test_bad_headers), TEST(test_garbage), TEST(test_errors_leave_it_alive),
		TEST(test_region_info), TEST(test_dma_and_fds),
		TEST(test_fds_follow_their_message), TEST(test_too_many_fds),
		TEST(test_reader_stalls), TEST(test_large), TEST(test_multi), TEST(test_quiesce),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("proxy-server", tests, NULL, NULL);
}
