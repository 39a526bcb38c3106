// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-framing.c - messages on a client's socket: whole, in pieces, wrong, too many
 */
#include "tests/unit/proxy-client.h"

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

/* A message whose end does not come is told of once, and carried out when it has come. */
static void test_rest_is_late(void **state)
{
	uint8_t buf[64];
	size_t n;
	(void)state;

	negotiate();
	n = message(buf, VFIO_USER_DEVICE_RESET, 0, NULL, 0);
	send_fds(buf, n - 1, NULL, 0);
	run();
	assert_int_equal(c.dev->policy.denied[DENY_REQUEST], 0);
	assert_true(loop_step(5000));
	assert_int_equal(c.dev->policy.denied[DENY_REQUEST], 1);
	assert_false(c.closed);
	assert_false(loop_step(0));
	send_fds(buf + n - 1, 1, NULL, 0);
	run();
	assert_int_equal(reply(NULL, 0), 0);
	assert_alive();
	assert_int_equal(c.dev->policy.denied[DENY_REQUEST], 1);
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

static size_t post(uint8_t *buf, uint32_t off, uint64_t value, uint32_t width)
{
	struct {
		struct vfio_user_region_access a;
		uint64_t value;
	} w = { { off, 1, width }, value };

	return message(buf, VFIO_USER_REGION_WRITE, VFIO_USER_F_NO_REPLY, &w, sizeof(w.a) + width);
}

static uint64_t moved(void)
{
	uint64_t bytes;

	assert_int_equal(device_region_access(c.dev, 1, TD_DMA_BYTES, &bytes, 8, false), 0);
	return bytes;
}

/*
 * Much work in one packet is done in turns, so that other clients come in between; and all of it
 * even if the client has gone when its turn comes.
 */
static void test_turns(void **state)
{
	const uint32_t len = 4 << 20, nr = 60;
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE,
		.size = len,
	};
	uint64_t resets = c.dev->resets;
	int fd = memfd_create("ram", MFD_CLOEXEC);
	uint8_t buf[64 * 64];
	unsigned int steps = 0;
	size_t n = 0;
	(void)state;

	negotiate();
	assert_alive();
	assert_int_equal(ftruncate(fd, len), 0);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &map, sizeof(map), &fd, 1, NULL, 0), 0);
	n += post(buf + n, TD_DMA_LEN, len, 4);
	for (uint32_t i = 0; i < nr; i++)
		n += post(buf + n, TD_DMA_CMD, TD_DMA_TO_DEVICE, 4);
	send_fds(buf, n, NULL, 0);
	close(c.fd);
	c.fd = -1;
	assert_true(loop_step(0));
	assert_in_range(moved(), len, len * (nr / 2));
	while (c.dev->resets == resets && steps++ < 1000000) {
		uint64_t before = moved(), now;

		assert_true(loop_step(1000));
		now = moved();
		assert_true(c.closed || now - before <= len * (nr / 2));
		if (now == (uint64_t)len * nr)
			break;
	}
	assert_int_equal(moved(), (uint64_t)len * nr);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order), TEST(test_bytewise), TEST(test_pipelined),
		TEST(test_no_reply), TEST(test_bad_headers), TEST(test_garbage),
		TEST(test_reader_stalls), TEST(test_rest_is_late), TEST(test_large), TEST(test_turns),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("proxy-framing", tests, NULL, NULL);
}
