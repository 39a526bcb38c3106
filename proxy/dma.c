// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c - what a client lets its device reach: IOVA to file and offset
 *
 * The memory is the client's and it may cut the file short at any time, which would
 * turn a load from a mapping into SIGBUS.  So the proxy reads and writes it with
 * pread() and pwrite(), where the same is a short count, and maps nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/dma.h"
#include "proxy/util.h"
#include "proxy/vfio_user.h"

/* Memory only: a file on FUSE or a network could keep the proxy waiting. */
static bool never_blocks(int fd, const struct stat *st)
{
	struct statfs fs;

	if (!S_ISREG(st->st_mode) || fstatfs(fd, &fs))
		return false;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC ||
	       fs.f_type == RAMFS_MAGIC;
}

/**
 * dma_file_is_memory() - can this file neither block nor end early but by being cut short?
 * @fd: from somebody else
 *
 * Return: true for a regular file in memory.
 */
bool dma_file_is_memory(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && never_blocks(fd, &st);
}

/**
 * dma_init() - an empty table
 * @dma: zeroed
 */
void dma_init(struct dma *dma)
{
	pthread_mutex_init(&dma->lock, NULL);
}

/**
 * dma_exit() - release a table; nobody reads it any more
 * @dma: table
 */
void dma_exit(struct dma *dma)
{
	dma_unmap_all(dma);
	pthread_mutex_destroy(&dma->lock);
}

static int file_find(const struct dma *dma, const struct dma_file *key)
{
	for (int i = 0; i < DMA_MAX_FILES; i++) {
		const struct dma_file *f = &dma->files[i];

		if (f->users && f->dev == key->dev && f->ino == key->ino &&
		    f->access == key->access)
			return i;
	}
	return -1;
}

static int file_free_slot(const struct dma *dma)
{
	for (int i = 0; i < DMA_MAX_FILES; i++)
		if (!dma->files[i].users)
			return i;
	return -1;
}

/* The same file in many mappings is held open once; *fd is taken if it is new. */
static int file_get(struct dma *dma, int *fd)
{
	struct dma_file key = { .fd = *fd };
	struct stat st;
	int i, fl;

	fl = fcntl(*fd, F_GETFL);
	if (fl < 0 || fstat(*fd, &st))
		return -errno;
	key.dev = st.st_dev;
	key.ino = st.st_ino;
	key.access = fl & O_ACCMODE;
	key.usable = never_blocks(*fd, &st);
	i = file_find(dma, &key);
	if (i < 0) {
		i = file_free_slot(dma);
		if (i < 0)
			return -ENOSPC;
		dma->files[i] = key;
		*fd = -1;
	}
	dma->files[i].users++;
	return i;
}

static void file_put(struct dma *dma, int i)
{
	if (i < 0 || --dma->files[i].users)
		return;
	close(dma->files[i].fd);
}

/* Index of the first mapping that ends above @iova. */
static size_t lower_bound(const struct dma *dma, uint64_t iova)
{
	size_t lo = 0, hi = dma->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (dma->maps[mid].iova + (dma->maps[mid].size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int reserve(struct dma *dma)
{
	size_t capacity = dma->capacity ? dma->capacity * 2 : 16;
	struct dma_map *maps;

	if (dma->nr < dma->capacity)
		return 0;
	if (dma->nr >= DMA_MAX_MAPS)
		return -ENOSPC;
	maps = reallocarray(dma->maps, capacity, sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	dma->maps = maps;
	dma->capacity = capacity;
	return 0;
}

/**
 * dma_map() - add a mapping
 * @dma: table
 * @req: validated by the decoder: size not 0, no sum overflows
 * @fd: the file behind it, or -1: then remembered but not reachable.  Set to -1
 *      when the table took it over; otherwise the caller closes it.
 *
 * Return: 0, or -EEXIST (overlaps another mapping), -ENOSPC (table full), -ENOMEM.
 */
int dma_map(struct dma *dma, const struct dma_request *req, int *fd)
{
	size_t i = lower_bound(dma, req->iova);
	int file = -1, err;

	if (i < dma->nr && dma->maps[i].iova <= req->iova + (req->size - 1))
		return -EEXIST;
	pthread_mutex_lock(&dma->lock);
	err = reserve(dma);
	pthread_mutex_unlock(&dma->lock);
	if (err)
		return err;
	if (*fd >= 0) {
		file = file_get(dma, fd);
		if (file < 0)
			return file;
	}
	pthread_mutex_lock(&dma->lock);
	memmove(&dma->maps[i + 1], &dma->maps[i], (dma->nr - i) * sizeof(dma->maps[0]));
	dma->maps[i] = (struct dma_map) {
		.iova = req->iova, .size = req->size, .offset = req->offset,
		.flags = req->flags, .file = file, .ns = clock_ns(CLOCK_MONOTONIC),
	};
	dma->nr++;
	dma->mapped++;
	pthread_mutex_unlock(&dma->lock);
	return 0;
}

/**
 * dma_covers() - which mappings a range holds
 * @dma: table
 * @iova: start of the range
 * @size: bytes, not 0
 * @first: index of the first of them
 * @end: index behind the last
 *
 * Return: 0, or -ENOENT (nothing mapped there), -EINVAL (a mapping sticks out).
 */
int dma_covers(const struct dma *dma, uint64_t iova, uint64_t size, size_t *first, size_t *end)
{
	uint64_t last = iova + (size - 1);

	*first = *end = lower_bound(dma, iova);
	for (; *end < dma->nr && dma->maps[*end].iova <= last; ++*end) {
		const struct dma_map *m = &dma->maps[*end];

		if (m->iova < iova || m->iova + (m->size - 1) > last)
			return -EINVAL;
	}
	return *end == *first ? -ENOENT : 0;
}

/**
 * dma_unmap() - remove every mapping inside a range
 * @dma: table
 * @iova: start of the range
 * @size: bytes, not 0; may not cut a mapping in two
 * @unmapped: bytes removed
 *
 * Return: 0 or as dma_covers().
 */
int dma_unmap(struct dma *dma, uint64_t iova, uint64_t size, uint64_t *unmapped)
{
	size_t first, end;
	int err = dma_covers(dma, iova, size, &first, &end);

	*unmapped = 0;
	if (err)
		return err;
	for (size_t i = first; i < end; i++) {
		*unmapped += dma->maps[i].size;
		file_put(dma, dma->maps[i].file);
	}
	pthread_mutex_lock(&dma->lock);
	memmove(&dma->maps[first], &dma->maps[end], (dma->nr - end) * sizeof(dma->maps[0]));
	dma->nr -= end - first;
	dma->unmapped += end - first;
	pthread_mutex_unlock(&dma->lock);
	return 0;
}

/**
 * dma_unmap_all() - empty the table and release its memory
 * @dma: table
 */
void dma_unmap_all(struct dma *dma)
{
	for (size_t i = 0; i < dma->nr; i++)
		file_put(dma, dma->maps[i].file);
	pthread_mutex_lock(&dma->lock);
	free(dma->maps);
	dma->maps = NULL;
	dma->unmapped += dma->nr;
	dma->nr = dma->capacity = 0;
	pthread_mutex_unlock(&dma->lock);
}

/**
 * dma_list() - copy the table
 * @dma: table
 * @maps: room
 * @max: for so many mappings
 *
 * Return: how many there are; more than @max if some were left out.  Context: any thread.
 */
size_t dma_list(struct dma *dma, struct dma_map *maps, size_t max)
{
	size_t nr;

	pthread_mutex_lock(&dma->lock);
	nr = dma->nr;
	if (nr)
		memcpy(maps, dma->maps, (nr < max ? nr : max) * sizeof(*maps));
	pthread_mutex_unlock(&dma->lock);
	return nr;
}

/* The mapping that holds @iova and grants @need, and how many of @len bytes it has. */
static const struct dma_map *translate(const struct dma *dma, uint64_t iova, uint32_t need,
				       size_t *len)
{
	size_t i = lower_bound(dma, iova);
	const struct dma_map *m = &dma->maps[i];
	uint64_t left;

	if (i == dma->nr || m->iova > iova || m->file < 0 || !(m->flags & need) ||
	    !dma->files[m->file].usable)
		return NULL;
	left = m->size - (iova - m->iova);
	if (left < *len)
		*len = left;
	return m;
}

/* Since Linux 6.9 the client cannot have it appended, by the file's flags that it shares. */
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static ssize_t write_at(int fd, const char *buf, size_t len, off_t off)
{
	const struct iovec iov = { (char *)buf, len };
	ssize_t n = pwritev2(fd, &iov, 1, off, RWF_NOAPPEND);

	return n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS) ? pwrite(fd, buf, len, off) : n;
}

static int transfer(struct dma *dma, uint64_t iova, char *buf, size_t len, bool write)
{
	const uint32_t need = write ? VFIO_USER_DMA_WRITEABLE : VFIO_USER_DMA_READABLE;

	if (len && iova + (len - 1) < iova)
		return -EFAULT;
	while (len) {
		size_t n = len;
		const struct dma_map *m = translate(dma, iova, need, &n);
		off_t off;
		ssize_t r;

		dma->stopped = iova;
		if (!m)
			return -EFAULT;
		off = m->offset + (iova - m->iova);
		r = write ? write_at(dma->files[m->file].fd, buf, n, off)
			  : pread(dma->files[m->file].fd, buf, n, off);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return -EFAULT;
		iova += r;
		buf += r;
		len -= r;
	}
	return 0;
}

/**
 * dma_read() - the device reads the client's memory
 * @dma: table
 * @iova: address as the device sees it
 * @buf: where the bytes go
 * @len: bytes; may span adjacent mappings
 *
 * Return: 0, or -EFAULT: not mapped, not readable, or the file is shorter than the
 * mapping; then an unknown part of @buf was written, and dma->stopped says where.
 */
int dma_read(struct dma *dma, uint64_t iova, void *buf, size_t len)
{
	return transfer(dma, iova, buf, len, false);
}

/**
 * dma_write() - the device writes the client's memory
 * @dma: table
 * @iova: address as the device sees it
 * @buf: the bytes
 * @len: how many; may span adjacent mappings
 *
 * Return: 0, or -EFAULT as for dma_read().
 */
int dma_write(struct dma *dma, uint64_t iova, const void *buf, size_t len)
{
	return transfer(dma, iova, (char *)buf, len, true);
}
