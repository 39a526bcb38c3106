// SPDX-License-Identifier: GPL-2.0
/*
 * type1.c - devices through their IOMMU group, and the container that is its address space
 *
 * The older of the kernel's two interfaces, which every kernel with VFIO has; see iommufd.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define RULE "SUBSYSTEM==\"vfio\""

static int open_container(struct vfio_group *g, const struct device *dev)
{
	g->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (g->container < 0)
		return vfio_cannot_open(dev, "/dev/vfio/vfio", RULE);
	if (ioctl(g->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(g->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
		return fail("device '%s': the host's VFIO has no type 1 IOMMU: load the module, 'modprobe vfio_iommu_type1'",
			    device_name(dev));
	return 0;
}

static int open_group(struct vfio_group *g, const struct device *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", g->number);
	g->fd = open(path, O_RDWR | O_CLOEXEC);
	if (g->fd < 0)
		return vfio_cannot_open(dev, path, RULE);
	if (ioctl(g->fd, VFIO_GROUP_GET_STATUS, &status))
		return fail("device '%s': no status of IOMMU group %s: %m", device_name(dev),
			    g->number);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		char *who = vfio_not_viable(g->number);

		vfio_fail_viable(dev, g->number, who);
		free(who);
		return -1;
	}
	return 0;
}

static int join(struct vfio_group *g, const struct device *dev)
{
	if (ioctl(g->fd, VFIO_GROUP_SET_CONTAINER, &g->container))
		return fail("device '%s': IOMMU group %s does not join a container: %m",
			    device_name(dev), g->number);
	if (!ioctl(g->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return 0;
	if (errno == EPERM)
		return fail("device '%s': " VFIO_UNSAFE_INTERRUPTS "'modprobe vfio_iommu_type1 allow_unsafe_interrupts=1'",
			    device_name(dev));
	return fail("device '%s': no IOMMU for group %s: %m", device_name(dev), g->number);
}

/* The chain of capabilities behind struct vfio_iommu_type1_info. */
static void take_ranges(struct vfio_group *g, const uint8_t *info, uint32_t size, uint32_t at)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;

	while (at && at <= size - sizeof(cap)) {
		memcpy(&cap, info + at, sizeof(cap));
		if (cap.header.id != VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
			at = cap.header.next;
			continue;
		}
		for (uint32_t i = 0; i < cap.nr_iovas && g->nr_ranges < VFIO_MAX_RANGES; i++) {
			struct vfio_iova_range r;
			size_t off = at + sizeof(cap) + i * sizeof(r);

			if (off > size - sizeof(r))
				return;
			memcpy(&r, info + off, sizeof(r));
			g->ranges[g->nr_ranges++] = (struct vfio_range){ r.start, r.end };
		}
		return;
	}
}

/* Which bus addresses may be mapped; a kernel that does not say lets us try. */
static int learn_ranges(struct vfio_group *g, const struct device *dev)
{
	struct vfio_iommu_type1_info head = { .argsz = sizeof(head) }, *info;

	if (ioctl(g->container, VFIO_IOMMU_GET_INFO, &head))
		return fail("device '%s': the IOMMU does not describe itself: %m",
			    device_name(dev));
	if (!(head.flags & VFIO_IOMMU_INFO_CAPS) || head.argsz <= sizeof(head) ||
	    head.argsz > 65536)
		return 0;
	info = calloc(1, head.argsz);
	if (!info)
		return fail("out of memory for '%s'", device_name(dev));
	info->argsz = head.argsz;
	if (!ioctl(g->container, VFIO_IOMMU_GET_INFO, info))
		take_ranges(g, (const uint8_t *)info, head.argsz, info->cap_offset);
	free(info);
	return 0;
}

static int type1_open(struct vfio_group *g, const struct vfio_dev *vd)
{
	return open_group(g, vd->dev) || open_container(g, vd->dev) || join(g, vd->dev) ||
	       learn_ranges(g, vd->dev) ? -1 : 0;
}

static int type1_device(struct vfio_dev *vd)
{
	/* The kernel opens it with O_CLOEXEC. */
	vd->fd = ioctl(vd->group->fd, VFIO_GROUP_GET_DEVICE_FD, vd->bdf);
	if (vd->fd < 0)
		return fail("device '%s': VFIO does not give %s: %m; the log of the host's kernel may say why ('dmesg')",
			    device_name(vd->dev), vd->bdf);
	return 0;
}

static int type1_map(const struct vfio_group *g, const struct vfio_map *m)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = m->flags, .iova = m->iova, .size = m->size,
		.vaddr = (uintptr_t)m->at,
	};

	return ioctl(g->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int type1_unmap(const struct vfio_group *g, const struct vfio_map *m)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = m->iova, .size = m->size,
	};

	return ioctl(g->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

const struct vfio_way vfio_type1 = {
	.param = "off",
	.open = type1_open,
	.device = type1_device,
	.map = type1_map,
	.unmap = type1_unmap,
};
