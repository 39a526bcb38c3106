// SPDX-License-Identifier: GPL-2.0
/*
 * map.c - tests of the ways to map a BAR, and of the widths a copy has on the bus
 */
#include <linux/slab.h>
#include "td.h"
#include "count.h"

#define MANY	300
#define STRIDE	64

/* More live mappings than any table of slots would hold, of mapped and trapped memory. */
static void many_live(struct td_run *t)
{
	resource_size_t bar0 = pci_resource_start(t->td->pdev, 0);
	resource_size_t scratch = pci_resource_start(t->td->pdev, 1) + TD_SCRATCH;
	void __iomem **maps = kcalloc(2 * MANY, sizeof(*maps), GFP_KERNEL);
	unsigned int i, missing = 0;

	if (!TD_OK(t, maps))
		return;
	for (i = 0; i < MANY; i++) {
		maps[2 * i] = ioremap(bar0 + i * STRIDE, STRIDE);
		maps[2 * i + 1] = ioremap(scratch + i % 16 * 4, 4);
		missing += !maps[2 * i] + !maps[2 * i + 1];
	}
	if (TD_EQ(t, missing, 0)) {
		for (i = 0; i < MANY; i++) {
			writel(0xbeef0000 + i, maps[2 * i]);
			writel(0xfeed0000 + i % 16, maps[2 * i + 1]);
		}
		for (i = 0; i < MANY; i++) {
			TD_EQ(t, readl(maps[2 * i]), 0xbeef0000 + i);
			TD_EQ(t, readl(t->td->bar0 + i * STRIDE), 0xbeef0000 + i);
			TD_EQ(t, readl(maps[2 * i + 1]), 0xfeed0000 + i % 16);
		}
	}
	for (i = 0; i < 2 * MANY; i++)
		if (maps[i])
			iounmap(maps[i]);
	kfree(maps);
}

static void iomap_range(struct td_run *t)
{
	void __iomem *mem = pci_iomap_range(t->td->pdev, 0, 0x100, 0x40);
	void __iomem *trapped = pci_iomap_range(t->td->pdev, 1, TD_SCRATCH + 8, 8);
	void __iomem *ports = pci_iomap_range(t->td->pdev, 2, TD_PORT_RAM + 4, 4);

	if (TD_OK(t, mem) && TD_OK(t, trapped) && TD_OK(t, ports)) {
		iowrite32(0x01020304, mem + 4);
		TD_EQ(t, readl(t->td->bar0 + 0x104), 0x01020304);
		iowrite16(0x0506, trapped + 2);
		TD_EQ(t, readw(t->td->bar1 + TD_SCRATCH + 10), 0x0506);
		iowrite8(0x07, ports + 3);
		TD_EQ(t, inb(t->td->port + TD_PORT_RAM + 7), 0x07);
	}
	if (mem)
		pci_iounmap(t->td->pdev, mem);
	if (trapped)
		pci_iounmap(t->td->pdev, trapped);
	if (ports)
		pci_iounmap(t->td->pdev, ports);
}

static void write_combining(struct td_run *t)
{
	void __iomem *bar4 = ioremap_wc(pci_resource_start(t->td->pdev, 4), TD_BAR4_SIZE);
	void __iomem *bar1 = pci_iomap_wc(t->td->pdev, 1, 0);

	if (TD_OK(t, bar4) && TD_OK(t, bar1)) {
		writeq(0x1020304050607080ULL, bar4 + TD_BAR4_HOLE + 8);
		writeq(0x1121314151617181ULL, bar4 + TD_BAR4_HOLE + 4096);
		writel(0x21222324, bar1 + TD_SCRATCH);
		wmb();
		TD_EQ(t, readq(t->td->bar4 + TD_BAR4_HOLE + 8), 0x1020304050607080ULL);
		TD_EQ(t, readq(t->td->bar4 + TD_BAR4_HOLE + 4096), 0x1121314151617181ULL);
		TD_EQ(t, readl(t->td->bar1 + TD_SCRATCH), 0x21222324);
	}
	if (bar4)
		iounmap(bar4);
	if (bar1)
		pci_iounmap(t->td->pdev, bar1);
}

/* Managed mappings; the regions are the driver's already, so they are given back before. */
static void managed(struct td_run *t)
{
	struct pci_dev *pdev = t->td->pdev;
	void __iomem *res, *plain;

	pci_release_region(pdev, 0);
	res = devm_ioremap_resource(&pdev->dev, &pdev->resource[0]);
	plain = devm_ioremap(&pdev->dev, pci_resource_start(pdev, 1), pci_resource_len(pdev, 1));
	if (TD_OK(t, !IS_ERR(res)) && TD_OK(t, plain)) {
		writew(0x4455, res + 0x200);
		TD_EQ(t, readw(t->td->bar0 + 0x200), 0x4455);
		writel(0x66778899, plain + TD_SCRATCH + 4);
		TD_EQ(t, readl(t->td->bar1 + TD_SCRATCH + 4), 0x66778899);
	}
	if (!IS_ERR(res)) {
		devm_iounmap(&pdev->dev, res);
		devm_release_mem_region(&pdev->dev, pci_resource_start(pdev, 0),
					pci_resource_len(pdev, 0));
	}
	if (plain)
		devm_iounmap(&pdev->dev, plain);
	TD_EQ(t, pci_request_region(pdev, 0, "ring3_testdev"), 0);
}

static void no_bar_there(struct td_run *t)
{
	resource_size_t end = pci_resource_end(t->td->pdev, 0) + 1;

	TD_OK(t, !ioremap(end - 4, 8));
	TD_OK(t, !ioremap(0xfeb00000, 4));
}

/*
 * What is not prefetchable is copied as on x86: bytes and words up to a multiple of
 * four, then dwords.  What is prefetchable may be merged (PCI 6.2.5.1), up to 8 bytes.
 */
static void copies_counted(struct td_run *t)
{
	struct td_counts before, want;
	u8 buf[32] = { 0 };

	td_counts_read(t->td, &before);
	want = before;
	memcpy_toio(t->td->bar1 + TD_SCRATCH + 1, buf, 22);	/* 1, 2, 4 x 4, 2, 1 */
	want.n[1][1][0] += 2;
	want.n[1][1][1] += 2;
	want.n[1][1][2] += 4;
	td_counts_expect(t, &want);
	memcpy_fromio(buf, t->td->bar1 + TD_SCRATCH + 2, 30);	/* 2, 7 x 4 */
	want.n[1][0][1] += 1;
	want.n[1][0][2] += 7;
	td_counts_expect(t, &want);
	memset_io(t->td->bar4 + TD_BAR4_HOLE, 0, 20);		/* 2 x 8, 4 */
	want.n[4][1][3] += 2;
	want.n[4][1][2] += 1;
	td_counts_expect(t, &want);
}

static const struct td_case map_cases[] = {
	{ "300 live mappings", many_live },
	{ "pci_iomap_range() of memory and of ports", iomap_range },
	{ "ioremap_wc() and pci_iomap_wc()", write_combining },
	{ "devm_ioremap_resource() and devm_ioremap()", managed },
	{ "no mapping where no BAR is", no_bar_there },
	{ "widths of copies on the bus", copies_counted },
};
TD_GROUP(map);
