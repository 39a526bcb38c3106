/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring3_io.h - the accessors of asm/io.h for BARs that live in another process
 *
 * A pointer from ioremap() either is the address of the mapped BAR, and an access is
 * a load or store, or has bit 63 set and goes through ring3_io_read()/_write().  One
 * sign test tells them apart.  Where a mapped BAR has a trapped page, the load or store
 * of that faults.  Kept thin: a change here rebuilds the kernel.
 */
#ifndef __ASM_UM_RING3_IO_H
#define __ASM_UM_RING3_IO_H

#include <linux/types.h>
#include <linux/compiler.h>

u64 ring3_io_read(const volatile void __iomem *addr, unsigned int width);
void ring3_io_write(volatile void __iomem *addr, u64 value, unsigned int width);

#define RING3_TAGGED(addr) unlikely((long)(addr) < 0)

/* One instruction of a known form each: should it fault, trap_user.c carries it out. */
#define RING3_ACCESSORS(sfx, type, out, in)						\
static __always_inline type __raw_read##sfx(const volatile void __iomem *addr)	\
{										\
	type value;								\
										\
	if (RING3_TAGGED(addr))							\
		return (type)ring3_io_read(addr, sizeof(type));			\
	asm volatile("mov %1, %0"						\
		     : out(value) : "m" (*(const volatile type __force *)addr) : "memory");	\
	return value;								\
}										\
static __always_inline void __raw_write##sfx(type value, volatile void __iomem *addr) \
{										\
	if (RING3_TAGGED(addr))							\
		ring3_io_write(addr, value, sizeof(type));			\
	else									\
		asm volatile("mov %1, %0"					\
			     : "=m" (*(volatile type __force *)addr) : in(value) : "memory"); \
}

#define __raw_readb __raw_readb
#define __raw_readw __raw_readw
#define __raw_readl __raw_readl
#define __raw_readq __raw_readq
#define __raw_writeb __raw_writeb
#define __raw_writew __raw_writew
#define __raw_writel __raw_writel
#define __raw_writeq __raw_writeq

RING3_ACCESSORS(b, u8, "=q", "q")
RING3_ACCESSORS(w, u16, "=r", "r")
RING3_ACCESSORS(l, u32, "=r", "r")
RING3_ACCESSORS(q, u64, "=r", "r")

/*
 * Mapped BARs are ordinary cached memory of an x86 host, which keeps loads in order
 * with loads and stores with stores; the compiler is all there is to hold back.
 */
#define __io_br()	barrier()
#define __io_ar(v)	barrier()
#define __io_bw()	barrier()
#define __io_aw()	barrier()

#define PCI_IOBASE	((void __iomem *)(3UL << 62))
#define IO_SPACE_LIMIT	0xffff
#define PCIBIOS_MIN_IO	0x1000	/* below are the fixed ports of legacy functions */

int ring3_user_mappable(unsigned long pfn, unsigned long size);
#define io_remap_pfn_range(vma, addr, pfn, size, prot) \
	(ring3_user_mappable(pfn, size) ?: remap_pfn_range(vma, addr, pfn, size, prot))

void __iomem *ring3_ioremap(phys_addr_t addr, size_t size);
#define ioremap		ring3_ioremap
#define iounmap iounmap
static inline void iounmap(volatile void __iomem *addr)
{
	/* BARs are mapped for as long as the device is there. */
}

void ring3_memset_io(volatile void __iomem *addr, int value, size_t size);
void ring3_memcpy_fromio(void *buf, const volatile void __iomem *addr, size_t size);
void ring3_memcpy_toio(volatile void __iomem *addr, const void *buf, size_t size);
#define memset_io	ring3_memset_io
#define memcpy_fromio	ring3_memcpy_fromio
#define memcpy_toio	ring3_memcpy_toio

#endif
