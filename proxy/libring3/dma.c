// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c - memory that the device reaches
 *
 * Theory of operation: all of it is in one file, the arena, which is large and sparse, so that the
 * proxy, QEMU and VFIO can have it by descriptor.  A block of it is mapped for the device when
 * it is allocated, unmapped when it is freed, and its pages are given back to the system then, so
 * that the next user finds zeros.
 *
 * The caller's own memory is no file's, and cannot be handed over.  It is stood for by blocks: what
 * the device is to read is copied there, what it has written is copied back.  As with the
 * kernel's streaming mappings it is the device's in between.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/libring3/internal.h"

#define QEMU_BASE	0x40000000ull	/* and so large: it is QEMU's memory */
#define LOW_END		0xc0000000ull	/* where the bus has other things, up to 4 GiB */
#define HIGH_BASE	0x100000000ull
#define HIGH_SIZE	0x1000000000ull	/* 64 GiB, in what IOMMUs of 39 bits reach */
#define SMALLEST_MASK	0xfffffull
#define SMALLEST	0x80000ull	/* arena, whatever is limited */
#define ALIGN_MAX	(1ull << 20)
#define PIECE		(1ull << 20)	/* of memory that finds no room in one block */

/**
 * arena_place() - where memory shall be
 * @dev: its spec is set
 * @mask: what the device reaches
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int arena_place(struct ring3_device *dev, uint64_t mask)
{
	struct arena *a = &dev->arena;

	if (mask < SMALLEST_MASK || (mask & (mask + 1)))
		return lib_fail(-EINVAL, "device '%s': 0x%llx is no DMA mask: a power of two minus 1, of 20 bits or more",
				dev->spec, (unsigned long long)mask);
	if (!strncmp(dev->spec, "qemu:", 5)) {
		a->base = a->size = QEMU_BASE;
		if (mask < a->base + a->size - 1)
			return lib_fail(-ENOTSUP, "device '%s': memory of QEMU's devices is from 1 to 2 GiB, beyond the mask 0x%llx; use another backend",
					dev->spec, (unsigned long long)mask);
		/* QEMU is started with it. */
		return arena_make(a, dev->spec);
	}
	if (mask >= HIGH_BASE + HIGH_SIZE - 1) {
		a->base = HIGH_BASE;
		a->size = HIGH_SIZE;
	} else if (mask >= 2 * QEMU_BASE - 1) {
		a->base = QEMU_BASE;
		a->size = (mask < LOW_END ? mask + 1 : LOW_END) - a->base;
	} else {
		a->base = a->size = (mask + 1) / 2;
	}
	return 0;
}

/* To exceed the limit of a file's size is a signal, not an error. */
static void limit_size(struct arena *a)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_FSIZE, &lim) || lim.rlim_cur == RLIM_INFINITY)
		return;
	while (a->size > lim.rlim_cur && a->size > SMALLEST)
		a->size /= 2;
}

/* As much of the address space as there is. */
static int map_largest(struct arena *a)
{
	for (;; a->size /= 2) {
		a->map = mmap(NULL, a->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			      a->fd, 0);
		if (a->map != MAP_FAILED)
			return 0;
		a->map = NULL;
		if (errno != ENOMEM || a->size <= SMALLEST)
			return -1;
	}
}

/**
 * arena_make() - make the file
 * @a: placed
 * @spec: of the device
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int arena_make(struct arena *a, const char *spec)
{
	int err;

	if (a->map)
		return 0;
	limit_size(a);
	a->fd = memfd_create("ring3-dma", MFD_CLOEXEC);
	if (a->fd < 0 || map_largest(a))
		goto err_fd;
	if (!ftruncate(a->fd, a->size))
		return 0;
	err = errno;
	munmap(a->map, a->size);
	a->map = NULL;
	errno = err;
err_fd:
	err = -errno;
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	return lib_fail(err, "device '%s': no memory for DMA: %s; is the address space or the size of files limited (ulimit -v, -f)?",
			spec, strerror(-err));
}

static uint64_t alignment(uint64_t size)
{
	uint64_t align = PAGE;

	while (align < size && align < ALIGN_MAX)
		align <<= 1;
	return align;
}

/* The first gap that @size bytes fit in; a new block there, or NULL. */
static struct block *block_new(struct arena *a, uint64_t size)
{
	uint64_t align = alignment(size), at = 0;
	struct block **p = &a->used, *b;

	for (; *p; p = &(*p)->next) {
		if ((*p)->offset >= at && (*p)->offset - at >= size)
			break;
		at = ((*p)->offset + (*p)->size + align - 1) & ~(align - 1);
	}
	if (at > a->size || size > a->size - at)
		return NULL;
	b = malloc(sizeof(*b));
	if (!b)
		return NULL;
	*b = (struct block){ *p, at, size };
	*p = b;
	return b;
}

static void block_drop(struct arena *a, struct block *b)
{
	struct block **p = &a->used;

	while (*p != b)
		p = &(*p)->next;
	*p = b->next;
	fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, b->offset, b->size);
	free(b);
}

/* A block of @size bytes, whole pages, that the device reaches; NULL with *err. */
static struct block *block_get(struct ring3_device *dev, uint64_t size, int *err)
{
	struct arena *a = &dev->arena;
	struct block *b;

	*err = arena_make(a, dev->spec);
	if (*err)
		return NULL;
	b = block_new(a, size);
	if (!b) {
		*err = lib_fail(-ENOMEM, "device '%s': no room for %llu bytes in the %llu MiB that it reaches below its DMA mask; free some",
				dev->spec, (unsigned long long)size,
				(unsigned long long)a->size >> 20);
		return NULL;
	}
	*err = vfu_dma_map(&dev->client, a->base + b->offset, size, a->fd, b->offset,
			   VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE);
	if (*err)
		*err = lib_lost(dev, *err, "map memory for it");
	else
		*err = become_master(dev);
	if (!*err)
		return b;
	block_drop(a, b);
	return NULL;
}

/* Memory that the device may still reach is not used again. */
static int block_put(struct ring3_device *dev, struct block *b)
{
	int err = vfu_dma_unmap(&dev->client, dev->arena.base + b->offset, b->size);

	if (err)
		return lib_lost(dev, err, "take memory from it");
	block_drop(&dev->arena, b);
	return 0;
}

static bool is_bounce(const struct ring3_device *dev, const struct block *b)
{
	for (const struct bounce *bo = dev->bounces; bo; bo = bo->next)
		for (size_t i = 0; i < bo->nr; i++)
			if (bo->blocks[i] == b)
				return true;
	return false;
}

/**
 * ring3_dma_alloc() - memory for the program and the device at once
 * @device: device
 * @size: bytes, not 0; any size for which there is room below the DMA mask: with a mask of 37
 *	bits and more 64 GiB, with one of 32 bits 2 GiB, for QEMU's devices 1 GiB
 * @memory: is set: where the program has it, zeroed
 * @address: is set: where the device has it, in one piece, aligned to the next power of two of
 *	@size, at most 1 MiB
 *
 * Both see each other's stores, in order as the processor's and the bus's rules say.
 *
 * Return: 0, -ENOMEM, -ENODEV or another negative errno.
 */
int ring3_dma_alloc(struct ring3_device *device, size_t size, void **memory, uint64_t *address)
{
	uint64_t whole = (size + PAGE - 1) & ~(PAGE - 1);
	struct block *b;
	int err;

	*memory = NULL;
	if (!size || whole < size)
		return lib_fail(-EINVAL, "device '%s': no memory of %zu bytes", device->spec, size);
	pthread_mutex_lock(&device->lock);
	b = block_get(device, whole, &err);
	if (b) {
		*memory = device->arena.map + b->offset;
		*address = device->arena.base + b->offset;
	}
	pthread_mutex_unlock(&device->lock);
	return err;
}

/**
 * ring3_dma_free() - undo ring3_dma_alloc()
 * @device: device
 * @memory: as ring3_dma_alloc() gave it
 *
 * The device cannot reach it when this has returned 0; otherwise it is not used again
 * while the device is open.
 *
 * Return: 0, -EINVAL (it is no such memory), -ENODEV or another negative errno.
 */
int ring3_dma_free(struct ring3_device *device, void *memory)
{
	struct block *b;
	int err;

	pthread_mutex_lock(&device->lock);
	for (b = device->arena.used; b; b = b->next)
		if (device->arena.map + b->offset == memory)
			break;
	if (b && !is_bounce(device, b))
		err = block_put(device, b);
	else
		err = lib_fail(-EINVAL, "device '%s': %p is no memory of ring3_dma_alloc()",
			       device->spec, memory);
	pthread_mutex_unlock(&device->lock);
	return err;
}

static void copy(const struct ring3_device *dev, const struct bounce *bo, bool out)
{
	char *memory = bo->memory;
	size_t left = bo->size;

	for (size_t i = 0; i < bo->nr; i++) {
		char *stand_in = dev->arena.map + bo->blocks[i]->offset;
		size_t n = left < bo->blocks[i]->size ? left : bo->blocks[i]->size;

		memcpy(out ? stand_in : memory, out ? memory : stand_in, n);
		memory += n;
		left -= n;
	}
}

static int bounce_free(struct ring3_device *dev, struct bounce *bo)
{
	int err = 0;

	while (bo->nr && !err) {
		err = block_put(dev, bo->blocks[bo->nr - 1]);
		bo->nr -= !err;
	}
	if (err)
		return err;
	free(bo->blocks);
	free(bo);
	return 0;
}

/* One block if there is room in one piece, else pieces. */
static int bounce_fill(struct ring3_device *dev, struct bounce *bo, size_t max)
{
	uint64_t left = (bo->size + PAGE - 1) & ~(PAGE - 1), want = left;
	int err = 0;

	while (left && bo->nr < max) {
		struct block *b = block_get(dev, want, &err);

		if (!b && err == -ENOMEM && want > PAGE) {
			want = want > PIECE ? PIECE : PAGE;
			continue;
		}
		if (!b)
			return err;
		bo->blocks[bo->nr++] = b;
		left -= b->size;
		if (want > left)
			want = left;
	}
	return left ? lib_fail(-E2BIG, "device '%s': %zu bytes take more than %zu segments; give more, or map less",
			       dev->spec, bo->size, max) : 0;
}

static struct bounce **find_bounce(struct ring3_device *dev, const void *memory)
{
	struct bounce **p = &dev->bounces;

	while (*p && (*p)->memory != memory)
		p = &(*p)->next;
	return p;
}

static int map_bounce(struct ring3_device *dev, struct bounce *bo, struct ring3_segment *segments,
		      size_t max)
{
	size_t left = bo->size;
	int err = bounce_fill(dev, bo, max);

	if (err)
		return err;
	copy(dev, bo, true);
	for (size_t i = 0; i < bo->nr; i++) {
		size_t n = left < bo->blocks[i]->size ? left : bo->blocks[i]->size;

		segments[i] = (struct ring3_segment){ dev->arena.base + bo->blocks[i]->offset, n };
		left -= n;
	}
	bo->next = dev->bounces;
	dev->bounces = bo;
	return bo->nr;
}

/**
 * ring3_dma_map() - let the device reach memory of the caller's own
 * @device: device
 * @memory: of any kind and alignment; may not be mapped already
 * @size: bytes, not 0
 * @direction: what the device does with it
 * @segments: receives the pieces in which the device finds it, in order
 * @max: room for so many
 *
 * Until ring3_dma_unmap() the memory is the device's: what the program stores there meanwhile the
 * device sees only after ring3_dma_sync() with RING3_TO_DEVICE, and the other way round with
 * RING3_FROM_DEVICE.  (It is stood for by memory that the device reaches, and copied.)
 *
 * Return: the number of segments, at least 1; or -E2BIG (more than @max are needed), -EBUSY (it is
 * mapped), -ENOMEM, -ENODEV or another negative errno.
 */
int ring3_dma_map(struct ring3_device *device, void *memory, size_t size,
		  enum ring3_direction direction, struct ring3_segment *segments, size_t max)
{
	struct bounce *bo;
	int n;

	if (!memory || !size || size > SSIZE_MAX || !max || direction < RING3_TO_DEVICE ||
	    direction > RING3_BOTH)
		return lib_fail(-EINVAL, "device '%s': memory to be mapped has an address, a size, a direction and room for a segment",
				device->spec);
	bo = calloc(1, sizeof(*bo));
	if (max > size / PAGE + 1)
		max = size / PAGE + 1;
	if (bo)
		bo->blocks = calloc(max, sizeof(*bo->blocks));
	if (!bo || !bo->blocks) {
		free(bo);
		return lib_fail(-ENOMEM, "out of memory for a mapping");
	}
	bo->memory = memory;
	bo->size = size;
	bo->direction = direction;
	pthread_mutex_lock(&device->lock);
	if (*find_bounce(device, memory))
		n = lib_fail(-EBUSY, "device '%s': the memory at %p is mapped already",
			     device->spec, memory);
	else
		n = map_bounce(device, bo, segments, max);
	if (n < 0)
		bounce_free(device, bo);
	pthread_mutex_unlock(&device->lock);
	return n;
}

/**
 * ring3_dma_sync() - see what the device has written, or have it see what was stored
 * @device: device
 * @memory: as given to ring3_dma_map()
 * @direction: RING3_TO_DEVICE or RING3_FROM_DEVICE
 *
 * Return: 0 or -EINVAL: it is not mapped.
 */
int ring3_dma_sync(struct ring3_device *device, void *memory, enum ring3_direction direction)
{
	struct bounce *bo;
	int err = 0;

	pthread_mutex_lock(&device->lock);
	bo = *find_bounce(device, memory);
	if (!bo || (direction != RING3_TO_DEVICE && direction != RING3_FROM_DEVICE))
		err = lib_fail(-EINVAL, "device '%s': no memory is mapped at %p, or not this way",
			       device->spec, memory);
	else
		copy(device, bo, direction == RING3_TO_DEVICE);
	pthread_mutex_unlock(&device->lock);
	return err;
}

/**
 * ring3_dma_unmap() - undo ring3_dma_map()
 * @device: device
 * @memory: as given to it
 *
 * The device cannot reach the segments when this has returned 0.  What it has written is in the
 * memory then, but for a mapping of RING3_TO_DEVICE.
 *
 * Return: 0, -EINVAL (it is not mapped), -ENODEV or another negative errno.
 */
int ring3_dma_unmap(struct ring3_device *device, void *memory)
{
	struct bounce **p, *bo;
	int err = 0;

	pthread_mutex_lock(&device->lock);
	p = find_bounce(device, memory);
	bo = *p;
	if (!bo) {
		err = lib_fail(-EINVAL, "device '%s': no memory is mapped at %p", device->spec,
			       memory);
	} else {
		for (size_t i = 0; i < bo->nr && !err; i++)
			err = vfu_dma_unmap(&device->client,
					    device->arena.base + bo->blocks[i]->offset,
					    bo->blocks[i]->size);
		if (err)
			err = lib_lost(device, err, "take memory from it");
	}
	if (bo && !err) {
		if (bo->direction & RING3_FROM_DEVICE)
			copy(device, bo, false);
		*p = bo->next;
		while (bo->nr)
			block_drop(&device->arena, bo->blocks[--bo->nr]);
		free(bo->blocks);
		free(bo);
	}
	pthread_mutex_unlock(&device->lock);
	return err;
}

/**
 * arena_release() - the device has gone: free all memory
 * @dev: device
 */
void arena_release(struct ring3_device *dev)
{
	while (dev->bounces) {
		struct bounce *bo = dev->bounces;

		dev->bounces = bo->next;
		free(bo->blocks);
		free(bo);
	}
	while (dev->arena.used)
		block_drop(&dev->arena, dev->arena.used);
	if (dev->arena.map)
		munmap(dev->arena.map, dev->arena.size);
	if (dev->arena.fd >= 0)
		close(dev->arena.fd);
}
