// SPDX-License-Identifier: GPL-2.0
/* bar.c - registers of a device: what is asked for, and whether it can be */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shim/bar.h"
#include "shim/size.h"

#define RESOURCE_IO 0x100	/* IORESOURCE_IO */

static const char *const names[] = { "BAR0", "BAR1", "BAR2", "BAR3", "BAR4", "BAR5", "ROM" };

const char *bar_name(unsigned int bar)
{
	return names[bar];
}

/* Up to @digits hex digits, not above @max; returns what follows, or NULL. */
static const char *hex_field(const char *text, int digits, unsigned int max, unsigned int *out)
{
	char *end;
	unsigned long value;

	if (!isxdigit((unsigned char)*text) || !strncasecmp(text, "0x", 2))
		return NULL;
	value = strtoul(text, &end, 16);
	if (end - text > digits || value > max)
		return NULL;
	*out = value;
	return end;
}

char *bar_parse_bdf(const char *text)
{
	unsigned int field[3] = { 0 }, fn;
	int n = 0;

	/* DOMAIN, BUS and SLOT, as many as there are. */
	do {
		if (n == 3)
			return NULL;
		text = hex_field(text, 4, 0xffff, &field[n++]);
	} while (text && *text == ':' && text++);
	if (!text || *text != '.' || text[1] < '0' || text[1] > '7' || text[2])
		return NULL;
	fn = text[1] - '0';
	for (; n < 3; n++) {
		field[2] = field[1];
		field[1] = field[0];
		field[0] = 0;
	}
	if (field[1] > 0xff || field[2] > 0x1f)
		return NULL;
	return xasprintf("%04x:%02x:%02x.%u", field[0], field[1], field[2], fn);
}

void bar_parse_resource(const char *text, struct bar_space space[BAR_SPACES])
{
	memset(space, 0, BAR_SPACES * sizeof(*space));
	for (int i = 0; text && *text && i < BAR_SPACES; i++) {
		uint64_t start, end, flags;

		if (sscanf(text, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
			return;
		if (end > start)
			space[i] = (struct bar_space){ end - start + 1, flags & RESOURCE_IO };
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
}

int bar_parse_name(const char *text, unsigned int *bar)
{
	const char *digit = strncasecmp(text, "bar", 3) ? text : text + 3;

	if (!strcasecmp(text, "rom")) {
		*bar = BAR_ROM;
		return 0;
	}
	if (*digit < '0' || *digit > '5' || digit[1])
		return fail("'%s' is no BAR: use 0 to 5, or rom", text);
	*bar = *digit - '0';
	return 0;
}

int bar_parse_width(const char *text, unsigned int *width)
{
	if (!*text || text[1] || !strchr("1248", *text))
		return fail("a register is 1, 2, 4 or 8 bytes wide, not '%s'", text);
	*width = *text - '0';
	return 0;
}

static uint64_t largest(unsigned int width)
{
	return UINT64_MAX >> (64 - 8 * width);
}

int bar_parse_value(const char *text, unsigned int width, uint64_t *value)
{
	if (parse_number(text, value) < 0)
		return fail("'%s' is not a number of 64 bits; use digits, or 0x and hex digits", text);
	if (*value > largest(width))
		return fail("%s does not fit %u byte%s: at most 0x%" PRIx64 "%s", text, width,
			    width > 1 ? "s" : "", largest(width),
			    width < 8 ? ", or use a larger -w" : "");
	return 0;
}

static char *list_spaces(const struct bar_device *dev)
{
	struct buffer text = { 0 };

	for (unsigned int i = 0; i < BAR_SPACES; i++) {
		_cleanup_free_ char *one = NULL;

		if (!dev->space[i].size)
			continue;
		one = xasprintf("%s%s (%s%s)", text.len ? ", " : "", bar_name(i),
				format_size(dev->space[i].size),
				dev->space[i].io ? " of ports" : "");
		buffer_add(&text, one, strlen(one));
	}
	if (!text.len)
		buffer_add(&text, "none", 4);
	buffer_add(&text, "", 1);
	return text.data;
}

int bar_check_space(const struct bar_device *dev, unsigned int bar)
{
	_cleanup_free_ char *there = NULL;

	if (dev->space[bar].size)
		return 0;
	there = list_spaces(dev);
	return fail("%s has no %s; it has: %s", dev->name, bar_name(bar), there);
}

static int check_aligned(const struct bar_range *range)
{
	uint64_t below = range->offset / range->width * range->width;

	if (range->offset == below)
		return 0;
	return fail("offset 0x%" PRIx64 " is not a multiple of the width, %u: use 0x%" PRIx64
		    " or 0x%" PRIx64 ", or a smaller -w", range->offset, range->width, below,
		    below + range->width);
}

int bar_check(const struct bar_device *dev, const struct bar_range *range)
{
	uint64_t size = dev->space[range->bar].size, fit;
	int status = bar_check_space(dev, range->bar);

	if (status)
		return status;
	if (range->width == 8 && dev->space[range->bar].io)
		return fail("%s has ports: they are 1, 2 or 4 bytes wide, not 8",
			    bar_name(range->bar));
	if (range->offset >= size)
		return fail("offset 0x%" PRIx64 " is behind the end of %s: it has 0x%" PRIx64
			    " bytes", range->offset, bar_name(range->bar), size);
	status = check_aligned(range);
	if (status)
		return status;
	fit = (size - range->offset) / range->width;
	if (!range->count)
		return fail("COUNT must be at least 1");
	if (range->count > fit)
		return fail("%" PRIu64 " of %u byte%s at 0x%" PRIx64 " cross the end of %s, which has 0x%"
			    PRIx64 " bytes: at most %" PRIu64, range->count, range->width,
			    range->width > 1 ? "s" : "", range->offset, bar_name(range->bar), size,
			    fit);
	return 0;
}

int bar_failed(const struct bar_device *dev, const struct bar_range *range, uint64_t offset,
	       bool write, int err)
{
	const char *what = write ? "write" : "read", *bar = bar_name(range->bar);

	switch (-err) {
	case EPERM:
	case EACCES:
		return fail("no permission to %s %s of %s: what drives the device, or the proxy's "
			    "policy, keeps it", what, bar, dev->name);
	case EINVAL:
		return fail("%s refuses to %s %u bytes at %s+0x%" PRIx64 ": registers there have "
			    "another width", dev->name, what, range->width, bar, offset);
	case ENOTCONN:
	case ENOENT:
	case ENODEV:
	case EPIPE:
	case ECONNABORTED:
		return fail("%s is gone: its run has ended, see 'ring3 ps'", dev->name);
	case ENXIO:
		return fail("%s does not decode %s: no driver has switched it on (any more); see COMMAND "
			    "in 'lspci -vv'", dev->name, bar);
	case EAGAIN:
	case ETIMEDOUT:
		return fail("%s does not answer: its proxy is stopped or hangs", dev->name);
	}
	return fail("cannot %s %s+0x%" PRIx64 " of %s: %s", what, bar, offset, dev->name,
		    strerror(-err));
}

/* NAME/BDF; a specification may have a slash, too, but then what no name has. */
static char *split_run(const char *text, char **bdf)
{
	const char *slash = strrchr(text, '/');

	if (slash && memchr(text, ':', slash - text))
		slash = NULL;
	*bdf = bar_parse_bdf(slash ? slash + 1 : text);
	return *bdf && slash ? strndup(text, slash - text) : NULL;
}

int bar_open(struct bar_device *dev, const char *text, const char *run)
{
	_cleanup_free_ char *bdf = NULL, *name = split_run(text, &bdf);

	*dev = (struct bar_device){ 0 };
	if (name && run && strcmp(name, run))
		return fail("'%s' and -n %s are two runs; say one", text, run);
	if (bdf)
		return bar_open_view(dev, bdf, name ? name : run);
	if (run)
		return fail("'%s' is no device of a run: use SLOT.FN or DOMAIN:BUS:SLOT.FN", text);
	return bar_open_spec(dev, text);
}

void bar_close(struct bar_device *dev)
{
	if (dev->ops)
		dev->ops->close(dev);
	regs_free(dev->regs);
	free(dev->name);
	*dev = (struct bar_device){ 0 };
}
