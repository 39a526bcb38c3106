// SPDX-License-Identifier: GPL-2.0
/*
 * device-dma.c - memory that a device reaches: the table, and the backend that makes it so
 */
#include <errno.h>

#include "proxy/backend.h"
#include "proxy/device.h"

/**
 * device_dma_map() - let the device reach some memory of its client
 * @dev: device
 * @req: validated by the decoder
 * @fd: the file, or -1; set to -1 when taken over
 *
 * Return: 0 or a negative errno.
 */
int device_dma_map(struct device *dev, const struct dma_request *req, int *fd)
{
	bool told = *fd >= 0 && dev->backend->dma_map;
	size_t first, end;
	int err = 0;

	if (dev->gone)
		return -ENODEV;
	if (dma_covers(&dev->dma, req->iova, req->size, &first, &end) != -ENOENT)
		return -EEXIST;
	if (told)
		err = dev->backend->dma_map(dev, req, *fd);
	if (err)
		return err;
	err = dma_map(&dev->dma, req, fd);
	if (err && told && dev->backend->dma_unmap)
		dev->backend->dma_unmap(dev, req->iova, req->size);
	return err;
}

/* What was not handed on, for want of a descriptor, is not taken back. */
static void tell_unmapped(struct device *dev, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct dma_map *m = &dev->dma.maps[i];

		if (m->file >= 0 && dev->backend->dma_unmap)
			dev->backend->dma_unmap(dev, m->iova, m->size);
		fault_unmapped(dev, m->iova, m->size);
	}
}

/**
 * device_dma_unmap() - take memory away from the device
 * @dev: device
 * @iova: start
 * @size: bytes, not 0
 * @unmapped: bytes taken away
 *
 * Return: 0 or a negative errno, see dma_unmap().
 */
int device_dma_unmap(struct device *dev, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	size_t first, end;
	int err = dma_covers(&dev->dma, iova, size, &first, &end);

	*unmapped = 0;
	if (err)
		return err;
	tell_unmapped(dev, first, end);
	return dma_unmap(&dev->dma, iova, size, unmapped);
}

/**
 * device_dma_unmap_all() - take all memory away from the device
 * @dev: device
 */
void device_dma_unmap_all(struct device *dev)
{
	tell_unmapped(dev, 0, dev->dma.nr);
	dma_unmap_all(&dev->dma);
}
