/* SPDX-License-Identifier: GPL-2.0 */
/*
 * told.h - what a hosted kernel tells about itself and about a device
 *
 * Written by the main thread when a note comes, read by the view's.  All of it is hearsay:
 * shown, never acted upon.
 */
#ifndef RING3_PROXY_TOLD_H
#define RING3_PROXY_TOLD_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/vfio_user.h"

#define TOLD_MODULES 512

struct told {
	char bdf[32];		/* "": not told */
	char driver[64], module[64], version[64];	/* "": none */
	uint32_t irq;		/* Linux interrupt of INTx */
	uint64_t rom;		/* bus address kept for the ROM */
};

struct told_module {
	char name[64], version[64];
	uint64_t address, size;
};

struct told_note {
	uint32_t kind, len;
	uint64_t a, b, c;
	const char *text;	/* len bytes, not terminated */
};

struct device;

void told_note(struct device *dev, const struct told_note *note);
void told_forget(struct device *dev);
void told_get(const struct device *dev, struct told *told);
size_t told_modules(struct told_module *modules, size_t max);

#endif
