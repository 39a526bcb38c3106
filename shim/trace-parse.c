// SPDX-License-Identifier: GPL-2.0
/* trace-parse.c - one line of a trace (Documentation/trace/mmiotrace.rst, ring3-trace(1)) */
#include <ctype.h>
#include <string.h>

#include "shim/trace-parse.h"
#include "shim/util.h"

const char *const trace_kind_names[TRACE_KINDS] = {
	[TRACE_NOTHING] = "nothing",	 [TRACE_VERSION] = "version",
	[TRACE_PCIDEV] = "device",	 [TRACE_REGISTER] = "register",
	[TRACE_CONFIG] = "config",	 [TRACE_PORT] = "port",
	[TRACE_IRQ] = "irq",		 [TRACE_IRQ_MASKED] = "irq-masked",
	[TRACE_DMA_MAP] = "dma-map",	 [TRACE_DMA_UNMAP] = "dma-unmap",
	[TRACE_DMA_FAULT] = "dma-fault",
	[TRACE_RESET] = "reset",	 [TRACE_LOST] = "lost",
	[TRACE_MARK] = "mark",
};

const char *const trace_irq_names[TRACE_IRQS] = { "INTx", "MSI", "MSI-X" };
const char *const trace_direction_names[] = { "to", "from", "both" };

/* Each take_*() reads something and the blanks behind it, and moves *at there; else false. */

static bool is_end(char c)
{
	return !c || c == ' ' || c == '\t';
}

static bool take_digits(const char **at, unsigned int base, uint64_t *out)
{
	const char *c = *at;

	for (*out = 0; isxdigit((unsigned char)*c); c++) {
		unsigned int digit = isdigit((unsigned char)*c) ? *c - '0' : (*c | 0x20) - 'a' + 10;

		if (digit >= base || __builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, digit, out))
			return false;
	}
	if (c == *at)
		return false;
	*at = c;
	return true;
}

static bool take_end(const char **at)
{
	if (!is_end(**at))
		return false;
	*at += strspn(*at, " \t");
	return true;
}

static bool take_number(const char **at, unsigned int base, uint64_t max, uint64_t *out)
{
	return take_digits(at, base, out) && *out <= max && take_end(at);
}

/* "0x12", and nothing else. */
static bool take_hex(const char **at, uint64_t *out)
{
	if ((*at)[0] != '0' || (*at)[1] != 'x')
		return false;
	*at += 2;
	return take_number(at, 16, UINT64_MAX, out);
}

static bool take_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) || !is_end((*at)[len]))
		return false;
	*at += len;
	return take_end(at);
}

static bool take_one_of(const char **at, const char *const *words, unsigned int n,
			unsigned int *which)
{
	for (*which = 0; *which < n; (*which)++) {
		if (take_word(at, words[*which]))
			return true;
	}
	return false;
}

/* "12.345678" seconds, as microseconds. */
static bool take_time(const char **at, uint64_t *us)
{
	const char *fraction;
	uint64_t seconds, rest;

	if (!take_digits(at, 10, &seconds) || seconds > UINT32_MAX || *(*at)++ != '.')
		return false;
	fraction = *at;
	if (!take_digits(at, 10, &rest) || *at - fraction != 6 || !take_end(at))
		return false;
	*us = seconds * 1000000 + rest;
	return true;
}

static bool take_width(const char **at, unsigned int max, unsigned int *width)
{
	uint64_t n;

	if (!take_number(at, 10, max, &n) || !n || (n & (n - 1)))
		return false;
	*width = n;
	return true;
}

/* "0000:00:01.0" or "00:01.0" */
static bool take_bdf(const char **at, struct trace_event *ev)
{
	const char *c = *at;
	uint64_t part[4];
	int n = 0;

	do {
		if (n == 3 || !take_digits(&c, 16, &part[n++]))
			return false;
	} while (*c++ == ':');
	if (c[-1] != '.' || n < 2 || !take_number(&c, 10, 7, &part[n]))
		return false;
	if (part[n - 1] > 0x1f || part[n - 2] > 0xff || (n == 3 && part[0] > 0xffff))
		return false;
	ev->domain = n == 3 ? (int32_t)part[0] : TRACE_NO_DOMAIN;
	ev->bdf = part[n - 2] << 8 | part[n - 1] << 3 | part[n];
	ev->has_device = true;
	*at = c;
	return true;
}

/* "BAR0+0x18", "ROM+0x18" */
static bool take_bar(const char **at, struct trace_event *ev)
{
	if (!strncmp(*at, "ROM+", 4)) {
		ev->bar = TRACE_BARS - 1;
		*at += 4;
		return take_hex(at, &ev->offset);
	}
	if (strncmp(*at, "BAR", 3) || (*at)[3] < '0' || (*at)[3] >= '0' + TRACE_BARS ||
	    (*at)[4] != '+')
		return false;
	ev->bar = (*at)[3] - '0';
	*at += 5;
	return take_hex(at, &ev->offset);
}

static void take_caller(const char *at, struct trace_event *ev)
{
	ev->caller = *at && strcmp(at, "-") ? at : NULL;
}

static const char *parse_version(const char *at, struct trace_event *ev)
{
	uint64_t version;

	ev->kind = TRACE_VERSION;
	if (!take_number(&at, 10, UINT64_MAX, &version) || *at)
		return "VERSION is followed by a number";
	return version == TRACE_FORMAT ? NULL : "a version of the format that is not known";
}

/* bus and devfn, IDs, interrupt, addresses, sizes, driver: as in /proc/bus/pci/devices */
static const char *parse_pcidev(const char *at, struct trace_event *ev)
{
	uint64_t bdf, ids, irq;

	ev->kind = TRACE_PCIDEV;
	if (!take_number(&at, 16, 0xffff, &bdf) || !take_number(&at, 16, UINT32_MAX, &ids) ||
	    !take_number(&at, 16, UINT64_MAX, &irq))
		return "PCIDEV without its bus, IDs and interrupt";
	for (int i = 0; i < TRACE_BARS; i++) {
		if (!take_number(&at, 16, UINT64_MAX, &ev->bar_address[i]))
			return "PCIDEV without seven addresses";
	}
	for (int i = 0; i < TRACE_BARS; i++) {
		if (!take_number(&at, 16, UINT64_MAX, &ev->bar_size[i]))
			return "PCIDEV without seven sizes";
	}
	ev->has_device = true;
	ev->bdf = bdf;
	ev->vendor = ids >> 16;
	ev->device = ids & 0xffff;
	ev->text = at;
	return NULL;
}

/* width, time, map id, address, value, PC, PID [# BDF BARn+0xOFF caller] */
static const char *parse_register(const char *at, struct trace_event *ev)
{
	uint64_t map_id, pid;

	ev->kind = TRACE_REGISTER;
	if (!take_width(&at, 8, &ev->width))
		return "the width is not 1, 2, 4 or 8";
	if (!take_time(&at, &ev->us))
		return "the time is not SECONDS.MICROSECONDS";
	if (!take_number(&at, 10, UINT32_MAX, &map_id))
		return "the number of the mapping is missing";
	if (!take_hex(&at, &ev->address) || !take_hex(&at, &ev->value) || !take_hex(&at, &ev->pc))
		return "address, value or program counter is missing";
	if (!take_number(&at, 10, UINT32_MAX, &pid))
		return "the process ID is missing";
	ev->map_id = map_id;
	ev->pid = pid;
	if (*at && (!take_word(&at, "#") || !take_bdf(&at, ev) || !take_bar(&at, ev)))
		return "what follows the process ID is not '# BDF BARn+0xOFFSET CALLER'";
	take_caller(at, ev);
	return NULL;
}

static bool take_access(const char **at, struct trace_event *ev, bool bar)
{
	static const char *const words[] = { "read", "write" };
	unsigned int which;

	if (!take_one_of(at, words, ARRAY_SIZE(words), &which) || !take_width(at, 4, &ev->width) ||
	    !(bar ? take_bar(at, ev) : take_hex(at, &ev->offset)) || !take_hex(at, &ev->value))
		return false;
	ev->write = which;
	take_caller(*at, ev);
	return true;
}

static const char *parse_config(const char *at, struct trace_event *ev)
{
	return take_access(&at, ev, false) ? NULL :
					     "not 'config read|write WIDTH 0xOFFSET 0xVALUE'";
}

static const char *parse_port(const char *at, struct trace_event *ev)
{
	return take_access(&at, ev, true) ? NULL :
					    "not 'port read|write WIDTH BARn+0xOFFSET 0xVALUE'";
}

static const char *parse_irq(const char *at, struct trace_event *ev)
{
	unsigned int which;
	uint64_t vector;

	if (!take_one_of(&at, trace_irq_names, TRACE_IRQS, &which) ||
	    !take_number(&at, 10, TRACE_VECTORS - 1, &vector) || *at)
		return "not 'irq|irq-masked INTx|MSI|MSI-X VECTOR'";
	ev->irq = which;
	ev->vector = vector;
	return NULL;
}

static const char *parse_dma(const char *at, struct trace_event *ev)
{
	static const char *const words[] = { "map", "unmap", "fault" };
	static const enum trace_kind kinds[] = { TRACE_DMA_MAP, TRACE_DMA_UNMAP, TRACE_DMA_FAULT };
	unsigned int which;

	if (!take_one_of(&at, words, ARRAY_SIZE(words), &which) || !take_hex(&at, &ev->iova) ||
	    !(take_hex(&at, &ev->size) || take_number(&at, 10, UINT64_MAX, &ev->size)) ||
	    !take_one_of(&at, trace_direction_names, 3, &ev->direction))
		return "not 'dma map|unmap|fault 0xIOVA SIZE to|from|both'";
	ev->kind = kinds[which];
	take_caller(at, ev);
	return NULL;
}

static const char *parse_reset(const char *at, struct trace_event *ev)
{
	(void)ev;
	return *at ? "text behind 'reset'" : NULL;
}

static const struct {
	const char *word;
	enum trace_kind kind;
	const char *(*parse)(const char *at, struct trace_event *ev);
} device_marks[] = {
	{ "config", TRACE_CONFIG, parse_config },
	{ "port", TRACE_PORT, parse_port },
	{ "irq", TRACE_IRQ, parse_irq },
	{ "irq-masked", TRACE_IRQ_MASKED, parse_irq },
	{ "dma", TRACE_DMA_MAP, parse_dma },
	{ "reset", TRACE_RESET, parse_reset },
};

static const char *parse_mark(const char *at, struct trace_event *ev)
{
	const char *text;

	if (!take_time(&at, &ev->us))
		return "the time is not SECONDS.MICROSECONDS";
	ev->kind = TRACE_MARK;
	ev->text = text = at;
	/* "lost 3"; the kernel's own tracer writes "Lost 3 events." */
	if ((take_word(&at, "lost") && take_number(&at, 10, UINT64_MAX, &ev->lost) && !*at) ||
	    (take_word(&at, "Lost") && take_number(&at, 10, UINT64_MAX, &ev->lost) &&
	     take_word(&at, "events."))) {
		ev->kind = TRACE_LOST;
		return NULL;
	}
	at = text;
	if (!take_bdf(&at, ev))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(device_marks); i++) {
		if (take_word(&at, device_marks[i].word)) {
			ev->kind = device_marks[i].kind;
			return device_marks[i].parse(at, ev);
		}
	}
	/* Someone's text that happens to begin like this. */
	ev->has_device = false;
	return NULL;
}

const char *trace_parse(const char *line, struct trace_event *ev)
{
	static const char *const others[] = { "LSPCI", "MAP", "UNMAP", "UNKNOWN", "#" };
	unsigned int which;

	*ev = (struct trace_event){ .domain = TRACE_NO_DOMAIN, .bar = TRACE_NO_BAR };
	if (take_word(&line, "W")) {
		ev->write = true;
		return parse_register(line, ev);
	}
	if (take_word(&line, "R"))
		return parse_register(line, ev);
	if (take_word(&line, "MARK"))
		return parse_mark(line, ev);
	if (take_word(&line, "PCIDEV"))
		return parse_pcidev(line, ev);
	if (take_word(&line, "VERSION"))
		return parse_version(line, ev);
	if (!*line || take_one_of(&line, others, ARRAY_SIZE(others), &which))
		return NULL;
	return "not a line of a trace";
}
