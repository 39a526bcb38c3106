// SPDX-License-Identifier: GPL-2.0
/*
 * usermap.c - pages of BARs in the address spaces of processes
 *
 * UML's processes live in host processes of their own, so a page of a BAR is mapped
 * there anew, from the region's descriptor.  That was closed when the kernel had its own
 * mapping; it is asked for again, and kept, when the first process wants a page.
 */
#define pr_fmt(fmt) "ring3: " fmt

#include <linux/export.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/mm.h>

#include "ring3.h"

struct user_region {
	int fd;			/* 0: not asked for; -1: the server has none to give */
	unsigned long long offset;
};

static struct user_region regions[RING3_MAX_DEVICES][RING3_NR_BARS];

/* The mapped page of a BAR that decodes a bus address: its region, or NULL. */
static const struct ring3_dev *mapped_page(u64 addr, unsigned int *region, u64 *offset)
{
	unsigned int i;

	for (i = 0; i < ring3_nr_devs; i++) {
		int index = ring3_bar_lookup(ring3_devs[i], addr, false, offset);

		if (index < 0)
			continue;
		*region = index;
		return ring3_region_mapped(&ring3_devs[i]->region[index], *offset, PAGE_SIZE) ?
		       ring3_devs[i] : NULL;
	}
	return NULL;
}

/**
 * ring3_phys_mapping() - where a page outside of RAM can be mapped from
 * @phys: bus address of the page
 * @offset: receives the offset in the file, bytes
 *
 * Return: a descriptor of the host, or -1: no mappable page of a BAR.  Context: any.
 */
int ring3_phys_mapping(unsigned long phys, unsigned long long *offset)
{
	const struct ring3_dev *dev;
	struct user_region *r;
	unsigned int region;
	unsigned long flags;
	u64 at;

	dev = mapped_page(phys & PAGE_MASK, &region, &at);
	if (!dev)
		return -1;
	r = &regions[dev->index][region];
	local_irq_save(flags);
	if (!r->fd)
		r->fd = ring3_link_region_fd(dev->index, region, &r->offset);
	local_irq_restore(flags);
	*offset = r->offset + at;
	return r->fd < 0 ? -1 : r->fd;
}

/**
 * ring3_user_mappable() - can all of a range be mapped into a process?
 * @pfn: first page's number, of a bus address
 * @size: bytes
 *
 * Return: 0, or -ENXIO: a page is trapped, or nothing decodes it.  Context: any.
 */
int ring3_user_mappable(unsigned long pfn, unsigned long size)
{
	unsigned long i;

	for (i = 0; i < PAGE_ALIGN(size) >> PAGE_SHIFT; i++) {
		const struct ring3_dev *dev;
		unsigned int region;
		u64 offset, addr = (u64)(pfn + i) << PAGE_SHIFT;

		dev = mapped_page(addr, &region, &offset);
		if (!dev) {
			pr_warn_ratelimited("no process can map bus address %#llx: accesses to it are messages\n",
					    addr);
			return -ENXIO;
		}
	}
	return 0;
}
EXPORT_SYMBOL(ring3_user_mappable);
