// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-fault.c - accesses that were stopped, and what is remembered for their report
 */
#include "tests/unit/proxy-common.h"

static void map_and_unmap(struct device *dev, uint64_t iova, uint64_t size)
{
	const struct dma_request req = { .iova = iova, .size = size, .flags = VFIO_USER_DMA_READABLE };
	uint64_t unmapped;
	int none = -1;

	assert_int_equal(device_dma_map(dev, &req, &none), 0);
	assert_int_equal(device_dma_unmap(dev, iova, size, &unmapped), 0);
}

static void test_client_is_told(void **state)
{
	struct device *dev = *state;
	const struct irq_request arm = {
		.index = VFIO_USER_ERR, .count = 1, .data = VFIO_USER_IRQ_DATA_EVENTFD,
		.action = VFIO_USER_IRQ_TRIGGER,
	};
	struct vfio_user_ring3_fault fault;
	int event = make_eventfd(), fds[] = { dup(event) };

	assert_int_equal(dev->irqs.count[VFIO_USER_ERR], 1);
	assert_int_equal(irq_set(dev, &arm, fds, 1), 0);
	assert_int_equal(fault_take(dev, &fault), -ENOENT);
	fault_report(dev, 0x1234, true);
	fault_report(dev, 0x5678, false);
	assert_int_equal(signals(event), 2);
	assert_int_equal(fault_take(dev, &fault), 0);
	assert_int_equal(fault.iova, 0x1234);
	assert_int_equal(fault.flags, VFIO_USER_DMA_WRITEABLE);
	assert_int_equal(fault_take(dev, &fault), 0);
	assert_int_equal(fault.iova, 0x5678);
	assert_int_equal(fault.flags, VFIO_USER_DMA_READABLE);
	assert_int_equal(fault_take(dev, &fault), -ENOENT);
	assert_int_equal(dev->faults.count, 2);
	close(event);
}

static void test_many(void **state)
{
	struct device *dev = *state;
	struct vfio_user_ring3_fault fault;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 3 * FAULTS_KEPT; i++)
		fault_report(dev, i, true);
	while (!fault_take(dev, &fault))
		assert_int_equal(fault.iova, n++);
	assert_int_equal(n, FAULTS_KEPT);
	fault_report(dev, 0x1000, true);
	assert_int_equal(fault_take(dev, &fault), 0);
	assert_int_equal(fault.lost, 2 * FAULTS_KEPT);
	assert_int_equal(dev->faults.count, 3 * FAULTS_KEPT + 1);
	/* The log is not the device's to fill. */
	assert_in_range(dev->faults.in_second, 1, 3 * FAULTS_KEPT + 1);
	assert_true(dev->faults.said < dev->faults.count);
}

static void test_remembers(void **state)
{
	struct device *dev = *state;
	struct faults *f = &dev->faults;

	for (uint64_t i = 0; i < GONE_KEPT + 10; i++)
		map_and_unmap(dev, 0x100000 + i * 0x1000, 0x1000);
	assert_int_equal(f->gone[(f->next_gone - 1) % GONE_KEPT].iova, 0x100000 + (GONE_KEPT + 9) * 0x1000);
	assert_int_equal(f->gone[f->next_gone % GONE_KEPT].iova, 0x100000 + 10 * 0x1000);
	fault_report(dev, 0x100000, true);
	/* Of one client the next knows nothing. */
	device_quiesce(dev);
	for (unsigned int i = 0; i < GONE_KEPT; i++)
		assert_int_equal(f->gone[i].size, 0);
	assert_int_equal(f->nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_client_is_told, setup_testdev, teardown_testdev),
		cmocka_unit_test_setup_teardown(test_many, setup_testdev, teardown_testdev),
		cmocka_unit_test_setup_teardown(test_remembers, setup_testdev, teardown_testdev),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
