/* SPDX-License-Identifier: GPL-2.0 */
/*
 * testdev.h - programming model of the synthetic PCI device `testdev`
 *
 * Shared by the device (proxy/testdev*.c) and its driver (tests/testdev/), so it
 * holds nothing but numbers.  All registers are little endian.
 *
 *  BAR0  memory, 32 bit, 64 KiB, every page mappable: plain memory
 *  BAR1  memory, 32 bit,  8 KiB, trapped: the registers below
 *  BAR2  I/O ports, 256 bytes
 *  BAR3  memory, 32 bit,  8 KiB, trapped: MSI-X table (page 0) and PBA (page 1)
 *  BAR4  memory, 64 bit, prefetchable, 64 MiB: plain memory, mappable but for the
 *        one page at TD_BAR4_HOLE, which is trapped (and is plain memory too)
 *
 * Trapped memory takes naturally aligned accesses of 1, 2, 4 and 8 bytes, ports of
 * 1, 2 and 4.  An access is counted by BAR, direction and width, except in the
 * block of the counters itself and in BAR3.
 */
#ifndef RING3_TESTDEV_H
#define RING3_TESTDEV_H

#define TD_VENDOR		0x1234
#define TD_DEVICE		0x7233
#define TD_CLASS		0xff0000
#define TD_REVISION		0x01

#define TD_BAR0_SIZE		0x10000
#define TD_BAR1_SIZE		0x2000
#define TD_BAR2_SIZE		0x100
#define TD_BAR3_SIZE		0x2000
#define TD_BAR4_SIZE		0x4000000	/* unless bar4= asks for more */
#define TD_BAR4_HOLE		0x2000000	/* one trapped page of 4 KiB */

#define TD_MSI_VECTORS		8		/* MSI, per-vector masking, 64-bit address */
#define TD_MSIX_VECTORS		64
#define TD_MSIX_TABLE_BAR	3
#define TD_MSIX_TABLE		0x0000
#define TD_MSIX_PBA		0x1000

/* BAR1 registers */
#define TD_ID			0x000		/* RO 32: TD_ID_VALUE */
#define TD_ID_VALUE		0x52330001
#define TD_RESETS		0x004		/* RO 32: function resets since power-on */
#define TD_RAISE		0x010		/* WO 32: signal this MSI or MSI-X vector now */
#define TD_INTX			0x014		/* RW 32: 1 asserts INTx, 0 deasserts */
#define TD_RAISE_DELAY		0x018		/* RW 32: microseconds for TD_RAISE_LATER */
/* WO 32: signal this vector after TD_RAISE_DELAY; TD_VECTOR_INTX asserts INTx instead */
#define TD_RAISE_LATER		0x01c
#define TD_DMA_SRC		0x020		/* RW 64 */
#define TD_DMA_DST		0x028		/* RW 64 */
#define TD_DMA_LEN		0x030		/* RW 32: bytes; with TD_DMA_SG: descriptors */
#define TD_DMA_CMD		0x034		/* WO 32: one of TD_DMA_*, starts the engine */
#define TD_DMA_STATUS		0x038		/* RO 32: TD_DMA_OK or TD_DMA_ERR_* */
#define TD_DMA_VECTOR		0x03c		/* RW 32: vector signalled at the end, or TD_VECTOR_* */
#define TD_DMA_BYTES		0x040		/* RO 64: bytes moved since reset */
#define TD_SIGNAL_NS		0x048		/* RO 64: CLOCK_MONOTONIC of the last signal, ns */
#define TD_COUNT_RESET		0x058		/* WO 32: any value clears the counters */
#define TD_COUNTERS		0x100		/* RO 32 each, see TD_COUNTER() */
#define TD_COUNTERS_END		0x1c0
#define TD_SCRATCH		0x1000		/* 4 KiB of plain memory, any width */

/* bar 0..5, write 0 or 1, log2 of the width 0..3 */
#define TD_COUNTER(bar, write, width_log2) \
	(TD_COUNTERS + 4 * (((bar) * 2 + (write)) * 4 + (width_log2)))

#define TD_VECTOR_NONE		0xffffffff
#define TD_VECTOR_INTX		0xfffffffe

/* TD_DMA_CMD.  "Device memory" is BAR4's memory, addressed by offset. */
#define TD_DMA_COPY		1	/* IOVA SRC to IOVA DST */
#define TD_DMA_TO_DEVICE	2	/* IOVA SRC to device memory DST */
#define TD_DMA_FROM_DEVICE	3	/* device memory SRC to IOVA DST */
/* or'ed: the IOVA side is the address of an array of descriptors { u64 iova; u32 len; u32 zero; } */
#define TD_DMA_SG		0x100

#define TD_DMA_OK		0
#define TD_DMA_ERR_FAULT	1	/* IOVA not mapped, or bus mastering off */
#define TD_DMA_ERR_CMD		2	/* unknown command or device memory out of range */

/* BAR2 ports */
#define TD_PORT_RAM		0x00	/* 128 bytes of plain memory */
/* 1, 2 or 4 bytes at a time; a write pushes, a read pops (all ones when empty); holds 4096 bytes */
#define TD_PORT_FIFO		0x80
#define TD_PORT_FIFO_LEVEL	0x84	/* RO 32: bytes held */
#define TD_PORT_FIFO_CLEAR	0x88	/* WO 8 */

#endif
