// SPDX-License-Identifier: GPL-2.0
/*
 * trace.c - devices/BDF/ring3/trace, and crash/accesses: the last of them
 *
 * With --trace it is the device's part of the trace, as it grows.  Without, it is what the ring
 * still has.
 */
#include <stdlib.h>

#include "proxy/trace-file.h"
#include "proxy/trace-text.h"
#include "proxy/view/view.h"

/* Events of a device that the ring still has. */
static void show_ring(FILE *out, const struct device *dev)
{
	struct trace_text *text = calloc(1, sizeof(*text));
	uint64_t end = trace_head(), at;
	struct trace_event e;

	if (!text)
		return;
	at = end > trace_capacity() ? end - trace_capacity() : 0;
	text->devices = view.devices;
	text->nr_devices = view.nr_devices;
	trace_text_header(out, text);
	for (; at < end; at++)
		if (trace_get(at, &e) && e.device == dev->index)
			trace_text_event(out, text, &e);
	free(text);
}

/**
 * view_followed() - is a trace being written?
 *
 * Return: true if view_trace_read() has it.
 */
bool view_followed(void)
{
	return trace_file_running();
}

/**
 * view_trace_text() - the last events of a device
 * @out: stream
 * @dev: device
 */
void view_trace_text(FILE *out, struct device *dev)
{
	show_ring(out, dev);
}

/**
 * view_trace_read() - the device's part of the trace that is being written
 * @dev: device
 * @arg: not used
 * @buf: for the text
 * @len: at most so many bytes
 * @off: from here
 *
 * Return: bytes or a negative errno.
 */
ssize_t view_trace_read(struct device *dev, int arg, void *buf, size_t len, off_t off)
{
	(void)arg;
	return trace_file_read(dev, buf, len, off);
}

off_t view_trace_size(const struct device *dev, int arg)
{
	off_t size = trace_file_size(dev);

	(void)arg;
	return size;
}

/* What all devices did before the last client went, by a crash or otherwise. */
static void show_last(FILE *out, struct device *unused)
{
	struct trace_text *text = calloc(1, sizeof(*text));
	struct trace_event *events = calloc(TRACE_FROZEN, sizeof(*events));
	size_t n = events ? trace_frozen(events, TRACE_FROZEN) : 0;

	(void)unused;
	if (text && n) {
		text->devices = view.devices;
		text->nr_devices = view.nr_devices;
		trace_text_header(out, text);
		for (size_t i = 0; i < n; i++)
			trace_text_event(out, text, &events[i]);
	}
	free(text);
	free(events);
}

const struct view_file view_crash_files[] = {
	{ .name = "accesses", .mode = 0444, .text = show_last },
	{ 0 },
};
