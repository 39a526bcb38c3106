// SPDX-License-Identifier: GPL-2.0
/*
 * ring3_kunit.c - KUnit tests of address tags, BAR registers and of an empty bus
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sched/clock.h>
#include <asm/dma-direct.h>

#include "decode.h"
#include "user.h"

static void tag_round_trip(struct kunit *test)
{
	static const u64 offsets[] = { 0, 1, 0xfff, 0x2000000, RING3_OFFSET_MASK };
	unsigned int link, region, i;

	for (link = 0; link < RING3_MAX_DEVICES; link++)
		for (region = 0; region < RING3_NR_REGIONS; region++)
			for (i = 0; i < ARRAY_SIZE(offsets); i++) {
				unsigned long t = ring3_tag(link, region, offsets[i]);

				KUNIT_ASSERT_LT(test, (long)t, 0);
				KUNIT_ASSERT_FALSE(test, ring3_tag_is_port(t));
				KUNIT_ASSERT_EQ(test, ring3_tag_link(t), link);
				KUNIT_ASSERT_EQ(test, ring3_tag_region(t), region);
				KUNIT_ASSERT_EQ(test, ring3_tag_offset(t), offsets[i]);
			}
}

static void tag_arithmetic(struct kunit *test)
{
	unsigned long base = ring3_tag(3, 4, 0x1000);

	KUNIT_EXPECT_EQ(test, ring3_tag_offset(base + 0x234), 0x1234ULL);
	KUNIT_EXPECT_EQ(test, ring3_tag_link(base + 0x234), 3U);
	KUNIT_EXPECT_EQ(test, ring3_tag_region(base + 0x234), 4U);
	KUNIT_EXPECT_TRUE(test, ring3_tag_is_port((unsigned long)PCI_IOBASE + 0x1234));
}

static void bar_decoding(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0xc0010000, ~0, 0x10000), 0xc0010000ULL);
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0xc0010008, ~0, 0x1000), 0xc0010000ULL);
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0x0400000c, 0x10, 0x4000000), 0x1004000000ULL);
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0x1001, ~0, 0x100), 0x1000ULL);
	/* sub-page BAR; and bits below the size read as zero */
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0xc0010010, ~0, 0x10), 0xc0010010ULL);
	KUNIT_EXPECT_EQ(test, ring3_bar_address(0xc0010010, ~0, 0x20), 0xc0010000ULL);
}

static void nothing_answers(struct kunit *test)
{
	void __iomem *nobody = (void __iomem *)ring3_tag(RING3_MAX_DEVICES - 1, 0, 0);
	u8 buf[13];

	KUNIT_EXPECT_EQ(test, inb(0x0), 0xff);
	KUNIT_EXPECT_EQ(test, inw(0x3f8), 0xffff);
	KUNIT_EXPECT_EQ(test, inl(0xfffc), 0xffffffffU);
	outl(0, 0x3f8);
	KUNIT_EXPECT_EQ(test, readb(nobody), 0xff);
	KUNIT_EXPECT_EQ(test, readq(nobody), ~0ULL);
	writel(1, nobody);
	memset(buf, 0, sizeof(buf));
	memcpy_fromio(buf, nobody + 3, sizeof(buf));
	KUNIT_EXPECT_EQ(test, buf[0], 0xff);
	KUNIT_EXPECT_EQ(test, buf[12], 0xff);
	KUNIT_EXPECT_NULL(test, ioremap(0x80000000, 0x1000));
}

static void plain_pointers(struct kunit *test)
{
	u8 *mem = kunit_kzalloc(test, 64, GFP_KERNEL);
	void __iomem *io = (void __iomem *)mem;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	writeq(0x8877665544332211ULL, io);
	KUNIT_EXPECT_EQ(test, readb(io), 0x11);
	KUNIT_EXPECT_EQ(test, readw(io + 2), 0x4433);
	KUNIT_EXPECT_EQ(test, readl(io + 4), 0x88776655U);
	memset_io(io + 8, 0x5a, 8);
	KUNIT_EXPECT_EQ(test, readq(io + 8), 0x5a5a5a5a5a5a5a5aULL);
}

static void dma_offset(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, phys_to_dma(NULL, 0x1234000), 0x41234000ULL);
	KUNIT_EXPECT_EQ(test, dma_to_phys(NULL, 0x41234000), 0x1234000ULL);
}

static void clock_is_fine_grained(struct kunit *test)
{
	u64 start = sched_clock(), now;
	unsigned int i;

	for (i = 0; i < 1000000; i++) {
		now = sched_clock();
		if (now != start)
			break;
	}
	KUNIT_EXPECT_GT(test, now, start);
	KUNIT_EXPECT_LT(test, now - start, 1000000ULL);	/* a jiffy is 10 ms */
}

static struct kunit_case ring3_cases[] = {
	KUNIT_CASE(tag_round_trip),
	KUNIT_CASE(tag_arithmetic),
	KUNIT_CASE(bar_decoding),
	KUNIT_CASE(nothing_answers),
	KUNIT_CASE(plain_pointers),
	KUNIT_CASE(dma_offset),
	KUNIT_CASE(clock_is_fine_grained),
	{}
};

static struct kunit_suite ring3_suite = {
	.name = "ring3",
	.test_cases = ring3_cases,
};
kunit_test_suite(ring3_suite);

MODULE_DESCRIPTION("KUnit tests of ring3's compat layer");
MODULE_LICENSE("GPL");
