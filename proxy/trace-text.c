// SPDX-License-Identifier: GPL-2.0
/*
 * trace-text.c - the trace as text: the kernel's mmiotrace format
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/trace-text.h"

#define MMIOTRACE_VERSION 20070824

typedef unsigned long long ull;

static void stamp(FILE *out, const char *word, uint64_t ns)
{
	fprintf(out, "%s %llu.%06llu ", word, (ull)(ns / 1000000000),
		(ull)(ns % 1000000000 / 1000));
}

static unsigned int map_id(const struct trace_event *e, uint32_t region)
{
	return e->device * 16 + region + 1;
}

static void put_bar(FILE *out, uint32_t region)
{
	if (region == VFIO_USER_ROM)
		fputs("ROM", out);
	else
		fprintf(out, "BAR%u", region);
}

/* As in /proc/bus/pci/devices: numbers, then seven addresses and seven sizes, then the driver. */
static void put_device(FILE *out, const struct device *dev, const struct trace_place *place)
{
	const uint8_t *c = dev->config.data;
	unsigned int domain, bus, slot, fn;

	if (sscanf(place->bdf, "%x:%x:%x.%u", &domain, &bus, &slot, &fn) != 4)
		return;
	fprintf(out, "PCIDEV %02x%02x %02x%02x%02x%02x %x", bus, slot << 3 | fn, c[1], c[0], c[3],
		c[2], place->irq);
	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++)
		fprintf(out, " %llx", (ull)place->bars[i] |
			(dev->regions[i].kind == REGION_PORTS));
	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++)
		fprintf(out, " %llx", (ull)dev->regions[i].size);
	fprintf(out, " %s\n", place->driver);
}

/**
 * trace_text_header() - what comes before the first event
 * @out: stream
 * @text: devices are set, and places if it goes on; the rest is cleared
 */
void trace_text_header(FILE *out, struct trace_text *text)
{
	memset(text->mapped, 0, sizeof(text->mapped));
	fprintf(out, "VERSION %d\n", MMIOTRACE_VERSION);
	for (size_t i = 0; i < text->nr_devices; i++) {
		const struct device *dev = text->devices[i];
		uint8_t *number = &text->places[dev->index];
		struct trace_place place;

		if (!*number)
			*number = trace_place_now(dev);
		trace_place_get(dev, *number, &place);
		put_device(out, dev, &place);
	}
}

/* A region that has not been accessed at this address before. */
static void announce(FILE *out, struct trace_text *text, const struct trace_event *e,
		     const struct device *dev)
{
	uint64_t *mapped = &text->mapped[e->device][e->region];

	if (*mapped == e->base)
		return;
	*mapped = e->base;
	stamp(out, "MAP", e->ns);
	fprintf(out, "%u 0x%llx 0x0 0x%llx 0x0 0\n", map_id(e, e->region), (ull)e->base,
		(ull)dev->regions[e->region].size);
}

static void put_access(FILE *out, const struct trace_event *e, const char *bdf)
{
	char word[16];

	snprintf(word, sizeof(word), "%c %u", e->kind == TRACE_READ ? 'R' : 'W', e->width);
	stamp(out, word, e->ns);
	fprintf(out, "%u 0x%llx 0x%llx 0x%llx 0 # %s ", map_id(e, e->region),
		(ull)(e->base + e->offset), (ull)e->value, (ull)trace_caller_pc(e->caller), bdf);
	put_bar(out, e->region);
	fprintf(out, "+0x%llx %s\n", (ull)e->offset, trace_caller_name(e->caller));
}

static void put_port(FILE *out, const struct trace_event *e, const char *bdf)
{
	stamp(out, "MARK", e->ns);
	fprintf(out, "%s port %s %u ", bdf, e->kind == TRACE_READ ? "read" : "write", e->width);
	put_bar(out, e->region);
	fprintf(out, "+0x%llx 0x%llx %s\n", (ull)e->offset, (ull)e->value,
		trace_caller_name(e->caller));
}

static void put_mark(FILE *out, const struct trace_event *e, const char *bdf)
{
	static const char *const irqs[] = { "INTx", "MSI", "MSI-X" };
	static const char *const directions[] = { "both", "to", "from", "none" };

	stamp(out, "MARK", e->ns);
	fprintf(out, "%s ", bdf);
	switch (e->kind) {
	case TRACE_CONFIG_READ:
	case TRACE_CONFIG_WRITE:
		fprintf(out, "config %s %u 0x%llx 0x%llx %s\n",
			e->kind == TRACE_CONFIG_READ ? "read" : "write", e->width, (ull)e->offset,
			(ull)e->value, trace_caller_name(e->caller));
		break;
	case TRACE_IRQ:
	case TRACE_IRQ_MASKED:
		fprintf(out, "irq%s %s %llu\n", e->kind == TRACE_IRQ ? "" : "-masked",
			irqs[e->region < 3 ? e->region : 0], (ull)e->value);
		break;
	case TRACE_DMA_MAP:
	case TRACE_DMA_UNMAP:
		fprintf(out, "dma %s 0x%llx 0x%llx %s %s\n",
			e->kind == TRACE_DMA_MAP ? "map" : "unmap", (ull)e->value, (ull)e->offset,
			directions[e->region & 3], trace_caller_name(e->caller));
		break;
	default:
		fprintf(out, "reset\n");
	}
}

/**
 * trace_text_event() - an event as a line, or two
 * @out: stream
 * @text: the stream's state
 * @e: the event
 *
 * What it says of the device is what was so when it happened.
 */
void trace_text_event(FILE *out, struct trace_text *text, const struct trace_event *e)
{
	const struct device *dev;
	struct trace_place place;

	if (e->device >= text->nr_devices)
		return;
	dev = text->devices[e->device];
	trace_place_get(dev, e->place, &place);
	/* Its place or its driver is news: the last such line counts. */
	if (e->place != text->places[e->device])
		put_device(out, dev, &place);
	text->places[e->device] = e->place;
	if (e->kind != TRACE_READ && e->kind != TRACE_WRITE) {
		put_mark(out, e, place.bdf);
		return;
	}
	if (dev->regions[e->region].kind == REGION_PORTS) {
		put_port(out, e, place.bdf);
		return;
	}
	announce(out, text, e, dev);
	put_access(out, e, place.bdf);
}

/**
 * trace_text_lost() - events that nobody will ever see
 * @out: stream
 * @ns: of the next event
 * @lost: how many
 */
void trace_text_lost(FILE *out, uint64_t ns, uint64_t lost)
{
	stamp(out, "MARK", ns);
	fprintf(out, "lost %llu\n", (ull)lost);
}
