// SPDX-License-Identifier: GPL-2.0
/*
 * msi.c - MSI and MSI-X of the hosted bus
 *
 * The proxy delivers "vector n of this device", whatever address and data the kernel
 * wrote, so the message composed here only has to look right.  Composing it is the
 * moment when the Linux interrupt of a device's vector becomes known.
 */
#include <linux/bitmap.h>
#include <linux/init.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "ring3.h"

#define NR_MSI		1024
#define MSI_ADDRESS	0xfee00000

static struct {
	struct ring3_dev *dev;
	unsigned int vector;
} owner[NR_MSI];
static DECLARE_BITMAP(used, NR_MSI);
static DEFINE_MUTEX(used_lock);

static void compose_msg(struct irq_data *d, struct msi_msg *msg)
{
	struct msi_desc *desc = irq_data_get_msi_desc(d);
	struct pci_dev *pdev = to_pci_dev(msi_desc_to_dev(desc));
	unsigned int vector = desc->msi_index + (d->irq - desc->irq);
	struct ring3_dev *dev = ring3_dev_on(pdev->bus, pdev->devfn);

	msg->address_hi = 0;
	msg->address_lo = MSI_ADDRESS;
	msg->data = d->hwirq;
	if (!dev || vector >= RING3_MAX_VECTORS)
		return;
	owner[d->hwirq].dev = dev;
	owner[d->hwirq].vector = vector;
	if (dev->virq[vector] != d->irq)
		ring3_note_vector(dev, vector, d->irq);
	WRITE_ONCE(dev->virq[vector], d->irq);
}

static void bottom_ack(struct irq_data *d)
{
	/* An event is taken when its bit is. */
}

static int bottom_retrigger(struct irq_data *d)
{
	struct ring3_dev *dev = owner[d->hwirq].dev;

	if (!dev)
		return 0;
	ring3_event_raise(dev->index, RING3_EVENT_MSI + owner[d->hwirq].vector);
	return 1;
}

static struct irq_chip bottom_chip = {
	.name = "ring3-MSI",
	.irq_ack = bottom_ack,
	.irq_retrigger = bottom_retrigger,
	.irq_compose_msi_msg = compose_msg,
};

static int bottom_alloc(struct irq_domain *domain, unsigned int virq, unsigned int nr, void *arg)
{
	unsigned long first;
	unsigned int i;

	/* The vectors of one MSI capability are consecutive and aligned. */
	mutex_lock(&used_lock);
	first = bitmap_find_next_zero_area(used, NR_MSI, 0, nr, roundup_pow_of_two(nr) - 1);
	if (first < NR_MSI)
		bitmap_set(used, first, nr);
	mutex_unlock(&used_lock);
	if (first >= NR_MSI)
		return -ENOSPC;
	for (i = 0; i < nr; i++)
		irq_domain_set_info(domain, virq + i, first + i, &bottom_chip, NULL,
				    handle_edge_irq, NULL, "edge");
	return 0;
}

static void bottom_free(struct irq_domain *domain, unsigned int virq, unsigned int nr)
{
	unsigned long first = irq_domain_get_irq_data(domain, virq)->hwirq;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct ring3_dev *dev = owner[first + i].dev;

		if (dev) {
			WRITE_ONCE(dev->virq[owner[first + i].vector], 0);
			ring3_note_vector(dev, owner[first + i].vector, 0);
		}
		owner[first + i].dev = NULL;
	}
	mutex_lock(&used_lock);
	bitmap_clear(used, first, nr);
	mutex_unlock(&used_lock);
	irq_domain_free_irqs_top(domain, virq, nr);
}

static const struct irq_domain_ops bottom_ops = {
	.alloc = bottom_alloc,
	.free = bottom_free,
};

static struct irq_chip pci_chip = {
	.name = "ring3-PCI-MSI",
	.irq_mask = pci_msi_mask_irq,
	.irq_unmask = pci_msi_unmask_irq,
	.irq_ack = irq_chip_ack_parent,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
};

static struct msi_domain_info pci_info = {
	.flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_USE_DEF_CHIP_OPS | MSI_FLAG_PCI_MSIX |
		 MSI_FLAG_MULTI_PCI_MSI,
	.chip = &pci_chip,
	.handler = handle_edge_irq,
	.handler_name = "edge",
};

/**
 * ring3_msi_init() - create the domain that the host bridge hands to its devices
 *
 * Return: the domain or NULL.  Context: boot, may sleep.
 */
struct irq_domain * __init ring3_msi_init(void)
{
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode("ring3-msi");
	struct irq_domain *bottom;

	if (!fwnode)
		return NULL;
	bottom = irq_domain_create_linear(fwnode, NR_MSI, &bottom_ops, NULL);
	return bottom ? pci_msi_create_irq_domain(fwnode, &pci_info, bottom) : NULL;
}
