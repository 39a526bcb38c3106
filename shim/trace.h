/* SPDX-License-Identifier: GPL-2.0 */
/* trace.h - converting a trace: its lines, its devices, and what is made of them */
#ifndef RING3_TRACE_H
#define RING3_TRACE_H

#include <stdio.h>

#include "proxy/regs.h"
#include "shim/trace-parse.h"

#define TRACE_MAX_DEVICES 256

struct trace_device {
	unsigned int index;
	char name[16];			/* "0000:00:01.0" */
	char driver[32];		/* may be empty */
	int32_t domain;
	uint16_t bdf;
	uint16_t vendor, device;	/* 0: not known */
	uint32_t class;			/* 0xCCSSPP, 0: not known */
	uint64_t bar_address[TRACE_BARS], bar_size[TRACE_BARS];
	struct regs *regs;
	bool regs_sought;
	void *priv;			/* the output's, for free() by it */
};

struct trace {
	FILE *out;
	struct trace_device *devices[TRACE_MAX_DEVICES];
	unsigned int n_devices;
	uint64_t events;
	uint64_t first_us, last_us;	/* with events */
	uint64_t lost;			/* events */
	bool truncated;			/* the file ends in the middle of a line */
	bool more;			/* for the output: something was written, a comma is due */
};

/* What a trace can be made into. */
struct trace_output {
	void (*begin)(struct trace *trace);
	/* @dev is NULL where the line names no device that is known. */
	void (*event)(struct trace *trace, struct trace_device *dev, const struct trace_event *ev);
	void (*end)(struct trace *trace);
};

extern const struct trace_output trace_summary, trace_json, trace_perfetto;

/* A trace's lines, in constant memory. */
struct trace_reader {
	int fd;
	const char *name;		/* for messages */
	unsigned long line;
	size_t at, len;
	bool end;
	char buf[64 << 10];
};

/**
 * trace_next() - read the next line
 * @reader: with fd and name set, else zero
 * @line: set to the line, without newline, valid until the next call; what is no
 *	printable ASCII character has become '?'
 *
 * Return: 1; 0 at the end; -1 when the last line has no newline, which is not returned; an
 * exit status after a message.
 */
int trace_next(struct trace_reader *reader, const char **line);

/**
 * trace_run() - convert a whole trace
 * @trace: with out set, else zero
 * @reader: where it comes from
 * @output: what to make of it
 *
 * What was read before an error is written, and complete in itself; nothing, if it is no trace.
 *
 * Return: 0, or an exit status after a message.
 */
int trace_run(struct trace *trace, struct trace_reader *reader, const struct trace_output *output);

/**
 * trace_device_of() - the device that a line is about
 * @trace: the trace; a device not seen before is added, and a device learns from the line
 * @ev: the line
 * @dev: set to the device, NULL if it names none
 *
 * Return: 0, or an exit status after a message when there are too many.
 */
int trace_device_of(struct trace *trace, const struct trace_event *ev, struct trace_device **dev);

/**
 * trace_register() - the register that is accessed
 * @dev: the device, or NULL
 * @ev: TRACE_REGISTER or TRACE_PORT, else there is none
 *
 * Return: the register, NULL if the register files do not name it.
 */
const struct reg *trace_register(struct trace_device *dev, const struct trace_event *ev);

/**
 * trace_place() - what is accessed, as text
 * @dev: the device, or NULL
 * @ev: TRACE_REGISTER, TRACE_CONFIG or TRACE_PORT
 * @buf: set to "RDT(0)", "ASQ+0x4", "BAR0+0x18", "0xfebc0018" or of config space "0x10"
 * @size: its size in bytes
 *
 * Return: the register if it is accessed as a whole, else NULL.
 */
const struct reg *trace_place(struct trace_device *dev, const struct trace_event *ev, char *buf,
			      size_t size);

void trace_free(struct trace *trace);

#endif
