// SPDX-License-Identifier: GPL-2.0
/*
 * link_user.c - the connections to the proxy, one per device
 */
#include <errno.h>
#include <unistd.h>

#include "client.h"
#include "user.h"

static struct vfu_client *links[RING3_MAX_DEVICES];

int ring3_link_open(unsigned int dev, int fd)
{
	struct vfu_client *c = ring3_pages(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	links[dev] = c;
	err = vfu_client_start(c, fd);
	if (!err)
		vfu_mailbox_start(c);
	return err;
}

/*
 * Interrupts by shared memory and a pipe: its descriptor, of the first device that has one; negative:
 * there is no other than before.
 */
int ring3_link_bell(unsigned int dev)
{
	struct vfio_user_events *events;
	int fd = vfu_doorbell_start(links[dev], &events);

	return fd < 0 ? fd : ring3_event_share(dev, fd, events);
}

/* Does the server look at the mailbox all the time now, from another processor? */
int ring3_link_awake(unsigned int dev)
{
	return links[dev]->mailbox && !links[dev]->dead && __atomic_load_n(&links[dev]->mailbox->awake, __ATOMIC_RELAXED);
}

/* Does the server allow writes that are not waited for? */
int ring3_link_posts(unsigned int dev)
{
	return links[dev]->posted_writes;
}

/* 0: the server takes no notes, 1: of what happens, 2: of every access, too. */
int ring3_link_notes(unsigned int dev)
{
	return links[dev]->notes ? 1 + !!links[dev]->callers : 0;
}

_Static_assert((int)RING3_NOTE_DMA_UNMAP == VFIO_USER_NOTE_DMA_UNMAP, "vfio_user.h has the numbers");

int ring3_link_note(unsigned int dev, enum ring3_note kind, unsigned long long a,
		    unsigned long long b, unsigned long long c, const char *text,
		    unsigned int len)
{
	struct vfio_user_ring3_note note = {
		.kind = kind, .a = a, .b = b, .c = c,
		.len = len < VFIO_USER_NOTE_TEXT ? len : VFIO_USER_NOTE_TEXT,
	};

	return vfu_note(links[dev], &note, text);
}

/* Learns a region's size, maps what can be mapped and closes the descriptor. */
int ring3_link_region(unsigned int dev, unsigned int index, struct ring3_region *region)
{
	static struct vfu_region r;	/* too large for a kernel stack; boot only */
	unsigned int i;
	int err;

	err = vfu_region_info(links[dev], index, &r);
	if (err)
		return err;
	region->size = r.size;
	region->dev = dev;
	region->nr_areas = 0;
	region->base = NULL;
	if (r.fd < 0)
		return 0;
	for (i = 0; i < r.nr_areas && i < RING3_MAX_AREAS; i++) {
		region->areas[i].offset = r.areas[i].offset;
		region->areas[i].size = r.areas[i].size;
		region->nr_areas++;
	}
	err = ring3_map_region(region, r.fd, r.fd_offset);
	close(r.fd);
	return err;
}

/* A descriptor to map a region from, which stays open; negative: there is none. */
int ring3_link_region_fd(unsigned int dev, unsigned int index, unsigned long long *offset)
{
	static struct vfu_region r;	/* too large for a kernel stack; interrupts are off */
	int err = vfu_region_info(links[dev], index, &r);

	*offset = r.fd_offset;
	return err ? err : r.fd;
}

int ring3_link_reset(unsigned int dev)
{
	return vfu_reset(links[dev]);
}

int ring3_link_read(unsigned int dev, unsigned int region, unsigned long long offset,
		    void *data, unsigned int count)
{
	return vfu_read(links[dev], region, offset, data, count);
}

int ring3_link_write(unsigned int dev, unsigned int region, unsigned long long offset,
		     const void *data, unsigned int count)
{
	return vfu_write(links[dev], region, offset, data, count);
}

/* Not waited for; the next access through the link comes after it. */
int ring3_link_post(unsigned int dev, unsigned int region, unsigned long long offset,
		    const void *data, unsigned int count)
{
	return vfu_write_posted(links[dev], region, offset, data, count);
}

/* Gives the server an event for each of the first @count vectors of @index. */
int ring3_link_arm(unsigned int dev, enum ring3_irq_index index, unsigned int count)
{
	unsigned int first = index == RING3_INTX ? RING3_EVENT_INTX : RING3_EVENT_MSI;
	unsigned int at, i;

	for (at = 0; at < count; at += i) {
		int fds[16];
		int err;

		for (i = 0; i < 16 && at + i < count; i++) {
			fds[i] = ring3_event_fd(dev, first + at + i);
			if (fds[i] < 0)
				return fds[i];
		}
		err = vfu_set_irqs(links[dev], index,
				   VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_TRIGGER, at, i,
				   fds, i);
		if (err)
			return err;
	}
	return 0;
}

int ring3_link_disarm(unsigned int dev, enum ring3_irq_index index)
{
	return vfu_set_irqs(links[dev], index, VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_TRIGGER,
			    0, 0, NULL, 0);
}

static void watch(unsigned int dev, enum vfio_user_irq index, unsigned int bit)
{
	struct vfio_user_irq_info info;
	int fd;

	if (vfu_irq_info(links[dev], index, &info) || !info.count)
		return;
	fd = ring3_event_fd(dev, bit);
	if (fd >= 0)
		vfu_set_irqs(links[dev], index,
			     VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_TRIGGER, 0, 1, &fd, 1);
}

/*
 * Let the server say when it must have the device back, VFIO's request interrupt, and when the
 * device reached for memory it may not have, the error interrupt.  One that never has to offers
 * none, or refuses the event; then there is nothing to wait for.
 */
void ring3_link_watch(unsigned int dev)
{
	watch(dev, VFIO_USER_REQ, RING3_EVENT_REQUEST);
	if (links[dev]->notes)
		watch(dev, VFIO_USER_ERR, RING3_EVENT_ERROR);
}

int ring3_link_unmask_intx(unsigned int dev)
{
	return vfu_set_irqs(links[dev], RING3_INTX,
			    VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_UNMASK, 0, 1, NULL, 0);
}

_Static_assert(RING3_DMA_READ == VFIO_USER_DMA_READABLE &&
	       RING3_DMA_WRITE == VFIO_USER_DMA_WRITEABLE, "vfio_user.h has the numbers");

int ring3_link_dma_map(unsigned int dev, unsigned long long iova, unsigned long long size,
		       int fd, unsigned long long offset, unsigned int access)
{
	return vfu_dma_map(links[dev], iova, size, fd, offset, access);
}

int ring3_link_dma_unmap(unsigned int dev, unsigned long long iova, unsigned long long size)
{
	return vfu_dma_unmap(links[dev], iova, size);
}

/* The next access of the device that was stopped: 1 a write, 0 a read; negative: no more. */
int ring3_link_fault(unsigned int dev, unsigned long long *iova)
{
	struct vfio_user_ring3_fault fault;
	int err;

	if (!links[dev]->notes)
		return -ENOENT;
	err = vfu_fault(links[dev], &fault);
	*iova = fault.iova;
	return err ? err : !!(fault.flags & VFIO_USER_DMA_WRITEABLE);
}
