// SPDX-License-Identifier: GPL-2.0
/* bar-names.c - registers by name: ring3-registers(5) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shim/bar.h"
#include "shim/near.h"

static int load(struct bar_device *dev)
{
	_cleanup_free_ char *dir = regs_default_dir();
	char err[REGS_ERR_MAX] = "";

	if (dir && !dev->regs)
		dev->regs = regs_dir(dir, dev->vendor, dev->device, dev->class, err, sizeof(err));
	if (*err)
		return fail("registers: %s", err);
	if (dev->regs)
		return 0;
	return fail("there are no names for the registers of %s (%04x:%04x): use an offset, or write "
		    "a file, see ring3-registers(5)", dev->name, dev->vendor, dev->device);
}

static int unknown(const struct bar_device *dev, const char *name)
{
	_cleanup_free_ char *hint = NULL;
	struct strv names = { 0 };

	for (size_t i = 0; i < dev->regs->nr; i++)
		strv_add(&names, dev->regs->reg[i].name);
	hint = near_names(name, &names);
	strv_free(&names);
	return fail("%s has no register '%s'%s", dev->name, name,
		    *hint ? hint : ": use a name of ring3-registers(5), or an offset like 0x10");
}

int bar_find_name(struct bar_device *dev, const char *name, struct bar_range *range)
{
	int status = load(dev);
	const struct reg *reg;

	if (status)
		return status;
	reg = regs_find(dev->regs, name);
	if (!reg)
		return unknown(dev, name);
	if (reg->bar != range->bar)
		return fail("%s is in BAR%u, not %s", reg->name, reg->bar, bar_name(range->bar));
	if (range->width && range->width != reg->width)
		return fail("%s is %u byte%s wide, not %u: leave -w out", reg->name, reg->width,
			    reg->width > 1 ? "s" : "", range->width);
	range->offset = reg->offset;
	range->width = reg->width;
	range->reg = reg;
	return 0;
}

void bar_print_register(const struct bar_range *range, uint64_t value)
{
	char text[4096];

	regs_print(text, sizeof(text), range->reg, value);
	printf("%s\n", text);
}
