// SPDX-License-Identifier: GPL-2.0
/*
 * regs.c - registers and ports of a testdev
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/error.h"
#include "proxy/irq.h"
#include "proxy/policy.h"
#include "proxy/testdev/internal.h"
#include "proxy/util.h"

/**
 * td_set_intx() - drive the INTx line
 * @td: testdev
 * @level: asserted or not
 */
void td_set_intx(struct testdev *td, bool level)
{
	td->intx = level;
	if (level)
		td->signal_ns = clock_ns(CLOCK_MONOTONIC);
	irq_intx(td->dev, level);
}

/**
 * td_masters() - may it access memory?
 * @td: testdev that wants to
 *
 * Return: false if bus mastering is off, which is counted and told of.
 */
bool td_masters(struct testdev *td)
{
	struct device *dev = td->dev;

	if (td->command & PCI_COMMAND_MASTER)
		return true;
	if (policy_deny(dev, DENY_MASTER))
		warn("device '%s': it may not access memory or send messages, as bus mastering is off in COMMAND, %llu times so far",
		     device_name(dev), (unsigned long long)dev->policy.denied[DENY_MASTER]);
	return false;
}

/**
 * td_signal() - interrupt
 * @td: testdev
 * @vector: of MSI or MSI-X, or TD_VECTOR_INTX, or TD_VECTOR_NONE
 */
void td_signal(struct testdev *td, uint32_t vector)
{
	if (vector == TD_VECTOR_NONE)
		return;
	if (vector == TD_VECTOR_INTX) {
		td_set_intx(td, true);
		return;
	}
	/* A message is a write by the device (PCI 6.8.3.3). */
	if (!td_masters(td))
		return;
	td->signal_ns = clock_ns(CLOCK_MONOTONIC);
	irq_message(td->dev, vector);
}

static uint32_t *rw32(struct testdev *td, uint32_t off)
{
	switch (off) {
	case TD_RAISE_DELAY:
		return &td->raise_delay;
	case TD_DMA_SRC:
		return &td->dma_src.half[0];
	case TD_DMA_SRC + 4:
		return &td->dma_src.half[1];
	case TD_DMA_DST:
		return &td->dma_dst.half[0];
	case TD_DMA_DST + 4:
		return &td->dma_dst.half[1];
	case TD_DMA_LEN:
		return &td->dma_len;
	case TD_DMA_VECTOR:
		return &td->dma_vector;
	default:
		return NULL;
	}
}

static uint32_t read32(struct testdev *td, uint32_t off)
{
	const uint32_t *rw = rw32(td, off);

	if (rw)
		return *rw;
	if (off >= TD_COUNTERS && off < TD_COUNTERS_END)
		return td->counters[(off - TD_COUNTERS) / 4];
	switch (off) {
	case TD_ID:
		return TD_ID_VALUE;
	case TD_RESETS:
		return td->resets;
	case TD_INTX:
		return td->intx;
	case TD_DMA_STATUS:
		return td->dma_status;
	case TD_DMA_BYTES:
		return td->dma_bytes;
	case TD_DMA_BYTES + 4:
		return td->dma_bytes >> 32;
	case TD_SIGNAL_NS:
		return td->signal_ns;
	case TD_SIGNAL_NS + 4:
		return td->signal_ns >> 32;
	default:
		return 0;
	}
}

static void write32(struct testdev *td, uint32_t off, uint32_t value, uint32_t mask)
{
	uint32_t *rw = rw32(td, off);

	if (rw) {
		*rw = (*rw & ~mask) | (value & mask);
		return;
	}
	value &= mask;
	switch (off) {
	case TD_RAISE:
		td_signal(td, value);
		break;
	case TD_INTX:
		td_set_intx(td, value & 1);
		break;
	case TD_RAISE_LATER:
		td->later_vector = value;
		loop_timer_arm(&td->later, td->raise_delay * 1000ull + 1);
		break;
	case TD_DMA_CMD:
		td_dma_start(td, value);
		break;
	case TD_COUNT_RESET:
		memset(td->counters, 0, sizeof(td->counters));
		break;
	}
}

/**
 * td_regs_read() - read BAR1
 * @td: testdev
 * @off: naturally aligned offset
 * @width: 1, 2, 4 or 8
 *
 * Return: the value.
 */
uint64_t td_regs_read(struct testdev *td, uint64_t off, unsigned int width)
{
	uint64_t value = 0;

	if (off >= TD_SCRATCH) {
		memcpy(&value, &td->scratch[off - TD_SCRATCH], width);
		return value;
	}
	if (width == 8)
		return read32(td, off) | (uint64_t)read32(td, off + 4) << 32;
	value = read32(td, off & ~3u) >> (8 * (off & 3));
	return width == 4 ? value : value & ((1u << (8 * width)) - 1);
}

/**
 * td_regs_write() - write BAR1
 * @td: testdev
 * @off: naturally aligned offset
 * @width: 1, 2, 4 or 8; a narrow write changes only its part of a register
 * @value: to be written
 */
void td_regs_write(struct testdev *td, uint64_t off, unsigned int width, uint64_t value)
{
	unsigned int shift = 8 * (off & 3);
	uint32_t mask = width >= 4 ? ~0u : ((1u << (8 * width)) - 1) << shift;

	if (off >= TD_SCRATCH) {
		memcpy(&td->scratch[off - TD_SCRATCH], &value, width);
		return;
	}
	write32(td, off & ~3u, value << shift, mask);
	if (width == 8)
		write32(td, off + 4, value >> 32, ~0u);
}

static uint32_t fifo_pop(struct testdev *td, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++) {
		uint32_t byte = 0xff;

		if (td->fifo_level) {
			byte = td->fifo[td->fifo_head];
			td->fifo_head = (td->fifo_head + 1) % TD_FIFO_BYTES;
			td->fifo_level--;
		}
		value |= byte << (8 * i);
	}
	return value;
}

/* What does not fit is lost. */
static void fifo_push(struct testdev *td, unsigned int width, uint32_t value)
{
	for (unsigned int i = 0; i < width && td->fifo_level < TD_FIFO_BYTES; i++) {
		td->fifo[(td->fifo_head + td->fifo_level) % TD_FIFO_BYTES] = value >> (8 * i);
		td->fifo_level++;
	}
}

/**
 * td_ports_read() - read BAR2
 * @td: testdev
 * @off: naturally aligned port
 * @width: 1, 2 or 4
 *
 * Return: the value; all ones where there is no port.
 */
uint32_t td_ports_read(struct testdev *td, uint64_t off, unsigned int width)
{
	uint32_t value = 0;

	if (off < TD_PORT_RAM + TD_PORT_BYTES) {
		memcpy(&value, &td->ports[off - TD_PORT_RAM], width);
		return value;
	}
	if (off == TD_PORT_FIFO)
		return fifo_pop(td, width);
	if (off == TD_PORT_FIFO_LEVEL)
		return td->fifo_level;
	return ~0u;
}

/**
 * td_ports_write() - write BAR2
 * @td: testdev
 * @off: naturally aligned port
 * @width: 1, 2 or 4
 * @value: to be written
 */
void td_ports_write(struct testdev *td, uint64_t off, unsigned int width, uint32_t value)
{
	if (off < TD_PORT_RAM + TD_PORT_BYTES)
		memcpy(&td->ports[off - TD_PORT_RAM], &value, width);
	else if (off == TD_PORT_FIFO)
		fifo_push(td, width, value);
	else if (off == TD_PORT_FIFO_CLEAR)
		td->fifo_level = 0;
}
