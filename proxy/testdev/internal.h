/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - state of a testdev; its programming model is in proxy/testdev.h
 */
#ifndef RING3_PROXY_TESTDEV_INTERNAL_H
#define RING3_PROXY_TESTDEV_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/device.h"
#include "proxy/loop.h"
#include "proxy/testdev.h"

#define TD_FIFO_BYTES	4096
#define TD_PORT_BYTES	128
#define TD_NR_COUNTERS	((TD_COUNTERS_END - TD_COUNTERS) / 4)

/* A BAR of plain memory, shared with the client. */
struct td_memory {
	int fd;
	uint8_t *map;
	uint64_t size;
};

/* Both halves of a 64-bit register are registers too. */
union td_reg64 {
	uint64_t value;
	uint32_t half[2];
};

struct testdev {
	bool all_caps;			/* caps=all */
	unsigned int hostile;		/* hostile=, or'ed */
	bool angry;			/* and has begun */
	struct loop_timer malice;
	struct device *dev;
	struct td_memory bar0, bar4;
	uint8_t config[CONFIG_MAX];
	uint16_t command;
	uint8_t scratch[4096];
	uint8_t ports[TD_PORT_BYTES];
	uint8_t fifo[TD_FIFO_BYTES];
	uint32_t fifo_head, fifo_level;
	uint32_t counters[TD_NR_COUNTERS];
	uint32_t resets;
	bool intx;
	uint64_t signal_ns;
	struct loop_timer later;
	uint32_t raise_delay, later_vector;
	union td_reg64 dma_src, dma_dst;
	uint64_t dma_bytes;
	uint32_t dma_len, dma_status, dma_vector;
};

uint64_t td_regs_read(struct testdev *td, uint64_t off, unsigned int width);
void td_regs_write(struct testdev *td, uint64_t off, unsigned int width, uint64_t value);
uint32_t td_ports_read(struct testdev *td, uint64_t off, unsigned int width);
void td_ports_write(struct testdev *td, uint64_t off, unsigned int width, uint32_t value);
bool td_masters(struct testdev *td);
void td_signal(struct testdev *td, uint32_t vector);
void td_set_intx(struct testdev *td, bool level);
void td_dma_start(struct testdev *td, uint32_t cmd);

/* hostile.c */
#define TD_GARBAGE	1
#define TD_LENGTHS	2
#define TD_STORM	4
#define TD_VANISH	8

int td_hostile_init(struct testdev *td);
void td_hostile_used(struct testdev *td);
uint64_t td_garbage(const struct testdev *td, uint64_t value);

/* caps.c: where they are with caps=all */
#define TD_CAP_PM	0xb0
#define TD_CAP_VPD	0xb8
#define TD_CAP_VENDOR	0xc0
#define TD_CAP_AF	0xd0
#define TD_CAP_AER	0x100
#define TD_CAP_SRIOV	0x140
#define TD_CAP_ATS	0x180
#define TD_CAP_LTR	0x190

void td_caps_init(struct testdev *td, uint32_t link);
bool td_caps_writable(uint32_t off);

#endif
