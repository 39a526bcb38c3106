/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seen.h - named registers, and the values that were last seen to pass
 *
 * So that registers can be shown without being read, which may change a device.
 */
#ifndef RING3_PROXY_SEEN_H
#define RING3_PROXY_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/regs.h"

/* One for each of regs->reg[]; written by the main thread, read by the view's. */
struct seen_value {
	uint64_t value;
	uint64_t ns;		/* CLOCK_MONOTONIC, 0: never accessed */
	bool written;		/* it is what was written, not what was read */
};

struct seen {
	struct regs *regs;
	struct seen_value *last;
};

struct device;

struct seen *seen_new(const struct device *dev);
void seen_free(struct seen *seen);
void seen_access(struct seen *seen, unsigned int bar, uint64_t off, unsigned int width,
		 uint64_t value, bool write);

#endif
