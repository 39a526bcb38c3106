// SPDX-License-Identifier: GPL-2.0
/*
 * iomem.c - ioremap() and the accessors of BARs that are not wholly mapped
 *
 * Where a page of a range is mapped, ioremap() returns the address of the mapping, and
 * nothing here runs again but for a trapped page in its midst: that is inaccessible, an access
 * faults, and trap_user.c asks here for a message instead.  Where no page is mapped it
 * returns a tagged address (decode.h), and each access is a message of exactly its width.
 */
#define pr_fmt(fmt) "ring3: " fmt

#include <linux/export.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/string.h>

#include "decode.h"
#include "ring3.h"

/**
 * ring3_region_mapped() - is a range of a region mapped?
 * @r: the region
 * @offset: start of the range in it, bytes
 * @size: bytes
 *
 * Return: true if one mapped area holds all of it.  Context: any.
 */
bool ring3_region_mapped(const struct ring3_region *r, u64 offset, u64 size)
{
	unsigned int i;

	for (i = 0; i < r->nr_areas; i++) {
		const struct ring3_area *a = &r->areas[i];

		if (offset >= a->offset && offset - a->offset < a->size &&
		    size <= a->size - (offset - a->offset))
			return true;
	}
	return false;
}

static bool partly_mapped(const struct ring3_region *r, u64 offset, u64 size)
{
	unsigned int i;

	for (i = 0; i < r->nr_areas; i++)
		if (r->areas[i].offset < offset + size &&
		    offset < r->areas[i].offset + r->areas[i].size)
			return true;
	return false;
}

/**
 * ring3_ioremap() - make a range of bus addresses accessible
 * @addr: bus address, as in the device's resources
 * @size: bytes
 *
 * The range may be part of a BAR and may be mapped any number of times; @base + offset
 * holds over the whole BAR.
 *
 * Return: a cookie for the accessors, NULL if no BAR decodes the whole range.
 * Context: any.
 */
void __iomem *ring3_ioremap(phys_addr_t addr, size_t size)
{
	unsigned int i;

	for (i = 0; i < ring3_nr_devs; i++) {
		struct ring3_dev *dev = ring3_devs[i];
		struct ring3_region *r;
		u64 offset;
		int index;

		index = ring3_bar_lookup(dev, addr, false, &offset);
		if (index < 0)
			continue;
		r = &dev->region[index];
		if (size > r->size - offset)
			continue;
		if (partly_mapped(r, offset, size))
			return (void __iomem *)(r->base + offset);
		return (void __iomem *)ring3_tag(dev->index, index, offset);
	}
	pr_warn("ioremap: no BAR at %pa, %zu bytes\n", &addr, size);
	return NULL;
}
EXPORT_SYMBOL(ring3_ioremap);

struct target {
	const struct ring3_dev *dev;
	unsigned int region;
	u64 offset;
};

/* Takes a tagged address apart; false: nothing answers there. */
static bool find_target(unsigned long addr, struct target *t)
{
	unsigned int i;
	int index;

	if (!ring3_tag_is_port(addr)) {
		i = ring3_tag_link(addr);
		if (i >= ring3_nr_devs)
			return false;
		t->dev = ring3_devs[i];
		t->region = ring3_tag_region(addr);
		t->offset = ring3_tag_offset(addr);
		return t->region < RING3_NR_BARS;
	}
	for (i = 0; i < ring3_nr_devs; i++) {
		index = ring3_bar_lookup(ring3_devs[i], addr & IO_SPACE_LIMIT, true, &t->offset);
		if (index >= 0) {
			t->dev = ring3_devs[i];
			t->region = index;
			return true;
		}
	}
	return false;
}

static u64 load(const char *p, unsigned int width)
{
	switch (width) {
	case 1:
		return *(const volatile u8 *)p;
	case 2:
		return *(const volatile u16 *)p;
	case 4:
		return *(const volatile u32 *)p;
	default:
		return *(const volatile u64 *)p;
	}
}

static void store(char *p, u64 value, unsigned int width)
{
	switch (width) {
	case 1:
		*(volatile u8 *)p = value;
		break;
	case 2:
		*(volatile u16 *)p = value;
		break;
	case 4:
		*(volatile u32 *)p = value;
		break;
	default:
		*(volatile u64 *)p = value;
		break;
	}
}

/**
 * ring3_io_read() - read through a tagged address
 * @addr: tagged address or port
 * @width: 1, 2, 4 or 8 bytes
 *
 * Return: the value; all ones where nothing answers, as on a bus.
 * Context: any, interrupts may be off; waits at most for the link's deadline.
 */
u64 ring3_io_read(const volatile void __iomem *addr, unsigned int width)
{
	const struct ring3_region *r;
	unsigned long flags;
	struct target t;
	u64 value = 0;
	int err;

	if (!find_target((unsigned long)addr, &t))
		return ~0ULL;
	r = &t.dev->region[t.region];
	if (ring3_region_mapped(r, t.offset, width))
		return load(r->base + t.offset, width);
	ring3_note_caller(t.dev, 1);
	local_irq_save(flags);
	err = ring3_link_read(t.dev->index, t.region, t.offset, &value, width);
	local_irq_restore(flags);
	return err ? ~0ULL : value;
}
EXPORT_SYMBOL(ring3_io_read);

/* Memory writes are posted, unless a store to a mapped page could overtake them. */
static void send_write(const struct target *t, u64 value, unsigned int width, bool port)
{
	if (t->dev->posted && !port)
		ring3_link_post(t->dev->index, t->region, t->offset, &value, width);
	else
		ring3_link_write(t->dev->index, t->region, t->offset, &value, width);
}

/**
 * ring3_io_write() - write through a tagged address
 * @addr: tagged address or port
 * @value: low @width bytes count
 * @width: 1, 2, 4 or 8 bytes
 *
 * A write that nothing takes is lost, as on a bus.
 * Context: any, interrupts may be off; waits at most for the link's deadline.
 */
void ring3_io_write(volatile void __iomem *addr, u64 value, unsigned int width)
{
	const struct ring3_region *r;
	unsigned long flags;
	struct target t;

	if (!find_target((unsigned long)addr, &t))
		return;
	r = &t.dev->region[t.region];
	if (ring3_region_mapped(r, t.offset, width)) {
		store(r->base + t.offset, value, width);
		return;
	}
	ring3_note_caller(t.dev, 1);
	local_irq_save(flags);
	send_write(&t, value, width, ring3_tag_is_port((unsigned long)addr));
	local_irq_restore(flags);
}
EXPORT_SYMBOL(ring3_io_write);

/**
 * ring3_mapped_address() - a BAR's place in this process, as a tagged address
 * @addr: address in this process
 *
 * Return: the tagged address, 0: no mapped BAR has it.  Context: any.
 */
unsigned long ring3_mapped_address(const void *addr)
{
	unsigned int i, index;

	for (i = 0; i < ring3_nr_devs; i++)
		for (index = 0; index < RING3_NR_BARS; index++) {
			const struct ring3_region *r = &ring3_devs[i]->region[index];

			if (r->nr_areas && (unsigned long)addr - (unsigned long)r->base < r->size)
				return ring3_tag(i, index, (const char *)addr - r->base);
		}
	return 0;
}

/**
 * ring3_trapped() - carry out an access that has faulted
 * @addr: tagged address
 * @pc: whose it is, an address of code
 * @value: what is written, or receives what is read: all ones where nothing answers
 * @width: 1, 2, 4 or 8 bytes
 * @write: direction
 *
 * Context: signal handler, with those of interrupts blocked.
 */
void ring3_trapped(unsigned long addr, unsigned long pc, u64 *value, unsigned int width, int write)
{
	struct target t;

	if (!find_target(addr, &t))
		return;
	ring3_note_caller_at(t.dev, pc);
	if (write)
		send_write(&t, *value, width, false);
	else if (ring3_link_read(t.dev->index, t.region, t.offset, value, width))
		*value = ~0ULL;
}

/*
 * A copy's accesses are what x86 makes of it, at most 4 bytes.  Prefetchable memory has no
 * side effects, and bridges may merge writes to it: there 8 bytes are one access.
 */
static unsigned int widest(const volatile void __iomem *addr)
{
	struct target t;

	return find_target((unsigned long)addr, &t) && t.region < RING3_ROM &&
	       (t.dev->bar[t.region] & (PCI_BASE_ADDRESS_SPACE_IO | PCI_BASE_ADDRESS_MEM_PREFETCH)) ==
	       PCI_BASE_ADDRESS_MEM_PREFETCH ? 8 : 4;
}

/* The tagged address of a range that is mapped in part: its bytes have to be looked at one by one. */
static unsigned long tagged(const volatile void __iomem *addr, size_t size)
{
	unsigned long tag = RING3_TAGGED(addr) ? (unsigned long)addr :
			    ring3_mapped_address((const void __force *)addr);

	if (!tag || RING3_TAGGED(addr))
		return tag;
	return ring3_region_mapped(&ring3_devs[ring3_tag_link(tag)]->region[ring3_tag_region(tag)],
				   ring3_tag_offset(tag), size) ? 0 : tag;
}

/* The widest naturally aligned access at @addr that stays within @left bytes. */
static unsigned int step(unsigned long addr, size_t left, unsigned int width)
{
	while (width > left || addr % width)
		width /= 2;
	return width;
}

/**
 * ring3_memcpy_fromio() - copy out of a BAR
 * @buf: destination
 * @addr: plain or tagged
 * @size: bytes
 */
void ring3_memcpy_fromio(void *buf, const volatile void __iomem *addr, size_t size)
{
	unsigned long tag = tagged(addr, size);
	unsigned int n, max;

	if (!tag) {
		memcpy(buf, (const void __force *)addr, size);
		return;
	}
	addr = (const volatile void __iomem *)tag;
	max = widest(addr);
	for (; size; size -= n, addr += n, buf += n) {
		u64 value;

		n = step((unsigned long)addr, size, max);
		value = ring3_io_read(addr, n);
		memcpy(buf, &value, n);
	}
}
EXPORT_SYMBOL(ring3_memcpy_fromio);

/**
 * ring3_memcpy_toio() - copy into a BAR
 * @addr: plain or tagged
 * @buf: source
 * @size: bytes
 */
void ring3_memcpy_toio(volatile void __iomem *addr, const void *buf, size_t size)
{
	unsigned long tag = tagged(addr, size);
	unsigned int n, max;

	if (!tag) {
		memcpy((void __force *)addr, buf, size);
		return;
	}
	addr = (volatile void __iomem *)tag;
	max = widest(addr);
	for (; size; size -= n, addr += n, buf += n) {
		u64 value = 0;

		n = step((unsigned long)addr, size, max);
		memcpy(&value, buf, n);
		ring3_io_write(addr, value, n);
	}
}
EXPORT_SYMBOL(ring3_memcpy_toio);

/**
 * ring3_memset_io() - fill part of a BAR
 * @addr: plain or tagged
 * @value: the byte
 * @size: bytes
 */
void ring3_memset_io(volatile void __iomem *addr, int value, size_t size)
{
	u64 pattern = 0x0101010101010101ULL * (u8)value;
	unsigned long tag = tagged(addr, size);
	unsigned int n, max;

	if (!tag) {
		memset((void __force *)addr, value, size);
		return;
	}
	addr = (volatile void __iomem *)tag;
	max = widest(addr);
	for (; size; size -= n, addr += n) {
		n = step((unsigned long)addr, size, max);
		ring3_io_write(addr, pattern, n);
	}
}
EXPORT_SYMBOL(ring3_memset_io);
