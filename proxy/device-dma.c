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
	bool backed = *fd >= 0;
	int err = 0;

	if (dev->gone)
		return -ENODEV;
	if (backed && dev->backend->dma_map)
		err = dev->backend->dma_map(dev, req, *fd);
	if (err)
		return err;
	err = dma_map(&dev->dma, req, fd);
	if (err && backed && dev->backend->dma_unmap)
		dev->backend->dma_unmap(dev, req->iova, req->size);
	return err;
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
	int err = dma_unmap(&dev->dma, iova, size, unmapped);

	if (!err && dev->backend->dma_unmap)
		dev->backend->dma_unmap(dev, iova, size);
	return err;
}

/**
 * device_dma_unmap_all() - take all memory away from the device
 * @dev: device
 */
void device_dma_unmap_all(struct device *dev)
{
	if (dev->backend->dma_unmap)
		dev->backend->dma_unmap(dev, 0, 0);
	dma_unmap_all(&dev->dma);
}
