// SPDX-License-Identifier: GPL-2.0
/*
 * bars.c - devices/BDF/ring3: bars, and barN, exact-width access
 */
#include <errno.h>
#include <json-c/json.h>
#include <linux/pci_regs.h>

#include "proxy/view/view.h"

static const char *const names[] = { "0", "1", "2", "3", "4", "5", "rom" };

static const char *bar_kind(const struct region *r)
{
	if (r->kind == REGION_ROM)
		return "rom";
	if (r->kind == REGION_PORTS)
		return "io";
	return r->is_64 ? "mem64" : "mem32";
}

static uint64_t mapped_bytes(const struct region *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->nr_areas; i++)
		sum += r->areas[i].size;
	return sum;
}

static void add_counts(struct json_object *o, const struct access_count *c)
{
	static const char *const reads[] = { "read1", "read2", "read4", "read8" };
	static const char *const writes[] = { "write1", "write2", "write4", "write8" };

	for (int i = 0; i < 4; i++)
		view_add(o, reads[i], json_object_new_uint64(view_now(&c->reads[i])));
	for (int i = 0; i < 4; i++)
		view_add(o, writes[i], json_object_new_uint64(view_now(&c->writes[i])));
	view_add(o, "block_bytes", json_object_new_uint64(view_now(&c->block_bytes)));
}

/**
 * view_bars() - a row for each BAR, and the ROM
 * @dev: device
 *
 * Return: an array.
 */
struct json_object *view_bars(struct device *dev)
{
	struct json_object *rows = json_object_new_array();

	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++) {
		const struct region *r = &dev->regions[i];
		struct json_object *o;

		if (!r->size)
			continue;
		o = json_object_new_object();
		view_add(o, "bar", json_object_new_string(names[i]));
		view_add(o, "kind", json_object_new_string(bar_kind(r)));
		view_add(o, "prefetch", json_object_new_boolean(r->prefetch));
		view_add(o, "address", view_hex(device_bar_address(dev, i), 8));
		view_add(o, "size", json_object_new_uint64(r->size));
		view_add(o, "mapped", json_object_new_uint64(mapped_bytes(r)));
		view_add(o, "trapped", json_object_new_uint64(r->size - mapped_bytes(r)));
		add_counts(o, &dev->accesses[i]);
		json_object_array_add(rows, o);
	}
	return rows;
}

bool view_bar_there(const struct device *dev, int bar)
{
	return dev->regions[bar].size;
}

off_t view_bar_size(const struct device *dev, int bar)
{
	return dev->regions[bar].size;
}

/* One register, exactly, so that nothing which reads all files ever touches a device. */
static int check(const struct device *dev, int bar, size_t len, off_t off)
{
	const struct region *r = &dev->regions[bar];
	uint16_t decodes = r->kind == REGION_PORTS ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

	if ((uint64_t)off >= r->size || len > r->size - off)
		return -EINVAL;
	if ((len != 1 && len != 2 && len != 4 && (len != 8 || r->kind == REGION_PORTS)) ||
	    off & (len - 1))
		return -EINVAL;
	return config_command(dev) & decodes ? 0 : -ENXIO;
}

/**
 * view_bar_read() - read a register
 * @dev: device
 * @bar: region index
 * @buf: for its value
 * @len: 1, 2, 4 or 8 bytes
 * @off: offset in the BAR, a multiple of @len
 *
 * Return: @len, or -EINVAL (crosses the end, odd width, misaligned), -ENXIO (not decoded:
 * memory or I/O is off in COMMAND), -EAGAIN, -EIO.
 */
ssize_t view_bar_read(struct device *dev, int bar, void *buf, size_t len, off_t off)
{
	int err = check(dev, bar, len, off);

	return err ? err : handoff_access(dev, bar, off, buf, len, false);
}

/**
 * view_bar_write() - write a register
 * @dev: device
 * @bar: region index
 * @buf: its new value
 * @len: 1, 2, 4 or 8 bytes
 * @off: offset in the BAR, a multiple of @len
 *
 * Return: as view_bar_read().
 */
ssize_t view_bar_write(struct device *dev, int bar, const void *buf, size_t len, off_t off)
{
	int err = check(dev, bar, len, off);

	return err ? err : handoff_access(dev, bar, off, (void *)buf, len, true);
}
