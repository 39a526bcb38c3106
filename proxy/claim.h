/* SPDX-License-Identifier: GPL-2.0 */
/*
 * claim.h - one user at a time for a device that others could open as well
 */
#ifndef RING3_PROXY_CLAIM_H
#define RING3_PROXY_CLAIM_H

#include <stdint.h>

struct device;

/* What every refusal says; libring3 makes -EBUSY of it. */
#define CLAIM_IN_USE "is in use by"

int claim_take(struct device *dev, const char *name);
uint64_t claim_hash(const char *text);
void claim_drop(struct device *dev);

#endif
