// SPDX-License-Identifier: GPL-2.0
/*
 * mmio.c - tests of memory BARs: mapped, trapped, and one with a trapped page in its middle
 */
#include "td.h"
#include "count.h"

#define PAGE		4096
#define SPAN		64	/* bytes tried at each place */

static u64 rd8(void __iomem *p) { return readb(p); }
static u64 rd16(void __iomem *p) { return readw(p); }
static u64 rd32(void __iomem *p) { return readl(p); }
static u64 rd64(void __iomem *p) { return readq(p); }
static void wr8(void __iomem *p, u64 v) { writeb(v, p); }
static void wr16(void __iomem *p, u64 v) { writew(v, p); }
static void wr32(void __iomem *p, u64 v) { writel(v, p); }
static void wr64(void __iomem *p, u64 v) { writeq(v, p); }

/* Indexed by the logarithm of the width. */
static u64 (*const rd[])(void __iomem *p) = { rd8, rd16, rd32, rd64 };
static void (*const wr[])(void __iomem *p, u64 v) = { wr8, wr16, wr32, wr64 };

/* The little-endian number of 1 << @log2 bytes at @p. */
static u64 shadow_get(const u8 *p, unsigned int log2)
{
	unsigned int i = 1 << log2;
	u64 v = 0;

	while (i--)
		v = v << 8 | p[i];
	return v;
}

/* Write SPAN bytes at @p in units of each width, and read each back in every width. */
static void every_width(struct td_run *t, void __iomem *p)
{
	unsigned int w, r, i;
	u8 shadow[SPAN];

	for (w = 0; w < 4; w++) {
		for (i = 0; i < SPAN; i++)
			shadow[i] = td_byte(w + 1, (uintptr_t)p + i);
		for (i = 0; i < SPAN; i += 1 << w)
			wr[w](p + i, shadow_get(shadow + i, w));
		for (r = 0; r < 4; r++)
			for (i = 0; i < SPAN; i += 1 << r)
				TD_EQ(t, rd[r](p + i), shadow_get(shadow + i, r));
	}
}

/* One narrow write changes exactly its own bytes. */
static void only_its_bytes(struct td_run *t, void __iomem *p)
{
	unsigned int w, i, k;

	for (w = 0; w < 4; w++) {
		for (i = 0; i < 16; i += 1 << w) {
			writeq(0, p);
			writeq(0, p + 8);
			wr[w](p + i, ~0ULL);
			for (k = 0; k < 16; k++)
				TD_EQ(t, readb(p + k), k >= i && k < i + (1 << w) ? 0xff : 0);
		}
	}
}

static void mapped_widths(struct td_run *t)
{
	static const u32 at[] = { 0, PAGE - SPAN, PAGE, TD_BAR0_SIZE / 2, TD_BAR0_SIZE - SPAN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		every_width(t, t->td->bar0 + at[i]);
		only_its_bytes(t, t->td->bar0 + at[i]);
	}
}

static void trapped_widths(struct td_run *t)
{
	every_width(t, t->td->bar1 + TD_SCRATCH);
	every_width(t, t->td->bar1 + TD_BAR1_SIZE - SPAN);
	only_its_bytes(t, t->td->bar1 + TD_SCRATCH);
}

static void hole_widths(struct td_run *t)
{
	every_width(t, t->td->bar4 + TD_BAR4_HOLE);
	every_width(t, t->td->bar4 + TD_BAR4_HOLE + PAGE - SPAN);
	only_its_bytes(t, t->td->bar4 + TD_BAR4_HOLE + 16);
}

static void around_hole_widths(struct td_run *t)
{
	const u64 at[] = { 0, TD_BAR4_HOLE - SPAN, TD_BAR4_HOLE + PAGE,
			   pci_resource_len(t->td->pdev, 4) - SPAN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++)
		every_width(t, t->td->bar4 + at[i]);
}

/* The last byte before, the page, and the first byte after are three different places. */
static void hole_borders(struct td_run *t)
{
	void __iomem *hole = t->td->bar4 + TD_BAR4_HOLE;

	writeb(0x11, hole - 1);
	writeb(0x22, hole);
	writeb(0x33, hole + PAGE - 1);
	writeb(0x44, hole + PAGE);
	TD_EQ(t, readb(hole - 1), 0x11);
	TD_EQ(t, readb(hole), 0x22);
	TD_EQ(t, readb(hole + PAGE - 1), 0x33);
	TD_EQ(t, readb(hole + PAGE), 0x44);
}

/* Seven writes and five reads of each width are so many in the device's counters, and no others. */
static void counted(struct td_run *t, void __iomem *p, unsigned int bar)
{
	struct td_counts before, want;
	unsigned int w, i;

	for (w = 0; w < 4; w++) {
		td_counts_read(t->td, &before);
		want = before;
		want.n[bar][1][w] += 7;
		want.n[bar][0][w] += 5;
		for (i = 0; i < 7; i++)
			wr[w](p + 8 * i, i);
		for (i = 0; i < 5; i++)
			rd[w](p + 8 * i);
		td_counts_expect(t, &want);
	}
}

static void trapped_counted(struct td_run *t)
{
	counted(t, t->td->bar1 + TD_SCRATCH, 1);
}

static void hole_counted(struct td_run *t)
{
	counted(t, t->td->bar4 + TD_BAR4_HOLE, 4);
}

/* A mapped access is a load or a store: the device never hears of it. */
static void mapped_not_counted(struct td_run *t)
{
	struct td_counts before;

	td_counts_read(t->td, &before);
	every_width(t, t->td->bar0 + PAGE);
	every_width(t, t->td->bar4 + TD_BAR4_HOLE - SPAN);
	every_width(t, t->td->bar4 + TD_BAR4_HOLE + PAGE);
	td_counts_expect(t, &before);
}

static void counters_reset(struct td_run *t)
{
	struct td_counts counts;

	outb(1, t->td->port + TD_PORT_RAM);
	td_set(t->td, TD_COUNT_RESET, 1);
	td_counts_read(t->td, &counts);
	TD_EQ(t, counts.n[2][1][0], 0);
	TD_EQ(t, counts.n[1][1][3], 0);
}

/* readsl() and friends: every unit is one access of its width. */
static void trapped_strings(struct td_run *t)
{
	void __iomem *p = t->td->bar1 + TD_SCRATCH + 0x40;
	struct td_counts want;
	u32 out[16], in[16];
	unsigned int i;

	for (i = 0; i < 16; i++)
		out[i] = 0x01010101 * i;
	td_counts_read(t->td, &want);
	want.n[1][1][2] += 16;
	want.n[1][0][2] += 16;
	want.n[1][0][0] += 4;
	want.n[1][0][1] += 4;
	iowrite32_rep(p, out, 16);
	ioread32_rep(p, in, 16);
	for (i = 0; i < 16; i++)
		TD_EQ(t, in[i], out[15]);
	readsb(p, in, 4);
	TD_EQ(t, in[0], 0x0f0f0f0f);
	readsw(p, in, 4);
	TD_EQ(t, in[1], 0x0f0f0f0f);
	td_counts_expect(t, &want);
}

static void big_endian(struct td_run *t)
{
	void __iomem *p = t->td->bar1 + TD_SCRATCH;

	iowrite32be(0x01020304, p);
	TD_EQ(t, readl(p), 0x04030201);
	TD_EQ(t, ioread16be(p), 0x0102);
	iowrite32be(0x01020304, t->td->bar0);
	TD_EQ(t, ioread32(t->td->bar0), 0x04030201);
}

/* Copies that begin before and end after [@p + SPAN, @p + SPAN + @len). */
static void copy_over(struct td_run *t, void __iomem *p, size_t len)
{
	size_t n = len + 2 * SPAN, i;
	u8 *buf = kvmalloc(n, GFP_KERNEL);

	if (!TD_OK(t, buf))
		return;
	for (i = 0; i < n; i++)
		buf[i] = td_byte(9, i);
	memcpy_toio(p, buf, n);
	for (i = 0; i < n; i++)
		TD_EQ(t, readb(p + i), td_byte(9, i));
	memset(buf, 0, n);
	memcpy_fromio(buf, p, n);
	for (i = 0; i < n; i++)
		TD_EQ(t, buf[i], td_byte(9, i));
	memset_io(p + 1, 0x5a, n - 2);
	for (i = 0; i < n; i++)
		TD_EQ(t, readb(p + i), i == 0 || i == n - 1 ? td_byte(9, i) : 0x5a);
	/* Unaligned ends. */
	memset(buf, 0, n);
	memcpy_toio(p + 3, buf, 13);
	memcpy_fromio(buf, p, 20);
	for (i = 1; i < 20; i++)
		TD_EQ(t, buf[i], i >= 3 && i < 16 ? 0 : 0x5a);
	kvfree(buf);
}

static void hole_copies(struct td_run *t)
{
	copy_over(t, t->td->bar4 + TD_BAR4_HOLE - SPAN, PAGE);
}

static void trapped_copies(struct td_run *t)
{
	copy_over(t, t->td->bar1 + TD_SCRATCH, 256);
}

static void mapped_copies(struct td_run *t)
{
	copy_over(t, t->td->bar0 + 3 * PAGE - SPAN, PAGE);
}

/* Two mappings of a BAR, and one of a part of it, show the same device. */
static void mapped_twice(struct td_run *t)
{
	static const int bars[] = { 0, 4 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		resource_size_t start = pci_resource_start(t->td->pdev, bars[i]);
		void __iomem *one = ioremap(start, pci_resource_len(t->td->pdev, bars[i]));
		void __iomem *part = ioremap(start + PAGE + 8, 64);

		if (TD_OK(t, one) && TD_OK(t, part)) {
			writel(0xa5a50000 + i, part);
			TD_EQ(t, readl(one + PAGE + 8), 0xa5a50000 + i);
			writel(0x5a5a0000 + i, (i ? t->td->bar4 : t->td->bar0) + PAGE + 8);
			TD_EQ(t, readl(part), 0x5a5a0000 + i);
		}
		if (part)
			iounmap(part);
		if (one)
			iounmap(one);
	}
	/* The mapping made at probe is still good. */
	TD_EQ(t, readl(t->td->bar4 + PAGE + 8), 0x5a5a0001);
}

static void hole_mapped_alone(struct td_run *t)
{
	resource_size_t hole = pci_resource_start(t->td->pdev, 4) + TD_BAR4_HOLE;
	void __iomem *p = ioremap(hole + 0x80, 8);

	if (!TD_OK(t, p))
		return;
	writeq(0x1122334455667788ULL, p);
	TD_EQ(t, readq(t->td->bar4 + TD_BAR4_HOLE + 0x80), 0x1122334455667788ULL);
	iounmap(p);
}

/* Accessors work with interrupts off. */
static void interrupts_off(struct td_run *t)
{
	u32 trapped, hole, mapped, port;
	unsigned long flags;

	local_irq_save(flags);
	writel(0xabcd, t->td->bar1 + TD_SCRATCH);
	writel(0xbcde, t->td->bar4 + TD_BAR4_HOLE);
	writel(0xcdef, t->td->bar0);
	outl(0xdef0, t->td->port + TD_PORT_RAM);
	trapped = readl(t->td->bar1 + TD_SCRATCH);
	hole = readl(t->td->bar4 + TD_BAR4_HOLE);
	mapped = readl(t->td->bar0);
	port = inl(t->td->port + TD_PORT_RAM);
	local_irq_restore(flags);
	TD_EQ(t, trapped, 0xabcd);
	TD_EQ(t, hole, 0xbcde);
	TD_EQ(t, mapped, 0xcdef);
	TD_EQ(t, port, 0xdef0);
}

static const struct td_case mmio_cases[] = {
	{ "every width on the mapped BAR", mapped_widths },
	{ "every width on the trapped BAR", trapped_widths },
	{ "every width on the trapped page of the 64-bit BAR", hole_widths },
	{ "every width right before and after that page", around_hole_widths },
	{ "bytes at the borders of that page", hole_borders },
	{ "accesses counted by the trapped BAR are those made", trapped_counted },
	{ "accesses counted by the trapped page are those made", hole_counted },
	{ "mapped accesses do not reach the device model", mapped_not_counted },
	{ "counters can be cleared", counters_reset },
	{ "string accessors on the trapped BAR", trapped_strings },
	{ "big-endian accessors", big_endian },
	{ "memcpy and memset over the mapped BAR", mapped_copies },
	{ "memcpy and memset over the trapped BAR", trapped_copies },
	{ "memcpy and memset over the trapped page and its surroundings", hole_copies },
	{ "a BAR mapped twice and in part", mapped_twice },
	{ "the trapped page mapped alone", hole_mapped_alone },
	{ "accesses with interrupts off", interrupts_off },
};
TD_GROUP(mmio);
