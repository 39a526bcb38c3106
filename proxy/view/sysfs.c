// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c - devices/BDF/: the files of /sys/bus/pci/devices that pciutils and scripts read
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/view/view.h"

/* linux/ioport.h: what the resource file's third column is made of. */
#define IORESOURCE_IO		0x00000100
#define IORESOURCE_MEM		0x00000200
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_READONLY	0x00004000
#define IORESOURCE_SIZEALIGN	0x00040000
#define IORESOURCE_MEM_64	0x00100000

static uint32_t config(const struct device *dev, unsigned int off, unsigned int width)
{
	uint32_t value = 0;

	memcpy(&value, &dev->config.data[off], width);
	return value;
}

static void show_vendor(FILE *out, struct device *dev)
{
	fprintf(out, "0x%04x\n", config(dev, PCI_VENDOR_ID, 2));
}

static void show_device(FILE *out, struct device *dev)
{
	fprintf(out, "0x%04x\n", config(dev, PCI_DEVICE_ID, 2));
}

static void show_subsystem_vendor(FILE *out, struct device *dev)
{
	fprintf(out, "0x%04x\n", config(dev, PCI_SUBSYSTEM_VENDOR_ID, 2));
}

static void show_subsystem_device(FILE *out, struct device *dev)
{
	fprintf(out, "0x%04x\n", config(dev, PCI_SUBSYSTEM_ID, 2));
}

static void show_class(FILE *out, struct device *dev)
{
	fprintf(out, "0x%06x\n", config(dev, PCI_CLASS_REVISION, 4) >> 8);
}

static void show_revision(FILE *out, struct device *dev)
{
	fprintf(out, "0x%02x\n", config(dev, PCI_CLASS_REVISION, 1));
}

/* With MSI it is that of the first vector, with MSI-X it is not: so does Linux. */
static void show_irq(FILE *out, struct device *dev)
{
	struct told told;
	uint32_t irq;

	told_get(dev, &told);
	irq = told.irq;
	if (config_msi_enabled(dev))
		irq = dev->irqs.msi[0].linux_irq;
	fprintf(out, "%u\n", irq);
}

static void show_modalias(FILE *out, struct device *dev)
{
	uint32_t class = config(dev, PCI_CLASS_REVISION, 4);

	fprintf(out, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n",
		config(dev, PCI_VENDOR_ID, 2), config(dev, PCI_DEVICE_ID, 2),
		config(dev, PCI_SUBSYSTEM_VENDOR_ID, 2), config(dev, PCI_SUBSYSTEM_ID, 2),
		class >> 24, class >> 16 & 0xff, class >> 8 & 0xff);
}

static void show_enable(FILE *out, struct device *dev)
{
	fprintf(out, "%d\n", !!(config_command(dev) & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
}

/* The low bits of the register are part of the flags, as in Linux. */
static uint64_t resource_flags(const struct device *dev, uint32_t i)
{
	const struct region *r = &dev->regions[i];
	uint64_t flags = IORESOURCE_SIZEALIGN;

	if (i == VFIO_USER_ROM)
		return flags | IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_READONLY;
	if (r->kind == REGION_PORTS)
		return flags | IORESOURCE_IO | PCI_BASE_ADDRESS_SPACE_IO;
	flags |= IORESOURCE_MEM;
	if (r->prefetch)
		flags |= IORESOURCE_PREFETCH | PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (r->is_64)
		flags |= IORESOURCE_MEM_64 | PCI_BASE_ADDRESS_MEM_TYPE_64;
	return flags;
}

/* Linux gives the ROM an address and writes it to the device when somebody wants to read it. */
static uint64_t resource_start(const struct device *dev, uint32_t i)
{
	uint64_t start = device_bar_address(dev, i);
	struct told told;

	if (start || i != VFIO_USER_ROM)
		return start;
	told_get(dev, &told);
	return told.rom;
}

static void show_resource(FILE *out, struct device *dev)
{
	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++) {
		uint64_t start = 0, end = 0, flags = 0;

		if (dev->regions[i].size)
			start = resource_start(dev, i);
		if (start) {
			end = start + dev->regions[i].size - 1;
			flags = resource_flags(dev, i);
		}
		fprintf(out, "0x%016llx 0x%016llx 0x%016llx\n", (unsigned long long)start,
			(unsigned long long)end, (unsigned long long)flags);
	}
}

/* Of a device that does not answer: what it said last. */
static ssize_t read_config(struct device *dev, int arg, void *buf, size_t len, off_t off)
{
	uint64_t size = dev->regions[VFIO_USER_CONFIG].size;

	(void)arg;
	if ((uint64_t)off >= size)
		return 0;
	if (len > size - off)
		len = size - off;
	if (!config_looked(dev))
		handoff_config(dev);
	config_last(dev, off, buf, len);
	return len;
}

static ssize_t write_config(struct device *dev, int arg, const void *buf, size_t len, off_t off)
{
	uint64_t size = dev->regions[VFIO_USER_CONFIG].size;

	(void)arg;
	if ((uint64_t)off >= size || len > size - off)
		return -EFBIG;
	return handoff_access(dev, VFIO_USER_CONFIG, off, (void *)buf, len, true);
}

static off_t config_size(const struct device *dev, int arg)
{
	(void)arg;
	return dev->regions[VFIO_USER_CONFIG].size;
}

static ssize_t write_reset(struct device *dev, int arg, const void *buf, size_t len, off_t off)
{
	int err;

	(void)arg;
	if (off || !len || *(const char *)buf != '1' || len > 2)
		return -EINVAL;
	err = handoff_reset(dev);
	return err ? err : (ssize_t)len;
}

static ssize_t read_nothing(struct device *dev, int arg, void *buf, size_t len, off_t off)
{
	(void)dev, (void)arg, (void)buf, (void)len, (void)off;
	return -EIO;
}

const struct view_file view_sysfs_files[] = {
	{ .name = "vendor", .mode = 0444, .text = show_vendor },
	{ .name = "device", .mode = 0444, .text = show_device },
	{ .name = "subsystem_vendor", .mode = 0444, .text = show_subsystem_vendor },
	{ .name = "subsystem_device", .mode = 0444, .text = show_subsystem_device },
	{ .name = "class", .mode = 0444, .text = show_class },
	{ .name = "revision", .mode = 0444, .text = show_revision },
	{ .name = "irq", .mode = 0444, .text = show_irq },
	{ .name = "modalias", .mode = 0444, .text = show_modalias },
	{ .name = "resource", .mode = 0444, .text = show_resource },
	{ .name = "enable", .mode = 0444, .text = show_enable },
	{ .name = "config", .mode = 0644, .read = read_config, .write = write_config,
	  .size = config_size },
	{ .name = "reset", .mode = 0200, .read = read_nothing, .write = write_reset },
	{ 0 },
};
