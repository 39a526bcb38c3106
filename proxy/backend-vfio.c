// SPDX-License-Identifier: GPL-2.0
/*
 * backend-vfio.c - real devices; how it works is told in vfio/vfio.h
 */
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/claim.h"
#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

static struct vfio_dev *opened[VFIO_GROUP_DEVICES];

static int take_bit(struct vfio_dev *vd)
{
	for (vd->bit = 0; vd->bit < VFIO_GROUP_DEVICES; vd->bit++)
		if (!(vd->group->devices >> vd->bit & 1))
			break;
	if (vd->bit == VFIO_GROUP_DEVICES) {
		vd->group = NULL;
		return fail("device '%s': more than %d devices of one IOMMU group",
			    device_name(vd->dev), VFIO_GROUP_DEVICES);
	}
	vd->group->devices |= 1u << vd->bit;
	return 0;
}

static int remember(struct vfio_dev *vd)
{
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++) {
		if (opened[i] && !strcmp(opened[i]->bdf, vd->bdf))
			return fail("devices '%s' and '%s' are one; name it once",
				    device_name(opened[i]->dev), device_name(vd->dev));
		if (opened[i])
			continue;
		opened[i] = vd;
		return 0;
	}
	return fail("device '%s': more than %zu vfio: devices; use a second proxy",
		    device_name(vd->dev), ARRAY_SIZE(opened));
}

static int open_device(struct vfio_dev *vd)
{
	char number[16], name[32];

	if (remember(vd) || vfio_find(vd, number))
		return -1;
	/* VFIO says that somebody has it; this, who. */
	snprintf(name, sizeof(name), "vfio/%s", vd->bdf);
	if (claim_take(vd->dev, name))
		return -1;
	vd->group = vfio_group_get(vd, number);
	if (!vd->group || take_bit(vd) || vd->group->way->device(vd))
		return -1;
	return vfio_irq_open(vd);
}

static int check_params(const struct device *dev)
{
	const char *iommufd = spec_get(dev->spec, "iommufd");

	if (iommufd && strcmp(iommufd, "auto") && strcmp(iommufd, "on") && strcmp(iommufd, "off"))
		return fail("device '%s': iommufd=%s: use auto, on or off", device_name(dev),
			    iommufd);
	return 0;
}

static int open_vfio(struct device *dev)
{
	struct vfio_dev *vd;

	if (check_params(dev))
		return -1;
	vd = calloc(1, sizeof(*vd));
	if (!vd)
		return fail("out of memory for '%s'", device_name(dev));
	vd->dev = dev;
	vd->fd = -1;
	vd->given.src.fd = -1;
	dev->priv = vd;
	dev->irqs.count[VFIO_USER_REQ] = 1;
	if (!dev->spec->model || vfio_parse_bdf(dev->spec->model, vd->bdf))
		return fail("device '%s': '%s' is no place of a PCI device: write vfio:DDDD:BB:SS.F, as 'ring3 status' lists them",
			    device_name(dev), dev->spec->model ? dev->spec->model : "");
	if (loop_timer_init(&vd->given, vfio_look_back))
		return -1;
	return open_device(vd);
}

static void close_vfio(struct device *dev)
{
	struct vfio_dev *vd = dev->priv;

	if (!vd)
		return;
	vfio_release(vd);
	loop_timer_exit(&vd->given);
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		if (opened[i] == vd)
			opened[i] = NULL;
	free(vd);
	dev->priv = NULL;
}

/* Is @vd the first of its group that is open? */
static bool speaks_for_group(const struct vfio_dev *vd)
{
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		if (opened[i] && opened[i]->group == vd->group)
			return opened[i] == vd;
	return false;
}

static void stopped(const char *bdf, uint64_t iova, bool write)
{
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		if (opened[i] && !strcmp(opened[i]->bdf, bdf))
			fault_report(opened[i]->dev, iova, write);
}

/* The devices of a group have one address space, and each driver its own idea of it. */
static int check_strict(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		for (size_t k = 0; k < i; k++)
			if (opened[i] && opened[k] && opened[i]->group == opened[k]->group)
				return fail("devices '%s' and '%s' are in one IOMMU group and share one address space: with --dma strict host one of them",
					    device_name(opened[k]->dev), device_name(opened[i]->dev));
	return 0;
}

/* The memory of a hosted kernel is known ahead: say now if it cannot be mapped, or map it. */
static int start(const struct backend_env *env)
{
	uint64_t groups = 0;
	struct stat st;

	if (env->strict && check_strict())
		return -1;
	vfio_log_open(stopped);
	if (env->ram_fd < 0 || fstat(env->ram_fd, &st))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		groups += opened[i] && speaks_for_group(opened[i]);
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		if (opened[i] && vfio_group_check_ram(opened[i], st.st_size, groups * st.st_size))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++)
		/* If that fails, so will the client's request, which says why. */
		if (!env->strict && opened[i] && speaks_for_group(opened[i]))
			vfio_map_ahead(opened[i], RAM_IOVA, st.st_size, env->ram_fd);
	return 0;
}

static void stop(void)
{
	vfio_log_close();
}

static int setup(struct device *dev)
{
	struct vfio_dev *vd = dev->priv;

	if (vfio_regions(vd))
		return -1;
	return vfio_reset_open(vd);
}

/* What does not answer reads as all ones, as on a bus. */
static uint64_t region_read(struct device *dev, uint32_t region, uint64_t off,
			    unsigned int width)
{
	const struct vfio_dev *vd = dev->priv;
	uint64_t value = 0;

	if (pread(vd->fd, &value, width, vd->at[region] + off) != (ssize_t)width)
		return ~0ull;
	return value;
}

static void region_write(struct device *dev, uint32_t region, uint64_t off, unsigned int width,
			 uint64_t value)
{
	const struct vfio_dev *vd = dev->priv;

	if (pwrite(vd->fd, &value, width, vd->at[region] + off) != (ssize_t)width)
		warn("device '%s': a write of %u bytes to region %u at 0x%llx was lost: %m",
		     device_name(dev), width, region, (unsigned long long)off);
}

static uint32_t config_read_vfio(struct device *dev, uint32_t off, unsigned int width)
{
	return vfio_config_get(dev->priv, off, width);
}

static void config_write_vfio(struct device *dev, uint32_t off, unsigned int width,
			      uint32_t value)
{
	vfio_config_put(dev->priv, off, width, value);
}

/*
 * Only bus mastering and error reporting reach the device.  Decoding stays on: accesses that come
 * as messages are stopped in the proxy, and mapped pages by the hosted kernel.
 */
static void command(struct device *dev, uint16_t value)
{
	const uint16_t passed = PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR;
	const struct vfio_dev *vd = dev->priv;

	if (vd->fd < 0)
		return;
	if (value & PCI_COMMAND_MASTER)
		vfio_map_drop_ahead(vd->group);
	vfio_config_put(vd, PCI_COMMAND, 2,
			(vfio_config_get(vd, PCI_COMMAND, 2) & ~passed) | (value & passed));
}

static void irq_update_vfio(struct device *dev)
{
	vfio_irq_update(dev->priv);
}

static bool intx_level(struct device *dev)
{
	return vfio_intx_level(dev->priv);
}

static int dma_map_vfio(struct device *dev, const struct dma_request *req, int fd)
{
	return vfio_map(dev->priv, req, fd);
}

static void dma_unmap_vfio(struct device *dev, uint64_t iova, uint64_t size)
{
	struct vfio_dev *vd = dev->priv;

	if (vd && vd->group)
		vfio_unmap(vd, iova, size);
}

static void reset(struct device *dev)
{
	vfio_reset(dev->priv);
}

static const struct backend_param params[] = {
	{ "iommufd", "auto | on | off: open /dev/vfio/devices/vfioN and /dev/iommu, or the IOMMU group /dev/vfio/N? (auto: the first if they can be opened)" },
	{ NULL, NULL },
};

const struct backend backend_vfio = {
	.name = "vfio",
	.prompt = true,
	.help = "real hardware: vfio:DDDD:BB:SS.F, bound to vfio-pci ('ring3 bind')",
	.params = params,
	.open = open_vfio,
	.start = start,
	.setup = setup,
	.close = close_vfio,
	.stop = stop,
	.region_read = region_read,
	.region_write = region_write,
	.config_read = config_read_vfio,
	.config_write = config_write_vfio,
	.command = command,
	.irq_update = irq_update_vfio,
	.intx_level = intx_level,
	.dma_map = dma_map_vfio,
	.dma_unmap = dma_unmap_vfio,
	.reset = reset,
};
