// SPDX-License-Identifier: GPL-2.0
/*
 * map_user.c - BAR mappings of this process
 *
 * A BAR's whole range is reserved once and its mappable pages are mapped at their
 * places, so that base + offset holds everywhere.  When the pages behind a mapping
 * go (device revoked, file truncated) an access raises SIGBUS; then a private
 * page of all ones takes their place, which is what a bus answers for a device that has gone.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "user.h"

#define PAGE		4096UL
#define MAX_RANGES	(RING3_MAX_DEVICES * 7)

static struct {
	char *start;
	unsigned long size;
} ranges[MAX_RANGES];
static unsigned int nr_ranges;

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
	base = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
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
		region->areas[kept].offset = start;
		region->areas[kept].size = end - start;
		kept++;
	}
	region->nr_areas = kept;
	region->base = base;
	ranges[nr_ranges].start = base;
	ranges[nr_ranges].size = len;
	nr_ranges++;
	return 0;
}

/**
 * ring3_bus_error() - SIGBUS: put all ones where a device's pages were
 * @addr: the faulting address
 *
 * Return: 1 if the address belongs to a BAR and the access may be repeated.
 * Context: signal handler.
 */
int ring3_bus_error(void *addr)
{
	char *page = (char *)((uintptr_t)addr & ~(PAGE - 1));
	unsigned int i;

	for (i = 0; i < nr_ranges; i++) {
		if (page < ranges[i].start || page >= ranges[i].start + ranges[i].size)
			continue;
		if (mmap(page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return 0;
		memset(page, 0xff, PAGE);
		return 1;
	}
	return 0;
}
