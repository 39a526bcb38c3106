/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace-text.h - the trace as text: the kernel's mmiotrace format, and what it has no line for
 *
 * Documentation/trace/mmiotrace.rst has the format.  After the fields of an R or W line comes
 * a comment with device, BAR and caller; everything else is a MARK.
 */
#ifndef RING3_PROXY_TRACE_TEXT_H
#define RING3_PROXY_TRACE_TEXT_H

#include <stdio.h>

#include "proxy/trace.h"
#include "proxy/vfio_user.h"

#define TRACE_MAX_DEVICES 256

/* What has been said in one stream of text. */
struct trace_text {
	struct device **devices;
	size_t nr_devices;
	uint8_t places[TRACE_MAX_DEVICES];	/* the one of its PCIDEV line */
	uint64_t mapped[TRACE_MAX_DEVICES][VFIO_USER_ROM + 1];	/* bus address of a MAP line */
};

void trace_text_header(FILE *out, struct trace_text *text);
void trace_text_event(FILE *out, struct trace_text *text, const struct trace_event *event);
void trace_text_lost(FILE *out, uint64_t ns, uint64_t lost);

#endif
