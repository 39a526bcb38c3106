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

/*
 * Lines of which there are thousands are put together without fprintf(), which takes several
 * times as long: the trace is written on the CPU that the driver is on.
 */
struct line {
	size_t len;
	char text[512];		/* more than all parts of a line but the caller can have */
};

static void put_text(struct line *l, const char *text)
{
	while (*text && l->len < sizeof(l->text))
		l->text[l->len++] = *text++;
}

/* What comes before the number, and the number. */
static void put_dec(struct line *l, const char *before, uint64_t value, int digits)
{
	char text[24], *p = text + sizeof(text) - 1;

	put_text(l, before);
	*p = 0;
	do {
		*--p = '0' + value % 10;
		value /= 10;
	} while (--digits > 0 || value);
	put_text(l, p);
}

static void put_hex(struct line *l, const char *before, uint64_t value)
{
	char text[24], *p = text + sizeof(text) - 1;

	put_text(l, before);
	*p = 0;
	do {
		*--p = "0123456789abcdef"[value & 15];
		value >>= 4;
	} while (value);
	put_text(l, "0x");
	put_text(l, p);
}

static void begin(struct line *l, const char *word)
{
	l->len = 0;
	put_text(l, word);
}

static void stamp(struct line *l, const char *before, uint64_t ns)
{
	put_dec(l, before, ns / 1000000000, 1);
	put_dec(l, ".", ns % 1000000000 / 1000, 6);
}

static void put_line(FILE *out, const struct line *l)
{
	fwrite_unlocked(l->text, 1, l->len, out);
	fputc_unlocked('\n', out);
}

static void put_caller(FILE *out, struct line *l, const struct trace_event *e)
{
	put_text(l, " ");
	fwrite_unlocked(l->text, 1, l->len, out);
	fputs_unlocked(trace_caller_name(e->caller), out);
	fputc_unlocked('\n', out);
}

static unsigned int map_id(const struct trace_event *e, uint32_t region)
{
	return e->device * 16 + region + 1;
}

/* Region and offset in it. */
static void put_place(struct line *l, const char *before, const struct trace_event *e)
{
	static const char *const names[] = { "BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM" };

	put_text(l, before);
	put_text(l, names[e->region <= VFIO_USER_ROM ? e->region : VFIO_USER_ROM]);
	put_hex(l, "+", e->offset);
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
	struct line l;

	if (*mapped == e->base)
		return;
	*mapped = e->base;
	begin(&l, "MAP");
	stamp(&l, " ", e->ns);
	put_dec(&l, " ", map_id(e, e->region), 1);
	put_hex(&l, " ", e->base);
	put_text(&l, " 0x0");
	put_hex(&l, " ", dev->regions[e->region].size);
	put_text(&l, " 0x0 0");
	put_line(out, &l);
}

static void put_access(FILE *out, const struct trace_event *e, const char *bdf)
{
	struct line l;

	begin(&l, e->kind == TRACE_READ ? "R " : "W ");
	put_dec(&l, "", e->width, 1);
	stamp(&l, " ", e->ns);
	put_dec(&l, " ", map_id(e, e->region), 1);
	put_hex(&l, " ", e->base + e->offset);
	put_hex(&l, " ", e->value);
	put_hex(&l, " ", trace_caller_pc(e->caller));
	put_text(&l, " 0 # ");
	put_text(&l, bdf);
	put_place(&l, " ", e);
	put_caller(out, &l, e);
}

/* A run of plain memory, for which mmiotrace has no line. */
static void put_block(FILE *out, struct line *l, const struct trace_event *e)
{
	put_dec(l, e->kind == TRACE_READ ? "block read " : "block write ", e->width, 1);
	put_place(l, " ", e);
	put_caller(out, l, e);
}

static void put_port(FILE *out, struct line *l, const struct trace_event *e)
{
	put_dec(l, e->kind == TRACE_READ ? "port read " : "port write ", e->width, 1);
	put_place(l, " ", e);
	put_hex(l, " ", e->value);
	put_caller(out, l, e);
}

static void put_config(FILE *out, struct line *l, const struct trace_event *e)
{
	put_dec(l, e->kind == TRACE_CONFIG_READ ? "config read " :
		   e->kind == TRACE_DENIED ? "denied config write " : "config write ", e->width, 1);
	put_hex(l, " ", e->offset);
	put_hex(l, " ", e->value);
	put_caller(out, l, e);
}

static void put_irq(FILE *out, struct line *l, const struct trace_event *e)
{
	static const char *const kinds[] = { "INTx ", "MSI ", "MSI-X " };

	put_text(l, e->kind == TRACE_IRQ ? "irq " : "irq-masked ");
	put_dec(l, kinds[e->region < 3 ? e->region : 0], e->value, 1);
	put_line(out, l);
}

static void put_dma(FILE *out, struct line *l, const struct trace_event *e)
{
	static const char *const directions[] = { " both", " to", " from", " none" };

	put_hex(l, e->kind == TRACE_DMA_MAP ? "dma map " : "dma unmap ", e->value);
	put_hex(l, " ", e->offset);
	put_text(l, directions[e->region & 3]);
	put_caller(out, l, e);
}

static void put_dma_fault(FILE *out, struct line *l, const struct trace_event *e)
{
	put_hex(l, "dma fault ", e->value);
	put_text(l, e->region ? " 0x0 from" : " 0x0 to");
	put_line(out, l);
}

static void put_mark(FILE *out, const struct trace_event *e, const char *bdf)
{
	struct line l;

	begin(&l, "MARK");
	stamp(&l, " ", e->ns);
	put_text(&l, " ");
	put_text(&l, bdf);
	put_text(&l, " ");
	switch (e->kind) {
	case TRACE_READ:
	case TRACE_WRITE:
		(e->width > 8 ? put_block : put_port)(out, &l, e);
		break;
	case TRACE_CONFIG_READ:
	case TRACE_CONFIG_WRITE:
	case TRACE_DENIED:
		put_config(out, &l, e);
		break;
	case TRACE_IRQ:
	case TRACE_IRQ_MASKED:
		put_irq(out, &l, e);
		break;
	case TRACE_DMA_MAP:
	case TRACE_DMA_UNMAP:
		put_dma(out, &l, e);
		break;
	case TRACE_DMA_FAULT:
		put_dma_fault(out, &l, e);
		break;
	default:
		put_text(&l, "reset");
		put_line(out, &l);
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
	if ((e->kind != TRACE_READ && e->kind != TRACE_WRITE) ||
	    dev->regions[e->region].kind == REGION_PORTS || e->width > 8) {
		put_mark(out, e, place.bdf);
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
	struct line l;

	begin(&l, "MARK");
	stamp(&l, " ", ns);
	put_dec(&l, " lost ", lost, 1);
	put_line(out, &l);
}
