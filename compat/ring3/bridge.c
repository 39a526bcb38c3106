// SPDX-License-Identifier: GPL-2.0
/*
 * bridge.c - PCI host bridge whose devices are vfio-user connections
 *
 * ring3.devices=FD@SLOT.FN,… names the inherited sockets and where on bus 0 each
 * device sits; FD@SLOT.FN/SLOT.FN puts it behind a bridge at the first place, a PCIe
 * root port unless ring3.pci_bridges= names that place.  Every device is connected, its
 * BARs mapped and, without ring3.dma=strict, the RAM offered to it before the bus is scanned, so before any driver
 * code runs.
 */
#define pr_fmt(fmt) "ring3: " fmt

#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/dma-direct.h>
#include <as-layout.h>
#include <mem_user.h>

#include "decode.h"
#include "ring3.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "ring3."

extern unsigned long long physmem_size;

struct ring3_dev *ring3_devs[RING3_MAX_DEVICES];
unsigned int ring3_nr_devs;

static char *devices;
module_param(devices, charp, 0444);
MODULE_PARM_DESC(devices, "FD@[SLOT.FN/]SLOT.FN of each vfio-user connection, slot in hex");

static char *pci_bridges;
module_param(pci_bridges, charp, 0444);
MODULE_PARM_DESC(pci_bridges, "SLOT.FN of each bridge that is a PCI-to-PCI bridge");

static struct resource bus_window = {
	.name = "ring3 buses", .start = 0, .end = 0xff, .flags = IORESOURCE_BUS,
};

static struct resource io_window = {
	.name = "ring3 ports", .start = 0, .end = 0xffff, .flags = IORESOURCE_IO,
};

static struct resource mem_window = {
	.name = "ring3 memory", .start = 0xc0000000, .end = 0xfebfffff,
	.flags = IORESOURCE_MEM,
};

static struct resource mem64_window = {
	.name = "ring3 memory above 4G", .start = 0x1000000000, .end = 0x1fffffffff,
	.flags = IORESOURCE_MEM | IORESOURCE_MEM_64 | IORESOURCE_PREFETCH,
};

/**
 * ring3_dev_at() - the device at a place
 * @behind: the bridge above its bus; NULL: bus 0
 * @devfn: slot and function
 *
 * Return: the device or NULL.  Context: any; devices never go away.
 */
struct ring3_dev *ring3_dev_at(const struct ring3_bridge *behind, unsigned int devfn)
{
	unsigned int i;

	for (i = 0; i < ring3_nr_devs; i++)
		if (ring3_devs[i]->behind == behind && ring3_devs[i]->devfn == devfn)
			return ring3_devs[i];
	return NULL;
}

/**
 * ring3_dev_on() - the device at a place on a bus of Linux'
 * @bus: the bus
 * @devfn: slot and function
 *
 * Return: the device, or NULL: none, or a bridge.  Context: any.
 */
struct ring3_dev *ring3_dev_on(const struct pci_bus *bus, unsigned int devfn)
{
	struct ring3_bridge *behind = NULL;

	if (bus->parent) {
		behind = ring3_bridge_above(bus);
		if (!behind)
			return NULL;
	}
	return ring3_dev_at(behind, devfn);
}

/**
 * ring3_bar_lookup() - which BAR of a device decodes an address
 * @dev: the device
 * @addr: bus address or port
 * @io: look among I/O BARs, else among memory BARs and the ROM
 * @offset: receives the offset in the BAR
 *
 * As on a real bus it is the BAR registers that decide.
 *
 * Return: region index or -ENOENT.  Context: any.
 */
int ring3_bar_lookup(const struct ring3_dev *dev, u64 addr, bool io, u64 *offset)
{
	unsigned int i;

	for (i = 0; i < RING3_NR_BARS; i++) {
		u64 size = dev->region[i].size;
		u32 low = dev->bar[i];
		u64 start;

		if (!size)
			continue;
		if (i == RING3_ROM)	/* bit 0 enables it */
			low &= PCI_ROM_ADDRESS_MASK;
		else if (!!(low & PCI_BASE_ADDRESS_SPACE_IO) != io)
			continue;
		if (i == RING3_ROM && io)
			continue;
		start = ring3_bar_address(low, i < 5 ? dev->bar[i + 1] : 0, size);
		if (start && addr >= start && addr - start < size) {
			*offset = addr - start;
			return i;
		}
	}
	return -ENOENT;
}

static int __init offer_ram(const struct ring3_dev *dev)
{
	unsigned long long offset;
	int fd = phys_mapping(0, &offset);

	return ring3_link_dma_map(dev->index, RING3_DMA_OFFSET, physmem_size, fd, offset,
				  RING3_DMA_READ | RING3_DMA_WRITE);
}

static int __init connect_device(struct ring3_dev *dev, int fd)
{
	unsigned long flags;
	unsigned int i;
	int err;

	local_irq_save(flags);
	err = ring3_link_open(dev->index, fd);
	dev->posted = !err && ring3_link_posts(dev->index);
	for (i = 0; !err && i < RING3_NR_REGIONS; i++) {
		err = ring3_link_region(dev->index, i, &dev->region[i]);
		if (dev->region[i].nr_areas)
			dev->posted = false;
	}
	local_irq_restore(flags);
	if (err)
		return err;

	err = ring3_config_setup(dev);
	if (err)
		return err;

	local_irq_save(flags);
	if (!ring3_dma_strict())
		err = offer_ram(dev);
	if (!err)
		ring3_link_watch(dev->index);
	local_irq_restore(flags);
	return err ? err : ring3_irq_connect(dev);
}

/* SLOT.FN, slot in hex; a devfn, or -EINVAL. */
static int __init parse_place(const char *text)
{
	unsigned int slot, fn;
	char rest;

	if (sscanf(text, "%x.%x%c", &slot, &fn, &rest) != 2 || slot > 31 || fn > 7)
		return -EINVAL;
	return PCI_DEVFN(slot, fn);
}

static bool __init is_conventional(const char *place)
{
	const char *at = pci_bridges;
	size_t len = strlen(place);

	while (at && *at) {
		if (!strncmp(at, place, len) && (!at[len] || at[len] == ','))
			return true;
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return false;
}

/* FD@PLACE or FD@PLACE/PLACE, which is taken apart. */
static int __init parse_device(char *spec, struct ring3_dev *dev, int *fd)
{
	char *place = strchr(spec, '@'), *below;
	int devfn;

	if (!place)
		return -EINVAL;
	*place++ = 0;
	below = strchr(place, '/');
	if (below) {
		*below++ = 0;
		devfn = parse_place(place);
		if (devfn < 0 || ring3_dev_at(NULL, devfn))
			return -EINVAL;
		dev->behind = ring3_bridge_get(devfn, is_conventional(place));
		if (!dev->behind)
			return -ENOMEM;
		place = below;
	}
	devfn = parse_place(place);
	if (devfn < 0 || ring3_dev_at(dev->behind, devfn))
		return -EINVAL;
	dev->devfn = devfn;
	return kstrtoint(spec, 10, fd);
}

static int __init add_device(char *spec)
{
	struct ring3_dev *dev;
	int fd, err;

	if (ring3_nr_devs == RING3_MAX_DEVICES)
		return -ENOSPC;
	dev = vzalloc(sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->index = ring3_nr_devs;
	err = parse_device(spec, dev, &fd);
	if (err) {
		pr_err("ring3.devices: bad or repeated device %u\n", dev->index + 1);
		vfree(dev);
		return err;
	}
	err = connect_device(dev, fd);
	if (err) {
		pr_err("device %u: no connection to the proxy: error %d\n", dev->index + 1, err);
		vfree(dev);
		return err;
	}
	ring3_devs[ring3_nr_devs++] = dev;
	return 0;
}

static int __init add_devices(void)
{
	char *list, *pos, *spec;
	int err = 0;

	if (!devices)
		return 0;
	list = pos = kstrdup(devices, GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	while (!err && (spec = strsep(&pos, ",")))
		if (*spec)
			err = add_device(spec);
	kfree(list);
	return err;
}

static int __init ring3_bridge_init(void)
{
	struct pci_host_bridge *bridge;
	struct irq_domain *msi;
	int err;

	err = ring3_irq_init();
	if (!err)
		err = ring3_intx_init();
	if (!err)
		err = add_devices();
	if (!err)
		err = ring3_note_init();
	if (err)
		return err;

	msi = ring3_msi_init();
	bridge = pci_alloc_host_bridge(0);
	if (!bridge || !msi)
		return -ENOMEM;
	dev_set_msi_domain(&bridge->dev, msi);
	bridge->ops = &ring3_config_ops;
	bridge->map_irq = ring3_intx_map;
	bridge->swizzle_irq = pci_common_swizzle;

	if (request_resource(&ioport_resource, &io_window) ||
	    request_resource(&iomem_resource, &mem_window) ||
	    request_resource(&iomem_resource, &mem64_window))
		pr_warn("a PCI window overlaps something else\n");
	pci_add_resource(&bridge->windows, &bus_window);
	pci_add_resource(&bridge->windows, &io_window);
	pci_add_resource(&bridge->windows, &mem_window);
	pci_add_resource(&bridge->windows, &mem64_window);

	err = pci_host_probe(bridge);
	if (err)
		pci_free_host_bridge(bridge);
	return err;
}
subsys_initcall(ring3_bridge_init);
