/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - what happened, event by event
 *
 * Every event goes into one ring, always: the last of them are what a crash report shows.
 * One thread writes, any number read, nobody waits.
 */
#ifndef RING3_PROXY_TRACE_H
#define RING3_PROXY_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_SMALL	2048		/* events that are kept when nobody follows */
#define TRACE_FROZEN	256		/* events that are kept of the end of a client */
#define TRACE_LARGE	(256 * 1024)	/* when somebody does */

struct device;

enum trace_kind {
	TRACE_READ,		/* of a BAR or the ROM */
	TRACE_WRITE,
	TRACE_CONFIG_READ,
	TRACE_CONFIG_WRITE,
	TRACE_IRQ,		/* sent */
	TRACE_IRQ_MASKED,	/* raised while it may not be sent */
	TRACE_DMA_MAP,
	TRACE_DMA_UNMAP,
	TRACE_RESET,
	TRACE_DENIED,		/* a write of configuration space that was dropped */
	TRACE_DMA_FAULT,	/* stopped; region is 1 for a write to memory */
};

struct trace_event {
	uint64_t ns;		/* CLOCK_MONOTONIC */
	uint64_t offset;	/* in the region; DMA: bytes */
	uint64_t value;		/* DMA: IOVA; interrupts: vector */
	uint64_t base;		/* bus address of the region's first byte */
	uint32_t caller;	/* for trace_caller_name() */
	uint32_t width;		/* bytes; of a run of plain memory its length */
	uint16_t device;	/* its number */
	uint8_t kind;
	uint8_t place;		/* for trace_place_get() */
	uint8_t region;		/* DMA: direction; interrupts: VFIO_USER_INTX and so on */
};

int trace_init(size_t events);
bool trace_followed(void);
void trace_exit(void);
void trace_access(const struct device *dev, uint32_t region, uint64_t off, unsigned int width,
		  uint64_t value, bool write);
void trace_irq(const struct device *dev, uint32_t index, uint32_t vector, bool masked);
void trace_dma(const struct device *dev, bool map, uint64_t iova, uint64_t size,
	       uint32_t direction);
void trace_denied(const struct device *dev, uint32_t off, unsigned int width, uint32_t value);
void trace_dma_fault(const struct device *dev, uint64_t iova, bool write);
void trace_reset(const struct device *dev);

uint32_t trace_caller(uint64_t pc, const char *name, size_t len);
const char *trace_caller_name(uint32_t caller);
uint64_t trace_caller_pc(uint32_t caller);

uint64_t trace_head(void);
size_t trace_capacity(void);
bool trace_get(uint64_t number, struct trace_event *event);
void trace_freeze(void);
size_t trace_frozen(struct trace_event *events, size_t max);
uint64_t trace_wait(uint64_t seen, const atomic_bool *stop);
void trace_wake(void);

#endif
