// SPDX-License-Identifier: GPL-2.0
/*
 * config-init.c - learn a device's configuration space and decide what of it is virtual
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/config.h"
#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/policy.h"

#define MAX_CAPS 48

static void set_virtual(struct config *c, uint32_t off, unsigned int width, uint32_t value,
			uint32_t writable)
{
	for (unsigned int i = 0; i < width; i++) {
		c->data[off + i] = value >> (8 * i);
		c->virt[off + i] = 1;
		c->writable[off + i] = writable >> (8 * i);
	}
}

/* Freeze what the backend says now. */
static uint32_t copy(struct device *dev, uint32_t off, unsigned int width, uint32_t writable)
{
	uint32_t value = dev->backend->config_read(dev, off, width);

	set_virtual(&dev->config, off, width, value, writable);
	return value;
}

static void init_bar(struct config *c, const struct region *r, uint32_t off)
{
	uint64_t mask = ~(r->size - 1);
	uint32_t type = 0;

	if (r->kind == REGION_PORTS) {
		set_virtual(c, off, 4, PCI_BASE_ADDRESS_SPACE_IO, mask);
		return;
	}
	if (r->is_64)
		type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (r->prefetch)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	set_virtual(c, off, 4, type, mask);
	if (r->is_64)
		set_virtual(c, off + 4, 4, 0, mask >> 32);
}

static void init_bars(struct device *dev)
{
	struct config *c = &dev->config;
	const struct region *rom = &dev->regions[VFIO_USER_ROM];

	for (int i = 0; i <= VFIO_USER_BAR5; i++) {
		const struct region *r = &dev->regions[i];
		uint32_t off = PCI_BASE_ADDRESS_0 + 4 * i;

		if (r->size)
			init_bar(c, r, off);
		else if (!(i && dev->regions[i - 1].size && dev->regions[i - 1].is_64))
			set_virtual(c, off, 4, 0, 0);
	}
	set_virtual(c, PCI_ROM_ADDRESS, 4, 0,
		    rom->size ? ~(uint32_t)(rom->size - 1) | PCI_ROM_ADDRESS_ENABLE : 0);
}

static void init_header(struct device *dev)
{
	struct config *c = &dev->config;
	uint32_t command = PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			   PCI_COMMAND_INTX_DISABLE;

	copy(dev, PCI_VENDOR_ID, 4, 0);
	copy(dev, PCI_CLASS_REVISION, 4, 0);
	copy(dev, PCI_HEADER_TYPE, 1, 0);
	c->data[PCI_HEADER_TYPE] &= 0x7f;
	copy(dev, PCI_SUBSYSTEM_VENDOR_ID, 4, 0);
	copy(dev, PCI_CAPABILITY_LIST, 1, 0);
	copy(dev, PCI_INTERRUPT_PIN, 1, 0);
	set_virtual(c, PCI_INTERRUPT_LINE, 1, 0, 0xff);
	set_virtual(c, PCI_BIST, 1, 0, 0);
	for (int i = 0; i <= VFIO_USER_BAR5; i++)
		if (dev->regions[i].size)
			command |= dev->regions[i].kind == REGION_PORTS ? PCI_COMMAND_IO
									: PCI_COMMAND_MEMORY;
	if (dev->regions[VFIO_USER_ROM].size)
		command |= PCI_COMMAND_MEMORY;
	set_virtual(c, PCI_COMMAND, 2, 0, command);
}

static void init_msi(struct device *dev, uint32_t cap)
{
	struct config *c = &dev->config;
	uint16_t flags = dev->backend->config_read(dev, cap + PCI_MSI_FLAGS, 2);
	uint32_t max = 1u << ((flags & PCI_MSI_FLAGS_QMASK) >> 1);
	uint32_t off = cap + PCI_MSI_ADDRESS_LO;

	if (max > MSI_MAX)
		max = MSI_MAX;
	c->msi = cap;
	c->msi_64 = flags & PCI_MSI_FLAGS_64BIT;
	c->msi_maskable = flags & PCI_MSI_FLAGS_MASKBIT;
	copy(dev, cap, 2, 0);
	set_virtual(c, cap + PCI_MSI_FLAGS, 2, flags & ~(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE),
		    PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	set_virtual(c, off, 4, 0, ~3u);
	off += 4;
	if (c->msi_64) {
		set_virtual(c, off, 4, 0, ~0u);
		off += 4;
	}
	set_virtual(c, off, 4, 0, 0xffff);
	off += 4;
	if (c->msi_maskable) {
		set_virtual(c, off, 4, 0, max == 32 ? ~0u : (1u << max) - 1);
		set_virtual(c, off + 4, 4, 0, 0);
	}
	dev->irqs.count[VFIO_USER_MSI] = max;
}

static int init_msix(struct device *dev, uint32_t cap)
{
	struct config *c = &dev->config;
	struct irqs *irqs = &dev->irqs;
	uint16_t flags = dev->backend->config_read(dev, cap + PCI_MSIX_FLAGS, 2);
	uint32_t table, pba, count = (flags & PCI_MSIX_FLAGS_QSIZE) + 1;

	c->msix = cap;
	copy(dev, cap, 2, 0);
	set_virtual(c, cap + PCI_MSIX_FLAGS, 2,
		    flags & ~(PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL),
		    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	table = copy(dev, cap + PCI_MSIX_TABLE, 4, 0);
	pba = copy(dev, cap + PCI_MSIX_PBA, 4, 0);
	irqs->table_bar = table & PCI_MSIX_TABLE_BIR;
	irqs->table_off = table & PCI_MSIX_TABLE_OFFSET;
	irqs->pba_bar = pba & PCI_MSIX_PBA_BIR;
	irqs->pba_off = pba & PCI_MSIX_PBA_OFFSET;
	if (irqs->table_bar > VFIO_USER_BAR5 || irqs->pba_bar > VFIO_USER_BAR5 ||
	    irqs->table_off + count * MSIX_ENTRY > dev->regions[irqs->table_bar].size ||
	    irqs->pba_off + (count + 63) / 64 * 8 > dev->regions[irqs->pba_bar].size)
		return fail("device '%s': its MSI-X table lies outside its BARs",
			    device_name(dev));
	irqs->count[VFIO_USER_MSIX] = count;
	return 0;
}

static void init_express(struct device *dev, uint32_t cap)
{
	uint32_t devcap = dev->backend->config_read(dev, cap + PCI_EXP_DEVCAP, 4);

	dev->config.express = cap;
	dev->config.flr = devcap & PCI_EXP_DEVCAP_FLR;
}

static void init_af(struct device *dev, uint32_t cap)
{
	if (dev->backend->config_read(dev, cap + PCI_AF_CAP, 1) & PCI_AF_CAP_FLR)
		dev->config.af = cap;
}

static int init_caps(struct device *dev)
{
	const struct backend *be = dev->backend;
	uint32_t cap, n = 0;
	int err = 0;

	if (!(be->config_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	cap = be->config_read(dev, PCI_CAPABILITY_LIST, 1) & ~3u;
	for (; cap >= PCI_STD_HEADER_SIZEOF && n++ < MAX_CAPS && !err;
	     cap = be->config_read(dev, cap + 1, 1) & ~3u) {
		switch (be->config_read(dev, cap, 1)) {
		case PCI_CAP_ID_MSI:
			init_msi(dev, cap);
			break;
		case PCI_CAP_ID_MSIX:
			err = init_msix(dev, cap);
			break;
		case PCI_CAP_ID_EXP:
			init_express(dev, cap);
			break;
		case PCI_CAP_ID_AF:
			init_af(dev, cap);
			break;
		}
	}
	return err;
}

/**
 * config_init() - learn the device's configuration space and virtualise it
 * @dev: its regions are known and its backend's config_read() works
 *
 * Sets the counts of dev->irqs as well.
 *
 * Return: 0, or -1 with fail().
 */
int config_init(struct device *dev)
{
	memset(&dev->config, 0, sizeof(dev->config));
	init_header(dev);
	if (dev->config.data[PCI_HEADER_TYPE])
		return fail("device '%s' is a bridge; only endpoints can be hosted: choose another model",
			    device_name(dev));
	init_bars(dev);
	if (init_caps(dev))
		return -1;
	if (dev->config.data[PCI_INTERRUPT_PIN])
		dev->irqs.count[VFIO_USER_INTX] = 1;
	memcpy(dev->config.reset, dev->config.data, sizeof(dev->config.reset));
	memcpy(dev->config.last, dev->config.data, sizeof(dev->config.last));
	return policy_init(dev);
}
