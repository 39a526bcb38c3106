// SPDX-License-Identifier: GPL-2.0
/*
 * map.c - memory that the devices of a group reach
 *
 * VFIO pins memory of this process, so a client's file is mapped here first.  Nothing here
 * touches it: a client that cuts its file short leaves holes in our mapping that nobody steps into,
 * and the pages that the device writes to stay what they are as long as they are pinned.
 *
 * To pin memory takes long, seconds for a large one on a slow machine, and a client does not wait for
 * ever.  So the memory of a hosted kernel, which is known before it runs, is mapped before it
 * runs, where it will ask for it.  Until it does, that mapping is nobody's, and gone
 * as soon as anything else is asked for or a device may master the bus.
 *
 * Devices of one group share an address space.  Clients that map the same thing at the same
 * place share that; whoever wants something else there is refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

static struct vfio_map *find(const struct vfio_group *g, uint64_t iova, uint64_t size)
{
	for (size_t i = 0; i < g->nr_maps; i++) {
		struct vfio_map *m = &g->maps[i];

		if (m->iova <= iova + (size - 1) && iova <= m->iova + (m->size - 1))
			return m;
	}
	return NULL;
}

static bool is_same(const struct vfio_map *a, const struct vfio_map *b)
{
	return a->iova == b->iova && a->size == b->size && a->offset == b->offset &&
	       a->dev == b->dev && a->ino == b->ino && a->flags == b->flags;
}

static void explain(const struct vfio_dev *vd, const struct vfio_map *m, int err)
{
	struct rlimit lim = { 0 };

	getrlimit(RLIMIT_MEMLOCK, &lim);
	if (err == ENOMEM)
		warn("device '%s': cannot lock %llu KiB for DMA: the limit of locked memory is %llu KiB for all that is mapped; raise it ('ulimit -l')",
		     device_name(vd->dev), (unsigned long long)m->size >> 10,
		     (unsigned long long)lim.rlim_cur >> 10);
	else if (err == EINVAL)
		warn("device '%s': the IOMMU does not map bus addresses 0x%llx to 0x%llx: they are reserved on this machine",
		     device_name(vd->dev), (unsigned long long)m->iova,
		     (unsigned long long)(m->iova + m->size - 1));
}

static int pin(const struct vfio_dev *vd, struct vfio_map *m, int fd)
{
	int prot = (m->flags & VFIO_DMA_MAP_FLAG_READ ? PROT_READ : 0) |
		   (m->flags & VFIO_DMA_MAP_FLAG_WRITE ? PROT_WRITE : 0);
	int err;

	m->at = mmap(NULL, m->size, prot, MAP_SHARED, fd, m->offset);
	if (m->at == MAP_FAILED)
		return -errno;
	/* Pages of a copy of this process would be the device's no more. */
	madvise(m->at, m->size, MADV_DONTFORK);
	err = vd->group->way->map(vd->group, m);
	if (!err)
		return 0;
	munmap(m->at, m->size);
	if (!m->ahead)
		explain(vd, m, -err);
	return err;
}

static int add(struct vfio_dev *vd, struct vfio_map *m, int fd)
{
	struct vfio_group *g = vd->group;
	struct vfio_map *maps;
	int err;

	maps = reallocarray(g->maps, g->nr_maps + 1, sizeof(*maps));
	if (!maps)
		return -ENOMEM;
	g->maps = maps;
	err = pin(vd, m, fd);
	if (err)
		return err;
	if (!m->ahead)
		m->users = 1u << vd->bit;
	maps[g->nr_maps++] = *m;
	return 0;
}

static int describe(struct vfio_map *m, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!dma_file_is_memory(fd))
		return -EBADF;
	if ((uint64_t)st.st_size < m->offset || st.st_size - m->offset < m->size)
		return -EFAULT;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	return 0;
}

static void unpin(const struct vfio_group *g, const struct vfio_map *m)
{
	int err = g->way->unmap(g, m);

	if (err)
		warn("IOMMU group %s: cannot take 0x%llx away from its devices: %s", g->number,
		     (unsigned long long)m->iova, strerror(-err));
	munmap(m->at, m->size);
}

/**
 * vfio_map_drop_ahead() - take away what no client has asked for
 * @g: group
 */
void vfio_map_drop_ahead(struct vfio_group *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->nr_maps; i++) {
		if (g->maps[i].ahead)
			unpin(g, &g->maps[i]);
		else
			g->maps[kept++] = g->maps[i];
	}
	g->nr_maps = kept;
}

/**
 * vfio_map_ahead() - map memory that a client is going to ask for
 * @vd: a device of the client's
 * @iova: where it will be
 * @size: all of the file, bytes
 * @fd: the file, which stays the caller's
 *
 * Return: 0 or a negative errno, as vfio_map().
 */
int vfio_map_ahead(struct vfio_dev *vd, uint64_t iova, uint64_t size, int fd)
{
	struct vfio_map m = {
		.iova = iova, .size = size, .ahead = true,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
	};
	int err = describe(&m, fd);

	return err ? err : add(vd, &m, fd);
}

/**
 * vfio_map() - let a device reach a client's memory
 * @vd: device
 * @req: validated by the decoder
 * @fd: the file, which stays the caller's
 *
 * Return: 0, or a negative errno: -EBADF (the file is not memory), -EFAULT (shorter than
 * said), -EEXIST (something else is there), what mmap() or VFIO says.
 */
int vfio_map(struct vfio_dev *vd, const struct dma_request *req, int fd)
{
	struct vfio_map new = { .iova = req->iova, .size = req->size, .offset = req->offset };
	struct vfio_map *old;
	int err;

	if (vd->fd < 0)
		return -ENODEV;
	err = describe(&new, fd);
	if (err)
		return err;
	new.flags = (req->flags & VFIO_USER_DMA_READABLE ? VFIO_DMA_MAP_FLAG_READ : 0) |
		    (req->flags & VFIO_USER_DMA_WRITEABLE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
	old = find(vd->group, req->iova, req->size);
	if (!old || !is_same(old, &new)) {
		vfio_map_drop_ahead(vd->group);
		old = find(vd->group, req->iova, req->size);
	}
	if (!old)
		return add(vd, &new, fd);
	if (!is_same(old, &new) || old->users >> vd->bit & 1)
		return -EEXIST;
	old->users |= 1u << vd->bit;
	old->ahead = false;
	return 0;
}

/**
 * vfio_unmap() - take memory away from a device
 * @vd: device
 * @iova: start
 * @size: bytes; no mapping sticks out; 0: all of the device's
 */
void vfio_unmap(struct vfio_dev *vd, uint64_t iova, uint64_t size)
{
	struct vfio_group *g = vd->group;
	size_t kept = 0;

	for (size_t i = 0; i < g->nr_maps; i++) {
		struct vfio_map *m = &g->maps[i];

		if (!size || (m->iova >= iova && m->iova - iova < size))
			m->users &= ~(1u << vd->bit);
		if (m->users || m->ahead)
			g->maps[kept++] = *m;
		else
			unpin(g, m);
	}
	g->nr_maps = kept;
}
