// SPDX-License-Identifier: GPL-2.0
/*
 * place.c - from the user's BDF to a device that VFIO can give us, or the reason why not
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

const char *vfio_sysfs = "/sys";	/* elsewhere in tests */

/* The last part of where a link of a device points; false: there is no such link. */
static bool link_name(const char *bdf, const char *link, char *name, size_t size)
{
	char path[256], to[256];
	const char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", vfio_sysfs, bdf, link);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return false;
	to[n] = '\0';
	last = strrchr(to, '/');
	last = last ? last + 1 : to;
	if (strlen(last) >= size)
		return false;
	memcpy(name, last, strlen(last) + 1);
	return true;
}

static bool exists(const char *fmt, const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), fmt, vfio_sysfs, what);
	return !access(path, F_OK);
}

static bool dir_is_empty(const char *what)
{
	char path[256];
	struct dirent *e;
	bool empty = true;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", vfio_sysfs, what);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		empty &= e->d_name[0] == '.';
	if (dir)
		closedir(dir);
	return empty;
}

static int no_group(const struct device *dev)
{
	if (dir_is_empty("class/iommu"))
		return fail("device '%s': this machine has no IOMMU in use, and without one a device reaches all memory: switch VT-d or AMD-Vi on in the firmware and boot with intel_iommu=on or amd_iommu=on",
			    device_name(dev));
	return fail("device '%s': it has no IOMMU group: the IOMMU does not cover it, so it cannot be handed out; choose another slot",
		    device_name(dev));
}

/**
 * vfio_is_held() - does somebody keep VFIO from letting a device go?
 * @bdf: of the device, which was closed here
 *
 * A driver that waits for the users of its device has no link in sysfs any more; what
 * is there until the last has gone is VFIO's own directory (Linux 6.1).
 *
 * Return: true if so; false on older kernels.
 */
bool vfio_is_held(const char *bdf)
{
	char what[64];

	snprintf(what, sizeof(what), "%s/vfio-dev", bdf);
	return exists("%s/bus/pci/devices/%s", what);
}

/* The name of a device's character device is that of a directory (Linux 6.1; the node, 6.6). */
static void find_node(struct vfio_dev *vd)
{
	char path[256];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/vfio-dev", vfio_sysfs, vd->bdf);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/vfio-dev/%.32s/dev", vfio_sysfs,
			 vd->bdf, e->d_name);
		if (!strncmp(e->d_name, "vfio", 4) && strlen(e->d_name) < VFIO_NODE &&
		    !access(path, F_OK))
			memcpy(vd->node, e->d_name, strlen(e->d_name) + 1);
	}
	if (dir)
		closedir(dir);
}

/**
 * vfio_find() - check that a device can be had
 * @vd: device, its BDF as from vfio_parse_bdf(); learns its character device
 * @group: receives its IOMMU group's number
 *
 * Return: 0, or -1 with fail().
 */
int vfio_find(struct vfio_dev *vd, char group[16])
{
	const struct device *dev = vd->dev;
	const char *bdf = vd->bdf;
	char driver[64];

	if (!exists("%s/bus/pci/devices/%s", bdf))
		return fail("device '%s': there is no PCI device %s; 'ring3 status' lists them",
			    device_name(dev), bdf);
	if (!link_name(bdf, "iommu_group", group, 16))
		return no_group(dev);
	if (!link_name(bdf, "driver", driver, sizeof(driver)))
		return fail("device '%s': %s is not bound to vfio-pci but to no driver; run: ring3 bind %s",
			    device_name(dev), bdf, bdf);
	if (strcmp(driver, "vfio-pci"))
		return fail("device '%s': %s is not bound to vfio-pci but to %s; run: ring3 bind %s",
			    device_name(dev), bdf, driver, bdf);
	find_node(vd);
	return 0;
}

/* Drivers that do not touch their device leave the group to its user (vfio.ko). */
static bool is_harmless(const char *driver)
{
	return !strncmp(driver, "vfio-", 5) || !strcmp(driver, "pci-stub") ||
	       !strcmp(driver, "pcieport");
}

/**
 * vfio_not_viable() - who keeps a group from being used
 * @group: its number
 *
 * Return: "BDF (driver NAME), ...", to free; NULL without memory.
 */
char *vfio_not_viable(const char *group)
{
	char path[256], driver[64], *text = NULL;
	struct dirent *e;
	size_t size;
	FILE *out;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%s/devices", vfio_sysfs, group);
	dir = opendir(path);
	out = open_memstream(&text, &size);
	while (out && dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' ||
		    !link_name(e->d_name, "driver", driver, sizeof(driver)) || is_harmless(driver))
			continue;
		fprintf(out, "%s%s (driver %s)", ftell(out) ? ", " : "", e->d_name, driver);
	}
	if (dir)
		closedir(dir);
	if (out)
		fclose(out);
	return text;
}

/**
 * vfio_group_size() - how many devices are in a group?
 * @group: its number
 *
 * Return: their number, bridges included.
 */
unsigned int vfio_group_size(const char *group)
{
	unsigned int n = 0;
	char path[256];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%s/devices", vfio_sysfs, group);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}
