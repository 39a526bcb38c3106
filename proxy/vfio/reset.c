// SPDX-License-Identifier: GPL-2.0
/*
 * reset.c - put a function back to its beginning
 *
 * The host resets a function by FLR, by power management, or by the bus above it if nothing
 * else is there.  Where it cannot, the bus may still be reset if everything on it is in our group
 * and in nobody's use.  A device that cannot be reset at all keeps its registers.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define MAX_AFFECTED 256

/* Of a device on the bus: with an iommufd VFIO tells its number there, else its group's. */
static bool is_ours(const struct vfio_dev *vd, uint32_t flags, uint32_t id)
{
	if (flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID)
		return id == VFIO_PCI_DEVID_OWNED || id == vd->id;
	return id == strtoul(vd->group->number, NULL, 10);
}

/* Are all that a reset of the bus would hit in this group, which no other device of ours uses? */
static bool bus_is_ours(const struct vfio_dev *vd)
{
	const size_t size = sizeof(struct vfio_pci_hot_reset_info) +
			    MAX_AFFECTED * sizeof(struct vfio_pci_dependent_device);
	struct vfio_pci_hot_reset_info *info = calloc(1, size);
	bool ours = false;

	if (!info)
		return false;
	info->argsz = size;
	if (!ioctl(vd->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info)) {
		ours = info->count && vd->group->devices == 1u << vd->bit;
		for (uint32_t i = 0; i < info->count; i++)
			ours &= is_ours(vd, info->flags, info->devices[i].group_id);
	}
	free(info);
	return ours;
}

static int reset_bus(const struct vfio_dev *vd)
{
	const size_t size = sizeof(struct vfio_pci_hot_reset) + sizeof(int32_t);
	struct vfio_pci_hot_reset *r;
	int err;

	if (!bus_is_ours(vd))
		return -1;
	r = calloc(1, size);
	if (!r)
		return -1;
	r->argsz = size;
	/* With an iommufd that says what is ours. */
	r->count = vd->group->fd >= 0;
	r->group_fds[0] = vd->group->fd;
	err = ioctl(vd->fd, VFIO_DEVICE_PCI_HOT_RESET, r);
	free(r);
	return err;
}

static uint16_t decode_bits(const struct vfio_dev *vd)
{
	uint16_t bits = 0;

	for (int i = 0; i <= VFIO_USER_ROM; i++)
		if (vd->dev->regions[i].size)
			bits |= vd->dev->regions[i].kind == REGION_PORTS ? PCI_COMMAND_IO :
									   PCI_COMMAND_MEMORY;
	return bits;
}

/**
 * vfio_reset() - reset a function, as far as it can be
 * @vd: device
 *
 * Afterwards it decodes its BARs and does nothing else: no bus mastering.  The host restores
 * what COMMAND was before the reset, so that is cleared first.
 */
void vfio_reset(struct vfio_dev *vd)
{
	if (vd->fd < 0)
		return;
	vfio_config_put(vd, PCI_COMMAND, 2, decode_bits(vd));
	/* EAGAIN: the host is about to take it away, and has it locked. */
	if (vd->resettable && ioctl(vd->fd, VFIO_DEVICE_RESET) && errno != EAGAIN)
		warn("device '%s': the host could not reset it: %m", device_name(vd->dev));
	if (!vd->resettable)
		reset_bus(vd);
	vfio_config_put(vd, PCI_COMMAND, 2, decode_bits(vd));
}

/**
 * vfio_reset_open() - the first reset, and what can be said about it
 * @vd: device, its regions known
 *
 * Return: 0, or -1 with fail().
 */
int vfio_reset_open(struct vfio_dev *vd)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(vd->fd, VFIO_DEVICE_GET_INFO, &info))
		return fail("device '%s': VFIO does not describe it: %m", device_name(vd->dev));
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return fail("device '%s': VFIO does not hold it as a PCI device; run: ring3 bind %s",
			    device_name(vd->dev), vd->bdf);
	vd->resettable = info.flags & VFIO_DEVICE_FLAGS_RESET;
	if (!vd->resettable && !bus_is_ours(vd))
		warn("device '%s': the host knows no way to reset it alone, so its registers stay from one run to the next",
		     device_name(vd->dev));
	vfio_reset(vd);
	return 0;
}
