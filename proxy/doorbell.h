/* SPDX-License-Identifier: GPL-2.0 */
/*
 * doorbell.h - interrupts by shared memory and one pipe
 */
#ifndef RING3_PROXY_DOORBELL_H
#define RING3_PROXY_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

struct device;

int doorbell_new(struct device *dev);
void doorbell_free(struct device *dev);
int doorbell_events(struct device *dev, int *fd);
int doorbell_grant(struct device *dev, int *fd);
bool doorbell_polled(const struct device *dev);
bool doorbell_ring(struct device *dev, uint32_t bit);

#endif
