// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c - tests of DMA: coherent, streaming and scatter-gather, both ways, masks and errors
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "td.h"

#define BIG	(2UL << 20)	/* of the larger buffers */

/* As the device reads it; see TD_DMA_SG. */
struct td_desc {
	__le64 iova;
	__le32 len;
	__le32 zero;
};

static u32 td_dma(struct td *td, u64 src, u64 dst, u32 len, u32 cmd)
{
	writeq(src, td->bar1 + TD_DMA_SRC);
	writeq(dst, td->bar1 + TD_DMA_DST);
	td_set(td, TD_DMA_LEN, len);
	td_set(td, TD_DMA_VECTOR, TD_VECTOR_NONE);
	td_set(td, TD_DMA_CMD, cmd);
	return td_get(td, TD_DMA_STATUS);
}

static void fill(u8 *p, size_t len, u32 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = td_byte(seed, i);
}

static void expect_filled(struct td_run *t, const u8 *p, size_t len, u32 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] != td_byte(seed, i)) {
			TD_EQ(t, i, len);	/* the first byte that differs */
			TD_EQ(t, p[i], td_byte(seed, i));
			return;
		}
}

static void expect_in_device(struct td_run *t, size_t offset, size_t len, u32 seed)
{
	u8 *copy = vmalloc(len);

	if (!TD_OK(t, copy))
		return;
	memcpy_fromio(copy, t->td->bar4 + offset, len);
	expect_filled(t, copy, len, seed);
	vfree(copy);
}

static void coherent_of(struct td_run *t, size_t len)
{
	struct td *td = t->td;
	dma_addr_t a, b;
	u8 *va = dma_alloc_coherent(&td->pdev->dev, len, &a, GFP_KERNEL);
	u8 *vb = dma_alloc_coherent(&td->pdev->dev, len, &b, GFP_KERNEL);

	if (TD_OK(t, va) && TD_OK(t, vb)) {
		fill(va, len, 1);
		memset(vb, 0, len);
		TD_EQ(t, td_dma(td, a, 0x1000, len, TD_DMA_TO_DEVICE), TD_DMA_OK);
		expect_in_device(t, 0x1000, len, 1);
		TD_EQ(t, td_dma(td, 0x1000, b, len, TD_DMA_FROM_DEVICE), TD_DMA_OK);
		expect_filled(t, vb, len, 1);
		fill(vb, len, 2);
		TD_EQ(t, td_dma(td, b, a, len, TD_DMA_COPY), TD_DMA_OK);
		expect_filled(t, va, len, 2);
	}
	if (va)
		dma_free_coherent(&td->pdev->dev, len, va, a);
	if (vb)
		dma_free_coherent(&td->pdev->dev, len, vb, b);
}

static void coherent(struct td_run *t)
{
	coherent_of(t, 64);
	coherent_of(t, 4096);
	coherent_of(t, 1 << 20);
}

static void streaming(struct td_run *t)
{
	struct device *dev = &t->td->pdev->dev;
	size_t len = 1 << 20;
	u8 *buf = kmalloc(len, GFP_KERNEL);
	dma_addr_t dma;

	if (!TD_OK(t, buf))
		return;
	fill(buf, len, 3);
	dma = dma_map_single(dev, buf + 5, len - 5, DMA_TO_DEVICE);
	if (TD_EQ(t, dma_mapping_error(dev, dma), 0)) {
		TD_EQ(t, td_dma(t->td, dma, 5, len - 5, TD_DMA_TO_DEVICE), TD_DMA_OK);
		dma_unmap_single(dev, dma, len - 5, DMA_TO_DEVICE);
	}
	memset(buf, 0, len);
	dma = dma_map_single(dev, buf + 5, len - 5, DMA_FROM_DEVICE);
	if (TD_EQ(t, dma_mapping_error(dev, dma), 0)) {
		TD_EQ(t, td_dma(t->td, 5, dma, len - 5, TD_DMA_FROM_DEVICE), TD_DMA_OK);
		dma_unmap_single(dev, dma, len - 5, DMA_FROM_DEVICE);
	}
	fill(buf, 5, 3);	/* the bytes the device was not given */
	expect_filled(t, buf, len, 3);
	kfree(buf);
}

/* A scatterlist over the pages of @buf, a vmalloc()ed area. */
static int table_of(struct sg_table *table, void *buf, size_t offset, size_t len)
{
	unsigned int nr = DIV_ROUND_UP(offset + len, PAGE_SIZE), i;
	struct page **pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	int ret;

	if (!pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		pages[i] = vmalloc_to_page(buf + i * PAGE_SIZE);
	ret = sg_alloc_table_from_pages(table, pages, nr, offset, len, GFP_KERNEL);
	kvfree(pages);
	return ret;
}

static void describe(struct sg_table *table, struct td_desc *desc)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		desc[i].iova = cpu_to_le64(sg_dma_address(sg));
		desc[i].len = cpu_to_le32(sg_dma_len(sg));
		desc[i].zero = 0;
	}
}

/* Move @len bytes at @offset of @buf, page by page, through the device. */
static void scatter_gather_run(struct td_run *t, struct sg_table *table, bool to_device)
{
	struct device *dev = &t->td->pdev->dev;
	enum dma_data_direction dir = to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct td_desc *desc;
	dma_addr_t dma;
	size_t size;
	u32 status;

	if (!TD_EQ(t, dma_map_sgtable(dev, table, dir, 0), 0))
		return;
	size = table->nents * sizeof(*desc);
	desc = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
	if (TD_OK(t, desc)) {
		describe(table, desc);
		status = td_dma(t->td, to_device ? dma : 0x2000, to_device ? 0x2000 : dma,
				table->nents,
				TD_DMA_SG | (to_device ? TD_DMA_TO_DEVICE : TD_DMA_FROM_DEVICE));
		TD_EQ(t, status, TD_DMA_OK);
		dma_free_coherent(dev, size, desc, dma);
	}
	dma_unmap_sgtable(dev, table, dir, 0);
}

static void scatter_gather_of(struct td_run *t, size_t offset, size_t len)
{
	u8 *buf = vmalloc(PAGE_ALIGN(offset + len));
	struct sg_table table;

	if (!TD_OK(t, buf))
		return;
	if (TD_EQ(t, table_of(&table, buf, offset, len), 0)) {
		fill(buf + offset, len, 4);
		scatter_gather_run(t, &table, true);
		memset(buf + offset, 0, len);
		scatter_gather_run(t, &table, false);
		expect_filled(t, buf + offset, len, 4);
		sg_free_table(&table);
	}
	vfree(buf);
}

static void scatter_gather(struct td_run *t)
{
	scatter_gather_of(t, 0, PAGE_SIZE);
	scatter_gather_of(t, 0, BIG);
	scatter_gather_of(t, 123, BIG - 1000);
}

/* Every kind of address the API hands out is above the bus offset and below 4 GiB. */
static void addresses(struct td_run *t)
{
	struct device *dev = &t->td->pdev->dev;
	void *va[16];
	dma_addr_t dma[16];
	unsigned int i;

	TD_EQ(t, dma_get_mask(dev), DMA_BIT_MASK(32));
	for (i = 0; i < ARRAY_SIZE(va); i++) {
		va[i] = dma_alloc_coherent(dev, 64 << 10, &dma[i], GFP_KERNEL);
		if (!TD_OK(t, va[i]))
			continue;
		TD_EQ(t, dma[i] >> 32, 0);
		TD_OK(t, dma[i] >= 0x40000000);
		TD_OK(t, dma[i] != virt_to_phys(va[i]));
	}
	for (i = 0; i < ARRAY_SIZE(va); i++)
		if (va[i])
			dma_free_coherent(dev, 64 << 10, va[i], dma[i]);
}

static void masks(struct td_run *t)
{
	struct device *dev = &t->td->pdev->dev;

	TD_EQ(t, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	/* All of RAM is above, unless an IOMMU finds it another address. */
	TD_EQ(t, dma_set_mask(dev, DMA_BIT_MASK(28)) < 0, !device_iommu_mapped(dev));
	TD_EQ(t, dma_set_coherent_mask(dev, DMA_BIT_MASK(24)) < 0, !device_iommu_mapped(dev));
	TD_EQ(t, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), 0);
}

static void errors(struct td_run *t)
{
	struct td *td = t->td;

	/* No memory below the bus offset, nor far above it. */
	TD_EQ(t, td_dma(td, 0x1000, 0, 64, TD_DMA_TO_DEVICE), TD_DMA_ERR_FAULT);
	TD_EQ(t, td_dma(td, 0, 0x1000, 64, TD_DMA_FROM_DEVICE), TD_DMA_ERR_FAULT);
	TD_EQ(t, td_dma(td, 0xb0000000, 0, 64, TD_DMA_TO_DEVICE), TD_DMA_ERR_FAULT);
	TD_EQ(t, td_dma(td, ~0ULL - 63, 0, 64, TD_DMA_TO_DEVICE), TD_DMA_ERR_FAULT);
	TD_EQ(t, td_dma(td, 0, 0x40000000, 64, 0x77), TD_DMA_ERR_CMD);
	TD_EQ(t, td_dma(td, 0x40000000, pci_resource_len(td->pdev, 4) - 32, 64,
			TD_DMA_TO_DEVICE), TD_DMA_ERR_CMD);
}

static void master_off(struct td_run *t)
{
	struct device *dev = &t->td->pdev->dev;
	dma_addr_t dma;
	u8 *buf = dma_alloc_coherent(dev, 4096, &dma, GFP_KERNEL);

	if (!TD_OK(t, buf))
		return;
	fill(buf, 4096, 6);
	pci_clear_master(t->td->pdev);
	TD_EQ(t, td_dma(t->td, 0, dma, 4096, TD_DMA_FROM_DEVICE), TD_DMA_ERR_FAULT);
	expect_filled(t, buf, 4096, 6);
	TD_EQ(t, td_dma(t->td, dma, 0, 4096, TD_DMA_TO_DEVICE), TD_DMA_ERR_FAULT);
	pci_set_master(t->td->pdev);
	TD_EQ(t, td_dma(t->td, dma, 0, 4096, TD_DMA_TO_DEVICE), TD_DMA_OK);
	dma_free_coherent(dev, 4096, buf, dma);
}

/* The engine interrupts when it is done, and the data is there by then. */
static void interrupt_at_end(struct td_run *t)
{
	struct td *td = t->td;
	dma_addr_t dma;
	u8 *buf = dma_alloc_coherent(&td->pdev->dev, 1 << 20, &dma, GFP_KERNEL);
	u64 bytes = readq(td->bar1 + TD_DMA_BYTES);

	if (!TD_OK(t, buf))
		return;
	if (TD_EQ(t, td_vectors_get(td, 16, PCI_IRQ_MSIX), 0)) {
		fill(buf, 1 << 20, 8);
		TD_EQ(t, td_dma(td, dma, 0, 1 << 20, TD_DMA_TO_DEVICE), TD_DMA_OK);
		memset(buf, 0, 1 << 20);
		writeq(0, td->bar1 + TD_DMA_SRC);
		writeq(dma, td->bar1 + TD_DMA_DST);
		td_set(td, TD_DMA_VECTOR, 9);
		td_set(td, TD_DMA_CMD, TD_DMA_FROM_DEVICE);
		if (TD_OK(t, td_wait_count(&td->vec[9], 1)))
			expect_filled(t, buf, 1 << 20, 8);
		TD_EQ(t, readq(td->bar1 + TD_DMA_BYTES) - bytes, 2 << 20);
		td_vectors_put(td);
	}
	dma_free_coherent(&td->pdev->dev, 1 << 20, buf, dma);
}

static const struct td_case dma_cases[] = {
	{ "coherent memory, both ways and memory to memory", coherent },
	{ "streaming, 1 MiB both ways", streaming },
	{ "scatter-gather, 2 MiB both ways", scatter_gather },
	{ "bus addresses lie within the 32-bit mask", addresses },
	{ "masks that reach memory are taken, others refused", masks },
	{ "an address without memory is an error", errors },
	{ "bus mastering off is an error", master_off },
	{ "an interrupt at the end", interrupt_at_end },
};
TD_GROUP(dma);
