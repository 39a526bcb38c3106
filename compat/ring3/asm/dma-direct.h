/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma-direct.h - bus addresses of the hosted kernel's RAM
 *
 * RAM stands at 1 GiB on the bus: a driver that takes physical for bus addresses is
 * caught, and the holes of a PC's low memory are out of the way.
 */
#ifndef __ASM_UM_DMA_DIRECT_H
#define __ASM_UM_DMA_DIRECT_H

#define RING3_DMA_OFFSET 0x40000000UL

struct device;

static inline dma_addr_t phys_to_dma(struct device *dev, phys_addr_t paddr)
{
	return paddr + RING3_DMA_OFFSET;
}

static inline phys_addr_t dma_to_phys(struct device *dev, dma_addr_t daddr)
{
	return daddr - RING3_DMA_OFFSET;
}

#endif
