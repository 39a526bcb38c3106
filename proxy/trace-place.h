/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace-place.h - where a device was, and whose, when an event happened
 *
 * An event is written down later than it happens, by another thread; what was true then is
 * kept here.  Written by the main thread alone; what has a number never changes.
 */
#ifndef RING3_PROXY_TRACE_PLACE_H
#define RING3_PROXY_TRACE_PLACE_H

#include <stdatomic.h>
#include <stdint.h>

#include "proxy/vfio_user.h"

#define TRACE_PLACES 16		/* of one device; loading a driver again makes no new one */

struct device;

struct trace_place {
	char bdf[32], driver[64];
	uint32_t irq;				/* Linux interrupt of INTx */
	uint64_t bars[VFIO_USER_ROM + 1];	/* bus addresses */
};

struct trace_places {
	struct trace_place list[TRACE_PLACES];
	unsigned int nr;
	atomic_uchar now;			/* number of the present one, 0: not kept */
};

void trace_place_note(struct device *dev);
unsigned int trace_place_now(const struct device *dev);
void trace_place_get(const struct device *dev, unsigned int number, struct trace_place *place);

#endif
