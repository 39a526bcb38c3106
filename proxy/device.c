// SPDX-License-Identifier: GPL-2.0
/*
 * device.c - one PCI function as clients see it
 *
 * Every access that is not a load or store of a mapped page passes
 * device_region_access().
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/areas.h"
#include "proxy/backend.h"
#include "proxy/claim.h"
#include "proxy/device.h"
#include "proxy/doorbell.h"
#include "proxy/error.h"
#include "proxy/mailbox.h"
#include "proxy/seen.h"
#include "proxy/trace.h"

/**
 * device_new() - a device object, not working yet
 * @spec: what the user wrote; the device owns it from now on
 * @backend: where it comes from
 *
 * Return: the device, or NULL with fail().
 */
struct device *device_new(struct spec *spec, const struct backend *backend)
{
	struct device *dev = calloc(1, sizeof(*dev));

	if (!dev) {
		fail("out of memory for device '%s'", spec->text);
		return NULL;
	}
	dev->spec = spec;
	dev->backend = backend;
	dev->slot = spec->slot;
	dev->function = spec->function;
	dev->irqs.intx_hold.src.fd = dev->irqs.storm_hold.src.fd = dev->claim.fd = -1;
	dma_init(&dev->dma);
	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++)
		dev->regions[i].fd = -1;
	return dev;
}

/**
 * device_free() - release a device and what its backend holds
 * @dev: device or NULL
 */
void device_free(struct device *dev)
{
	if (!dev)
		return;
	mailbox_free(dev);
	doorbell_free(dev);
	device_dma_unmap_all(dev);
	irq_exit(dev);
	dma_exit(&dev->dma);
	seen_free(dev->seen);
	dev->backend->close(dev);
	claim_drop(dev);
	spec_free(dev->spec);
	free(dev);
}

/**
 * device_name() - what to call it in messages
 * @dev: device
 *
 * Return: its specification as the user wrote it.
 */
const char *device_name(const struct device *dev)
{
	return dev->spec->text;
}

/**
 * device_setup() - make regions, configuration space and interrupts usable
 * @dev: its backend has been started
 *
 * Return: 0, or -1 with fail().
 */
int device_setup(struct device *dev)
{
	if (dev->backend->setup(dev) || config_init(dev) || irq_init(dev))
		return -1;
	areas_without_msix(dev);
	return 0;
}

/**
 * device_trap() - let no page be mapped, so that every access passes here
 * @dev: device, set up, without a client
 */
void device_trap(struct device *dev)
{
	dev->trapped = true;
	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++)
		dev->regions[i].nr_areas = 0;
}

/**
 * region_maps() - may a client map this range?
 * @r: region
 * @off: start of the range in it
 * @len: bytes
 *
 * Return: true if one mappable area holds all of it.
 */
bool region_maps(const struct region *r, uint64_t off, uint64_t len)
{
	for (uint32_t i = 0; i < r->nr_areas; i++) {
		const struct vfio_user_sparse_area *a = &r->areas[i];

		if (off >= a->offset && off - a->offset <= a->size &&
		    len <= a->size - (off - a->offset))
			return true;
	}
	return false;
}

static bool decoded(const struct device *dev, const struct region *r)
{
	if (r->kind == REGION_PORTS)
		return config_command(dev) & PCI_COMMAND_IO;
	return config_command(dev) & PCI_COMMAND_MEMORY;
}

/* Adds without a lock; whoever reads it elsewhere sees the old or the new number. */
static void count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/**
 * device_bar_address() - where a region is on the bus, as its client placed it
 * @dev: device
 * @region: VFIO_USER_BAR0 to _BAR5 or _ROM
 *
 * Return: bus address or port; 0 for other regions.  Context: any thread.
 */
uint64_t device_bar_address(const struct device *dev, uint32_t region)
{
	const uint8_t *p = &dev->config.data[PCI_BASE_ADDRESS_0 + 4 * region];
	uint32_t low, high = 0;

	if (region == VFIO_USER_ROM)
		p = &dev->config.data[PCI_ROM_ADDRESS];
	else if (region > VFIO_USER_BAR5)
		return 0;
	memcpy(&low, p, sizeof(low));
	if (region == VFIO_USER_ROM)
		return low & PCI_ROM_ADDRESS_MASK;
	if (dev->regions[region].is_64)
		memcpy(&high, p + 4, sizeof(high));
	return ((uint64_t)high << 32 | low) &
	       (dev->regions[region].kind == REGION_PORTS ? PCI_BASE_ADDRESS_IO_MASK
							  : PCI_BASE_ADDRESS_MEM_MASK);
}

/* A run of plain memory: no register, so no width. */
static int block_access(struct device *dev, uint32_t region, uint64_t off, void *buf,
			uint32_t len, bool write)
{
	const struct region *r = &dev->regions[region];
	char *p = buf;

	count(&dev->accesses[region].block_bytes, len);
	trace_access(dev, region, off, len, 0, write);
	while (len) {
		off_t at = r->fd_offset + off;
		ssize_t n = write ? pwrite(r->fd, p, len, at) : pread(r->fd, p, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		off += n;
		p += n;
		len -= n;
	}
	return 0;
}

static void note_access(struct device *dev, uint32_t region, uint64_t off, const void *buf,
			uint32_t width, bool write)
{
	struct access_count *c = &dev->accesses[region];
	uint64_t value = 0;

	memcpy(&value, buf, width);
	count(write ? &c->writes[__builtin_ctz(width)] : &c->reads[__builtin_ctz(width)], 1);
	trace_access(dev, region, off, width, value, write);
	/* A vector's entry is none of the registers that a file names there. */
	if (!irq_owns(dev, region, off))
		seen_access(dev->seen, region, off, width, value, write);
}

static void read_register(struct device *dev, uint32_t region, uint64_t off, void *buf,
			  uint32_t width)
{
	uint64_t value;

	if (irq_owns(dev, region, off)) {
		irq_table_read(dev, region, off, buf, width);
	} else {
		value = dev->backend->region_read(dev, region, off, width);
		memcpy(buf, &value, width);
	}
	note_access(dev, region, off, buf, width, false);
}

static void write_register(struct device *dev, uint32_t region, uint64_t off, const void *buf,
			   uint32_t width)
{
	uint64_t value = 0;

	/* Before it is carried out, so that an interrupt it raises comes after it. */
	note_access(dev, region, off, buf, width, true);
	if (irq_owns(dev, region, off)) {
		irq_table_write(dev, region, off, buf, width);
		return;
	}
	memcpy(&value, buf, width);
	dev->backend->region_write(dev, region, off, width, value);
}

/* The ROM is read-only bytes without side effects. */
static void read_rom(struct device *dev, uint64_t off, uint8_t *buf, uint32_t len)
{
	uint32_t n;

	if (len > 8 && dev->backend->rom_block && !dev->backend->rom_block(dev, off, buf, len)) {
		count(&dev->accesses[VFIO_USER_ROM].block_bytes, len);
		trace_access(dev, VFIO_USER_ROM, off, len, 0, false);
		return;
	}
	for (; len; off += n, buf += n, len -= n) {
		n = len >= 4 && !(off & 3) ? 4 : 1;
		read_register(dev, VFIO_USER_ROM, off, buf, n);
	}
}

static bool is_register_width(uint64_t off, uint32_t len)
{
	return (len == 1 || len == 2 || len == 4 || len == 8) && !(off & (len - 1));
}

/* Split as the accesses of a bus are, so that each is counted and traced as it happens. */
static void config_access(struct device *dev, uint32_t off, uint8_t *buf, uint32_t len, bool write)
{
	uint32_t n;

	for (; len; off += n, buf += n, len -= n) {
		n = config_step(off, len);
		if (write) {
			note_access(dev, VFIO_USER_CONFIG, off, buf, n, true);
			config_write(dev, off, buf, n);
		} else {
			config_read(dev, off, buf, n);
			note_access(dev, VFIO_USER_CONFIG, off, buf, n, false);
		}
	}
}

/**
 * device_region_access() - the one way to a device's registers
 * @dev: device
 * @region: VFIO_USER_BAR0 and so on
 * @off: offset in the region; validated by the decoder, like @len
 * @buf: bytes to write, or room for those read
 * @len: bytes; on BARs a register's width, or the length of a run of plain memory
 * @write: direction
 *
 * With decoding off in COMMAND, BARs read as all ones and ignore writes; everything does
 * when the device is gone.
 *
 * Return: 0, or -EIO if plain memory could not be had.
 */
int device_region_access(struct device *dev, uint32_t region, uint64_t off, void *buf,
			 uint32_t len, bool write)
{
	const struct region *r = &dev->regions[region];

	if (dev->gone && !write) {
		memset(buf, 0xff, len);
		return 0;
	}
	if (dev->gone)
		return 0;
	if (r->kind == REGION_CONFIG) {
		config_access(dev, off, buf, len, write);
		return 0;
	}
	if (r->kind == REGION_ROM) {
		if (!write)
			read_rom(dev, off, buf, len);
		return 0;
	}
	if (!decoded(dev, r)) {
		if (!write)
			memset(buf, 0xff, len);
		return 0;
	}
	if (!is_register_width(off, len))
		return block_access(dev, region, off, buf, len, write);
	if (write)
		write_register(dev, region, off, buf, len);
	else
		read_register(dev, region, off, buf, len);
	return 0;
}

/**
 * device_reset() - reset the function
 * @dev: device
 *
 * As after a function level reset (PCIe 6.6.2): COMMAND is 0, BARs are unplaced, MSI
 * and MSI-X are off and their tables masked.  What belongs to the client and not to
 * the function stays, as with VFIO: DMA mappings, armed descriptors, masks of
 * SET_IRQS.
 */
void device_reset(struct device *dev)
{
	if (dev->gone)
		return;
	count(&dev->resets, 1);
	trace_reset(dev);
	dev->backend->reset(dev);
	config_reset(dev);
	irq_reset(dev);
}

/**
 * device_quiesce() - the client has gone: leave nothing of it in the device
 * @dev: device
 *
 * In this order: bus mastering off, interrupts off, DMA unmapped, function reset.
 */
void device_quiesce(struct device *dev)
{
	if (dev->backend->leaving)
		dev->backend->leaving(dev);
	if (!dev->gone)
		dev->backend->command(dev, PCI_COMMAND_INTX_DISABLE);
	irq_disarm(dev);
	device_dma_unmap_all(dev);
	device_reset(dev);
	fault_forget(dev);
	told_forget(dev);
}

/**
 * device_wanted() - the host wants the device back: stop it, and tell its client
 * @dev: device; its backend holds it still, and lets it go when this returns
 *
 * As device_quiesce(), but the client stays.  It is told by VFIO's request interrupt, so that
 * it lets go of what it has mapped; all it reads from now on is all ones.
 */
void device_wanted(struct device *dev)
{
	struct notify request = dev->irqs.request.notify;

	dev->irqs.request.notify = (struct notify){ .fd = -1 };
	/* The client lets go while we do; the host waits for both. */
	notify_signal(&request);
	notify_clear(&request);
	dev->backend->command(dev, PCI_COMMAND_INTX_DISABLE);
	irq_disarm(dev);
	device_dma_unmap_all(dev);
	device_reset(dev);
	dev->gone = true;
}
