// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-irq.c - delivery, masks and pending bits of INTx, MSI and MSI-X
 */
#include <signal.h>
#include <time.h>

#include "proxy/util.h"
#include "tests/unit/proxy-common.h"

static int efd[TD_MSIX_VECTORS];

static int set(struct device *dev, uint32_t index, uint32_t start, uint32_t count,
	       uint32_t data, uint32_t action, const uint8_t *bools, const int *fds)
{
	const struct irq_request req = {
		.index = index, .start = start, .count = count, .data = data, .action = action,
		.bools = bools,
	};
	int copies[TD_MSIX_VECTORS], err;

	for (uint32_t i = 0; fds && i < count; i++)
		copies[i] = dup(fds[i]);
	err = irq_set(dev, &req, copies, fds ? count : 0);
	for (uint32_t i = 0; fds && i < count; i++)
		if (copies[i] >= 0)
			close(copies[i]);
	return err;
}

static void arm(struct device *dev, uint32_t index, uint32_t start, uint32_t count)
{
	assert_int_equal(set(dev, index, start, count, VFIO_USER_IRQ_DATA_EVENTFD,
			     VFIO_USER_IRQ_TRIGGER, NULL, efd + start), 0);
}

static void mask(struct device *dev, uint32_t index, uint32_t vector, bool on)
{
	assert_int_equal(set(dev, index, vector, 1, VFIO_USER_IRQ_DATA_NONE,
			     on ? VFIO_USER_IRQ_MASK : VFIO_USER_IRQ_UNMASK, NULL, NULL), 0);
}

static void msix(struct device *dev, uint16_t flags)
{
	set_cfg(dev, CAP_MSIX + PCI_MSIX_FLAGS, 2, flags);
}

static void entry(struct device *dev, uint32_t vector, bool masked)
{
	wr(dev, TD_MSIX_TABLE_BAR, TD_MSIX_TABLE + vector * MSIX_ENTRY +
	   PCI_MSIX_ENTRY_VECTOR_CTRL, 4, masked);
}

static uint64_t pba(struct device *dev)
{
	return rd(dev, TD_MSIX_TABLE_BAR, TD_MSIX_PBA, 8);
}

static int setup(void **state)
{
	struct device *dev = make_testdev();

	enable(dev);
	for (int i = 0; i < TD_MSIX_VECTORS; i++)
		efd[i] = make_eventfd();
	*state = dev;
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < TD_MSIX_VECTORS; i++)
		close(efd[i]);
	free_testdev(*state);
	return 0;
}

static void test_intx_automask(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_INTX, 0, 1);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 1);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 0);
	assert_true(cfg(dev, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT);
	mask(dev, VFIO_USER_INTX, 0, false);	/* still asserted: fires again */
	assert_int_equal(signals(efd[0]), 1);
	wr(dev, 1, TD_INTX, 4, 0);
	mask(dev, VFIO_USER_INTX, 0, false);
	assert_int_equal(signals(efd[0]), 0);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 1);
}

/* Not cleared by anybody: fast at first, then held back, and at once again after quiet. */
static void test_intx_storm(void **state)
{
	struct device *dev = *state;
	unsigned int n = 0;

	arm(dev, VFIO_USER_INTX, 0, 1);
	wr(dev, 1, TD_INTX, 4, 1);
	while (signals(efd[0]) && n < 5000) {
		mask(dev, VFIO_USER_INTX, 0, false);
		n++;
	}
	assert_in_range(n, 100, 2000);
	loop_step(1000);
	assert_int_equal(signals(efd[0]), 1);
	/* It was handled: the next one comes without delay. */
	wr(dev, 1, TD_INTX, 4, 0);
	mask(dev, VFIO_USER_INTX, 0, false);
	assert_int_equal(signals(efd[0]), 0);
	for (int i = 0; i < 10; i++) {
		wr(dev, 1, TD_INTX, 4, 1);
		assert_int_equal(signals(efd[0]), 1);
		wr(dev, 1, TD_INTX, 4, 0);
		mask(dev, VFIO_USER_INTX, 0, false);
	}
}

static void test_intx_armed_again(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_INTX, 0, 1);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 1);
	assert_int_equal(set(dev, VFIO_USER_INTX, 0, 0, VFIO_USER_IRQ_DATA_NONE,
			     VFIO_USER_IRQ_TRIGGER, NULL, NULL), 0);
	arm(dev, VFIO_USER_INTX, 0, 1);		/* still asserted */
	assert_int_equal(signals(efd[0]), 1);
}

static void test_intx_gates(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_INTX, 0, 1);
	set_cfg(dev, PCI_COMMAND, 2, cfg(dev, PCI_COMMAND, 2) | PCI_COMMAND_INTX_DISABLE);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 0);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	enable(dev);
	assert_int_equal(signals(efd[0]), 0);
	msix(dev, 0);
	assert_int_equal(signals(efd[0]), 1);
	mask(dev, VFIO_USER_INTX, 0, true);
	wr(dev, 1, TD_INTX, 4, 0);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(signals(efd[0]), 0);
}

static void test_msix_each(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSIX, 0, TD_MSIX_VECTORS);
	wr(dev, 1, TD_RAISE, 4, 3);
	assert_int_equal(signals(efd[3]), 0);	/* not enabled yet: lost */
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(signals(efd[3]), 0);
	for (int i = 0; i < TD_MSIX_VECTORS; i++) {
		wr(dev, 1, TD_RAISE, 4, i);
		for (int k = 0; k < TD_MSIX_VECTORS; k++)
			assert_int_equal(signals(efd[k]), i == k);
	}
	wr(dev, 1, TD_RAISE, 4, TD_MSIX_VECTORS);
	assert_int_equal(pba(dev), 0);
}

static void test_msix_masks(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSIX, 0, TD_MSIX_VECTORS);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	entry(dev, 5, true);	/* from now on the table counts: all are masked */
	wr(dev, 1, TD_RAISE, 4, 5);
	wr(dev, 1, TD_RAISE, 4, 5);
	wr(dev, 1, TD_RAISE, 4, 63);
	assert_int_equal(signals(efd[5]) + signals(efd[63]), 0);
	assert_true(pba(dev) == (1ull << 5 | 1ull << 63));
	assert_int_equal(rd(dev, TD_MSIX_TABLE_BAR, TD_MSIX_PBA, 1), 1 << 5);
	entry(dev, 5, false);
	assert_int_equal(signals(efd[5]), 1);
	assert_true(pba(dev) == 1ull << 63);
	msix(dev, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	entry(dev, 63, false);
	assert_int_equal(signals(efd[63]), 0);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(signals(efd[63]), 1);
	mask(dev, VFIO_USER_MSIX, 63, true);
	wr(dev, 1, TD_RAISE, 4, 63);
	assert_int_equal(signals(efd[63]), 0);
	mask(dev, VFIO_USER_MSIX, 63, false);
	assert_int_equal(signals(efd[63]), 1);
}

static void test_msix_table(void **state)
{
	struct device *dev = *state;

	assert_int_equal(rd(dev, 3, PCI_MSIX_ENTRY_VECTOR_CTRL, 4), PCI_MSIX_ENTRY_CTRL_MASKBIT);
	wr(dev, 3, 16, 8, 0x00000001fee00000);
	wr(dev, 3, 24, 8, 0xfffffffe00004021);
	assert_true(rd(dev, 3, 16, 8) == 0x00000001fee00000);
	assert_int_equal(rd(dev, 3, 24, 4), 0x4021);
	assert_int_equal(rd(dev, 3, 28, 4), 0);		/* reserved bits stay 0 */
	wr(dev, 3, TD_MSIX_PBA, 8, ~0ull);
	assert_true(pba(dev) == 0);
	device_reset(dev);
	enable(dev);
	assert_true(rd(dev, 3, 16, 8) == 0);
}

static void test_msix_late_arming(void **state)
{
	struct device *dev = *state;

	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	entry(dev, 2, true);
	wr(dev, 1, TD_RAISE, 4, 2);
	arm(dev, VFIO_USER_MSIX, 2, 1);
	assert_int_equal(signals(efd[2]), 0);
	entry(dev, 2, false);
	assert_int_equal(signals(efd[2]), 1);
	msix(dev, 0);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(signals(efd[2]), 0);
}

/* Without bus mastering a device writes nothing, messages included. */
static void test_no_bus_master_no_message(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSI, 0, TD_MSI_VECTORS);
	set_cfg(dev, CAP_MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	set_cfg(dev, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	wr(dev, 1, TD_RAISE, 4, 0);
	enable(dev);
	assert_int_equal(signals(efd[0]), 0);
	wr(dev, 1, TD_RAISE, 4, 0);
	assert_int_equal(signals(efd[0]), 1);
}

static void test_msi_masks(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSI, 0, TD_MSI_VECTORS);
	set_cfg(dev, CAP_MSI + PCI_MSI_FLAGS, 2, 2 << 4 | PCI_MSI_FLAGS_ENABLE);
	wr(dev, 1, TD_RAISE, 4, 3);
	wr(dev, 1, TD_RAISE, 4, 4);		/* only four are allowed */
	assert_int_equal(signals(efd[3]), 1);
	assert_int_equal(signals(efd[4]), 0);
	set_cfg(dev, CAP_MSI + PCI_MSI_MASK_64, 4, 1 << 2);
	wr(dev, 1, TD_RAISE, 4, 2);
	assert_int_equal(signals(efd[2]), 0);
	assert_int_equal(cfg(dev, CAP_MSI + PCI_MSI_PENDING_64, 4), 1 << 2);
	set_cfg(dev, CAP_MSI + PCI_MSI_MASK_64, 4, 0);
	assert_int_equal(signals(efd[2]), 1);
	assert_int_equal(cfg(dev, CAP_MSI + PCI_MSI_PENDING_64, 4), 0);
}

static void test_loopback_and_disarm(void **state)
{
	static const uint8_t bools[4] = { 1, 0, 0, 1 };
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSIX, 0, 4);
	assert_int_equal(set(dev, VFIO_USER_MSIX, 0, 4, VFIO_USER_IRQ_DATA_BOOL,
			     VFIO_USER_IRQ_TRIGGER, bools, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(signals(efd[i]), bools[i]);
	assert_int_equal(set(dev, VFIO_USER_MSIX, 1, 1, VFIO_USER_IRQ_DATA_EVENTFD,
			     VFIO_USER_IRQ_TRIGGER, NULL, NULL), 0);
	assert_false(notify_armed(&dev->irqs.msix[1].notify));
	assert_true(notify_armed(&dev->irqs.msix[2].notify));
	assert_int_equal(set(dev, VFIO_USER_MSIX, 0, 0, VFIO_USER_IRQ_DATA_NONE,
			     VFIO_USER_IRQ_TRIGGER, NULL, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_false(notify_armed(&dev->irqs.msix[i].notify));
}

static void test_reset_keeps_descriptors(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSIX, 0, 2);
	device_reset(dev);
	assert_true(notify_armed(&dev->irqs.msix[1].notify));
	device_quiesce(dev);
	assert_false(notify_armed(&dev->irqs.msix[1].notify));
}

static void test_later(void **state)
{
	struct device *dev = *state;

	arm(dev, VFIO_USER_MSIX, 0, 2);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	wr(dev, 1, TD_RAISE_DELAY, 4, 1000);
	wr(dev, 1, TD_RAISE_LATER, 4, 1);
	assert_int_equal(signals(efd[1]), 0);
	assert_true(loop_step(2000));
	assert_int_equal(signals(efd[1]), 1);
	assert_true(rd(dev, 1, TD_SIGNAL_NS, 8) > 0);
}

static int one(struct device *dev, int fd)
{
	return set(dev, VFIO_USER_INTX, 0, 1, VFIO_USER_IRQ_DATA_EVENTFD, VFIO_USER_IRQ_TRIGGER,
		   NULL, &fd);
}

static void test_kinds_of_descriptor(void **state)
{
	struct device *dev = *state;
	int pair[2], null = open("/dev/null", O_RDWR), mem = memfd_create("x", 0);
	uint64_t value = 0;

	assert_int_equal(one(dev, null), -EINVAL);
	assert_int_equal(one(dev, mem), -EINVAL);
	assert_int_equal(pipe(pair), 0);	/* its reader could hold its lock */
	assert_int_equal(one(dev, pair[1]), -EINVAL);
	close(pair[0]);
	close(pair[1]);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);	/* so could who sends with it */
	assert_int_equal(one(dev, pair[0]), -EINVAL);
	close(pair[0]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(one(dev, pair[1]), 0);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_int_equal(read(pair[0], &value, 8), 8);
	close(pair[0]);
	close(pair[1]);
	close(null);
	close(mem);
}

/* A client that lets its eventfd run full and blocking loses it, and we go on. */
static void test_hostile_eventfd(void **state)
{
	struct device *dev = *state;
	uint64_t full = ~0ull - 1;
	struct timespec a, b;
	int fd = eventfd(0, 0);

	assert_int_equal(write(fd, &full, 8), 8);
	assert_int_equal(one(dev, fd), 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	/* Thousands of them must not hold up the other devices. */
	for (int i = 0; i < 4096; i++)
		wr(dev, 1, TD_INTX, 4, i & 1);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec <= 1);
	close(fd);
}

/* A full pipe or a saturated non-blocking eventfd has been signalled already. */
static void test_full(void **state)
{
	struct device *dev = *state;
	uint64_t full = ~0ull - 1;

	assert_int_equal(write(efd[0], &full, 8), 8);
	arm(dev, VFIO_USER_INTX, 0, 1);
	wr(dev, 1, TD_INTX, 4, 1);
	assert_true(notify_armed(&dev->irqs.intx.notify));
}

/* Far more messages than anybody handles: signalled now and then, none lost for good, and it ends. */
static void test_storm(void **state)
{
	struct device *dev = *state;
	uint64_t n, began;

	arm(dev, VFIO_USER_MSIX, 0, 2);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	for (int i = 0; i < 200000; i++)
		irq_msix(dev, 0);
	n = signals(efd[0]);
	assert_in_range(n, 1000, 25000);
	assert_true(dev->irqs.storm);
	assert_int_equal(dev->policy.denied[DENY_IRQ], 1);
	/* It goes on: about one in a millisecond. */
	began = clock_ns(CLOCK_MONOTONIC);
	while (clock_ns(CLOCK_MONOTONIC) - began < 300000000) {
		for (int i = 0; i < 1000; i++)
			irq_msix(dev, 0);
		loop_step(0);
	}
	assert_in_range(signals(efd[0]), 20, 310);
	assert_true(dev->irqs.storm);
	/* Another vector waits no longer than that, and is not lost. */
	irq_msix(dev, 1);
	while (!signals(efd[1]))
		loop_step(1000);
	/* Quiet: over in two windows, and then nothing is held back. */
	began = clock_ns(CLOCK_MONOTONIC);
	while (dev->irqs.storm)
		loop_step(1000);
	assert_in_range(clock_ns(CLOCK_MONOTONIC) - began, 0, 1000000000);
	signals(efd[0]);
	for (int i = 0; i < 1000; i++)
		irq_msix(dev, 0);
	assert_int_equal(signals(efd[0]), 1000);
	assert_int_equal(dev->policy.denied[DENY_IRQ], 1);
}

/* What a fast disk or card does is none: 100,000 a second, evenly and in bursts. */
static void test_no_storm(void **state)
{
	struct device *dev = *state;
	uint64_t sent = 0, got = 0, began = clock_ns(CLOCK_MONOTONIC), now, due, skipped = 0;

	arm(dev, VFIO_USER_MSIX, 0, 1);
	msix(dev, PCI_MSIX_FLAGS_ENABLE);
	do {
		now = clock_ns(CLOCK_MONOTONIC) - began;
		due = now / 10000 - skipped;
		/* What another process has kept us from is not made up for. */
		if (due > sent + 1000) {
			skipped += due - sent - 1000;
			due = sent + 1000;
		}
		for (; sent < due; sent++)
			irq_msix(dev, 0);
		got += signals(efd[0]);
	} while (now < 500000000);
	assert_in_range(sent, 1000, 60000);
	assert_int_equal(got, sent);
	assert_false(dev->irqs.storm);
	assert_int_equal(dev->policy.denied[DENY_IRQ], 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_intx_automask), TEST(test_intx_storm), TEST(test_storm), TEST(test_no_storm),
		TEST(test_intx_armed_again), TEST(test_intx_gates), TEST(test_msix_each),
		TEST(test_msix_masks), TEST(test_msix_table), TEST(test_msix_late_arming),
		TEST(test_no_bus_master_no_message),
		TEST(test_msi_masks), TEST(test_loopback_and_disarm),
		TEST(test_reset_keeps_descriptors), TEST(test_later),
		TEST(test_kinds_of_descriptor), TEST(test_hostile_eventfd), TEST(test_full),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("proxy-irq", tests, NULL, NULL);
}
