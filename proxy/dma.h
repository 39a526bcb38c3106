/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma.h - what a client lets its device reach: IOVA to file and offset
 */
#ifndef RING3_PROXY_DMA_H
#define RING3_PROXY_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DMA_MAX_MAPS	65536
#define DMA_MAX_FILES	64

struct dma_file {
	int fd;
	dev_t dev;
	ino_t ino;
	int access;		/* O_RDONLY, O_WRONLY, O_RDWR */
	bool usable;		/* pread() and pwrite() on it cannot block */
	uint32_t users;		/* mappings of it; 0 = free slot */
};

struct dma_map {
	uint64_t iova, size;
	uint64_t offset;	/* in the file */
	uint32_t flags;		/* VFIO_USER_DMA_* */
	int16_t file;		/* index in files[], -1: remembered, not reachable */
};

struct dma {
	struct dma_map *maps;	/* sorted by IOVA, disjoint */
	size_t nr, capacity;
	struct dma_file files[DMA_MAX_FILES];
};

struct dma_request {
	uint64_t iova, size, offset;
	uint32_t flags;
};

int dma_map(struct dma *dma, const struct dma_request *req, int *fd);
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size, uint64_t *unmapped);
void dma_unmap_all(struct dma *dma);
int dma_read(struct dma *dma, uint64_t iova, void *buf, size_t len);
int dma_write(struct dma *dma, uint64_t iova, const void *buf, size_t len);

#endif
