/* SPDX-License-Identifier: GPL-2.0 */
/* trace-parse.h - one line of a trace: the kernel's mmiotrace format and what ring3 adds to it */
#ifndef RING3_TRACE_PARSE_H
#define RING3_TRACE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define TRACE_FORMAT	20070824	/* the version of mmiotrace's text */
#define TRACE_BARS	7		/* BAR0 to BAR5 and the ROM */
#define TRACE_VECTORS	2048		/* of MSI-X; the others have less */

enum trace_kind {
	TRACE_NOTHING,		/* known, and of no interest here: LSPCI, MAP, UNMAP, comments */
	TRACE_VERSION,
	TRACE_PCIDEV,
	TRACE_REGISTER,
	TRACE_CONFIG,
	TRACE_PORT,
	TRACE_IRQ,
	TRACE_IRQ_MASKED,
	TRACE_DMA_MAP,
	TRACE_DMA_UNMAP,
	TRACE_DMA_FAULT,	/* what the device may not reach */
	TRACE_RESET,
	TRACE_LOST,
	TRACE_MARK,		/* anyone's text */
	TRACE_KINDS,
};

enum trace_irq {
	TRACE_INTX,
	TRACE_MSI,
	TRACE_MSIX,
	TRACE_IRQS,
};

extern const char *const trace_kind_names[TRACE_KINDS];
extern const char *const trace_irq_names[TRACE_IRQS];
extern const char *const trace_direction_names[];

#define TRACE_NO_DOMAIN (-1)
#define TRACE_NO_BAR (-1)

/* Text points into the line. */
struct trace_event {
	enum trace_kind kind;
	uint64_t us;			/* since the trace's origin; not of VERSION and PCIDEV */
	bool has_device;
	int32_t domain;			/* or TRACE_NO_DOMAIN */
	uint16_t bdf;			/* bus << 8 | device << 3 | function */
	const char *caller;		/* "symbol+0x12/0x34 [module]", or NULL */
	const char *text;		/* of TRACE_MARK; driver of TRACE_PCIDEV, may be empty */
	/* TRACE_REGISTER, TRACE_CONFIG, TRACE_PORT: */
	bool write;
	unsigned int width;		/* bytes */
	int bar;			/* 0 to 6, or TRACE_NO_BAR */
	uint64_t offset, value;
	uint64_t address, pc;		/* of TRACE_REGISTER */
	uint32_t map_id, pid;		/* of TRACE_REGISTER */
	/* TRACE_IRQ, TRACE_IRQ_MASKED: */
	enum trace_irq irq;
	uint32_t vector;		/* below TRACE_VECTORS */
	/* TRACE_DMA_MAP, TRACE_DMA_UNMAP, TRACE_DMA_FAULT, whose size is 0: */
	uint64_t iova, size;
	unsigned int direction;		/* of trace_direction_names */
	uint64_t lost;			/* of TRACE_LOST: events */
	/* TRACE_PCIDEV: */
	uint16_t vendor, device;
	uint64_t bar_address[TRACE_BARS], bar_size[TRACE_BARS];
};

/**
 * trace_parse() - read one line of a trace
 * @line: the line without its newline
 * @ev: filled in; its text points into @line
 *
 * Return: NULL, or what is wrong with the line.
 */
const char *trace_parse(const char *line, struct trace_event *ev);

#endif
