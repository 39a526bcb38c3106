// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - from the devices' events to Linux interrupts
 *
 * All events of all devices arrive on one doorbell, one UML interrupt, and which they are
 * stands in bit maps (event_user.c); there is a second one for what does not come from the proxy's memory.
 */
#include <linux/bitops.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <irq_kern.h>
#include <irq_user.h>
#include <kern_util.h>

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

static void handle_events(void)
{
	unsigned int i, word;

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
}

static irqreturn_t ring3_doorbell(int irq, void *unused)
{
	ring3_event_ack();
	ring3_stub_check();
	handle_events();
	return IRQ_HANDLED;
}

static int bell;
static bool polled;

static irqreturn_t ring3_bell(int irq, void *unused)
{
	if (!polled)
		ring3_event_drain();
	polled = false;
	ring3_event_hear();
	handle_events();
	return IRQ_HANDLED;
}

/**
 * ring3_irq_poll() - take events of the proxy's that memory tells of
 * @regs: what was interrupted
 *
 * The pipe's byte is taken later, when the host has been asked which descriptors can be read.
 *
 * Context: interrupt, before its source is known.
 */
void ring3_irq_poll(struct uml_pt_regs *regs)
{
	if (!ring3_event_rung())
		return;
	polled = true;
	do_IRQ(bell, regs);
}

/**
 * ring3_irq_connect() - let a device's interrupts come by the shortest way there is
 * @dev: device, connected, nothing armed yet
 *
 * Return: 0 or a negative errno.  Context: boot, may sleep.
 */
int __init ring3_irq_connect(struct ring3_dev *dev)
{
	unsigned long flags;
	int fd, irq;

	local_irq_save(flags);
	fd = ring3_link_bell(dev->index);
	local_irq_restore(flags);
	if (fd < 0)
		return fd == -ENOENT || fd == -EEXIST ? 0 : fd;
	irq = um_request_irq(UM_IRQ_ALLOC, fd, IRQ_READ, ring3_bell,
			     IRQF_NO_THREAD | IRQF_NO_SUSPEND, "ring3-bell", &ring3_devs);
	if (irq < 0)
		return irq;
	bell = irq;
	return 0;
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
	irq = um_request_irq(UM_IRQ_ALLOC, fd, IRQ_READ, ring3_doorbell,
			     IRQF_NO_THREAD | IRQF_NO_SUSPEND, "ring3", &ring3_nr_devs);
	return irq < 0 ? irq : ring3_stub_watch();
}
