// SPDX-License-Identifier: GPL-2.0
/* dma_sync.c - synchronises a DMA mapping in the direction it was not made for */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "bug.h"

#define SIZE 256

static int sync_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	enum dma_data_direction dir = fixed ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	void *buf = kmalloc(SIZE, GFP_KERNEL);
	dma_addr_t addr;

	if (!buf)
		return -ENOMEM;
	addr = dma_map_single(&pdev->dev, buf, SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(&pdev->dev, addr)) {
		kfree(buf);
		return -EIO;
	}
	dma_sync_single_for_cpu(&pdev->dev, addr, SIZE, dir); /* bug */
	dma_unmap_single(&pdev->dev, addr, SIZE, DMA_TO_DEVICE);
	kfree(buf);
	return 0;
}

BUG_DRIVER(sync_probe, NULL);

MODULE_DESCRIPTION("Synchronises DMA in the wrong direction");
