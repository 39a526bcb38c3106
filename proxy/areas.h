/* SPDX-License-Identifier: GPL-2.0 */
/*
 * areas.h - which pages of a region clients may map
 */
#ifndef RING3_PROXY_AREAS_H
#define RING3_PROXY_AREAS_H

#include "proxy/device.h"

#define AREA_PAGE 4096ull

void areas_add(struct region *r, uint64_t offset, uint64_t size);
void areas_cut(struct region *r, uint64_t offset, uint64_t size);
void areas_without_msix(struct device *dev);

#endif
