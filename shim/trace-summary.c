// SPDX-License-Identifier: GPL-2.0
/* trace-summary.c - what happened in a trace, for people */
#include <inttypes.h>
#include <search.h>
#include <string.h>

#include "shim/trace.h"
#include "shim/util.h"

#define MAX_CALLERS	4096	/* kept apart for a device; who comes later is one of the others */
#define TOP_CALLERS	10
#define N_WIDTHS	4	/* 1, 2, 4, 8 */

struct caller {
	uint64_t count;
	char name[];		/* "symbol" or "symbol [module]" */
};

struct irq_counts {
	uint64_t sent[TRACE_IRQS][TRACE_VECTORS], masked[TRACE_IRQS][TRACE_VECTORS];
};

struct counts {
	uint64_t access[TRACE_KINDS][2][N_WIDTHS];
	uint64_t maps, unmaps, faults, bytes, resets, other_callers;
	struct irq_counts *irqs;
	void *tree;			/* of struct caller, by name */
	struct caller *callers[MAX_CALLERS];
	unsigned int n_callers;
};

static struct counts *counts_of(struct trace_device *dev)
{
	if (!dev->priv) {
		dev->priv = xrealloc(NULL, sizeof(struct counts));
		memset(dev->priv, 0, sizeof(struct counts));
	}
	return dev->priv;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct caller *)a)->name, ((const struct caller *)b)->name);
}

/* The most frequent first. */
static int compare_counts(const void *a, const void *b)
{
	const struct caller *x = *(struct caller *const *)a, *y = *(struct caller *const *)b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Without the place in the function: "symbol+0x12/0x34 [module]" is "symbol [module]". */
static struct caller *new_caller(const char *text)
{
	size_t len = strcspn(text, "+ "), rest = len + strcspn(text + len, " ");
	struct caller *caller = xrealloc(NULL, sizeof(*caller) + strlen(text) + 1);

	caller->count = 0;
	memcpy(caller->name, text, len);
	strcpy(caller->name + len, text + rest);
	return caller;
}

static void count_caller(struct counts *counts, const char *text)
{
	struct caller *caller = new_caller(text), **known;

	known = tfind(caller, &counts->tree, compare_names);
	if (!known && counts->n_callers < MAX_CALLERS &&
	    tsearch(caller, &counts->tree, compare_names)) {
		caller->count = 1;
		counts->callers[counts->n_callers++] = caller;
		return;
	}
	free(caller);
	if (known)
		(*known)->count++;
	else
		counts->other_callers++;
}

static void count_irq(struct counts *counts, const struct trace_event *ev)
{
	if (!counts->irqs) {
		counts->irqs = xrealloc(NULL, sizeof(*counts->irqs));
		memset(counts->irqs, 0, sizeof(*counts->irqs));
	}
	if (ev->kind == TRACE_IRQ)
		counts->irqs->sent[ev->irq][ev->vector]++;
	else
		counts->irqs->masked[ev->irq][ev->vector]++;
}

static void summary_event(struct trace *trace, struct trace_device *dev,
			  const struct trace_event *ev)
{
	struct counts *counts = dev ? counts_of(dev) : NULL;

	(void)trace;
	if (!counts)
		return;
	switch (ev->kind) {
	case TRACE_REGISTER:
	case TRACE_CONFIG:
	case TRACE_PORT:
		counts->access[ev->kind][ev->write][__builtin_ctz(ev->width)]++;
		break;
	case TRACE_IRQ:
	case TRACE_IRQ_MASKED:
		count_irq(counts, ev);
		break;
	case TRACE_DMA_MAP:
		counts->maps++;
		counts->bytes += ev->size;
		break;
	case TRACE_DMA_UNMAP:
		counts->unmaps++;
		break;
	case TRACE_DMA_FAULT:
		counts->faults++;
		break;
	case TRACE_RESET:
		counts->resets++;
		break;
	default:
		break;
	}
	if (ev->caller)
		count_caller(counts, ev->caller);
}

/* "  registers    read  12 of 4 bytes" */
static void print_accesses(FILE *out, const struct counts *counts)
{
	static const struct {
		enum trace_kind kind;
		const char *name;
	} rows[] = {
		{ TRACE_REGISTER, "registers" }, { TRACE_CONFIG, "config space" },
		{ TRACE_PORT, "ports" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int write = 0; write < 2; write++) {
			const uint64_t *n = counts->access[rows[i].kind][write];

			if (!(n[0] | n[1] | n[2] | n[3]))
				continue;
			fprintf(out, "  %-13s%-6s", rows[i].name, write ? "write" : "read");
			for (int width = 0; width < N_WIDTHS; width++) {
				if (n[width])
					fprintf(out, " %9" PRIu64 " of %d byte%s", n[width],
						1 << width, width ? "s" : "");
			}
			fputc('\n', out);
		}
	}
}

static void print_irqs(FILE *out, const struct irq_counts *irqs)
{
	for (int irq = 0; irq < TRACE_IRQS; irq++) {
		for (int v = 0; v < TRACE_VECTORS; v++) {
			if (!irqs->sent[irq][v] && !irqs->masked[irq][v])
				continue;
			fprintf(out, "  interrupts   %-5s %-4d %6" PRIu64, trace_irq_names[irq], v,
				irqs->sent[irq][v]);
			if (irqs->masked[irq][v])
				fprintf(out, ", %" PRIu64 " while masked", irqs->masked[irq][v]);
			fputc('\n', out);
		}
	}
}

static void print_callers(FILE *out, struct counts *counts)
{
	uint64_t others = counts->other_callers;

	qsort(counts->callers, counts->n_callers, sizeof(*counts->callers), compare_counts);
	for (unsigned int i = 0; i < counts->n_callers; i++) {
		if (i < TOP_CALLERS)
			fprintf(out, "  %-13s%16" PRIu64 " %s\n", i ? "" : "callers",
				counts->callers[i]->count, counts->callers[i]->name);
		else
			others += counts->callers[i]->count;
	}
	if (others)
		fprintf(out, "  %29" PRIu64 " others\n", others);
}

static void print_device(FILE *out, const struct trace_device *dev, struct counts *counts)
{
	fprintf(out, "\n%s", dev->name);
	if (dev->vendor || dev->device)
		fprintf(out, " %04x:%04x", dev->vendor, dev->device);
	fprintf(out, "%s%s\n", *dev->driver ? " " : "", dev->driver);
	if (!counts)
		return;
	print_accesses(out, counts);
	if (counts->irqs)
		print_irqs(out, counts->irqs);
	if (counts->maps || counts->unmaps)
		fprintf(out, "  %-13smap    %9" PRIu64 " of %" PRIu64 " bytes, unmap %" PRIu64 "\n",
			"DMA", counts->maps, counts->bytes, counts->unmaps);
	if (counts->faults)
		fprintf(out, "  %-13s%16" PRIu64 "\n", "DMA faults", counts->faults);
	if (counts->resets)
		fprintf(out, "  %-13s%16" PRIu64 "\n", "resets", counts->resets);
	print_callers(out, counts);
}

static void free_counts(struct counts *counts)
{
	if (!counts)
		return;
	tdestroy(counts->tree, free);
	free(counts->irqs);
	free(counts);
}

static void summary_begin(struct trace *trace)
{
	(void)trace;
}

static void summary_end(struct trace *trace)
{
	uint64_t us = trace->last_us - trace->first_us;

	fprintf(trace->out, "%u device%s, %" PRIu64 " event%s in %" PRIu64 ".%06" PRIu64
		" s, %" PRIu64 " lost%s\n", trace->n_devices, trace->n_devices == 1 ? "" : "s",
		trace->events, trace->events == 1 ? "" : "s", us / 1000000, us % 1000000,
		trace->lost, trace->truncated ? ", cut off at the end" : "");
	for (unsigned int i = 0; i < trace->n_devices; i++) {
		struct trace_device *dev = trace->devices[i];

		print_device(trace->out, dev, dev->priv);
		free_counts(dev->priv);
	}
}

const struct trace_output trace_summary = { summary_begin, summary_event, summary_end };
