/* SPDX-License-Identifier: GPL-2.0 */
/*
 * policy.h - what a driver may do to its device, and what is said when it tries more
 */
#ifndef RING3_PROXY_POLICY_H
#define RING3_PROXY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct device;

enum denial {
	DENY_CONFIG,		/* a write of configuration space */
	DENY_IRQ,		/* interrupts that come too often */
	DENY_REQUEST,		/* a client's message that is none */
	DENY_MASTER,		/* DMA or a message while bus mastering is off */
	NR_DENIALS,
};

/* Written by the main thread alone. */
struct policy {
	uint64_t denied[NR_DENIALS];
};

int policy_init(struct device *dev);
void policy_write(struct device *dev, uint32_t off, const uint8_t *bytes, unsigned int width);
bool policy_deny(struct device *dev, enum denial why);

#endif
