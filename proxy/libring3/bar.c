// SPDX-License-Identifier: GPL-2.0
/*
 * bar.c - registers: by message with an exact width, or mapped
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/libring3/internal.h"

static int region_get(struct ring3_device *dev, unsigned int bar, struct vfu_region *r)
{
	int err;

	if (bar > RING3_CONFIG)
		return lib_fail(-EINVAL, "device '%s': there is no BAR %u; 0 to 5, RING3_ROM and RING3_CONFIG",
				dev->spec, bar);
	err = vfu_region_info(&dev->client, bar, r);
	return err ? lib_lost(dev, err, "ask for its BARs") : 0;
}

/**
 * ring3_bar_info() - what a BAR is
 * @device: device
 * @bar: 0 to 5, RING3_ROM or RING3_CONFIG
 * @info: is filled in
 *
 * Return: 0 or a negative errno; a BAR that is not there is no error, its size is 0.
 */
int ring3_bar_info(struct ring3_device *device, unsigned int bar, struct ring3_bar_info *info)
{
	struct vfu_region r;
	uint32_t value = 0;
	int err;

	*info = (struct ring3_bar_info){ .size = 0 };
	pthread_mutex_lock(&device->lock);
	err = region_get(device, bar, &r);
	if (!err && bar < RING3_ROM && r.size)
		err = config_read(device, PCI_BASE_ADDRESS_0 + 4 * bar, 4, &value);
	pthread_mutex_unlock(&device->lock);
	if (err)
		return err;
	info->size = r.size;
	info->ports = value & PCI_BASE_ADDRESS_SPACE_IO;
	info->mappable = r.nr_areas > 0;
	if (r.fd >= 0)
		close(r.fd);
	return 0;
}

static int check_width(struct ring3_device *dev, unsigned int bar, uint64_t offset,
		       unsigned int width)
{
	if ((width == 1 || width == 2 || width == 4 || (width == 8 && bar < RING3_ROM)) &&
	    !(offset & (width - 1)))
		return 0;
	return lib_fail(-EINVAL, "device '%s': no access of %u bytes at offset 0x%llx of BAR %u: 1, 2, 4 or (in memory) 8, at a multiple of it",
			dev->spec, width, (unsigned long long)offset, bar);
}

/**
 * ring3_read() - read a register with one access of exactly this width
 * @device: device
 * @bar: 0 to 5 (memory or ports), RING3_ROM or RING3_CONFIG
 * @offset: bytes into it, a multiple of @width
 * @width: 1, 2, 4, or in memory 8
 * @value: is set
 *
 * Return: 0, -EINVAL (there is no such register), -ENODEV (the device has gone) or another
 * negative errno.
 */
int ring3_read(struct ring3_device *device, unsigned int bar, uint64_t offset,
	       unsigned int width, uint64_t *value)
{
	int err = check_width(device, bar, offset, width);

	*value = 0;
	if (err)
		return err;
	pthread_mutex_lock(&device->lock);
	err = vfu_read(&device->client, bar, offset, value, width);
	pthread_mutex_unlock(&device->lock);
	return err ? lib_lost(device, err, "read a register") : 0;
}

/**
 * ring3_write() - write a register with one access of exactly this width
 * @device: device
 * @bar: 0 to 5 (memory or ports) or RING3_CONFIG
 * @offset: bytes into it, a multiple of @width
 * @width: 1, 2, 4, or in memory 8
 * @value: what
 *
 * The device has taken it when this returns.  COMMAND, the BARs and the capabilities of
 * interrupts in configuration space are the library's.
 *
 * Return: 0, -EINVAL (there is no such register), -ENODEV (the device has gone) or another
 * negative errno.
 */
int ring3_write(struct ring3_device *device, unsigned int bar, uint64_t offset,
		unsigned int width, uint64_t value)
{
	int err = check_width(device, bar, offset, width);

	if (err)
		return err;
	if (bar == RING3_ROM)
		return lib_fail(-EPERM, "device '%s': its ROM cannot be written", device->spec);
	pthread_mutex_lock(&device->lock);
	err = vfu_write(&device->client, bar, offset, &value, width);
	pthread_mutex_unlock(&device->lock);
	return err ? lib_lost(device, err, "write a register") : 0;
}

static bool covered(const struct vfu_region *r, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < r->nr_areas; i++)
		if (start >= r->areas[i].offset &&
		    end <= r->areas[i].offset + r->areas[i].size)
			return true;
	return false;
}

/* Whole pages around what is asked for. */
static int map_pages(struct ring3_device *dev, const struct vfu_region *r, uint64_t offset,
		     size_t length, struct mapping *m)
{
	uint64_t start = offset & ~(PAGE - 1);
	uint64_t end = (offset + length + PAGE - 1) & ~(PAGE - 1);

	if (!length || offset > r->size || length > r->size - offset)
		return lib_fail(-EINVAL, "device '%s': the BAR has %llu bytes, not the %zu at 0x%llx",
				dev->spec, (unsigned long long)r->size, length,
				(unsigned long long)offset);
	if (r->fd < 0 || !covered(r, start, end))
		return lib_fail(-ENOTSUP, "device '%s': not all pages of these registers can be mapped; use ring3_read() and ring3_write()",
				dev->spec);
	m->length = end - start;
	m->page = mmap(NULL, m->length, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		       r->fd_offset + start);
	if (m->page == MAP_FAILED)
		return lib_fail(-errno, "device '%s': cannot map registers: %s", dev->spec,
				strerror(errno));
	m->address = (char *)m->page + (offset - start);
	return 0;
}

/**
 * ring3_map() - map a BAR or a part of it
 * @device: device
 * @bar: 0 to 5, of memory
 * @offset: bytes into it, need not be a page's
 * @length: bytes, not 0
 * @address: is set; loads and stores there are the device's registers
 *
 * A page with registers that a proxy must look after, such as the MSI-X table's, cannot be
 * mapped.  When the device goes, a load or store may be a SIGBUS; ring3_read() never is.
 *
 * Return: 0, -ENOTSUP (some of it cannot be mapped), -EINVAL (it is not all in the BAR), -ENODEV
 * or another negative errno.
 */
int ring3_map(struct ring3_device *device, unsigned int bar, uint64_t offset, size_t length,
	      volatile void **address)
{
	struct mapping *m = calloc(1, sizeof(*m));
	struct vfu_region r = { .fd = -1 };
	int err;

	*address = NULL;
	if (!m)
		return lib_fail(-ENOMEM, "out of memory for a mapping");
	pthread_mutex_lock(&device->lock);
	err = region_get(device, bar, &r);
	if (!err)
		err = map_pages(device, &r, offset, length, m);
	if (!err) {
		m->next = device->mappings;
		device->mappings = m;
		*address = m->address;
	}
	pthread_mutex_unlock(&device->lock);
	if (r.fd >= 0)
		close(r.fd);
	if (err)
		free(m);
	return err;
}

/**
 * ring3_unmap() - undo ring3_map()
 * @device: device
 * @address: as ring3_map() gave it
 *
 * Return: 0, or -EINVAL: nothing is mapped there.
 */
int ring3_unmap(struct ring3_device *device, volatile void *address)
{
	struct mapping **p, *m;

	pthread_mutex_lock(&device->lock);
	for (p = &device->mappings; *p && (*p)->address != address; p = &(*p)->next)
		;
	m = *p;
	if (m)
		*p = m->next;
	pthread_mutex_unlock(&device->lock);
	if (!m)
		return lib_fail(-EINVAL, "device '%s': no registers are mapped at %p", device->spec,
				(void *)(uintptr_t)address);
	munmap(m->page, m->length);
	free(m);
	return 0;
}
