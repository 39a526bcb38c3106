// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c - the DMA engine of a testdev
 *
 * A command is carried out before its register write returns, so its size is bounded:
 * no client keeps the proxy from its other devices for longer than that takes.
 */
#include <errno.h>

#include "proxy/dma.h"
#include "proxy/testdev/internal.h"

#define MAX_BYTES	TD_BAR4_SIZE
#define MAX_DESCRIPTORS	65536

struct descriptor {
	uint64_t iova;
	uint32_t len;
	uint32_t zero;
};

/* Whatever is not there for the device is a fault of its. */
static int from_memory(struct testdev *td, uint64_t iova, void *buf, size_t len)
{
	int err = dma_read(&td->dev->dma, iova, buf, len);

	if (err)
		fault_report(td->dev, td->dev->dma.stopped, false);
	return err;
}

static int to_memory(struct testdev *td, uint64_t iova, const void *buf, size_t len)
{
	int err = dma_write(&td->dev->dma, iova, buf, len);

	if (err)
		fault_report(td->dev, td->dev->dma.stopped, true);
	return err;
}

static int copy(struct testdev *td)
{
	uint8_t buf[65536];
	uint64_t done = 0;

	while (done < td->dma_len) {
		uint32_t n = td->dma_len - done;

		if (n > sizeof(buf))
			n = sizeof(buf);
		if (from_memory(td, td->dma_src.value + done, buf, n) ||
		    to_memory(td, td->dma_dst.value + done, buf, n))
			return TD_DMA_ERR_FAULT;
		done += n;
	}
	td->dma_bytes += done;
	return TD_DMA_OK;
}

/* Between an IOVA and device memory. */
static int move(struct testdev *td, bool to_device, uint64_t iova, uint64_t mem, uint32_t len)
{
	int err;

	if (mem > td->bar4.size || len > td->bar4.size - mem)
		return TD_DMA_ERR_CMD;
	if (to_device)
		err = from_memory(td, iova, td->bar4.map + mem, len);
	else
		err = to_memory(td, iova, td->bar4.map + mem, len);
	if (err)
		return TD_DMA_ERR_FAULT;
	td->dma_bytes += len;
	return TD_DMA_OK;
}

static int scatter_gather(struct testdev *td, bool to_device, uint64_t list, uint64_t mem)
{
	int status = TD_DMA_OK;

	if (td->dma_len > MAX_DESCRIPTORS)
		return TD_DMA_ERR_CMD;
	for (uint32_t i = 0; i < td->dma_len && status == TD_DMA_OK; i++) {
		struct descriptor d;

		if (from_memory(td, list + i * sizeof(d), &d, sizeof(d)))
			return TD_DMA_ERR_FAULT;
		status = move(td, to_device, d.iova, mem, d.len);
		mem += d.len;
	}
	return status;
}

static int run(struct testdev *td, uint32_t cmd)
{
	bool to_device = (cmd & ~TD_DMA_SG) == TD_DMA_TO_DEVICE;
	uint64_t iova = to_device ? td->dma_src.value : td->dma_dst.value;
	uint64_t mem = to_device ? td->dma_dst.value : td->dma_src.value;

	if (!td_masters(td))
		return TD_DMA_ERR_FAULT;
	switch (cmd) {
	case TD_DMA_COPY:
		return td->dma_len > MAX_BYTES ? TD_DMA_ERR_CMD : copy(td);
	case TD_DMA_TO_DEVICE:
	case TD_DMA_FROM_DEVICE:
		return move(td, to_device, iova, mem, td->dma_len);
	case TD_DMA_TO_DEVICE | TD_DMA_SG:
	case TD_DMA_FROM_DEVICE | TD_DMA_SG:
		return scatter_gather(td, to_device, iova, mem);
	default:
		return TD_DMA_ERR_CMD;
	}
}

/**
 * td_dma_start() - carry out a command and signal its end
 * @td: testdev
 * @cmd: TD_DMA_*
 */
void td_dma_start(struct testdev *td, uint32_t cmd)
{
	td->dma_status = run(td, cmd);
	td_signal(td, td->dma_vector);
}
