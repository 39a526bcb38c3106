// SPDX-License-Identifier: GPL-2.0
/* dma_twice.c - gives a DMA mapping back twice */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "bug.h"

#define SIZE 256

static int twice_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void *buf = kmalloc(SIZE, GFP_KERNEL);
	dma_addr_t addr;

	if (!buf)
		return -ENOMEM;
	addr = dma_map_single(&pdev->dev, buf, SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, addr)) {
		kfree(buf);
		return -EIO;
	}
	dma_unmap_single(&pdev->dev, addr, SIZE, DMA_TO_DEVICE);
	if (!fixed)
		dma_unmap_single(&pdev->dev, addr, SIZE, DMA_TO_DEVICE); /* bug */
	kfree(buf);
	return 0;
}

BUG_DRIVER(twice_probe, NULL);

MODULE_DESCRIPTION("Gives a DMA mapping back twice");
