// SPDX-License-Identifier: GPL-2.0
/*
 * dmatrace.c - DMA operations of traced devices: dma-direct's, and a note of each
 *
 * Devices that are not traced have no operations of their own, so dma-direct is called without
 * detour for them.
 */
#include <linux/dma-map-ops.h>
#include <linux/pci.h>
#include <linux/version.h>
#include "../../../kernel/dma/direct.h"

#include "ring3.h"

static const struct ring3_dev *of(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	return ring3_dev_on(pdev->bus, pdev->devfn);
}

static void tell(struct device *dev, enum ring3_note kind, dma_addr_t addr, size_t size,
		 enum dma_data_direction dir)
{
	const struct ring3_dev *d = of(dev);

	if (d && addr != DMA_MAPPING_ERROR)
		ring3_note_dma(d, kind, addr, size, dir);
}

static void *trace_alloc(struct device *dev, size_t size, dma_addr_t *addr, gfp_t gfp,
			 unsigned long attrs)
{
	void *p = dma_direct_alloc(dev, size, addr, gfp, attrs);

	if (p)
		tell(dev, RING3_NOTE_DMA_MAP, *addr, size, DMA_BIDIRECTIONAL);
	return p;
}

static void trace_free(struct device *dev, size_t size, void *p, dma_addr_t addr,
		       unsigned long attrs)
{
	tell(dev, RING3_NOTE_DMA_UNMAP, addr, size, DMA_BIDIRECTIONAL);
	dma_direct_free(dev, size, p, addr, attrs);
}

static struct page *trace_alloc_pages(struct device *dev, size_t size, dma_addr_t *addr,
				      enum dma_data_direction dir, gfp_t gfp)
{
	struct page *page = dma_direct_alloc_pages(dev, size, addr, dir, gfp);

	if (page)
		tell(dev, RING3_NOTE_DMA_MAP, *addr, size, dir);
	return page;
}

static void trace_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t addr,
			     enum dma_data_direction dir)
{
	tell(dev, RING3_NOTE_DMA_UNMAP, addr, size, dir);
	dma_direct_free_pages(dev, size, page, addr, dir);
}

static dma_addr_t trace_map_page(struct device *dev, struct page *page, unsigned long offset,
				 size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = dma_direct_map_page(dev, page, offset, size, dir, attrs);

	tell(dev, RING3_NOTE_DMA_MAP, addr, size, dir);
	return addr;
}

static void trace_unmap_page(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	tell(dev, RING3_NOTE_DMA_UNMAP, addr, size, dir);
	dma_direct_unmap_page(dev, addr, size, dir, attrs);
}

static int trace_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	int i, n = dma_direct_map_sg(dev, sgl, nents, dir, attrs);
	struct scatterlist *sg;

	if (n > 0)
		for_each_sg(sgl, sg, n, i)
			tell(dev, RING3_NOTE_DMA_MAP, sg_dma_address(sg), sg_dma_len(sg), dir);
	return n;
}

static void trace_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		tell(dev, RING3_NOTE_DMA_UNMAP, sg_dma_address(sg), sg_dma_len(sg), dir);
	dma_direct_unmap_sg(dev, sgl, nents, dir, attrs);
}

static const struct dma_map_ops trace_ops = {
	.alloc = trace_alloc,
	.free = trace_free,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	.alloc_pages_op = trace_alloc_pages,
#else
	.alloc_pages = trace_alloc_pages,
#endif
	.free_pages = trace_free_pages,
	.mmap = dma_direct_mmap,
	.get_sgtable = dma_direct_get_sgtable,
	.map_page = trace_map_page,
	.unmap_page = trace_unmap_page,
	.map_sg = trace_map_sg,
	.unmap_sg = trace_unmap_sg,
	.map_resource = dma_direct_map_resource,
	.sync_single_for_cpu = dma_direct_sync_single_for_cpu,
	.sync_single_for_device = dma_direct_sync_single_for_device,
	.sync_sg_for_cpu = dma_direct_sync_sg_for_cpu,
	.sync_sg_for_device = dma_direct_sync_sg_for_device,
	.dma_supported = dma_direct_supported,
	.get_required_mask = dma_direct_get_required_mask,
	.max_mapping_size = dma_direct_max_mapping_size,
};

/**
 * ring3_dmatrace() - have a device's buffers noted from now on
 * @dev: a PCI device that is being added, without a driver
 *
 * Context: may sleep.
 */
void ring3_dmatrace(struct device *dev)
{
	set_dma_ops(dev, &trace_ops);
}
