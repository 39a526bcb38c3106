// SPDX-License-Identifier: GPL-2.0
/*
 * learn.c - what a vfio-user server says its device is
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "proxy/areas.h"
#include "proxy/error.h"
#include "proxy/vfio-user/vfio-user.h"

#define WINDOW_32	0xc0000000ull	/* as on the hosted bus, away from memory */
#define WINDOW_64	0x1000000000ull
#define WINDOW_PORTS	0x1000ull
#define SMALLEST_BAR	16
#define CONFIG_LEAST	256

/**
 * vu_config_read() - read the server's configuration space
 * @vu: device
 * @off: offset
 * @width: 1, 2 or 4
 *
 * Return: the value; all ones if it cannot be had.
 */
uint32_t vu_config_read(struct vu_device *vu, uint32_t off, unsigned int width)
{
	uint32_t value = 0;

	if (off + width > vu->size[VFIO_USER_CONFIG] ||
	    vfu_read(&vu->peer.client, VFIO_USER_CONFIG, off, &value, width))
		return ~0u >> (32 - 8 * width);
	return value;
}

/**
 * vu_config_write() - write the server's configuration space
 * @vu: device
 * @off: offset
 * @width: 1, 2 or 4
 * @value: what
 */
void vu_config_write(struct vu_device *vu, uint32_t off, unsigned int width, uint32_t value)
{
	if (off + width <= vu->size[VFIO_USER_CONFIG])
		vfu_write(&vu->peer.client, VFIO_USER_CONFIG, off, &value, width);
}

/* What clients may map: memory that is there, can be written, and keeps nobody waiting. */
static bool is_mappable(const struct vfu_region *info)
{
	return info->fd >= 0 && (fcntl(info->fd, F_GETFL) & O_ACCMODE) == O_RDWR &&
	       dma_file_is_memory(info->fd);
}

static void take_areas(struct region *r, struct vfu_region *info)
{
	if (r->kind == REGION_MEMORY && is_mappable(info)) {
		r->fd_offset = info->fd_offset;
		for (unsigned int i = 0; i < info->nr_areas; i++)
			areas_add(r, info->areas[i].offset, info->areas[i].size);
	}
	if (r->nr_areas)
		r->fd = info->fd;
	else if (info->fd >= 0)
		close(info->fd);
}

/* A BAR decodes a power of two; what the server has less reads as all ones. */
static uint64_t decoded_size(uint64_t size)
{
	uint64_t n = SMALLEST_BAR;

	if (size <= n)
		return size && !(size & (size - 1)) && size >= 4 ? size : n;
	return size > 1ull << 62 ? 0 : 1ull << (64 - __builtin_clzll(size - 1));
}

/* What kind of BAR it is says the register (PCI 6.2.5.1). */
static int take_bar(struct vu_device *vu, uint32_t i, struct region *r)
{
	uint32_t bar = vu_config_read(vu, PCI_BASE_ADDRESS_0 + 4 * i, 4);

	r->kind = bar & PCI_BASE_ADDRESS_SPACE_IO ? REGION_PORTS : REGION_MEMORY;
	r->size = decoded_size(vu->size[i]);
	if (r->kind == REGION_MEMORY) {
		r->is_64 = (bar & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
		r->prefetch = bar & PCI_BASE_ADDRESS_MEM_PREFETCH;
		if (r->size < SMALLEST_BAR)
			r->size = SMALLEST_BAR;
	}
	if (!r->size || (!r->is_64 && r->size > 1ull << 31) || (r->is_64 && i == VFIO_USER_BAR5))
		return fail("device '%s': its server has a BAR%u of %llu bytes, which its configuration space cannot place: mend the server",
			    device_name(vu->dev), i, (unsigned long long)vu->size[i]);
	vu->decode |= r->kind == REGION_PORTS ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	return 0;
}

static int broken(const struct vu_device *vu)
{
	const char *why = "does not answer; is it stopped?";

	if (vu->peer.client.dead == EPROTO)
		why = "does not keep to the protocol; mend the server";
	else if (vu->peer.client.dead)
		why = "goes away; look at what it says";
	return fail("device '%s': asked what it has, its server %s", device_name(vu->dev), why);
}

static int take_region(struct vu_device *vu, uint32_t i, struct region *regions)
{
	struct region *r = &regions[i];
	struct vfu_region info;
	int err = vfu_region_info(&vu->peer.client, i, &info);

	vu->size[i] = 0;
	/* Some servers refuse an index that they have nothing for. */
	if (err)
		return vu->peer.client.dead || err == -ETIMEDOUT ? broken(vu) : 0;
	vu->size[i] = info.size;
	if (i <= VFIO_USER_BAR5 && info.size) {
		err = take_bar(vu, i, r);
	} else if (i == VFIO_USER_ROM && info.size && info.size <= 1u << 24) {
		r->kind = REGION_ROM;
		r->size = decoded_size(info.size < 2048 ? 2048 : info.size);
	} else if (i == VFIO_USER_CONFIG) {
		r->kind = REGION_CONFIG;
		r->size = info.size >= CONFIG_MAX ? CONFIG_MAX : CONFIG_LEAST;
	}
	take_areas(r, &info);
	return err;
}

static int take_irqs(struct vu_device *vu, uint32_t nr)
{
	for (uint32_t i = 0; i < VFIO_USER_NUM_IRQS; i++) {
		struct vfio_user_irq_info info = { .count = 0 };

		int err = i < nr ? vfu_irq_info(&vu->peer.client, i, &info) : 0;

		if (vu->peer.client.dead || err == -ETIMEDOUT)
			return -1;
		vu->irq_count[i] = info.flags & VFIO_USER_IRQ_EVENTFD ? info.count : 0;
		if (i == VFIO_USER_INTX)
			vu->intx_automasked = info.flags & VFIO_USER_IRQ_AUTOMASKED;
	}
	return 0;
}

static int check_bars(struct vu_device *vu, const struct region *regions)
{
	if (vu->size[VFIO_USER_CONFIG] < CONFIG_LEAST)
		return fail("device '%s': its server has %llu bytes of configuration space; a PCI device has at least 256",
			    device_name(vu->dev),
			    (unsigned long long)vu->size[VFIO_USER_CONFIG]);
	for (uint32_t i = 0; i < VFIO_USER_BAR5; i++)
		if (regions[i].is_64 && regions[i + 1].size)
			return fail("device '%s': its server has a BAR%u where the upper half of BAR%u is: mend the server",
				    device_name(vu->dev), i + 1, i);
	return 0;
}

/**
 * vu_forget() - close the descriptors of regions
 * @regions: VFIO_USER_NUM_REGIONS of them
 */
void vu_forget(struct region *regions)
{
	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++) {
		if (regions[i].fd >= 0)
			close(regions[i].fd);
		regions[i] = (struct region){ .fd = -1 };
	}
}

/**
 * vu_learn() - ask a server for its regions and interrupts
 * @vu: device, connected
 * @regions: VFIO_USER_NUM_REGIONS of them, filled in; vu_forget() releases them
 *
 * Return: 0, or -1 with fail().
 */
int vu_learn(struct vu_device *vu, struct region *regions)
{
	static const uint8_t order[] = {
		VFIO_USER_CONFIG, 0, 1, 2, 3, 4, 5, VFIO_USER_ROM, VFIO_USER_VGA,
	};
	struct vfio_user_device_info info;

	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++)
		regions[i] = (struct region){ .fd = -1 };
	vu->decode = 0;
	if (vfu_device_info(&vu->peer.client, &info) || take_irqs(vu, info.num_irqs))
		return broken(vu);
	if (!(info.flags & VFIO_USER_DEVICE_PCI))
		return fail("device '%s': its server's device is no PCI device",
			    device_name(vu->dev));
	for (unsigned int i = 0; i < sizeof(order); i++)
		if (order[i] < info.num_regions && take_region(vu, order[i], regions))
			goto err_forget;
	if (!check_bars(vu, regions))
		return 0;

err_forget:
	vu_forget(regions);
	return -1;
}

/**
 * vu_place() - give the server's BARs addresses and let it decode them
 * @vu: device, whose dev->regions are known
 *
 * Nobody uses these addresses, but some servers answer no access to a BAR that is at 0 or
 * switched off.
 */
void vu_place(struct vu_device *vu)
{
	uint64_t next[] = { WINDOW_32, WINDOW_64, WINDOW_PORTS };

	for (uint32_t i = 0; i <= VFIO_USER_BAR5; i++) {
		const struct region *r = &vu->dev->regions[i];
		uint64_t *at = &next[r->kind == REGION_PORTS ? 2 : r->is_64];

		if (!r->size)
			continue;
		*at = (*at + r->size - 1) & ~(r->size - 1);
		vu_config_write(vu, PCI_BASE_ADDRESS_0 + 4 * i, 4, *at);
		if (r->is_64)
			vu_config_write(vu, PCI_BASE_ADDRESS_0 + 4 * i + 4, 4, *at >> 32);
		*at += r->size;
	}
	vu_config_write(vu, PCI_COMMAND, 2, vu->decode);
}
