// SPDX-License-Identifier: GPL-2.0
/*
 * trace-json.c - a trace as one JSON document, written event by event
 *
 * JSON's numbers are doubles for many readers: what may have 64 bits is text, "0x1234".
 */
#include <inttypes.h>

#include "shim/json.h"
#include "shim/trace.h"

/* Seconds, to the microsecond. */
static void add_time(struct json_object *to, const char *key, uint64_t us)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	json_object_object_add(to, key, json_object_new_double_s(us / 1e6, text));
}

static void add_access(struct json_object *json, struct trace_device *dev,
		       const struct trace_event *ev)
{
	const struct reg *reg = trace_register(dev, ev);

	json_add_text(json, "op", ev->write ? "write" : "read");
	json_add_number(json, "width", ev->width);
	if (ev->bar != TRACE_NO_BAR)
		json_add_number(json, "bar", ev->bar);
	if (ev->kind != TRACE_REGISTER || ev->bar != TRACE_NO_BAR)
		json_add_hex(json, "offset", ev->offset, 1);
	json_add_hex(json, "value", ev->value, ev->width * 2);
	if (reg)
		json_add_text(json, "register", reg->name);
	if (ev->kind != TRACE_REGISTER)
		return;
	json_add_hex(json, "address", ev->address, 1);
	json_add_hex(json, "pc", ev->pc, 1);
	json_add_number(json, "pid", ev->pid);
}

static void add_details(struct json_object *json, struct trace_device *dev,
			const struct trace_event *ev)
{
	switch (ev->kind) {
	case TRACE_REGISTER:
	case TRACE_CONFIG:
	case TRACE_PORT:
		add_access(json, dev, ev);
		break;
	case TRACE_IRQ:
	case TRACE_IRQ_MASKED:
		json_add_text(json, "irq", trace_irq_names[ev->irq]);
		json_add_number(json, "vector", ev->vector);
		break;
	case TRACE_DMA_MAP:
	case TRACE_DMA_UNMAP:
	case TRACE_DMA_FAULT:
		json_add_hex(json, "iova", ev->iova, 1);
		json_add_number(json, "size", ev->size);
		json_add_text(json, "direction", trace_direction_names[ev->direction]);
		break;
	case TRACE_LOST:
		json_add_number(json, "lost", ev->lost);
		break;
	case TRACE_MARK:
		json_add_text(json, "text", ev->text);
		break;
	default:
		break;
	}
	if (ev->caller)
		json_add_text(json, "caller", ev->caller);
}

static void json_event(struct trace *trace, struct trace_device *dev,
		       const struct trace_event *ev)
{
	struct json_object *json;

	if (ev->kind == TRACE_PCIDEV)
		return;
	json = json_object_new_object();
	add_time(json, "time", ev->us);
	json_add_text(json, "kind", trace_kind_names[ev->kind]);
	if (dev)
		json_add_text(json, "device", dev->name);
	add_details(json, dev, ev);
	json_put_element(trace->out, &trace->more, json);
}

static void json_begin(struct trace *trace)
{
	fprintf(trace->out, "{\"version\":%d,\"events\":[", TRACE_FORMAT);
}

static struct json_object *device_json(const struct trace_device *dev)
{
	struct json_object *json = json_object_new_object();

	json_add_text(json, "name", dev->name);
	if (dev->vendor || dev->device) {
		json_add_hex(json, "vendor", dev->vendor, 4);
		json_add_hex(json, "device", dev->device, 4);
	}
	if (dev->class)
		json_add_hex(json, "class", dev->class, 6);
	if (*dev->driver)
		json_add_text(json, "driver", dev->driver);
	return json;
}

static void json_end(struct trace *trace)
{
	fputs("\n],\"devices\":[", trace->out);
	trace->more = false;
	for (unsigned int i = 0; i < trace->n_devices; i++)
		json_put_element(trace->out, &trace->more, device_json(trace->devices[i]));
	fprintf(trace->out, "\n],\"lost\":%" PRIu64 ",\"truncated\":%s}\n", trace->lost,
		trace->truncated ? "true" : "false");
}

const struct trace_output trace_json = { json_begin, json_event, json_end };
