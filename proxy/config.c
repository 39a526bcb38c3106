// SPDX-License-Identifier: GPL-2.0
/*
 * config.c - the configuration space a client sees
 *
 * Theory of operation: every byte is either virtual (kept here, with a mask of the
 * bits the client may change) or the backend's.  Virtual are the identity, COMMAND,
 * the BARs, the interrupt line, and the MSI and MSI-X capabilities; so a client can
 * size and place BARs as it likes, and the device never hears of it.
 */
#include <endian.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/config.h"
#include "proxy/device.h"
#include "proxy/error.h"

#define MAX_CAPS 48

static uint16_t get16(const struct config *c, uint32_t off)
{
	return c->data[off] | c->data[off + 1] << 8;
}

static uint32_t get32(const struct config *c, uint32_t off)
{
	return get16(c, off) | (uint32_t)get16(c, off + 2) << 16;
}

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
	return 0;
}

/**
 * config_reset() - the virtual part as after a function reset
 * @dev: device; its backend has been reset
 *
 * As on hardware: COMMAND 0, BARs unplaced, MSI and MSI-X off.
 */
void config_reset(struct device *dev)
{
	memcpy(dev->config.data, dev->config.reset, sizeof(dev->config.data));
}

static void refresh_msi_pending(struct device *dev)
{
	struct config *c = &dev->config;
	uint32_t off, pending = irq_msi_pending(dev);

	if (!c->msi || !c->msi_maskable)
		return;
	off = c->msi + (c->msi_64 ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32);
	pending = htole32(pending);
	memcpy(&c->data[off], &pending, 4);
}

static void read_one(struct device *dev, uint32_t off, uint8_t *buf, unsigned int width)
{
	const struct config *c = &dev->config;
	unsigned int i, nr_virtual = 0;
	uint32_t raw = 0;

	for (i = 0; i < width; i++)
		nr_virtual += c->virt[off + i];
	if (nr_virtual < width)
		raw = dev->backend->config_read(dev, off, width);
	for (i = 0; i < width; i++)
		buf[i] = c->virt[off + i] ? c->data[off + i] : raw >> (8 * i);
}

/* The largest naturally aligned access, at most a dword. */
static unsigned int step(uint32_t off, size_t len)
{
	if (len >= 4 && !(off & 3))
		return 4;
	return len >= 2 && !(off & 1) ? 2 : 1;
}

/**
 * config_read() - read configuration space
 * @dev: device
 * @off: offset; @off + @len is within the CONFIG region
 * @buf: for the bytes
 * @len: any length: split into naturally aligned accesses of at most 4 bytes
 */
void config_read(struct device *dev, uint32_t off, void *buf, size_t len)
{
	uint8_t *p = buf;
	unsigned int n;

	refresh_msi_pending(dev);
	for (; len; off += n, p += n, len -= n) {
		n = step(off, len);
		read_one(dev, off, p, n);
	}
}

/* Take Initiate FLR out of a write to Device Control; true if it was there. */
static bool take_flr(const struct config *c, uint32_t off, uint8_t *bytes, unsigned int width)
{
	uint32_t at = c->express + PCI_EXP_DEVCTL + 1;

	if (!c->flr || at < off || at >= off + width ||
	    !(bytes[at - off] & (PCI_EXP_DEVCTL_BCR_FLR >> 8)))
		return false;
	bytes[at - off] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	return true;
}

/* Bytes of an access that are not all the backend's go to it one by one. */
static void write_raw(struct device *dev, uint32_t off, const uint8_t *p, unsigned int width)
{
	const struct config *c = &dev->config;
	unsigned int i, nr_virtual = 0;
	uint32_t value = 0;

	for (i = 0; i < width; i++) {
		nr_virtual += c->virt[off + i];
		value |= (uint32_t)p[i] << (8 * i);
	}
	if (!nr_virtual) {
		dev->backend->config_write(dev, off, width, value);
		return;
	}
	for (i = 0; i < width; i++)
		if (!c->virt[off + i])
			dev->backend->config_write(dev, off + i, 1, p[i]);
}

static void write_one(struct device *dev, uint32_t off, const uint8_t *buf, unsigned int width)
{
	struct config *c = &dev->config;
	uint16_t old_command = get16(c, PCI_COMMAND);
	uint8_t bytes[4];
	bool flr;

	memcpy(bytes, buf, width);
	flr = take_flr(c, off, bytes, width);
	for (unsigned int i = 0; i < width; i++) {
		uint8_t w = c->writable[off + i];

		c->data[off + i] = (c->data[off + i] & ~w) | (bytes[i] & w);
	}
	write_raw(dev, off, bytes, width);
	if (get16(c, PCI_COMMAND) != old_command)
		dev->backend->command(dev, get16(c, PCI_COMMAND));
	if (flr)
		device_reset(dev);
}

static bool touches_irqs(const struct config *c, uint32_t off, size_t len)
{
	const uint32_t end = off + len;

	return (off < PCI_COMMAND + 2 && end > PCI_COMMAND) ||
	       (c->msi && off < c->msi + 24u && end > c->msi) ||
	       (c->msix && off < c->msix + 12u && end > c->msix);
}

/**
 * config_write() - write configuration space
 * @dev: device
 * @off: offset; @off + @len is within the CONFIG region
 * @buf: the bytes
 * @len: any length: split into naturally aligned accesses of at most 4 bytes
 *
 * Writing Initiate FLR resets the function (PCIe 6.6.2).
 */
void config_write(struct device *dev, uint32_t off, const void *buf, size_t len)
{
	bool irqs = touches_irqs(&dev->config, off, len);
	const uint8_t *p = buf;
	unsigned int n;

	for (; len; off += n, p += n, len -= n) {
		n = step(off, len);
		write_one(dev, off, p, n);
	}
	if (irqs)
		irq_update(dev);
}

/**
 * config_command() - the virtual COMMAND register
 * @dev: device
 *
 * Return: PCI_COMMAND_* bits as the client set them.
 */
uint16_t config_command(const struct device *dev)
{
	return get16(&dev->config, PCI_COMMAND);
}

/**
 * config_msi_enabled() - is MSI in use?  (PCI 6.8.1)
 * @dev: device
 *
 * Return: true if the client set MSI Enable.
 */
bool config_msi_enabled(const struct device *dev)
{
	const struct config *c = &dev->config;

	return c->msi && get16(c, c->msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_ENABLE;
}

/**
 * config_msi_vectors() - how many MSI vectors the client allows
 * @dev: device
 *
 * Return: 1 to the number that the device offers; 0 without MSI.
 */
uint32_t config_msi_vectors(const struct device *dev)
{
	const struct config *c = &dev->config;
	uint32_t n;

	if (!c->msi)
		return 0;
	n = 1u << ((get16(c, c->msi + PCI_MSI_FLAGS) & PCI_MSI_FLAGS_QSIZE) >> 4);
	return n < dev->irqs.count[VFIO_USER_MSI] ? n : dev->irqs.count[VFIO_USER_MSI];
}

/**
 * config_msi_mask() - MSI Mask Bits
 * @dev: device
 *
 * Return: one bit for each vector; 0 if the capability has no mask bits.
 */
uint32_t config_msi_mask(const struct device *dev)
{
	const struct config *c = &dev->config;

	if (!c->msi || !c->msi_maskable)
		return 0;
	return get32(c, c->msi + (c->msi_64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32));
}

/**
 * config_msix_enabled() - is MSI-X in use?  (PCI 6.8.2)
 * @dev: device
 *
 * Return: true if the client set MSI-X Enable.
 */
bool config_msix_enabled(const struct device *dev)
{
	const struct config *c = &dev->config;

	return c->msix && get16(c, c->msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_ENABLE;
}

/**
 * config_msix_masked() - is the whole function masked?
 * @dev: device
 *
 * Return: true if the client set Function Mask.
 */
bool config_msix_masked(const struct device *dev)
{
	const struct config *c = &dev->config;

	return c->msix && get16(c, c->msix + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_MASKALL;
}
