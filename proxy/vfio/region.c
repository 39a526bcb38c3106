// SPDX-License-Identifier: GPL-2.0
/*
 * region.c - a device's BARs, ROM and configuration space
 *
 * Pages that VFIO lets us map are the client's to map, except those of the MSI-X table: what it
 * writes there must come to us, as the vectors are ours.  VFIO virtualises the header and
 * the capabilities that it knows of configuration space; the rest it passes to the device as
 * it is.  There, registers are only written that are known to be harmless.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define PAGE 4096ull

/* What the answer to VFIO_DEVICE_GET_REGION_INFO takes, to free; NULL with fail(). */
static struct vfio_region_info *ask(const struct vfio_dev *vd, uint32_t index)
{
	struct vfio_region_info *info = calloc(1, sizeof(*info)), *more;

	if (info) {
		info->argsz = sizeof(*info);
		info->index = index;
		if (ioctl(vd->fd, VFIO_DEVICE_GET_REGION_INFO, info))
			goto err_ask;
	}
	if (!info || info->argsz <= sizeof(*info) || info->argsz > 65536)
		return info;
	more = realloc(info, info->argsz);
	if (!more) {
		free(info);
		return NULL;
	}
	if (!ioctl(vd->fd, VFIO_DEVICE_GET_REGION_INFO, more))
		return more;
	info = more;
err_ask:
	fail("device '%s': no information about region %u: %m", device_name(vd->dev), index);
	free(info);
	return NULL;
}

/* Take over what VFIO lists of [first, end), in whole pages. */
static void add_area(struct region *r, uint64_t first, uint64_t end)
{
	first = (first + PAGE - 1) & ~(PAGE - 1);
	end &= ~(PAGE - 1);
	if (first < end && r->nr_areas < REGION_MAX_AREAS)
		r->areas[r->nr_areas++] = (struct vfio_user_sparse_area){ first, end - first };
}

static void take_areas(struct region *r, const struct vfio_region_info *info)
{
	const uint8_t *raw = (const uint8_t *)info;
	struct vfio_region_info_cap_sparse_mmap cap;
	uint32_t at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return;
	while (at && at <= info->argsz - sizeof(cap)) {
		memcpy(&cap, raw + at, sizeof(cap));
		if (cap.header.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
			at = cap.header.next;
			continue;
		}
		for (uint32_t i = 0; i < cap.nr_areas; i++) {
			struct vfio_region_sparse_mmap_area a;
			size_t off = at + sizeof(cap) + i * sizeof(a);

			if (off > info->argsz - sizeof(a))
				return;
			memcpy(&a, raw + off, sizeof(a));
			if (a.offset <= r->size && a.size <= r->size - a.offset)
				add_area(r, a.offset, a.offset + a.size);
		}
		return;
	}
	add_area(r, 0, r->size);
}

static void cut_out(struct region *r, uint64_t first, uint64_t end)
{
	struct region old = *r;

	r->nr_areas = 0;
	for (uint32_t i = 0; i < old.nr_areas; i++) {
		uint64_t a = old.areas[i].offset, b = a + old.areas[i].size;

		if (end <= a || first >= b) {
			add_area(r, a, b);
			continue;
		}
		if (a < first)
			add_area(r, a, first);
		if (end < b)
			add_area(r, end, b);
	}
}

/**
 * vfio_config_get() - read configuration space as VFIO shows it
 * @vd: device
 * @off: offset
 * @width: 1, 2 or 4
 *
 * Return: the value; all ones if the device does not answer.
 */
uint32_t vfio_config_get(const struct vfio_dev *vd, uint32_t off, unsigned int width)
{
	uint32_t value = 0;

	if (pread(vd->fd, &value, width, vd->at[VFIO_PCI_CONFIG_REGION_INDEX] + off) !=
	    (ssize_t)width)
		return ~0u >> (32 - 8 * width);
	return value;
}

/**
 * vfio_config_put() - write configuration space through VFIO
 * @vd: device
 * @off: offset
 * @width: 1, 2 or 4
 * @value: the value
 */
void vfio_config_put(const struct vfio_dev *vd, uint32_t off, unsigned int width, uint32_t value)
{
	if (pwrite(vd->fd, &value, width, vd->at[VFIO_PCI_CONFIG_REGION_INDEX] + off) !=
	    (ssize_t)width && vd->fd >= 0)
		warn("device '%s': cannot write configuration register 0x%x: %m",
		     device_name(vd->dev), off);
}

/* The pages of the MSI-X table are not for the client to map. */
static void trap_table(struct vfio_dev *vd)
{
	uint32_t table, cap, end, hops = 0;

	if (!(vfio_config_get(vd, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return;
	cap = vfio_config_get(vd, PCI_CAPABILITY_LIST, 1) & ~3u;
	while (cap && hops++ < 48 && vfio_config_get(vd, cap, 1) != PCI_CAP_ID_MSIX)
		cap = vfio_config_get(vd, cap + 1, 1) & ~3u;
	if (!cap || hops > 48)
		return;
	table = vfio_config_get(vd, cap + PCI_MSIX_TABLE, 4);
	end = (table & PCI_MSIX_TABLE_OFFSET) +
	      ((vfio_config_get(vd, cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) + 1) *
	      MSIX_ENTRY;
	if ((table & PCI_MSIX_TABLE_BIR) <= VFIO_USER_BAR5)
		cut_out(&vd->dev->regions[table & PCI_MSIX_TABLE_BIR],
			(table & PCI_MSIX_TABLE_OFFSET) & ~(PAGE - 1),
			(end + PAGE - 1) & ~(PAGE - 1));
}

static void describe_bar(struct vfio_dev *vd, uint32_t index, struct region *r)
{
	uint32_t low = vfio_config_get(vd, PCI_BASE_ADDRESS_0 + 4 * index, 4);

	r->kind = low & PCI_BASE_ADDRESS_SPACE_IO ? REGION_PORTS : REGION_MEMORY;
	if (r->kind == REGION_PORTS)
		return;
	r->is_64 = (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
	r->prefetch = low & PCI_BASE_ADDRESS_MEM_PREFETCH;
}

static int one_region(struct vfio_dev *vd, uint32_t index)
{
	struct region *r = &vd->dev->regions[index];
	struct vfio_region_info *info = ask(vd, index);

	if (!info)
		return -1;
	vd->at[index] = info->offset;
	*r = (struct region){ .size = info->size, .fd = -1, .fd_offset = info->offset };
	if (r->size && index == VFIO_PCI_CONFIG_REGION_INDEX) {
		r->kind = REGION_CONFIG;
		r->size = r->size > CONFIG_MAX ? CONFIG_MAX : r->size;
	} else if (r->size && index == VFIO_PCI_ROM_REGION_INDEX) {
		r->kind = REGION_ROM;
	} else if (r->size) {
		describe_bar(vd, index, r);
		if (r->kind == REGION_MEMORY)
			take_areas(r, info);
	}
	free(info);
	return 0;
}

/**
 * vfio_regions() - fill in a device's regions
 * @vd: device, open
 *
 * Return: 0, or -1 with fail().
 */
int vfio_regions(struct vfio_dev *vd)
{
	/* The types of BARs are in configuration space. */
	if (one_region(vd, VFIO_PCI_CONFIG_REGION_INDEX))
		return -1;
	for (uint32_t i = 0; i <= VFIO_PCI_ROM_REGION_INDEX; i++)
		if (one_region(vd, i))
			return -1;
	trap_table(vd);
	for (uint32_t i = 0; i <= VFIO_PCI_BAR5_REGION_INDEX; i++) {
		struct region *r = &vd->dev->regions[i];

		if (r->nr_areas) {
			r->fd = vd->fd;
			r->guarded = true;
		}
	}
	return 0;
}
