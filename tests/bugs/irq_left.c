// SPDX-License-Identifier: GPL-2.0
/* irq_left.c - leaves its interrupt handler behind */
#include <linux/interrupt.h>

#include "bug.h"

static irqreturn_t left_irq(int irq, void *data) /* bug */
{
	return IRQ_NONE;
}

static int left_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pci_enable_device(pdev);

	/* The kernel itself sees when message-signalled ones are left. */
	return ret ?: request_irq(pdev->irq, left_irq, IRQF_SHARED, KBUILD_MODNAME, pdev);
}

static void left_remove(struct pci_dev *pdev)
{
	if (!fixed)
		return;
	free_irq(pdev->irq, pdev);
	pci_disable_device(pdev);
}

BUG_DRIVER(left_probe, left_remove);

MODULE_DESCRIPTION("Leaves an interrupt handler behind");
