// SPDX-License-Identifier: GPL-2.0
/*
 * ring3_late.c - has a device reach for memory that is not its any more, or never was
 *
 * For QEMU's edu and for testdev.  how=late: a buffer that was unmapped; how=wild: RAM that was
 * never mapped, at the address it has with --dma static; how=low: below all of RAM; how=msi: where
 * message-signalled interrupts go; how=wrong: against the direction it was
 * mapped for; how=right: a mapped buffer.  The log says whether the buffer has changed.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "../../proxy/testdev.h"

#define LENGTH		64
#define FILL		0x5a
#define STATIC_OFFSET	0x40000000
#define LOW_ADDRESS	0x10000
#define MSI_ADDRESS	0xfee00000

#define EDU_DEVICE	0x11e8
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_LEN	0x90
#define EDU_DMA_CMD	0x98
#define EDU_START	1
#define EDU_TO_MEMORY	2
#define EDU_BUFFER	0x40000

static char *how = "right";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "right, late, wild, low, msi or wrong");

/* The device writes zeros to @addr. */
static int have_written(struct pci_dev *pdev, void __iomem *regs, dma_addr_t addr)
{
	int tries = 200;

	if (pdev->device == TD_DEVICE) {
		writeq(0, regs + TD_DMA_SRC);
		writeq(addr, regs + TD_DMA_DST);
		writel(LENGTH, regs + TD_DMA_LEN);
		writel(TD_VECTOR_NONE, regs + TD_DMA_VECTOR);
		writel(TD_DMA_FROM_DEVICE, regs + TD_DMA_CMD);
		return 0;
	}
	writeq(EDU_BUFFER, regs + EDU_DMA_SRC);
	writeq(addr, regs + EDU_DMA_DST);
	writeq(LENGTH, regs + EDU_DMA_LEN);
	writeq(EDU_START | EDU_TO_MEMORY, regs + EDU_DMA_CMD);
	while (readq(regs + EDU_DMA_CMD) & EDU_START && --tries)
		msleep(10);
	return tries ? 0 : -ETIMEDOUT;
}

static noinline void give_back(struct pci_dev *pdev, dma_addr_t addr, enum dma_data_direction dir)
{
	dma_unmap_single(&pdev->dev, addr, LENGTH, dir); /* back */
}

static dma_addr_t target(u8 *buf, dma_addr_t addr)
{
	if (!strcmp(how, "wild"))
		return virt_to_phys(buf) + STATIC_OFFSET;
	if (!strcmp(how, "low"))
		return LOW_ADDRESS;
	return strcmp(how, "msi") ? addr : MSI_ADDRESS;
}

static int try(struct pci_dev *pdev, void __iomem *regs, u8 *buf)
{
	enum dma_data_direction dir = strcmp(how, "wrong") ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	bool late = !strcmp(how, "late");
	dma_addr_t addr = dma_map_single(&pdev->dev, buf, LENGTH, dir);
	int err;

	if (dma_mapping_error(&pdev->dev, addr))
		return -ENOMEM;
	if (late)
		give_back(pdev, addr, dir);
	err = have_written(pdev, regs, target(buf, addr));
	if (!late)
		give_back(pdev, addr, dir);
	return err;
}

static int late_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	/* A page of its own: nobody else's buffer is in it. */
	u8 *buf = (u8 *)get_zeroed_page(GFP_KERNEL);
	void __iomem *regs;
	int err;

	err = pcim_enable_device(pdev);
	if (err || !buf)
		goto out;
	memset(buf, FILL, PAGE_SIZE);
	pci_set_master(pdev);
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	regs = pcim_iomap(pdev, pdev->device == TD_DEVICE ? 1 : 0, 0);
	if (!err)
		err = regs ? try(pdev, regs, buf) : -ENOMEM;
	if (!err)
		dev_info(&pdev->dev, "late: %s: buffer %s\n", how,
			 memchr_inv(buf, FILL, PAGE_SIZE) ? "changed" : "unchanged");
out:
	free_page((unsigned long)buf);
	return err;
}

static const struct pci_device_id late_ids[] = {
	{ PCI_DEVICE(0x1234, EDU_DEVICE) },
	{ PCI_DEVICE(TD_VENDOR, TD_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, late_ids);

static struct pci_driver late_driver = {
	.name = KBUILD_MODNAME,
	.id_table = late_ids,
	.probe = late_probe,
};
module_pci_driver(late_driver);

MODULE_DESCRIPTION("Tests of DMA to memory that is not mapped");
MODULE_LICENSE("GPL");
