/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decode.h - arithmetic of tagged addresses and BAR registers, without state
 *
 * A mapped page is reached through its own address.  Everything else has bit 63 set,
 * which no address of this process has:
 *
 *   63 62 61          48 47                               0
 *    1  0  link*16+region  offset in the region             memory with trapped pages
 *    1  1                0  port number                      I/O ports (PCI_IOBASE)
 */
#ifndef RING3_DECODE_H
#define RING3_DECODE_H

#include <linux/pci_regs.h>
#include <linux/types.h>

#define RING3_TAG		(1UL << 63)
#define RING3_TAG_PORT		(1UL << 62)
#define RING3_OFFSET_BITS	48
#define RING3_OFFSET_MASK	((1UL << RING3_OFFSET_BITS) - 1)

static inline unsigned long ring3_tag(unsigned int link, unsigned int region, u64 offset)
{
	return RING3_TAG | (unsigned long)(link * 16 + region) << RING3_OFFSET_BITS |
	       (offset & RING3_OFFSET_MASK);
}

static inline bool ring3_tag_is_port(unsigned long addr)
{
	return addr & RING3_TAG_PORT;
}

static inline unsigned int ring3_tag_link(unsigned long addr)
{
	return (addr >> RING3_OFFSET_BITS & 0x3fff) / 16;
}

static inline unsigned int ring3_tag_region(unsigned long addr)
{
	return (addr >> RING3_OFFSET_BITS) % 16;
}

static inline u64 ring3_tag_offset(unsigned long addr)
{
	return addr & RING3_OFFSET_MASK;
}

/**
 * ring3_bar_address() - bus address a BAR register decodes
 * @low: the register
 * @high: the next register, used when @low says 64 bit
 * @size: of the region, bytes; a power of two
 *
 * PCI Local Bus 3.0, section 6.2.5.1: bits below the size read as zero.
 */
static inline u64 ring3_bar_address(u32 low, u32 high, u64 size)
{
	u64 addr;

	if (low & PCI_BASE_ADDRESS_SPACE_IO)
		addr = low & PCI_BASE_ADDRESS_IO_MASK;
	else
		addr = low & (u32)PCI_BASE_ADDRESS_MEM_MASK;
	if ((low & (PCI_BASE_ADDRESS_SPACE_IO | PCI_BASE_ADDRESS_MEM_TYPE_MASK)) ==
	    PCI_BASE_ADDRESS_MEM_TYPE_64)
		addr |= (u64)high << 32;
	return addr & ~(size - 1);
}

#endif
