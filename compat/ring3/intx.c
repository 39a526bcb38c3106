// SPDX-License-Identifier: GPL-2.0
/*
 * intx.c - the four INTx lines of the hosted bus
 *
 * VFIO's contract: the server signals a level once and masks it by itself
 * (AUTOMASKED); the client unmasks it when the handlers have run, and is signalled again if the
 * level is still there.  Nothing has to be sent to mask.
 */
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqflags.h>
#include <linux/pci.h>

#include "ring3.h"

static int intx_base;

/* A pin's line: swizzled by the slot (PCI-to-PCI Bridge 1.2, 9.1). */
static unsigned int line_of(unsigned int devfn, unsigned int pin)
{
	return (PCI_SLOT(devfn) + pin - 1) % PCI_NUM_INTX;
}

/* Behind a bridge the pin is swizzled on its way up, too. */
static int dev_line(const struct ring3_dev *dev)
{
	if (!dev->pin)
		return -1;
	if (dev->behind)
		return line_of(ring3_bridge_place(dev->behind), line_of(dev->devfn, dev->pin) + 1);
	return line_of(dev->devfn, dev->pin);
}

/**
 * ring3_intx_map() - Linux interrupt of a pin
 * @pdev: device on the root bus
 * @slot: its slot
 * @pin: 1 to 4
 */
int ring3_intx_map(const struct pci_dev *pdev, u8 slot, u8 pin)
{
	return intx_base + line_of(PCI_DEVFN(slot, 0), pin);
}

static unsigned int intx_startup(struct irq_data *d)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < ring3_nr_devs; i++) {
		struct ring3_dev *dev = ring3_devs[i];

		if (dev_line(dev) != (int)d->irq - intx_base)
			continue;
		dev->intx_fired = false;
		dev->intx_armed = !ring3_link_arm(i, RING3_INTX, 1);
	}
	local_irq_restore(flags);
	return 0;
}

static void intx_shutdown(struct irq_data *d)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < ring3_nr_devs; i++) {
		struct ring3_dev *dev = ring3_devs[i];

		if (!dev->intx_armed || dev_line(dev) != (int)d->irq - intx_base)
			continue;
		ring3_link_disarm(i, RING3_INTX);
		dev->intx_armed = false;
		dev->intx_fired = false;
	}
	local_irq_restore(flags);
}

static void intx_mask(struct irq_data *d)
{
	/* The server masked the device that fired; others on the line may fire once. */
}

static void intx_unmask(struct irq_data *d)
{
	unsigned long flags;
	unsigned int i;

	local_irq_save(flags);
	for (i = 0; i < ring3_nr_devs; i++) {
		struct ring3_dev *dev = ring3_devs[i];

		if (!dev->intx_fired || dev_line(dev) != (int)d->irq - intx_base)
			continue;
		dev->intx_fired = false;
		ring3_link_unmask_intx(i);
	}
	local_irq_restore(flags);
}

static struct irq_chip intx_chip = {
	.name = "ring3-INTx",
	.irq_startup = intx_startup,
	.irq_shutdown = intx_shutdown,
	.irq_mask = intx_mask,
	.irq_unmask = intx_unmask,
};

/**
 * ring3_intx_event() - a device signalled INTx
 * @dev: which
 *
 * Context: interrupt.
 */
void ring3_intx_event(struct ring3_dev *dev)
{
	int line = dev_line(dev);

	if (line < 0)
		return;
	dev->intx_fired = true;
	generic_handle_irq(intx_base + line);
}

/**
 * ring3_intx_init() - allocate the lines' interrupts
 *
 * Return: 0 or a negative errno.  Context: boot, may sleep.
 */
int __init ring3_intx_init(void)
{
	int i;

	intx_base = irq_alloc_descs(-1, 0, PCI_NUM_INTX, NUMA_NO_NODE);
	if (intx_base < 0)
		return intx_base;
	for (i = 0; i < PCI_NUM_INTX; i++) {
		irq_set_chip_and_handler_name(intx_base + i, &intx_chip, handle_level_irq,
					      "level");
		irq_set_status_flags(intx_base + i, IRQ_LEVEL);
	}
	return 0;
}
