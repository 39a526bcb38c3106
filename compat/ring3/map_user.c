// SPDX-License-Identifier: GPL-2.0
/*
 * map_user.c - BAR mappings of this process
 *
 * A BAR's whole range is reserved once and its mappable pages are mapped at their
 * places, so that base + offset holds everywhere.
 *
 * While the device does not decode memory (PCI command register) the mappings are
 * parked elsewhere and their places are inaccessible; the descriptor is gone, so they are
 * moved, not made again.  An access then faults, as it does with SIGBUS when
 * the pages behind a mapping go (device revoked, file truncated).  In both cases a private
 * page of all ones takes the place, which is what a bus answers when no device does.
 *
 * A device whose server wants it back is let go of as a whole: nothing stays mapped, and
 * every later access faults like that.  As long as a page were mapped the host could not have it.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "user.h"

#define PAGE		4096UL
#define MAX_RANGES	(RING3_MAX_DEVICES * 7)

static struct range {
	const struct ring3_region *region;
	unsigned long size;
	char *parked;		/* reserved at first need; holds the areas while off */
	int off;
	int moving;		/* the kernel's thread is at it */
	int revoked;		/* it must not be any more */
} ranges[MAX_RANGES];
static unsigned int nr_ranges;

static char *reserve(unsigned long len)
{
	char *p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/**
 * ring3_pages() - memory of the host, for good
 * @len: bytes
 *
 * malloc() is the hosted kernel's here, and may sleep.
 *
 * Return: zeroed memory, or NULL.  Context: any.
 */
void *ring3_pages(unsigned long len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/**
 * ring3_map_region() - reserve a region's range and map its areas
 * @region: size and areas are set; base is filled
 * @fd: the file; may be closed afterwards
 * @fd_offset: where in it the region begins
 *
 * Only whole pages are mapped; areas are trimmed to what is.
 */
int ring3_map_region(struct ring3_region *region, int fd, unsigned long long fd_offset)
{
	unsigned long len = (region->size + PAGE - 1) & ~(PAGE - 1);
	unsigned int i, kept = 0;
	char *base;

	if (nr_ranges == MAX_RANGES)
		return -ENOSPC;
	base = reserve(len);
	if (!base)
		return -ENOMEM;
	for (i = 0; i < region->nr_areas; i++) {
		unsigned long long start = (region->areas[i].offset + PAGE - 1) & ~(PAGE - 1);
		unsigned long long end = (region->areas[i].offset + region->areas[i].size) &
					 ~(PAGE - 1);

		if (start >= end || (fd_offset + start) % PAGE)
			continue;
		if (mmap(base + start, end - start, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, fd_offset + start) == MAP_FAILED) {
			int err = -errno;

			munmap(base, len);
			return err;
		}
		/* Processes of the hosted kernel begin as copies of this one. */
		madvise(base + start, end - start, MADV_DONTFORK);
		region->areas[kept].offset = start;
		region->areas[kept].size = end - start;
		kept++;
	}
	region->nr_areas = kept;
	region->base = base;
	ranges[nr_ranges].region = region;
	ranges[nr_ranges].size = len;
	__atomic_store_n(&nr_ranges, nr_ranges + 1, __ATOMIC_RELEASE);
	return 0;
}

static struct range *range_of(const struct ring3_region *region)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (ranges[i].region == region)
			return &ranges[i];
	return NULL;
}

/* An inaccessible range instead of what is there. */
static int vacate(char *at, unsigned long size)
{
	return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
		    -1, 0) == MAP_FAILED ? -errno : 0;
}

static int move_areas(struct range *r, int on)
{
	const struct ring3_region *region = r->region;
	unsigned int i;

	for (i = 0; i < region->nr_areas; i++) {
		unsigned long offset = region->areas[i].offset, size = region->areas[i].size;
		char *place = region->base + offset, *parked = r->parked + offset;

		if (mremap(on ? parked : place, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
			   on ? place : parked) == MAP_FAILED)
			return -errno;
		/* what was left is a hole that anything could be mapped into */
		if (vacate(on ? parked : place, size))
			return -errno;
	}
	r->off = !on;
	return 0;
}

/**
 * ring3_map_decode() - let a region's mapped pages answer, or not
 * @region: as given to ring3_map_region(); one without mappings is left alone
 * @on: does the device decode memory?
 *
 * Return: 0 or a negative errno.  Context: the kernel's thread, but no signal handler.
 */
int ring3_map_decode(struct ring3_region *region, int on)
{
	struct range *r = range_of(region);
	int err = 0;

	if (!r || r->off == !on)
		return 0;
	if (!r->parked)
		r->parked = reserve(r->size);
	if (!r->parked)
		return -ENOMEM;
	__atomic_fetch_add(&r->moving, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&r->revoked, __ATOMIC_SEQ_CST))
		err = move_areas(r, on);
	__atomic_fetch_sub(&r->moving, 1, __ATOMIC_SEQ_CST);
	return err;
}

/**
 * ring3_map_revoke() - let go of all pages of a device, for good
 * @dev: as in the regions given to ring3_map_region()
 *
 * Context: a thread other than the kernel's.
 */
void ring3_map_revoke(unsigned int dev)
{
	unsigned int i, k, n = __atomic_load_n(&nr_ranges, __ATOMIC_ACQUIRE);

	for (i = 0; i < n; i++) {
		struct range *r = &ranges[i];

		if (r->region->dev != dev)
			continue;
		__atomic_store_n(&r->revoked, 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&r->moving, __ATOMIC_SEQ_CST))
			sched_yield();
		for (k = 0; k < r->region->nr_areas; k++) {
			const struct ring3_area *a = &r->region->areas[k];

			vacate(r->region->base + a->offset, a->size);
			if (r->parked)
				vacate(r->parked + a->offset, a->size);
		}
	}
}

static int answers(const struct range *r, unsigned long offset)
{
	unsigned int i;

	for (i = 0; i < r->region->nr_areas; i++)
		if (offset >= r->region->areas[i].offset &&
		    offset - r->region->areas[i].offset < r->region->areas[i].size)
			return 1;
	return 0;
}

/**
 * ring3_bus_error() - a fault: put all ones where a device's pages were
 * @addr: the faulting address
 *
 * Return: 1 if the address belongs to mapped pages of a BAR and the access may be repeated.
 * Context: signal handler.
 */
int ring3_bus_error(void *addr)
{
	char *page = (char *)((uintptr_t)addr & ~(PAGE - 1));
	unsigned int i;

	for (i = 0; i < nr_ranges; i++) {
		char *base = ranges[i].region->base;

		if (page < base || page >= base + ranges[i].size ||
		    !answers(&ranges[i], page - base))
			continue;
		if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return 0;
		memset(page, 0xff, PAGE);
		return 1;
	}
	return 0;
}
