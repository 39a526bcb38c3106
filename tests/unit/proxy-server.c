// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-server.c - commands through a client's socket: errors, descriptors, and a proxy
 * that survives all of it
 */
#include "tests/unit/proxy-client.h"

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
	const struct CMUnitTest tests[] = {
		TEST(test_errors_leave_it_alive), TEST(test_region_info),
		TEST(test_dma_and_fds), TEST(test_fds_follow_their_message),
		TEST(test_too_many_fds), TEST(test_multi), TEST(test_quiesce),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("proxy-server", tests, NULL, NULL);
}
