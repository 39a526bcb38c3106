// SPDX-License-Identifier: GPL-2.0
/*
 * iommufd.c - devices through their character devices, and address spaces of an iommufd
 *
 * The newer of the kernel's two interfaces: /dev/vfio/devices/vfioN is one device, and
 * what it may reach is an address space in /dev/iommu.  The devices of an IOMMU group
 * still belong together, so they have an iommufd and an address space of their own, as
 * they have a container with the older one (type1.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define IOMMU "/dev/iommu"

static void node_path(const struct vfio_dev *vd, char path[64])
{
	snprintf(path, 64, "/dev/vfio/devices/%s", vd->node);
}

/**
 * vfio_iommufd_offered() - can a device be had this way?
 * @vd: device, found by vfio_find()
 *
 * Return: true if the host has what it takes, and lets us open it.
 */
bool vfio_iommufd_offered(const struct vfio_dev *vd)
{
	char path[64];

	node_path(vd, path);
	return *vd->node && !access(path, R_OK | W_OK) && !access(IOMMU, R_OK | W_OK);
}

static int iommufd_open(struct vfio_group *g, const struct vfio_dev *vd)
{
	struct iommu_ioas_alloc space = { .size = sizeof(space) };

	if (!*vd->node)
		return fail("device '%s': this host's kernel has no character devices for VFIO (CONFIG_VFIO_DEVICE_CDEV, Linux 6.6): leave iommufd=on out",
			    device_name(vd->dev));
	g->container = open(IOMMU, O_RDWR | O_CLOEXEC);
	if (g->container < 0 && errno == ENOENT)
		return fail("device '%s': there is no " IOMMU ": load the module, 'modprobe iommufd', or leave iommufd=on out",
			    device_name(vd->dev));
	if (g->container < 0)
		return vfio_cannot_open(vd->dev, IOMMU, "KERNEL==\"iommu\"");
	if (ioctl(g->container, IOMMU_IOAS_ALLOC, &space))
		return fail("device '%s': " IOMMU " gives no address space: %m",
			    device_name(vd->dev));
	g->space = space.out_ioas_id;
	return 0;
}

/*
 * The kernel says EPERM if the machine does not remap interrupts, and also if somebody has another
 * device of the group; EBUSY or EINVAL if somebody has this one or the group.
 */
static int not_bound(const struct vfio_dev *vd, const char *path)
{
	const char *group = vd->group->number;
	int err = errno, ret;
	char *who = vfio_not_viable(group);

	if (who && *who)
		ret = vfio_fail_viable(vd->dev, group, who);
	else if (err == EPERM && vfio_group_size(group) < 2)
		ret = fail("device '%s': " VFIO_UNSAFE_INTERRUPTS "'modprobe iommufd allow_unsafe_interrupts=1'",
			   device_name(vd->dev));
	else if (err == EPERM)
		ret = fail("device '%s': another process uses a device of its IOMMU group %s, 'ring3 status' says which; or the machine does not remap interrupts, see 'dmesg'",
			   device_name(vd->dev), group);
	else if (err == EBUSY || err == EINVAL)
		ret = fail("device '%s': another process uses it or its IOMMU group %s; 'fuser -v %s /dev/vfio/%s' says which",
			   device_name(vd->dev), group, path, group);
	else
		ret = fail("device '%s': %s does not join an iommufd: %s", device_name(vd->dev),
			   path, strerror(err));
	free(who);
	return ret;
}

/* Which bus addresses may be mapped is known when the devices are there. */
static void learn_ranges(struct vfio_group *g)
{
	struct iommu_iova_range found[VFIO_MAX_RANGES];
	struct iommu_ioas_iova_ranges ask = {
		.size = sizeof(ask), .ioas_id = g->space, .num_iovas = VFIO_MAX_RANGES,
		.allowed_iovas = (uintptr_t)found,
	};

	g->nr_ranges = 0;
	/* With more of them than asked for the first ones come with an error. */
	if (ioctl(g->container, IOMMU_IOAS_IOVA_RANGES, &ask) && errno != EMSGSIZE)
		return;
	for (uint32_t i = 0; i < ask.num_iovas && i < VFIO_MAX_RANGES; i++)
		g->ranges[g->nr_ranges++] = (struct vfio_range){ found[i].start, found[i].last };
}

static int iommufd_device(struct vfio_dev *vd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = vd->group->container,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach), .pt_id = vd->group->space,
	};
	char path[64];

	node_path(vd, path);
	vd->fd = open(path, O_RDWR | O_CLOEXEC);
	if (vd->fd < 0)
		return vfio_cannot_open(vd->dev, path, "SUBSYSTEM==\"vfio-dev\"");
	if (ioctl(vd->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return not_bound(vd, path);
	vd->id = bind.out_devid;
	if (ioctl(vd->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach))
		return fail("device '%s': no IOMMU for %s: %m", device_name(vd->dev), path);
	learn_ranges(vd->group);
	return 0;
}

static int iommufd_map(const struct vfio_group *g, const struct vfio_map *m)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map), .ioas_id = g->space, .user_va = (uintptr_t)m->at,
		.length = m->size, .iova = m->iova,
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 (m->flags & VFIO_DMA_MAP_FLAG_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
			 (m->flags & VFIO_DMA_MAP_FLAG_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0),
	};

	return ioctl(g->container, IOMMU_IOAS_MAP, &map) ? -errno : 0;
}

static int iommufd_unmap(const struct vfio_group *g, const struct vfio_map *m)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = g->space, .iova = m->iova, .length = m->size,
	};

	return ioctl(g->container, IOMMU_IOAS_UNMAP, &unmap) ? -errno : 0;
}

const struct vfio_way vfio_iommufd = {
	.param = "on",
	.open = iommufd_open,
	.device = iommufd_device,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
};
