// SPDX-License-Identifier: GPL-2.0
/*
 * port.c - tests of the I/O BAR: in and out in every width, strings, and pci_iomap()
 */
#include "td.h"
#include "count.h"

#define FIFO_SIZE	4096

static u32 fifo_level(struct td *td)
{
	return inl(td->port + TD_PORT_FIFO_LEVEL);
}

static void fifo_clear(struct td *td)
{
	outb(0, td->port + TD_PORT_FIFO_CLEAR);
}

static void in_out_widths(struct td_run *t)
{
	unsigned long p = t->td->port + TD_PORT_RAM;
	unsigned int i;

	for (i = 0; i < 128; i++)
		outb(td_byte(1, i), p + i);
	for (i = 0; i < 128; i++)
		TD_EQ(t, inb(p + i), td_byte(1, i));
	for (i = 0; i < 128; i += 2)
		TD_EQ(t, inw(p + i), td_byte(1, i) | td_byte(1, i + 1) << 8);
	for (i = 0; i < 128; i += 2)
		outw(0xa000 + i, p + i);
	for (i = 0; i < 128; i += 4)
		TD_EQ(t, inl(p + i), 0xa000a000U + i + ((i + 2) << 16));
	for (i = 0; i < 128; i += 4)
		outl(0x12345600 + i, p + i);
	for (i = 0; i < 128; i += 4) {
		TD_EQ(t, inl(p + i), 0x12345600 + i);
		TD_EQ(t, inb(p + i + 3), 0x12);
		TD_EQ(t, inw(p + i + 2), 0x1234);
	}
}

static void counted(struct td_run *t)
{
	unsigned long p = t->td->port + TD_PORT_RAM;
	struct td_counts want;
	unsigned int i;

	td_counts_read(t->td, &want);
	want.n[2][1][0] += 3;
	want.n[2][1][1] += 4;
	want.n[2][1][2] += 5;
	want.n[2][0][0] += 6;
	want.n[2][0][1] += 7;
	want.n[2][0][2] += 8;
	for (i = 0; i < 3; i++)
		outb(i, p + i);
	for (i = 0; i < 4; i++)
		outw(i, p + 2 * i);
	for (i = 0; i < 5; i++)
		outl(i, p + 4 * i);
	for (i = 0; i < 6; i++)
		inb(p + i);
	for (i = 0; i < 7; i++)
		inw(p + 2 * i);
	for (i = 0; i < 8; i++)
		inl(p + 4 * i);
	td_counts_expect(t, &want);
}

/* ioread and iowrite on the cookie of pci_iomap(), mixed with in and out. */
static void iomapped(struct td_run *t)
{
	void __iomem *m = t->td->port_map + TD_PORT_RAM;
	unsigned long p = t->td->port + TD_PORT_RAM;
	struct td_counts want;

	td_counts_read(t->td, &want);
	want.n[2][1][0] += 1;
	want.n[2][1][1] += 1;
	want.n[2][1][2] += 2;
	want.n[2][0][0] += 2;
	want.n[2][0][1] += 2;
	want.n[2][0][2] += 3;
	iowrite32(0x44332211, m);
	TD_EQ(t, inl(p), 0x44332211);
	TD_EQ(t, ioread8(m + 1), 0x22);
	TD_EQ(t, ioread16(m + 2), 0x4433);
	TD_EQ(t, ioread32(m), 0x44332211);
	iowrite8(0x99, m + 3);
	TD_EQ(t, inb(p + 3), 0x99);
	iowrite16(0x8877, m + 4);
	TD_EQ(t, inw(p + 4), 0x8877);
	outl(0xcafe, p + 8);
	TD_EQ(t, ioread32(m + 8), 0xcafe);
	td_counts_expect(t, &want);
}

static void fifo_bytes(struct td_run *t)
{
	unsigned long p = t->td->port + TD_PORT_FIFO;
	unsigned int i;

	fifo_clear(t->td);
	TD_EQ(t, fifo_level(t->td), 0);
	TD_EQ(t, inb(p), 0xff);
	for (i = 0; i < 5; i++)
		outb(i + 1, p);
	TD_EQ(t, fifo_level(t->td), 5);
	TD_EQ(t, inw(p), 0x0201);
	TD_EQ(t, inb(p), 3);
	TD_EQ(t, inw(p), 0x0504);
	TD_EQ(t, fifo_level(t->td), 0);
	TD_EQ(t, inl(p), 0xffffffff);
}

static void fill(u8 *buf, size_t len, u32 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = td_byte(seed, i);
}

/* A string of @len bytes goes in by one width and comes out by another, in order. */
static void string_pair(struct td_run *t, u8 *out, u8 *in, size_t len, int out_width, int in_width)
{
	unsigned long p = t->td->port + TD_PORT_FIFO;
	struct td_counts want;

	fifo_clear(t->td);
	fill(out, len, out_width * 8 + in_width);
	memset(in, 0, len);
	td_counts_read(t->td, &want);
	want.n[2][1][ilog2(out_width)] += len / out_width;
	want.n[2][0][ilog2(in_width)] += len / in_width;
	switch (out_width) {
	case 1: outsb(p, out, len); break;
	case 2: outsw(p, out, len / 2); break;
	case 4: outsl(p, out, len / 4); break;
	}
	switch (in_width) {
	case 1: insb(p, in, len); break;
	case 2: insw(p, in, len / 2); break;
	case 4: insl(p, in, len / 4); break;
	}
	td_counts_expect(t, &want);
	TD_EQ(t, memcmp(in, out, len), 0);
	TD_EQ(t, fifo_level(t->td), 0);
}

static void strings_of(struct td_run *t, size_t len)
{
	u8 *out = kmalloc(2 * FIFO_SIZE, GFP_KERNEL), *in = out + FIFO_SIZE;
	int w, r;

	if (!TD_OK(t, out))
		return;
	for (w = 1; w <= 4; w *= 2)
		for (r = 1; r <= 4; r *= 2)
			string_pair(t, out, in, len, w, r);
	kfree(out);
}

static void strings_short(struct td_run *t)
{
	strings_of(t, 64);
}

static void strings_long(struct td_run *t)
{
	strings_of(t, FIFO_SIZE);
}

static void strings_iomapped(struct td_run *t)
{
	void __iomem *p = t->td->port_map + TD_PORT_FIFO;
	u8 out[64], in[64] = { };
	struct td_counts want;

	fifo_clear(t->td);
	fill(out, sizeof(out), 77);
	td_counts_read(t->td, &want);
	want.n[2][1][2] += 16;
	want.n[2][0][0] += 16;
	want.n[2][0][1] += 16;
	want.n[2][0][2] += 4;
	iowrite32_rep(p, out, 16);
	ioread8_rep(p, in, 16);
	ioread16_rep(p, in + 16, 16);
	ioread32_rep(p, in + 48, 4);
	td_counts_expect(t, &want);
	TD_EQ(t, memcmp(in, out, sizeof(in)), 0);
}

/* A port that no device decodes reads as all ones, and a write to it goes nowhere. */
static void no_such_port(struct td_run *t)
{
	outl(0, 0xfff0);
	TD_EQ(t, inb(0xfff0), 0xff);
	TD_EQ(t, inw(0xfff0), 0xffff);
	TD_EQ(t, inl(0xfff0), 0xffffffff);
}

static const struct td_case port_cases[] = {
	{ "in and out of 1, 2 and 4 bytes", in_out_widths },
	{ "accesses counted are those made", counted },
	{ "ioread and iowrite through pci_iomap()", iomapped },
	{ "the FIFO, a unit at a time", fifo_bytes },
	{ "ins and outs of 64 bytes in every pair of widths", strings_short },
	{ "ins and outs of the whole FIFO in every pair of widths", strings_long },
	{ "ioread_rep and iowrite_rep through pci_iomap()", strings_iomapped },
	{ "a port of no device", no_such_port },
};
TD_GROUP(port);
