/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma.h - what a client lets its device reach: IOVA to file and offset
 */
#ifndef RING3_PROXY_DMA_H
#define RING3_PROXY_DMA_H

#include <pthread.h>
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
	uint64_t ns;		/* when it was made, CLOCK_MONOTONIC */
};

struct dma {
	pthread_mutex_t lock;	/* held to change maps[], and by others to read it */
	uint64_t mapped, unmapped;	/* mappings made and removed so far */
	struct dma_map *maps;	/* sorted by IOVA, disjoint */
	size_t nr, capacity;
	struct dma_file files[DMA_MAX_FILES];
	uint64_t stopped;	/* where the last failed transfer did */
};

struct dma_request {
	uint64_t iova, size, offset;
	uint32_t flags;
};

bool dma_file_is_memory(int fd);
void dma_init(struct dma *dma);
void dma_exit(struct dma *dma);
int dma_map(struct dma *dma, const struct dma_request *req, int *fd);
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size, uint64_t *unmapped);
int dma_covers(const struct dma *dma, uint64_t iova, uint64_t size, size_t *first, size_t *end);
void dma_unmap_all(struct dma *dma);
size_t dma_list(struct dma *dma, struct dma_map *maps, size_t max);
int dma_read(struct dma *dma, uint64_t iova, void *buf, size_t len);
int dma_write(struct dma *dma, uint64_t iova, const void *buf, size_t len);

#endif
