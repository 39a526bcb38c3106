// SPDX-License-Identifier: GPL-2.0
/*
 * lines.c - INTx: from four IOAPIC inputs to the devices behind them
 *
 * INTA to INTD of a device in slot N of q35's bus 0 (behind a root port: the port's
 * slot) reach GSI 20 + (N + pin) % 4.  A line that one device has to itself tells
 * that device's level.  Where several share it, PCI_STATUS tells who asserts; and
 * since QEMU reports changes of the line only, a device that asserts while another
 * holds the line high is found by looking again, every RESCAN_NS while that lasts.
 * IDE in compatibility mode has lines of the ISA bus instead.
 */
#include <linux/pci_regs.h>

#include "proxy/backend.h"
#include "proxy/irq.h"
#include "proxy/loop.h"
#include "proxy/qemu/qemu.h"

#define FIRST_GSI	20
#define NR_GSI		4
#define RESCAN_NS	1000000

static struct loop_timer rescan_timer = { .src.fd = -1 };

static unsigned int gsi_of(const struct qdev *qd)
{
	return FIRST_GSI + (qpci_slot(qd) + qd->pin - 1) % NR_GSI;
}

static bool on_gsi(const struct qdev *qd, unsigned int gsi)
{
	return qd->pin && !qd->legacy_ide && gsi_of(qd) == gsi;
}

static unsigned int sharers(unsigned int gsi)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		n += on_gsi(qemu_devices[i], gsi);
	return n;
}

/**
 * lines_level() - does a device assert INTx?
 * @qd: device
 *
 * Return: PCI_STATUS bit 3, which INTX_DISABLE does not hide (PCI 6.2.3).
 */
bool lines_level(const struct qdev *qd)
{
	if (qd->legacy_ide) {
		qpci_read(qd, PCI_STATUS, 2);	/* the lines' changes come before its answer */
		return legacy_level(qtest_lines());
	}
	return qd->pin && qtest_alive() && !qtest_stalled() &&
	       qpci_read(qd, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT;
}

/* True if it may still assert without a change of the line. */
static bool refresh(struct qdev *qd, bool high, bool shared)
{
	bool level = high && (!shared || lines_level(qd));

	if (level != qd->dev->irqs.intx.pending)
		irq_intx(qd->dev, level);
	return high && shared && !level && notify_armed(&qd->dev->irqs.intx.notify);
}

static void look(uint32_t gsis)
{
	bool again = false;

	for (unsigned int i = 0; i < qemu_nr_devices; i++) {
		struct qdev *qd = qemu_devices[i];
		unsigned int gsi;

		if (!qd->pin)
			continue;
		if (qd->legacy_ide) {
			if (legacy_level(gsis))
				refresh(qd, legacy_level(qtest_lines()), false);
			continue;
		}
		gsi = gsi_of(qd);
		if (gsis >> gsi & 1)
			again |= refresh(qd, qtest_lines() >> gsi & 1, sharers(gsi) > 1);
	}
	if (again)
		loop_timer_arm(&rescan_timer, RESCAN_NS);
}

static void rescan(struct loop_timer *timer)
{
	(void)timer;
	look(qtest_lines());
}

/**
 * lines_changed() - lines have changed: tell the devices
 */
void lines_changed(void)
{
	look(qtest_lines_changed());
}

/**
 * lines_open() - prepare
 *
 * Return: 0, or -1 with fail().
 */
int lines_open(void)
{
	return loop_timer_init(&rescan_timer, rescan);
}

/**
 * lines_close() - release
 */
void lines_close(void)
{
	loop_timer_exit(&rescan_timer);
}
