// SPDX-License-Identifier: GPL-2.0
/*
 * areas.c - which pages of a region clients may map
 */
#include <string.h>

#include "proxy/areas.h"

/**
 * areas_add() - let the whole pages of a range be mapped
 * @r: region; its size, fd and fd_offset are set
 * @offset: of the range in it, from whoever owns the device
 * @size: bytes
 *
 * Areas stay sorted and apart.  What overlaps one that is there, lies outside of the region or finds
 * no room in the table stays trapped, which is slower and always right.
 */
void areas_add(struct region *r, uint64_t offset, uint64_t size)
{
	uint64_t start = (offset + AREA_PAGE - 1) & ~(AREA_PAGE - 1), end;
	uint32_t i;

	if (offset > r->size || size > r->size - offset || start < offset)
		return;
	end = (offset + size) & ~(AREA_PAGE - 1);
	if (start >= end || r->fd_offset % AREA_PAGE || end > INT64_MAX ||
	    r->fd_offset > INT64_MAX - end || r->nr_areas == REGION_MAX_AREAS)
		return;
	for (i = 0; i < r->nr_areas && r->areas[i].offset < end; i++)
		if (r->areas[i].offset + r->areas[i].size > start)
			return;
	memmove(&r->areas[i + 1], &r->areas[i], (r->nr_areas - i) * sizeof(r->areas[0]));
	r->areas[i] = (struct vfio_user_sparse_area){ start, end - start };
	r->nr_areas++;
}

/**
 * areas_cut() - let no page of a range be mapped
 * @r: region
 * @offset: of the range in it
 * @size: bytes, not 0
 */
void areas_cut(struct region *r, uint64_t offset, uint64_t size)
{
	struct region was = *r;

	r->nr_areas = 0;
	for (uint32_t i = 0; i < was.nr_areas; i++) {
		uint64_t start = was.areas[i].offset, end = start + was.areas[i].size;

		if (offset >= end || offset + size <= start) {
			areas_add(r, start, end - start);
			continue;
		}
		if (offset > start)
			areas_add(r, start, offset - start);
		if (offset + size < end)
			areas_add(r, offset + size, end - offset - size);
	}
}

/**
 * areas_without_msix() - the MSI-X table and the pending bits are virtual, so not mapped
 * @dev: device; its configuration space is known
 */
void areas_without_msix(struct device *dev)
{
	const struct irqs *irqs = &dev->irqs;
	uint32_t n = irqs->count[VFIO_USER_MSIX];

	if (!n)
		return;
	areas_cut(&dev->regions[irqs->table_bar], irqs->table_off, n * MSIX_ENTRY);
	areas_cut(&dev->regions[irqs->pba_bar], irqs->pba_off, (n + 63) / 64 * 8);
}
