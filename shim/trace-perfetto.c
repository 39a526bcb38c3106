// SPDX-License-Identifier: GPL-2.0
/*
 * trace-perfetto.c - a trace for ui.perfetto.dev: the JSON of Chrome's Trace Event Format
 *
 * Theory of operation: each device is a process, and what it does are instants on its
 * threads: registers, a thread for each hardware queue's registers, configuration space,
 * ports, DMA, and one for each interrupt vector.  A thread gets its name when it first has
 * an event.  What is mapped for DMA is a counter.
 */
#include <inttypes.h>
#include <string.h>

#include "shim/json.h"
#include "shim/trace.h"
#include "shim/util.h"

enum {
	TID_REGISTERS = 1,
	TID_CONFIG,
	TID_PORTS,
	TID_DMA,
	TID_DEVICE,
	TID_IRQ = 16,
	TID_QUEUE = TID_IRQ + TRACE_IRQS * TRACE_VECTORS,
	TID_END = TID_QUEUE + REGS_INDEX_MAX + 1,
};

struct tracks {
	char title[96];			/* of the process, as last written */
	uint64_t mapped;		/* bytes, for DMA */
	uint8_t named[TID_END / 8 + 1];
};

/* @args are given away, may be NULL. */
static void put(struct trace *trace, struct json_object *json, struct json_object *args)
{
	if (args)
		json_object_object_add(json, "args", args);
	json_put_element(trace->out, &trace->more, json);
}

static struct json_object *entry(const char *name, const char *phase, unsigned int pid,
				 unsigned int tid)
{
	struct json_object *json = json_object_new_object();

	json_add_text(json, "name", name);
	json_add_text(json, "ph", phase);
	json_add_number(json, "pid", pid);
	json_add_number(json, "tid", tid);
	return json;
}

/* A process for each device; 0 is for what belongs to none. */
static unsigned int pid_of(const struct trace_device *dev)
{
	return dev ? dev->index + 1 : 0;
}

static void put_name(struct trace *trace, const char *what, unsigned int pid, unsigned int tid,
		     const char *name)
{
	struct json_object *args = json_object_new_object();

	json_add_text(args, "name", name);
	put(trace, entry(what, "M", pid, tid), args);
}

static void put_order(struct trace *trace, const char *what, unsigned int pid, unsigned int tid,
		      unsigned int order)
{
	struct json_object *args = json_object_new_object();

	json_add_number(args, "sort_index", order);
	put(trace, entry(what, "M", pid, tid), args);
}

static struct tracks *tracks_of(struct trace *trace, struct trace_device *dev)
{
	struct tracks *tracks = dev->priv;
	char title[sizeof(tracks->title)];

	if (!tracks) {
		tracks = dev->priv = xrealloc(NULL, sizeof(*tracks));
		*tracks = (struct tracks){ 0 };
		put_order(trace, "process_sort_index", pid_of(dev), 0, pid_of(dev));
	}
	if (dev->vendor || dev->device)
		snprintf(title, sizeof(title), "%s %04x:%04x%s%s", dev->name, dev->vendor,
			 dev->device, *dev->driver ? " " : "", dev->driver);
	else
		snprintf(title, sizeof(title), "%s", dev->name);
	if (strcmp(title, tracks->title))
		put_name(trace, "process_name", pid_of(dev), 0, title);
	strcpy(tracks->title, title);
	return tracks;
}

static void name_track(unsigned int tid, char *name, size_t size)
{
	static const char *const fixed[] = {
		[TID_REGISTERS] = "registers", [TID_CONFIG] = "config space",
		[TID_PORTS] = "ports",	       [TID_DMA] = "DMA",
		[TID_DEVICE] = "device",
	};

	if (tid >= TID_QUEUE)
		snprintf(name, size, "queue %u", tid - TID_QUEUE);
	else if (tid >= TID_IRQ)
		snprintf(name, size, "%s %u", trace_irq_names[(tid - TID_IRQ) / TRACE_VECTORS],
			 (tid - TID_IRQ) % TRACE_VECTORS);
	else
		snprintf(name, size, "%s", fixed[tid]);
}

static void need_track(struct trace *trace, struct trace_device *dev, unsigned int tid)
{
	struct tracks *tracks = tracks_of(trace, dev);
	uint8_t *named = &tracks->named[tid / 8];
	char name[32];

	if (*named & 1 << tid % 8)
		return;
	*named |= 1 << tid % 8;
	name_track(tid, name, sizeof(name));
	put_name(trace, "thread_name", pid_of(dev), tid, name);
	put_order(trace, "thread_sort_index", pid_of(dev), tid, tid);
}

/* @scope: "t" of the track, "p" of the device, "g" of everything. */
static void put_instant(struct trace *trace, struct trace_device *dev,
			const struct trace_event *ev, unsigned int tid, const char *scope,
			const char *name, struct json_object *args)
{
	struct json_object *json;

	if (dev)
		need_track(trace, dev, tid);
	json = entry(name, "i", pid_of(dev), dev ? tid : 0);
	json_add_text(json, "cat", trace_kind_names[ev->kind]);
	json_add_text(json, "s", scope);
	json_add_number(json, "ts", ev->us);
	if (args && ev->caller)
		json_add_text(args, "caller", ev->caller);
	put(trace, json, args);
}

static void put_access(struct trace *trace, struct trace_device *dev,
		       const struct trace_event *ev)
{
	const struct reg *any = trace_register(dev, ev), *reg;
	struct json_object *args = json_object_new_object();
	unsigned int tid = ev->kind == TRACE_CONFIG ? TID_CONFIG :
			   ev->kind == TRACE_PORT ? TID_PORTS : TID_REGISTERS;
	char place[64], name[80], fields[512];

	if (any && any->queue != REG_NO_QUEUE)
		tid = TID_QUEUE + any->queue;
	reg = trace_place(dev, ev, place, sizeof(place));
	snprintf(name, sizeof(name), "%s %s", ev->write ? "write" : "read", place);
	json_add_hex(args, "value", ev->value, ev->width * 2);
	json_add_number(args, "width", ev->width);
	if (ev->bar != TRACE_NO_BAR)
		json_add_number(args, "bar", ev->bar);
	if (ev->kind != TRACE_REGISTER || ev->bar != TRACE_NO_BAR)
		json_add_hex(args, "offset", ev->offset, 1);
	else
		json_add_hex(args, "address", ev->address, 1);
	if (reg && regs_print_fields(fields, sizeof(fields), reg, ev->value))
		json_add_text(args, "fields", fields);
	put_instant(trace, dev, ev, tid, "t", name, args);
}

static void put_irq(struct trace *trace, struct trace_device *dev, const struct trace_event *ev)
{
	unsigned int tid = TID_IRQ + ev->irq * TRACE_VECTORS + ev->vector;
	char name[48];

	snprintf(name, sizeof(name), "%s %u%s", trace_irq_names[ev->irq], ev->vector,
		 ev->kind == TRACE_IRQ_MASKED ? " masked" : "");
	put_instant(trace, dev, ev, tid, "t", name, NULL);
}

static void put_mapped(struct trace *trace, struct trace_device *dev,
		       const struct trace_event *ev)
{
	struct tracks *tracks = tracks_of(trace, dev);
	struct json_object *json = entry("DMA mapped", "C", pid_of(dev), 0);
	struct json_object *args = json_object_new_object();

	if (ev->kind == TRACE_DMA_MAP)
		tracks->mapped += ev->size;
	else
		tracks->mapped -= ev->size < tracks->mapped ? ev->size : tracks->mapped;
	json_add_number(json, "ts", ev->us);
	json_add_number(args, "bytes", tracks->mapped);
	put(trace, json, args);
}

static void put_dma(struct trace *trace, struct trace_device *dev, const struct trace_event *ev)
{
	struct json_object *args = json_object_new_object();
	char name[48];

	snprintf(name, sizeof(name), "%s 0x%" PRIx64,
		 ev->kind == TRACE_DMA_MAP ? "map" : "unmap", ev->iova);
	json_add_hex(args, "iova", ev->iova, 1);
	json_add_number(args, "size", ev->size);
	json_add_text(args, "direction", trace_direction_names[ev->direction]);
	put_instant(trace, dev, ev, TID_DMA, "t", name, args);
	put_mapped(trace, dev, ev);
}

static void perfetto_event(struct trace *trace, struct trace_device *dev,
			   const struct trace_event *ev)
{
	char name[48];

	switch (ev->kind) {
	case TRACE_REGISTER:
	case TRACE_CONFIG:
	case TRACE_PORT:
		put_access(trace, dev, ev);
		break;
	case TRACE_IRQ:
	case TRACE_IRQ_MASKED:
		put_irq(trace, dev, ev);
		break;
	case TRACE_DMA_MAP:
	case TRACE_DMA_UNMAP:
		put_dma(trace, dev, ev);
		break;
	case TRACE_DMA_FAULT:
		snprintf(name, sizeof(name), "DMA fault 0x%" PRIx64, ev->iova);
		put_instant(trace, dev, ev, TID_DMA, "p", name, NULL);
		break;
	case TRACE_RESET:
		put_instant(trace, dev, ev, TID_DEVICE, "p", "reset", NULL);
		break;
	case TRACE_LOST:
		snprintf(name, sizeof(name), "%" PRIu64 " events lost", ev->lost);
		put_instant(trace, NULL, ev, 0, "g", name, NULL);
		break;
	case TRACE_MARK:
		put_instant(trace, NULL, ev, 0, "g", ev->text, NULL);
		break;
	default:
		break;
	}
}

static void perfetto_begin(struct trace *trace)
{
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", trace->out);
}

static void perfetto_end(struct trace *trace)
{
	for (unsigned int i = 0; i < trace->n_devices; i++)
		free(trace->devices[i]->priv);
	fprintf(trace->out, "\n],\"otherData\":{\"lost\":\"%" PRIu64 "\",\"truncated\":\"%s\"}}\n",
		trace->lost, trace->truncated ? "yes" : "no");
}

const struct trace_output trace_perfetto = { perfetto_begin, perfetto_event, perfetto_end };
