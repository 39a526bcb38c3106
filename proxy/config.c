// SPDX-License-Identifier: GPL-2.0
/*
 * config.c - the configuration space a client sees
 *
 * Theory of operation: every byte is either virtual (kept here, with a mask of the
 * bits the client may change) or the backend's.  Virtual are the identity, COMMAND,
 * the BARs, the interrupt line, and the MSI and MSI-X capabilities; so a client can
 * size and place BARs as it likes, and the device never hears of it.  What of the rest it may
 * write is told in policy.c.
 */
#include <endian.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/config.h"
#include "proxy/device.h"
#include "proxy/policy.h"
#include "proxy/util.h"

#define FRESH_NS 50000000

static uint16_t get16(const struct config *c, uint32_t off)
{
	return c->data[off] | c->data[off + 1] << 8;
}

static uint32_t get32(const struct config *c, uint32_t off)
{
	return get16(c, off) | (uint32_t)get16(c, off + 2) << 16;
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
	dev->config.looked = 0;
}

static void refresh_msi_pending(struct device *dev)
{
	struct config *c = &dev->config;
	uint32_t off, pending;

	if (!c->msi || !c->msi_maskable)
		return;
	if (config_msi_enabled(dev) && dev->backend->irq_sync)
		dev->backend->irq_sync(dev);
	pending = irq_msi_pending(dev);
	off = c->msi + (c->msi_64 ? PCI_MSI_PENDING_64 : PCI_MSI_PENDING_32);
	pending = htole32(pending);
	memcpy(&c->data[off], &pending, 4);
}

static void read_one(struct device *dev, uint32_t off, uint8_t *buf, unsigned int width)
{
	struct config *c = &dev->config;
	unsigned int i, nr_virtual = 0;
	uint32_t raw = 0;

	for (i = 0; i < width; i++)
		nr_virtual += c->virt[off + i];
	if (nr_virtual < width)
		raw = dev->backend->config_read(dev, off, width);
	for (i = 0; i < width; i++)
		buf[i] = c->virt[off + i] ? c->data[off + i] : raw >> (8 * i);
	memcpy(&c->last[off], buf, width);
}

/**
 * config_step() - the largest access of configuration space that begins a range
 * @off: where the range begins
 * @len: its bytes, not 0
 *
 * Return: 4, 2 or 1 bytes, naturally aligned.
 */
unsigned int config_step(uint32_t off, size_t len)
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
		n = config_step(off, len);
		read_one(dev, off, p, n);
	}
}

/**
 * config_look() - read all of it, for somebody who only looks
 * @dev: device
 *
 * Return: 0, or -1: the device does not say.  Context: the main thread.
 */
int config_look(struct device *dev)
{
	const size_t size = dev->regions[VFIO_USER_CONFIG].size;
	uint8_t all[CONFIG_MAX];

	if (dev->backend->config_block) {
		refresh_msi_pending(dev);
		if (dev->backend->config_block(dev, 0, all, size))
			return -1;
		memcpy(dev->config.last, all, size);
	} else {
		config_read(dev, 0, all, size);
	}
	dev->config.looked = clock_ns(CLOCK_MONOTONIC);
	return 0;
}

/**
 * config_looked() - is config_last() fresh?
 * @dev: device
 *
 * Looking keeps the device from its driver, with QEMU for a tenth of a millisecond; whoever
 * reads the view all the time looks 20 times a second.
 *
 * Return: true if nothing was written since config_look() and it was a moment ago.
 * Context: any thread.
 */
bool config_looked(const struct device *dev)
{
	uint64_t at = dev->config.looked;

	return at && clock_ns(CLOCK_MONOTONIC) - at < FRESH_NS;
}

/**
 * config_last() - configuration space as it was last seen
 * @dev: device
 * @off: offset; @off + @len is within the CONFIG region
 * @buf: for the bytes
 * @len: how many
 *
 * Context: any thread.
 */
void config_last(const struct device *dev, uint32_t off, uint8_t *buf, size_t len)
{
	const struct config *c = &dev->config;

	for (size_t i = 0; i < len; i++)
		buf[i] = c->virt[off + i] ? c->data[off + i] : c->last[off + i];
}

/* Take a bit out of a write; true if it was there. */
static bool take(uint32_t at, uint8_t bit, uint32_t off, uint8_t *bytes, unsigned int width)
{
	if (at < off || at >= off + width || !(bytes[at - off] & bit))
		return false;
	bytes[at - off] &= ~bit;
	return true;
}

/* Initiate FLR, of Device Control or of Advanced Features (PCI ECN of 2006). */
static bool take_flr(const struct config *c, uint32_t off, uint8_t *bytes, unsigned int width)
{
	bool flr = c->flr && take(c->express + PCI_EXP_DEVCTL + 1, PCI_EXP_DEVCTL_BCR_FLR >> 8,
				  off, bytes, width);
	bool af = c->af && take(c->af + PCI_AF_CTRL, PCI_AF_CTRL_FLR, off, bytes, width);

	return flr || af;
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
		if (c->virt[off + i])
			c->last[off + i] = c->data[off + i];
	}
	policy_write(dev, off, bytes, width);
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
		n = config_step(off, len);
		write_one(dev, off, p, n);
	}
	dev->config.looked = 0;
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
