// SPDX-License-Identifier: GPL-2.0
/*
 * libring3-api.c - the library against a testdev: registers, memory, interrupts, and what it refuses
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/libring3/internal.h"
#include "proxy/testdev.h"

#ifdef __SANITIZE_ADDRESS__
#define ASAN 1	/* needs address space without a limit */
#else
#define ASAN 0
#endif

static struct ring3_device *dev;

#define ok(call) do {							\
	int err_ = (call);						\
									\
	if (err_ < 0)							\
		fail_msg("%s: %d, %s", #call, err_, ring3_error());	\
} while (0)

static uint64_t rd(unsigned int bar, uint64_t off, unsigned int width)
{
	uint64_t value = 0;

	ok(ring3_read(dev, bar, off, width, &value));
	return value;
}

static void wr(unsigned int bar, uint64_t off, unsigned int width, uint64_t value)
{
	ok(ring3_write(dev, bar, off, width, value));
}

static bool fires(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	return poll(&p, 1, 5000) == 1 && read(fd, &n, sizeof(n)) == sizeof(n);
}

static unsigned int open_fds(void)
{
	unsigned int n = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int setup(void **state)
{
	(void)state;
	return ring3_open("testdev", RING3_ANY_MASK, &dev);
}

static int teardown(void **state)
{
	(void)state;
	ring3_close(dev);
	return 0;
}

static void copy(uint64_t from, uint64_t to, uint32_t n, uint32_t command, uint32_t status)
{
	wr(1, TD_DMA_SRC, 8, from);
	wr(1, TD_DMA_DST, 8, to);
	wr(1, TD_DMA_LEN, 4, n);
	wr(1, TD_DMA_CMD, 4, command);
	assert_int_equal(rd(1, TD_DMA_STATUS, 4), status);
}

static void test_registers(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(rd(1, TD_ID, 4), TD_ID_VALUE);
	wr(1, TD_COUNT_RESET, 4, 0);
	for (unsigned int width = 1; width <= 8; width *= 2) {
		const uint64_t mask = ~0ull >> (64 - 8 * width);

		wr(1, TD_SCRATCH, width, 0x8877665544332211 & mask);
		assert_int_equal(rd(1, TD_SCRATCH, width), 0x8877665544332211 & mask);
		assert_int_equal(rd(1, TD_COUNTER(1, 1, __builtin_ctz(width)), 4), 1);
	}
	wr(2, TD_PORT_RAM, 1, 0x5a);
	assert_int_equal(rd(2, TD_PORT_RAM, 1), 0x5a);
	assert_int_equal(rd(RING3_CONFIG, 0, 4), 0x72331234);
	assert_int_equal(ring3_read(dev, 1, 1, 4, &value), -EINVAL);
	assert_int_equal(ring3_read(dev, 1, 0, 3, &value), -EINVAL);
	assert_int_equal(ring3_read(dev, 2, 0, 8, &value), -EINVAL);
	assert_int_equal(ring3_read(dev, 5, 0, 4, &value), -EINVAL);
	assert_int_equal(ring3_read(dev, 99, 0, 4, &value), -EINVAL);
	assert_int_equal(ring3_read(dev, 1, TD_BAR1_SIZE, 4, &value), -EINVAL);
	assert_non_null(strstr(ring3_error(), "testdev"));
	assert_int_equal(ring3_write(dev, RING3_ROM, 0, 4, 0), -EPERM);
}

static void test_bars(void **state)
{
	struct ring3_bar_info info;

	(void)state;
	ok(ring3_bar_info(dev, 0, &info));
	assert_int_equal(info.size, TD_BAR0_SIZE);
	assert_true(info.mappable && !info.ports);
	ok(ring3_bar_info(dev, 1, &info));
	assert_false(info.mappable);
	ok(ring3_bar_info(dev, 2, &info));
	assert_true(info.ports && !info.mappable);
	ok(ring3_bar_info(dev, 5, &info));
	assert_int_equal(info.size, 0);
	assert_int_equal(ring3_bar_info(dev, 8, &info), -EINVAL);
}

static void test_map(void **state)
{
	unsigned int fds = open_fds();
	volatile void *all, *part, *none;

	(void)state;
	ok(ring3_map(dev, 0, 0, TD_BAR0_SIZE, &all));
	ok(ring3_map(dev, 0, 0x1ffc, 8, &part));
	*(volatile uint32_t *)part = 0x12345678;
	assert_int_equal(*(volatile uint32_t *)((volatile char *)all + 0x1ffc), 0x12345678);
	assert_int_equal(rd(0, 0x1ffc, 4), 0x12345678);
	ok(ring3_map(dev, 4, TD_BAR4_HOLE + 4096, 4096, &none));
	assert_int_equal(ring3_map(dev, 4, TD_BAR4_HOLE, 1, &none), -ENOTSUP);
	assert_int_equal(ring3_map(dev, 4, TD_BAR4_HOLE - 1, 2, &none), -ENOTSUP);
	assert_int_equal(ring3_map(dev, 1, 0, 4096, &none), -ENOTSUP);
	assert_int_equal(ring3_map(dev, 0, 0, TD_BAR0_SIZE + 1, &none), -EINVAL);
	assert_int_equal(ring3_map(dev, 0, TD_BAR0_SIZE, 1, &none), -EINVAL);
	assert_int_equal(ring3_map(dev, 0, 1, UINT64_MAX, &none), -EINVAL);
	assert_int_equal(ring3_map(dev, 0, 0, 0, &none), -EINVAL);
	assert_null(none);
	ok(ring3_unmap(dev, part));
	assert_int_equal(ring3_unmap(dev, part), -EINVAL);
	assert_int_equal(open_fds(), fds);
}

static void test_consistent(void **state)
{
	static const size_t sizes[] = { 1, 4096, 4097, 1 << 20, 100 << 20, 5ull << 30 };
	void *memory[6];
	uint64_t address[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		ok(ring3_dma_alloc(dev, sizes[i], &memory[i], &address[i]));
		assert_int_equal(address[i] & 4095, 0);
		for (int k = 0; k < i; k++)
			assert_true(address[k] + sizes[k] <= address[i] ||
				    address[i] + sizes[i] <= address[k]);
	}
	strcpy((char *)memory[5] + (5ull << 30) - 8, "the end");
	copy(address[5] + (5ull << 30) - 8, address[2] + 4089, 8, TD_DMA_COPY, TD_DMA_OK);
	assert_string_equal((char *)memory[2] + 4089, "the end");
	ok(ring3_dma_free(dev, memory[2]));
	copy(address[2], address[0], 8, TD_DMA_COPY, TD_DMA_ERR_FAULT);
	assert_int_equal(ring3_dma_free(dev, memory[2]), -EINVAL);
	ok(ring3_dma_alloc(dev, 8192, &memory[2], &address[2]));
	assert_int_equal(*((char *)memory[2] + 4089), 0);	/* zeros again */
	assert_int_equal(ring3_dma_alloc(dev, 0, &memory[0], &address[0]), -EINVAL);
	assert_int_equal(ring3_dma_alloc(dev, SIZE_MAX, &memory[0], &address[0]), -EINVAL);
	assert_int_equal(ring3_dma_alloc(dev, 1ull << 40, &memory[0], &address[0]), -ENOMEM);
	assert_non_null(strstr(ring3_error(), "free some"));
}

static void test_mask(void **state)
{
	static const struct {
		uint64_t mask, size;
	} masks[] = {
		{ 0xfffff, 0x80000 }, { 0xffffff, 0x800000 }, { 0xfffffff, 0x1000000 },
		{ 0x7fffffff, 0x1000000 }, { 0xffffffff, 1 << 20 }, { 0xffffffffffull, 1 << 20 },
	};
	struct ring3_device *other;
	uint64_t address;
	void *memory;

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		ok(ring3_open("testdev", masks[i].mask, &other));
		ok(ring3_dma_alloc(other, masks[i].size, &memory, &address));
		assert_true(address + masks[i].size - 1 <= masks[i].mask);
		ring3_close(other);
	}
	assert_int_equal(ring3_open("testdev", 0xfff00, &other), -EINVAL);
	assert_int_equal(ring3_open("testdev", 0xffff, &other), -EINVAL);
	assert_null(other);
	assert_int_equal(ring3_open("qemu:edu", 0xfffffff, &other), -ENOTSUP);
}

static void test_own_memory(void **state)
{
	struct ring3_segment in, out, small[4];
	size_t size = 3 << 20;
	char *a = malloc(size), *b = malloc(size);

	(void)state;
	assert_true(a && b);
	for (size_t i = 0; i < size; i++)
		a[i] = i * 7;
	memset(b, 0, size);
	assert_int_equal(ring3_dma_map(dev, a + 3, size - 3, RING3_TO_DEVICE, &in, 1), 1);
	assert_int_equal(ring3_dma_map(dev, b + 5, size - 5, RING3_FROM_DEVICE, &out, 1), 1);
	assert_int_equal(in.length, size - 3);
	assert_int_equal(ring3_dma_map(dev, a + 3, 1, RING3_BOTH, small, 4), -EBUSY);
	copy(in.address, out.address, size - 5, TD_DMA_COPY, TD_DMA_OK);
	assert_int_equal(b[5], 0);
	ok(ring3_dma_sync(dev, b + 5, RING3_FROM_DEVICE));
	assert_memory_equal(b + 5, a + 3, size - 5);
	a[3] = 99;
	ok(ring3_dma_sync(dev, a + 3, RING3_TO_DEVICE));
	copy(in.address, out.address, 1, TD_DMA_COPY, TD_DMA_OK);
	ok(ring3_dma_unmap(dev, b + 5));
	assert_int_equal(b[5], 99);
	assert_int_equal(ring3_dma_unmap(dev, b + 5), -EINVAL);
	assert_int_equal(ring3_dma_sync(dev, b + 5, RING3_TO_DEVICE), -EINVAL);
	copy(in.address, out.address, 1, TD_DMA_COPY, TD_DMA_ERR_FAULT);
	assert_int_equal(ring3_dma_map(dev, NULL, 1, RING3_BOTH, small, 4), -EINVAL);
	assert_int_equal(ring3_dma_map(dev, b, 0, RING3_BOTH, small, 4), -EINVAL);
	assert_int_equal(ring3_dma_map(dev, b, 1, 0, small, 4), -EINVAL);
	assert_int_equal(ring3_dma_map(dev, b, 1, RING3_BOTH, small, 0), -EINVAL);
	free(a);
	free(b);
}

/* In an arena full of holes it is in pieces. */
static void test_segments(void **state)
{
	struct ring3_device *all = dev;
	struct ring3_segment pieces[16], one;
	char mine[4 * 4096];
	void *memory[128];
	uint64_t address;
	int n;

	(void)state;
	ok(ring3_open("testdev", 0xfffff, &dev));	/* 512 KiB: 128 pages */
	for (int i = 0; i < 128; i++)
		ok(ring3_dma_alloc(dev, 4096, &memory[i], &address));
	assert_int_equal(ring3_dma_map(dev, mine, sizeof(mine), RING3_BOTH, pieces, 16), -ENOMEM);
	for (int i = 0; i < 10; i += 2)
		ok(ring3_dma_free(dev, memory[i]));
	for (size_t i = 0; i < sizeof(mine); i++)
		mine[i] = i >> 4;
	assert_int_equal(ring3_dma_map(dev, mine, sizeof(mine), RING3_BOTH, &one, 1), -E2BIG);
	n = ring3_dma_map(dev, mine, sizeof(mine), RING3_BOTH, pieces, 16);
	assert_int_equal(n, 4);
	for (int i = 0; i < n; i++) {
		assert_int_equal(pieces[i].length, 4096);
		copy(pieces[i].address, i * 4096, 4096, TD_DMA_TO_DEVICE, TD_DMA_OK);
	}
	for (uint64_t i = 0; i < sizeof(mine); i += 512)
		assert_int_equal((char)rd(4, i, 1), mine[i]);
	ok(ring3_dma_unmap(dev, mine));
	ring3_close(dev);
	dev = all;
}

static void test_irqs(void **state)
{
	int fds[TD_MSIX_VECTORS], one;

	(void)state;
	assert_int_equal(ring3_irq_count(dev, RING3_INTX), 1);
	assert_int_equal(ring3_irq_count(dev, RING3_MSI), TD_MSI_VECTORS);
	assert_int_equal(ring3_irq_count(dev, RING3_MSIX), TD_MSIX_VECTORS);
	assert_int_equal(ring3_irq_count(dev, 3), -EINVAL);
	ok(ring3_irq_enable(dev, RING3_MSIX, TD_MSIX_VECTORS, fds));
	for (int i = 0; i < TD_MSIX_VECTORS; i++) {
		wr(1, TD_RAISE, 4, i);
		assert_true(fires(fds[i]));
	}
	assert_int_equal(ring3_irq_enable(dev, RING3_MSI, 1, fds), -EBUSY);
	ok(ring3_irq_disable(dev));
	ok(ring3_irq_disable(dev));
	ok(ring3_irq_enable(dev, RING3_MSI, 5, fds));
	for (int i = 0; i < 5; i++) {
		wr(1, TD_RAISE, 4, i);
		assert_true(fires(fds[i]));
	}
	assert_int_equal(ring3_irq_done(dev), -EINVAL);
	ok(ring3_irq_disable(dev));
	ok(ring3_irq_enable(dev, RING3_INTX, 1, &one));
	wr(1, TD_INTX, 4, 1);
	assert_true(fires(one));
	ok(ring3_irq_done(dev));
	assert_true(fires(one));	/* still asserted */
	wr(1, TD_INTX, 4, 0);
	ok(ring3_irq_done(dev));
	ok(ring3_irq_disable(dev));
	assert_int_equal(ring3_irq_enable(dev, RING3_MSI, TD_MSI_VECTORS + 1, fds), -ENOTSUP);
	assert_int_equal(ring3_irq_enable(dev, RING3_MSI, 0, fds), -EINVAL);
}

static void test_reset(void **state)
{
	uint64_t resets = rd(1, TD_RESETS, 4), address;
	void *memory;
	int fd;

	(void)state;
	ok(ring3_dma_alloc(dev, 64, &memory, &address));
	ok(ring3_irq_enable(dev, RING3_MSIX, 1, &fd));
	wr(1, TD_SCRATCH, 4, 5);
	ok(ring3_reset(dev));
	assert_int_equal(rd(1, TD_RESETS, 4), resets + 1);
	assert_int_equal(rd(1, TD_SCRATCH, 4), 0);
	copy(address, address + 32, 8, TD_DMA_COPY, TD_DMA_OK);
	ok(ring3_irq_enable(dev, RING3_MSIX, 1, &fd));
	wr(1, TD_RAISE, 4, 0);
	assert_true(fires(fd));
}

static void test_close_undoes(void **state)
{
	unsigned int before = open_fds();
	struct ring3_device *other;
	struct ring3_segment segment;
	volatile void *bar;
	uint64_t address;
	char mine[100];
	void *memory;
	int fds[8];

	(void)state;
	for (int i = 0; i < 5; i++) {
		ok(ring3_open("testdev", 0xffffffff, &other));
		ok(ring3_map(other, 0, 0, 4096, &bar));
		ok(ring3_dma_alloc(other, 12345, &memory, &address));
		ok(ring3_dma_map(other, mine, sizeof(mine), RING3_BOTH, &segment, 1));
		ok(ring3_irq_enable(other, RING3_MSIX, 8, fds));
		ring3_close(other);
		assert_int_equal(open_fds(), before);
	}
	/* No child of ours was left, or is there to be waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void *hammer(void *arg)
{
	const uint64_t off = TD_SCRATCH + 8 * (uintptr_t)arg;

	for (uint64_t i = 0; i < 500; i++) {
		void *memory;
		uint64_t address, value;

		if (ring3_write(dev, 1, off, 8, i) || ring3_read(dev, 1, off, 8, &value) ||
		    value != i || ring3_dma_alloc(dev, 4096, &memory, &address) ||
		    ring3_dma_free(dev, memory))
			return "failed";
	}
	return NULL;
}

static void test_threads(void **state)
{
	pthread_t threads[4];
	void *result;

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
}

/* Where files or the address space are limited there is less of it. */
static void test_limits(void **state)
{
	static const struct {
		int which;
		rlim_t value;
	} limits[] = { { RLIMIT_FSIZE, 100 << 20 }, { RLIMIT_AS, 3ull << 30 } };

	(void)state;
	for (int i = 0; i < 1 + !ASAN; i++) {
		struct ring3_device *other;
		struct rlimit old, new;
		uint64_t address;
		void *memory;

		assert_int_equal(getrlimit(limits[i].which, &old), 0);
		new = (struct rlimit){ limits[i].value, old.rlim_max };
		assert_int_equal(setrlimit(limits[i].which, &new), 0);
		ok(ring3_open("testdev", RING3_ANY_MASK, &other));
		ok(ring3_dma_alloc(other, 20 << 20, &memory, &address));
		memset(memory, 1, 20 << 20);
		assert_int_equal(ring3_dma_alloc(other, 8ull << 30, &memory, &address), -ENOMEM);
		assert_int_equal(setrlimit(limits[i].which, &old), 0);
		ring3_close(other);
	}
}

static void refused(const char *spec, int want, const char *text)
{
	struct ring3_device *other;

	assert_int_equal(ring3_open(spec, RING3_ANY_MASK, &other), want);
	assert_null(other);
	if (!strstr(ring3_error(), text))
		fail_msg("%s: %s", spec, ring3_error());
}

static void test_refused(void **state)
{
	(void)state;
	refused("nothing", -ENODEV, "no backend 'nothing'");
	refused("", -ENODEV, "device");
	refused("testdev,colour=red", -ENODEV, "colour");
	refused("proxy:/nowhere/at/all", -ENOENT, "is 'ring3 proxy --listen /nowhere/at/all' running?");
	refused("proxy:", -EINVAL, "path");
	refused("vfio-user:/nowhere/at/all", -ENODEV, "No such file");
	setenv("RING3_PROXY", "/nowhere/ring3-proxy", 1);
	refused("testdev", -ENOENT, "RING3_PROXY=/nowhere/ring3-proxy");
	setenv("RING3_PROXY", "/bin/true", 1);
	refused("testdev", -ENODEV, "ended before it was ready");
	setenv("RING3_PROXY", PROXY, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_registers), TEST(test_bars), TEST(test_map), TEST(test_consistent),
		TEST(test_mask), TEST(test_own_memory), TEST(test_segments), TEST(test_irqs),
		TEST(test_reset), TEST(test_limits), TEST(test_close_undoes), TEST(test_threads), TEST(test_refused),
	};

	setenv("RING3_PROXY", PROXY, 1);
	return cmocka_run_group_tests_name("libring3-api", tests, NULL, NULL);
}
