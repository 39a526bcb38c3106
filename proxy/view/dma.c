// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c - devices/BDF/ring3/dma
 */
#include <json-c/json.h>
#include <stdlib.h>

#include "proxy/view/view.h"

#define MAX_LISTED 4096

static const char *direction(uint32_t flags)
{
	if (flags & VFIO_USER_DMA_READABLE)
		return flags & VFIO_USER_DMA_WRITEABLE ? "both" : "to_device";
	return flags & VFIO_USER_DMA_WRITEABLE ? "from_device" : "none";
}

static struct json_object *dma_row(const struct dma_map *m)
{
	struct json_object *o = json_object_new_object();

	view_add(o, "iova", view_hex(m->iova, 12));
	view_add(o, "size", json_object_new_uint64(m->size));
	view_add(o, "direction", json_object_new_string(direction(m->flags)));
	view_add(o, "reachable", json_object_new_boolean(m->file >= 0));
	view_add(o, "age", view_age(m->ns));
	return o;
}

/**
 * view_dma() - a row for each mapping, at most MAX_LISTED
 * @dev: device
 *
 * Return: an array.
 */
struct json_object *view_dma(struct device *dev)
{
	struct json_object *rows = json_object_new_array();
	struct dma_map *maps = malloc(MAX_LISTED * sizeof(*maps));
	size_t nr = maps ? dma_list(&dev->dma, maps, MAX_LISTED) : 0;

	for (size_t i = 0; i < nr && i < MAX_LISTED; i++)
		json_object_array_add(rows, dma_row(&maps[i]));
	free(maps);
	return rows;
}
