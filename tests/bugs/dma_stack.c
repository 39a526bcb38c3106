// SPDX-License-Identifier: GPL-2.0
/* dma_stack.c - has the device read the stack */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "bug.h"

#define SIZE 64

static int stack_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	u8 local[SIZE] = { 1 }, *heap = kzalloc(SIZE, GFP_KERNEL);
	dma_addr_t addr;

	if (!heap)
		return -ENOMEM;
	addr = dma_map_single(&pdev->dev, fixed ? heap : local, SIZE, DMA_TO_DEVICE); /* bug */
	if (!dma_mapping_error(&pdev->dev, addr))
		dma_unmap_single(&pdev->dev, addr, SIZE, DMA_TO_DEVICE);
	kfree(heap);
	return 0;
}

BUG_DRIVER(stack_probe, NULL);

MODULE_DESCRIPTION("DMA from the stack");
