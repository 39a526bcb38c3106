// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-peer.c - the proxy as a client of somebody else's server: what it believes, how long it
 * waits, and whom it serves meanwhile
 */
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "proxy/keeper.h"
#include "proxy/areas.h"
#include "proxy/serve.h"
#include "proxy/vfio-user/vfio-user.h"
#include "tests/tools/send-fds.h"
#include "tests/unit/proxy-common.h"

#define RAM 0x40000000ull

/* A peer of a testdev's, which is there for its memory and COMMAND; we are the server. */
static struct {
	struct device *dev;
	struct peer peer;
	int server;
	int memory;
} t;

static void say(uint16_t id, uint16_t cmd, uint32_t flags, const void *payload, size_t len)
{
	uint8_t buf[8192];
	struct vfio_user_hdr h = { id, cmd, sizeof(h) + len, flags, 0 };

	memcpy(buf, &h, sizeof(h));
	if (len)
		memcpy(buf + sizeof(h), payload, len);
	assert_int_equal(send(t.server, buf, h.size, MSG_NOSIGNAL), h.size);
}

/* The next message that came from the peer; its payload in @out. */
static struct vfio_user_hdr heard(void *out, size_t size)
{
	struct vfio_user_hdr h;
	uint8_t buf[8192];

	assert_int_equal(recv(t.server, &h, sizeof(h), MSG_DONTWAIT), sizeof(h));
	if (h.size > sizeof(h))
		assert_int_equal(recv(t.server, buf, h.size - sizeof(h), MSG_DONTWAIT),
				 h.size - sizeof(h));
	assert_true(size <= h.size - sizeof(h));
	if (size)
		memcpy(out, buf, size);
	return h;
}

static int setup(void **state)
{
	int pair[2];

	(void)state;
	memset(&t, 0, sizeof(t));
	t.dev = make_testdev();
	peer_init(&t.peer, t.dev);
	t.peer.deadline_ms = 50;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	t.server = pair[0];
	say(1, VFIO_USER_VERSION, VFIO_USER_F_REPLY, "\0\0\1\0{}", 7);
	assert_int_equal(peer_start(&t.peer, pair[1]), 0);
	assert_int_equal(heard(NULL, 0).cmd, VFIO_USER_VERSION);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_close(&t.peer);
	if (t.server >= 0)
		close(t.server);
	free_testdev(t.dev);
	return 0;
}

static void map_memory(void)
{
	const struct dma_request req = { RAM, 0x10000, 0, VFIO_USER_DMA_READABLE };
	int fd = memfd_create("ram", MFD_CLOEXEC);

	t.memory = dup(fd);
	assert_int_equal(ftruncate(fd, 0x10000), 0);
	assert_int_equal(pwrite(fd, "hello", 5, 0x100), 5);
	assert_int_equal(device_dma_map(t.dev, &req, &fd), 0);
	close(t.memory);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int decode(uint16_t cmd, uint64_t addr, uint64_t count, size_t more, size_t cut)
{
	uint8_t payload[64] = { 0 };
	struct vfio_user_dma_access a = { addr, count };
	struct vfio_user_hdr h = { 1, cmd, sizeof(h) + sizeof(a) + more - cut, 0, 0 };
	struct peer_request req;

	memcpy(payload, &a, sizeof(a));
	return peer_decode(&h, payload, &req);
}

static void test_decode(void **state)
{
	(void)state;
	assert_int_equal(decode(VFIO_USER_DMA_READ, RAM, 8, 0, 0), 0);
	assert_int_equal(decode(VFIO_USER_DMA_READ, RAM, 8, 8, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_READ, RAM, 8, 0, 1), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_READ, RAM, 0, 0, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_READ, ~0ull, 2, 0, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_READ, ~0ull, 1, 0, 0), 0);
	assert_int_equal(decode(VFIO_USER_DMA_READ, 0, VFIO_USER_MAX_DATA, 0, 0), 0);
	assert_int_equal(decode(VFIO_USER_DMA_READ, 0, VFIO_USER_MAX_DATA + 1, 0, 0), -E2BIG);
	assert_int_equal(decode(VFIO_USER_DMA_WRITE, RAM, 8, 8, 0), 0);
	assert_int_equal(decode(VFIO_USER_DMA_WRITE, RAM, 9, 8, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_WRITE, RAM, 8, 0, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_REGION_READ, RAM, 8, 0, 0), -ENOTSUP);
}

static void test_slow(void **state)
{
	const struct vfio_user_region_access a = { 0, 1, 4 };
	uint8_t answer[20] = { 0 };
	int64_t start = now_ms();
	uint32_t value = 0;

	(void)state;
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), -ETIMEDOUT);
	assert_true(now_ms() - start >= 50);
	start = now_ms();
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), -ETIMEDOUT);
	assert_true(now_ms() - start < 45);
	/* Both answers come too late, the third in time. */
	memcpy(answer, &a, sizeof(a));
	memcpy(answer + sizeof(a), "\1\2\3\4", 4);
	for (uint16_t id = 2; id <= 4; id++)
		say(id, VFIO_USER_REGION_READ, VFIO_USER_F_REPLY, answer, sizeof(answer));
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), 0);
	assert_int_equal(value, 0x04030201);
	assert_int_equal(t.peer.client.owed, 0);
}

static void expect_dead(int err)
{
	uint32_t value;

	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), err);
	assert_true(t.peer.client.dead);
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), err);
}

static void test_wrong_id(void **state)
{
	(void)state;
	say(77, VFIO_USER_REGION_READ, VFIO_USER_F_REPLY, NULL, 0);
	expect_dead(-EPROTO);
}

static void test_short_answer(void **state)
{
	(void)state;
	say(2, VFIO_USER_REGION_READ, VFIO_USER_F_REPLY, "12345678901234567", 17);
	expect_dead(-EPROTO);
}

static void test_long_answer(void **state)
{
	static const uint8_t zeros[VFU_CLIENT_BUF];

	(void)state;
	say(2, VFIO_USER_REGION_READ, VFIO_USER_F_REPLY, zeros, sizeof(zeros));
	expect_dead(-EPROTO);
}

static void test_bad_sizes(void **state)
{
	const struct vfio_user_hdr tiny = { 2, VFIO_USER_REGION_READ, 15, VFIO_USER_F_REPLY, 0 };

	(void)state;
	assert_int_equal(send(t.server, &tiny, sizeof(tiny), 0), sizeof(tiny));
	expect_dead(-EPROTO);
}

static void test_huge(void **state)
{
	const struct vfio_user_hdr huge = { 2, VFIO_USER_DMA_WRITE, VFIO_USER_MAX_MSG + 1, 0, 0 };

	(void)state;
	assert_int_equal(send(t.server, &huge, sizeof(huge), 0), sizeof(huge));
	while (loop_step(0))
		;
	assert_true(t.peer.client.dead);
}

static void test_gone(void **state)
{
	(void)state;
	close(t.server);
	t.server = -1;
	assert_true(loop_step(0));
	expect_dead(-EPIPE);
}

static void test_error_answer(void **state)
{
	const struct vfio_user_hdr h = {
		2, VFIO_USER_REGION_READ, sizeof(h), VFIO_USER_F_REPLY | VFIO_USER_F_ERROR, EPERM,
	};
	uint32_t value;

	(void)state;
	assert_int_equal(send(t.server, &h, sizeof(h), 0), sizeof(h));
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), -EPERM);
	assert_false(t.peer.client.dead);
}

/* Unasked, and while an answer is waited for. */
static void test_dma_read(void **state)
{
	const struct vfio_user_dma_access ask = { RAM + 0x100, 5 };
	struct {
		struct vfio_user_dma_access a;
		char data[5];
	} got;
	struct vfio_user_hdr h;
	uint32_t value;

	(void)state;
	map_memory();
	say(9, VFIO_USER_DMA_READ, 0, &ask, sizeof(ask));
	assert_true(loop_step(0));
	h = heard(NULL, 0);
	assert_int_equal(h.err, EFAULT);	/* no bus master yet */
	assert_int_equal(h.size, sizeof(h));
	enable(t.dev);
	say(10, VFIO_USER_DMA_READ, 0, &ask, sizeof(ask));
	assert_true(loop_step(0));
	h = heard(&got, 21);
	assert_int_equal(h.id, 10);
	assert_int_equal(h.flags, VFIO_USER_F_REPLY);
	assert_int_equal(got.a.count, 5);
	assert_memory_equal(got.data, "hello", 5);
	say(11, VFIO_USER_DMA_READ, 0, &ask, sizeof(ask));
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), -ETIMEDOUT);
	assert_int_equal(heard(NULL, 0).cmd, VFIO_USER_REGION_READ);
	assert_int_equal(heard(&got, 21).id, 11);
}

/* A request that comes in one piece with an answer is not left lying. */
static void test_dma_behind_answer(void **state)
{
	const struct vfio_user_dma_access ask = { RAM, 4 };
	const struct vfio_user_region_access a = { 0, 1, 4 };
	uint8_t answer[20] = { 0 };
	uint32_t value;

	(void)state;
	map_memory();
	enable(t.dev);
	memcpy(answer, &a, sizeof(a));
	say(2, VFIO_USER_REGION_READ, VFIO_USER_F_REPLY, answer, sizeof(answer));
	say(7, VFIO_USER_DMA_READ, 0, &ask, sizeof(ask));
	say(8, VFIO_USER_DMA_READ, 0, &ask, sizeof(ask));
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), 0);
	assert_int_equal(heard(NULL, 0).cmd, VFIO_USER_REGION_READ);
	assert_int_equal(heard(NULL, 0).id, 7);
	assert_int_equal(heard(NULL, 0).id, 8);
}

static void test_dma_refused(void **state)
{
	const struct vfio_user_dma_access outside = { RAM + 0xffff, 2 };
	const struct {
		struct vfio_user_dma_access a;
		uint64_t data;
	} write = { { RAM, 8 }, 1 };

	(void)state;
	map_memory();		/* readable only */
	enable(t.dev);
	say(1, VFIO_USER_DMA_READ, 0, &outside, sizeof(outside));
	say(2, VFIO_USER_DMA_WRITE, 0, &write, sizeof(write));
	say(3, VFIO_USER_DMA_WRITE, VFIO_USER_F_NO_REPLY, &write, sizeof(write));
	say(4, VFIO_USER_REGION_READ, 0, &outside, sizeof(outside));
	while (loop_step(0))
		;
	assert_int_equal(heard(NULL, 0).err, EFAULT);
	assert_int_equal(heard(NULL, 0).err, EFAULT);
	assert_int_equal(heard(NULL, 0).err, ENOTSUP);
	assert_int_equal(t.dev->faults.count, 3);
	assert_false(t.peer.client.dead);
}

static void test_fds_are_closed(void **state)
{
	unsigned int before = open_fds();
	const struct vfio_user_hdr h = { 1, VFIO_USER_DMA_READ, sizeof(h), 0, 0 };
	const int fds[3] = { t.server, t.server, t.server };

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_with_fds(t.server, &h, sizeof(h), fds, 3, 0), sizeof(h));
		assert_true(loop_step(0));
	}
	peer_close(&t.peer);
	assert_int_equal(open_fds(), before - 1);
}

/* While one device waits, the sources of others are served and its own are not. */
static unsigned int others, own;

static void on_other(struct loop_src *src, uint32_t events)
{
	(void)events;
	others += signals(src->fd);
}

static void on_own(struct loop_src *src, uint32_t events)
{
	(void)events;
	own += signals(src->fd);
}

static void test_serves_others(void **state)
{
	struct loop_src other = { .fd = make_eventfd(), .fn = on_other };
	struct loop_src mine = { .fd = make_eventfd(), .fn = on_own, .owner = t.dev };
	const uint64_t one = 1;
	uint32_t value;

	(void)state;
	others = own = 0;
	assert_int_equal(loop_add(&other, EPOLLIN), 0);
	assert_int_equal(loop_add(&mine, EPOLLIN), 0);
	assert_int_equal(write(other.fd, &one, 8), 8);
	assert_int_equal(write(mine.fd, &one, 8), 8);
	assert_int_equal(vfu_read(&t.peer.client, 1, 0, &value, 4), -ETIMEDOUT);
	assert_int_equal(others, 1);
	assert_int_equal(own, 0);
	assert_false(loop_holds(t.dev));
	while (loop_step(0))
		;
	assert_int_equal(own, 1);
	loop_del(&other);
	loop_del(&mine);
	close(other.fd);
	close(mine.fd);
}

static void test_areas(void **state)
{
	struct region r = { .kind = REGION_MEMORY, .size = 0x10000 };

	(void)state;
	areas_add(&r, 0x8001, 0x2fff);
	areas_add(&r, 0x0, 0x1800);
	areas_add(&r, 0xf000, 0x2000);		/* outside */
	areas_add(&r, 0x9000, 0x1000);		/* there already */
	areas_add(&r, 0x5800, 0x800);		/* no whole page */
	areas_add(&r, ~0ull, 1);
	assert_int_equal(r.nr_areas, 2);
	assert_int_equal(r.areas[0].size, 0x1000);
	assert_int_equal(r.areas[1].offset, 0x9000);
	assert_int_equal(r.areas[1].size, 0x2000);
	r.nr_areas = 0;
	areas_add(&r, 0, 0x10000);
	areas_cut(&r, 0x4010, 0x10);
	assert_int_equal(r.nr_areas, 2);
	assert_int_equal(r.areas[0].size, 0x4000);
	assert_int_equal(r.areas[1].offset, 0x5000);
	areas_cut(&r, 0, 0x10000);
	assert_int_equal(r.nr_areas, 0);
}

/* A server in the same loop: our own, with a testdev. */
static void test_chain(void **state)
{
	char dir[] = "/tmp/ring3-test.XXXXXX", path[64], spec[128];
	struct irq_request arm = {
		.index = VFIO_USER_INTX, .count = 1, .data = VFIO_USER_IRQ_DATA_EVENTFD,
		.action = VFIO_USER_IRQ_TRIGGER,
	};
	int efd = make_eventfd(), fd = dup(efd);
	struct device *dev;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	snprintf(spec, sizeof(spec), "vfio-user:%s,deadline=3000", path);
	assert_int_equal(serve_listen(t.dev, path), 0);
	dev = device_new(spec_parse(spec), &backend_vfio_user);
	assert_non_null(dev);
	assert_int_equal(dev->backend->open(dev), 0);
	assert_int_equal(device_setup(dev), 0);
	enable(dev);
	assert_int_equal(rd(dev, 1, TD_ID, 4), TD_ID_VALUE);
	assert_int_equal(dev->irqs.count[VFIO_USER_MSIX], TD_MSIX_VECTORS);
	assert_int_equal(dev->regions[4].nr_areas, 2);
	assert_int_equal(irq_set(dev, &arm, &fd, 1), 0);
	wr(dev, 1, TD_INTX, 4, 1);
	while (loop_step(0))
		;
	assert_int_equal(signals(efd), 1);
	serve_end();			/* the server dies */
	while (loop_step(0))
		;
	assert_int_equal(rd(dev, 1, TD_ID, 4), 0xffffffff);
	wr(dev, 1, TD_INTX, 4, 1);
	device_reset(dev);		/* too early */
	assert_int_equal(serve_listen(t.dev, path), 0);
	device_reset(dev);
	enable(dev);
	assert_int_equal(rd(dev, 1, TD_ID, 4), TD_ID_VALUE);
	device_free(dev);
	serve_end();
	keeper_stop();		/* removes the socket */
	close(efd);
	assert_int_equal(rmdir(dir), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_decode), TEST(test_slow), TEST(test_wrong_id), TEST(test_short_answer),
		TEST(test_long_answer), TEST(test_bad_sizes), TEST(test_huge), TEST(test_gone),
		TEST(test_error_answer), TEST(test_dma_read), TEST(test_dma_refused),
		TEST(test_dma_behind_answer),
		TEST(test_fds_are_closed), TEST(test_serves_others), TEST(test_areas),
		TEST(test_chain),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("proxy-peer", tests, NULL, NULL);
}
