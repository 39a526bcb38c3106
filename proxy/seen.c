// SPDX-License-Identifier: GPL-2.0
/*
 * seen.c - named registers, and the values that were last seen to pass
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/seen.h"
#include "proxy/util.h"

/**
 * seen_new() - find the registers of a device
 * @dev: device, set up
 *
 * A file with an error is said once; the device works without it.
 *
 * Return: the registers, NULL if no file is for this device.
 */
struct seen *seen_new(const struct device *dev)
{
	const uint8_t *c = dev->config.data;
	char err[REGS_ERR_MAX] = "", *dir = regs_default_dir();
	struct seen *seen = calloc(1, sizeof(*seen));

	if (dir && seen)
		seen->regs = regs_dir(dir, c[0] | c[1] << 8, c[2] | c[3] << 8,
				      c[PCI_CLASS_PROG] | c[PCI_CLASS_DEVICE] << 8 |
				      c[PCI_CLASS_DEVICE + 1] << 16, err, sizeof(err));
	if (*err)
		warn("registers: %s", err);
	free(dir);
	if (seen && seen->regs)
		seen->last = calloc(seen->regs->nr, sizeof(*seen->last));
	if (seen && seen->last)
		return seen;
	seen_free(seen);
	return NULL;
}

/**
 * seen_free() - forget the registers
 * @seen: registers or NULL
 */
void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	regs_free(seen->regs);
	free(seen->last);
	free(seen);
}

/**
 * seen_access() - a register was read or written
 * @seen: registers or NULL
 * @bar: number of its BAR
 * @off: offset in it, bytes
 * @width: bytes
 * @value: read or written
 * @write: direction
 *
 * An access of another width than the register's says nothing about the whole of it.
 */
void seen_access(struct seen *seen, unsigned int bar, uint64_t off, unsigned int width,
		 uint64_t value, bool write)
{
	const struct reg *reg = seen ? regs_at(seen->regs, bar, off, write) : NULL;
	struct seen_value *last;

	if (!reg || reg->offset != off || reg->width != width)
		return;
	last = &seen->last[reg - seen->regs->reg];
	__atomic_store_n(&last->value, value, __ATOMIC_RELAXED);
	__atomic_store_n(&last->written, write, __ATOMIC_RELAXED);
	__atomic_store_n(&last->ns, clock_ns(CLOCK_MONOTONIC), __ATOMIC_RELEASE);
}
