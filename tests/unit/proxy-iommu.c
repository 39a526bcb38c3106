// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-iommu.c - the tables of QEMU's IOMMU, walked as VT-d does, without QEMU
 */
#include "tests/unit/proxy-common.h"

#include "proxy/qemu/qemu.h"

#define ROOT	0x100000	/* the first table */
#define RW	(VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE)
#define DEVICES	3

static struct qdev devices[DEVICES];
static const uint8_t *memory;

static int start(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DEVICES; i++) {
		devices[i] = (struct qdev){ .index = i };
		qemu_devices[i] = &devices[i];
	}
	qemu_nr_devices = DEVICES;
	memory = mmap(NULL, QEMU_TABLES_SIZE, PROT_READ, MAP_SHARED, iommu_open(), 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	return iommu_start();
}

static int stop(void **state)
{
	(void)state;
	munmap((void *)memory, QEMU_TABLES_SIZE);
	iommu_close();
	qemu_nr_devices = 0;
	return 0;
}

static uint64_t load(uint64_t at)
{
	uint64_t value;

	assert_in_range(at, ROOT, QEMU_TABLES_SIZE - 8);
	memcpy(&value, memory + at, sizeof(value));
	return value;
}

/* VT-d 3.4: address and permission bits, 0: stopped. */
static uint64_t translate(unsigned int dev, uint64_t iova)
{
	uint64_t entry = load(ROOT + 16 * qpci_bus(&devices[dev]));
	uint64_t context;

	assert_true(entry & 1);
	context = entry & ~0xfffull;
	assert_int_equal(load(context + 8) & 7, 1);
	assert_int_equal(load(context + 8) >> 8, dev + 1);
	entry = load(context);
	assert_true(entry & 1);
	for (unsigned int shift = 30; shift >= 12; shift -= 9) {
		entry = load((entry & ~0xfffull) + 8 * (iova >> shift & 511));
		if (!(entry & 3))
			return 0;
	}
	return (entry & ~0xfffull) | (iova & 0xfff) | (entry & 3) << 62;
}

static uint64_t expected(uint64_t offset, uint64_t bits)
{
	return (QEMU_RAM_IOVA + offset) | bits << 62;
}

static int map(unsigned int dev, uint64_t iova, uint64_t size, uint64_t offset, uint32_t flags)
{
	const struct dma_request req = { .iova = iova, .size = size, .offset = offset, .flags = flags };

	return iommu_map(&devices[dev], &req);
}

static void test_map(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0xfffff000 - 0x2000000, 0x1000, 0x5000, VFIO_USER_DMA_READABLE), 0);
	assert_int_equal(translate(0, 0xfdfff123), expected(0x5123, 1));
	assert_int_equal(translate(0, 0xfdffe123), 0);
	assert_int_equal(translate(1, 0xfdfff123), 0);
	/* Across tables of all levels. */
	assert_int_equal(map(1, 0x3ffff000, 0x401000, 0x10000, RW), 0);
	assert_int_equal(translate(1, 0x3ffff000), expected(0x10000, 3));
	assert_int_equal(translate(1, 0x40000004), expected(0x11004, 3));
	assert_int_equal(translate(1, 0x403fffff), expected(0x410fff, 3));
	assert_int_equal(translate(1, 0x40400000), 0);
	iommu_unmap(&devices[1], 0x3ffff000, 0x401000);
	assert_int_equal(translate(1, 0x3ffff000), 0);
	assert_int_equal(translate(1, 0x403fffff), 0);
	assert_int_equal(translate(0, 0xfdfff000), expected(0x5000, 1));
}

static void test_doorbell(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < DEVICES; i++)
		assert_int_equal(translate(i, QEMU_DOORBELL), QEMU_DOORBELL | 2ull << 62);
	assert_int_equal(map(0, QEMU_IVSHMEM_REGS, 0x1000, 0, RW), -EINVAL);
	assert_int_equal(map(0, QEMU_IVSHMEM_REGS - 0x1000, 0x2000, 0, RW), -EINVAL);
	assert_int_equal(map(0, 0xfee00000, 0x1000, 0, RW), -EINVAL);
	assert_int_equal(map(0, 0xfffff000, 0x1000, 0, RW), -EINVAL);
	assert_int_equal(map(0, 0x100000000, 0x1000, 0, RW), 0);
	assert_int_equal(translate(0, QEMU_DOORBELL), QEMU_DOORBELL | 2ull << 62);
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(map(0, 0x1001, 0x1000, 0, RW), -EINVAL);
	assert_int_equal(map(0, 0x1000, 0x1001, 0, RW), -EINVAL);
	assert_int_equal(map(0, 0x1000, 0x1000, 1, RW), -EINVAL);
	assert_int_equal(map(0, 0x1000, 0x1000, 0, 0), -EINVAL);
	assert_int_equal(map(0, 1ull << 39, 0x1000, 0, RW), -EINVAL);
	assert_int_equal(map(0, (1ull << 39) - 0x1000, 0x2000, 0, RW), -EINVAL);
	assert_int_equal(map(0, ~0xfffull, 0x1000, 0, RW), -EINVAL);
}

/* Each in tables of its own: room for some thousands, and all of it comes back. */
static void test_exhaustion(void **state)
{
	uint64_t far = 1ull << 30, i, n = 0;
	(void)state;

	for (int round = 0; round < 3; round++) {
		uint64_t were = n;

		for (n = 0; n < 100000; n++) {
			int err = map(2, 0x200000 * (n + 1) + (n >= 2031 ? 2 * far : 0), 0x1000,
				      n * 0x1000 % QEMU_RAM_MAX, RW);

			if (err) {
				assert_int_equal(err, -ENOSPC);
				break;
			}
		}
		assert_in_range(n, 10000, 20000);
		assert_true(!were || n == were);
		assert_int_equal(map(0, 0x1000, 0x1000, 0, RW), -ENOSPC);
		assert_int_equal(translate(2, 0x200000 * 100), expected(99 * 0x1000, 3));
		for (i = 0; i < n; i++)
			iommu_unmap(&devices[2], 0x200000 * (i + 1) + (i >= 2031 ? 2 * far : 0), 0x1000);
		assert_int_equal(map(0, 0x1000, 0x1000, 0, RW), 0);
		iommu_unmap(&devices[0], 0x1000, 0x1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_map, start, stop),
		cmocka_unit_test_setup_teardown(test_doorbell, start, stop),
		cmocka_unit_test_setup_teardown(test_refused, start, stop),
		cmocka_unit_test_setup_teardown(test_exhaustion, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
