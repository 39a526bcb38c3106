// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - from the devices' events to Linux interrupts
 *
 * All events of all devices arrive on one doorbell, one UML interrupt; which they are
 * stands in bit maps (event_user.c).
 */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <irq_kern.h>
#include <irq_user.h>

#include "ring3.h"

static void handle_event(struct ring3_dev *dev, unsigned int bit)
{
	unsigned int virq;

	if (bit == RING3_EVENT_INTX) {
		ring3_intx_event(dev);
		return;
	}
	if (bit == RING3_EVENT_ERROR) {
		ring3_iommu_fault();
		return;
	}
	bit -= RING3_EVENT_MSI;
	if (bit >= RING3_MAX_VECTORS)
		return;
	virq = READ_ONCE(dev->virq[bit]);
	if (virq)
		generic_handle_irq(virq);
}

static irqreturn_t ring3_doorbell(int irq, void *unused)
{
	unsigned int i, word;

	ring3_event_ack();
	ring3_stub_check();
	for (i = 0; i < ring3_nr_devs; i++) {
		for (word = 0; word < RING3_EVENT_WORDS; word++) {
			unsigned long bits = ring3_event_take(i, word);

			while (bits) {
				unsigned int bit = __ffs(bits);

				bits &= bits - 1;
				handle_event(ring3_devs[i], word * 64 + bit);
			}
		}
	}
	return IRQ_HANDLED;
}

/**
 * ring3_irq_init() - start taking events
 *
 * Return: 0 or a negative errno.  Context: boot, may sleep.
 */
int __init ring3_irq_init(void)
{
	int fd = ring3_event_start();
	int irq;

	if (fd < 0)
		return fd;
	irq = um_request_irq(UM_IRQ_ALLOC, fd, IRQ_READ, ring3_doorbell, IRQF_NO_THREAD,
			     "ring3", &ring3_nr_devs);
	return irq < 0 ? irq : ring3_stub_watch();
}
