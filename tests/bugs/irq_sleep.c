// SPDX-License-Identifier: GPL-2.0
/* irq_sleep.c - takes a lock that may sleep in its interrupt handler */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mutex.h>

#include "bug.h"

#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64

static DEFINE_MUTEX(lock);
static DECLARE_COMPLETION(done);

static irqreturn_t sleep_irq(int irq, void *regs)
{
	u32 status = readl(regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, regs + EDU_IRQ_ACK);
	if (!fixed) {
		mutex_lock(&lock); /* bug */
		mutex_unlock(&lock);
	}
	complete(&done);
	return IRQ_HANDLED;
}

static int sleep_irq_once(struct pci_dev *pdev, void __iomem *regs)
{
	int irq = pci_irq_vector(pdev, 0);
	int ret = request_irq(irq, sleep_irq, IRQF_SHARED, KBUILD_MODNAME, (void __force *)regs);

	if (ret)
		return ret;
	writel(1, regs + EDU_IRQ_RAISE);
	ret = wait_for_completion_timeout(&done, 10 * HZ) ? 0 : -ETIMEDOUT;
	free_irq(irq, (void __force *)regs);
	return ret;
}

static int sleep_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = pcim_enable_device(pdev);

	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (ret < 0)
		return ret;
	ret = sleep_irq_once(pdev, pcim_iomap_table(pdev)[0]);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
	return ret;
}

BUG_DRIVER(sleep_probe, NULL);

MODULE_DESCRIPTION("Sleeps in an interrupt handler");
