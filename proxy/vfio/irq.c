// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - interrupts of a real device: eventfds that the host signals
 *
 * VFIO has one kind of interrupt on at a time, and each vector of it signals an eventfd of ours,
 * from where the proxy's own masks and the client's descriptors take over (proxy/irq.c).  INTx
 * is masked by VFIO when it fires; asking for its level unmasks it, and finds it fired again if
 * the device still asserts it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define NONE (-1)

static bool take(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

static int set_irqs(const struct vfio_dev *vd, uint32_t index, uint32_t flags, uint32_t start,
		    uint32_t count, const int *fds)
{
	size_t size = sizeof(struct vfio_irq_set) + (fds ? count * sizeof(*fds) : 0);
	struct vfio_irq_set *set = calloc(1, size);
	int err = 0;

	if (!set)
		return -ENOMEM;
	*set = (struct vfio_irq_set){
		.argsz = size, .index = index, .start = start, .count = count, .flags = flags,
	};
	if (fds)
		memcpy(set->data, fds, count * sizeof(*fds));
	if (ioctl(vd->fd, VFIO_DEVICE_SET_IRQS, set))
		err = -errno;
	free(set);
	return err;
}

static int vector_open(struct vfio_vector *v, struct vfio_dev *vd, uint32_t number,
		       void (*fn)(struct loop_src *src, uint32_t events))
{
	if (v->vd)
		return 0;
	v->src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->src.fd < 0)
		return -errno;
	v->src.fn = fn;
	v->number = number;
	if (loop_add(&v->src, EPOLLIN)) {
		close(v->src.fd);
		return -ENOSPC;
	}
	v->vd = vd;
	return 0;
}

static void vector_close(struct vfio_vector *v)
{
	if (!v->vd)
		return;
	loop_del(&v->src);
	close(v->src.fd);
	v->vd = NULL;
}

static void on_line(struct loop_src *src, uint32_t events)
{
	struct vfio_dev *vd = container_of(src, struct vfio_vector, src)->vd;

	(void)events;
	if (!take(src->fd) || vd->index != VFIO_PCI_INTX_IRQ_INDEX)
		return;
	vd->masked = true;
	irq_intx(vd->dev, true);
}

static void on_message(struct loop_src *src, uint32_t events)
{
	struct vfio_vector *v = container_of(src, struct vfio_vector, src);

	(void)events;
	if (take(src->fd))
		irq_message(v->vd->dev, v->number);
}

/* Which interrupts the client can receive now, and how many vectors of them. */
static int wanted(const struct vfio_dev *vd, uint32_t *count)
{
	const struct device *dev = vd->dev;
	const struct irqs *irqs = &dev->irqs;

	*count = 0;
	if (config_msix_enabled(dev)) {
		for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++)
			if (notify_armed(&irqs->msix[i].notify) && !irq_msix_entry_masked(irqs, i))
				*count = i + 1;
		return VFIO_PCI_MSIX_IRQ_INDEX;
	}
	if (config_msi_enabled(dev)) {
		for (uint32_t i = 0; i < config_msi_vectors(dev); i++)
			if (notify_armed(&irqs->msi[i].notify))
				*count = config_msi_vectors(dev);
		return VFIO_PCI_MSI_IRQ_INDEX;
	}
	*count = notify_armed(&irqs->intx.notify);
	return VFIO_PCI_INTX_IRQ_INDEX;
}

static void switch_off(struct vfio_dev *vd)
{
	if (vd->index != NONE)
		set_irqs(vd, vd->index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0,
			 NULL);
	vd->index = NONE;
	vd->enabled = 0;
	vd->masked = false;
}

/* Have the host signal vectors @start to @count - 1 of @index. */
static int switch_on(struct vfio_dev *vd, int index, uint32_t start, uint32_t count)
{
	int fds[MSIX_MAX], err = 0;

	if (index == VFIO_PCI_INTX_IRQ_INDEX)
		fds[0] = vd->line.src.fd;
	for (uint32_t i = start; index != VFIO_PCI_INTX_IRQ_INDEX && i < count && !err; i++) {
		err = vector_open(&vd->vectors[i], vd, i, on_message);
		fds[i] = vd->vectors[i].src.fd;
	}
	if (!err)
		err = set_irqs(vd, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			       start, count - start, fds + start);
	if (!err) {
		vd->index = index;
		vd->enabled = count;
	}
	return err;
}

/* A kernel before 6.5 has all MSI-X vectors off while one is added: what came is lost. */
static void make_up(struct vfio_dev *vd, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		irq_message(vd->dev, i);
}

/**
 * vfio_irq_update() - have the host signal what the client can receive, and nothing else
 * @vd: device
 */
void vfio_irq_update(struct vfio_dev *vd)
{
	uint32_t count, before = vd->enabled, start = 0;
	int index, err;

	if (vd->fd < 0)
		return;
	index = wanted(vd, &count);
	if (index == vd->index && (count == before || (count && count < before)))
		return;
	if (index == vd->index && vd->can_grow && index == VFIO_PCI_MSIX_IRQ_INDEX && count)
		start = before;
	else if (vd->index != NONE)
		switch_off(vd);
	else
		before = 0;
	if (!count)
		return;
	err = switch_on(vd, index, start, count);
	if (err)
		warn("device '%s': the host has no %u interrupt vectors for it: %s",
		     device_name(vd->dev), count, strerror(-err));
	else if (index == VFIO_PCI_MSIX_IRQ_INDEX && !start)
		make_up(vd, before);
}

/**
 * vfio_intx_level() - is INTx asserted?
 * @vd: device
 *
 * Return: the level; asserted means that VFIO holds the line masked.
 */
bool vfio_intx_level(struct vfio_dev *vd)
{
	if (vd->fd < 0 || vd->index != VFIO_PCI_INTX_IRQ_INDEX)
		return false;
	if (vd->masked)
		set_irqs(vd, VFIO_PCI_INTX_IRQ_INDEX,
			 VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, NULL);
	/* One that is still there signals before the call returns. */
	vd->masked = take(vd->line.src.fd);
	return vd->masked;
}

static uint32_t count_of(const struct vfio_dev *vd, uint32_t index, uint32_t *flags)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	*flags = 0;
	if (ioctl(vd->fd, VFIO_DEVICE_GET_IRQ_INFO, &info))
		return 0;
	*flags = info.flags;
	return info.count;
}

static int watch(struct vfio_dev *vd, struct vfio_vector *v, uint32_t index,
		 void (*fn)(struct loop_src *src, uint32_t events))
{
	uint32_t flags;
	int err;

	if (!count_of(vd, index, &flags))
		return 0;
	err = vector_open(v, vd, 0, fn);
	if (!err)
		err = set_irqs(vd, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			       0, 1, &v->src.fd);
	return err;
}

/**
 * vfio_irq_open() - prepare, and listen to what the host has to say
 * @vd: device, open
 *
 * Return: 0, or -1 with fail().
 */
int vfio_irq_open(struct vfio_dev *vd)
{
	uint32_t flags;
	int err;

	vd->index = NONE;
	vd->nr_vectors = count_of(vd, VFIO_PCI_MSIX_IRQ_INDEX, &flags);
	vd->can_grow = !(flags & VFIO_IRQ_INFO_NORESIZE);
	if (vd->nr_vectors > MSIX_MAX)
		vd->nr_vectors = MSIX_MAX;
	if (vd->nr_vectors < MSI_MAX)
		vd->nr_vectors = MSI_MAX;
	vd->vectors = calloc(vd->nr_vectors, sizeof(*vd->vectors));
	if (!vd->vectors)
		return fail("out of memory for '%s'", device_name(vd->dev));
	err = vector_open(&vd->line, vd, 0, on_line);
	if (!err)
		err = watch(vd, &vd->request, VFIO_PCI_REQ_IRQ_INDEX, vfio_wanted);
	if (!err)
		err = watch(vd, &vd->error, VFIO_PCI_ERR_IRQ_INDEX, vfio_failed);
	if (err)
		return fail("device '%s': cannot wait for its interrupts: %s",
			    device_name(vd->dev), strerror(-err));
	return 0;
}

/**
 * vfio_irq_close() - off, and nobody waits any more
 * @vd: device, prepared or not
 */
void vfio_irq_close(struct vfio_dev *vd)
{
	if (!vd->vectors)
		return;
	switch_off(vd);
	vector_close(&vd->line);
	vector_close(&vd->request);
	vector_close(&vd->error);
	for (uint32_t i = 0; i < vd->nr_vectors; i++)
		vector_close(&vd->vectors[i]);
	free(vd->vectors);
	vd->vectors = NULL;
}
