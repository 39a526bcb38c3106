// SPDX-License-Identifier: GPL-2.0
/* host.c - the host's PCI devices, as sysfs has them */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/host.h"

#define CLASS_BRIDGE 0x06

static int write_attribute(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(text);

	return fd >= 0 && write(fd, text, len) == len ? 0 : -1;
}

const char *host_root = "";
int (*host_write)(const char *path, const char *text) = write_attribute;

char *host_path(const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&path, fmt, ap) < 0)
		abort();
	va_end(ap);
	return xasprintf("%s%s", host_root, path);
}

int host_parse(const char *text, char bdf[VFIO_BDF])
{
	if (!vfio_parse_bdf(text, bdf))
		return 0;
	return fail("'%s' is no place of a PCI device: write DDDD:BB:SS.F or BB:SS.F, as 'ring3 status' lists them",
		    text);
}

static char *link_name(const char *bdf, const char *name)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s/%s", bdf, name);
	char to[PATH_MAX], *slash;
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n < 0)
		return NULL;
	to[n] = '\0';
	slash = strrchr(to, '/');
	return xstrdup(slash ? slash + 1 : to);
}

char *host_vfio_node(const char *bdf)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s/vfio-dev", bdf);
	DIR *dir = opendir(path);
	struct dirent *e;
	char *node = NULL;

	while (dir && !node && (e = readdir(dir))) {
		_cleanup_free_ char *number = xasprintf("%s/%s/dev", path, e->d_name);

		if (e->d_name[0] != '.' && !access(number, F_OK))
			node = xasprintf("/dev/vfio/devices/%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return node;
}

static uint32_t number(const char *bdf, const char *name)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s/%s", bdf, name);
	_cleanup_free_ char *text = read_text(path);

	return text ? strtoul(text, NULL, 16) : 0;
}

static struct host_device describe(const char *bdf)
{
	struct host_device dev = {
		.driver = link_name(bdf, "driver"), .group = link_name(bdf, "iommu_group"),
		.vendor = number(bdf, "vendor"), .device = number(bdf, "device"),
		.class = number(bdf, "class"),
	};

	memcpy(dev.bdf, bdf, sizeof(dev.bdf));
	return dev;
}

int host_get(const char *bdf, struct host_device *dev)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s", bdf);

	if (access(path, F_OK) < 0)
		return fail("there is no PCI device %s; 'ring3 status' lists them", bdf);
	*dev = describe(bdf);
	return 0;
}

void host_free(struct host_device *dev)
{
	free(dev->driver);
	free(dev->group);
	*dev = (struct host_device){ 0 };
}

bool host_is_bridge(const struct host_device *dev)
{
	return dev->class >> 16 == CLASS_BRIDGE;
}

static int by_bdf(const void *a, const void *b)
{
	return strcmp(((const struct host_device *)a)->bdf, ((const struct host_device *)b)->bdf);
}

void host_list(struct host_list *list, const char *group)
{
	_cleanup_free_ char *path = group ?
		host_path("/sys/kernel/iommu_groups/%s/devices", group) :
		host_path("/sys/bus/pci/devices");
	DIR *dir = opendir(path);
	struct dirent *e;

	*list = (struct host_list){ 0 };
	while (dir && (e = readdir(dir))) {
		char bdf[VFIO_BDF];

		if (vfio_parse_bdf(e->d_name, bdf))
			continue;
		list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
		list->v[list->n++] = describe(bdf);
	}
	if (dir)
		closedir(dir);
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_bdf);
}

void host_list_free(struct host_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		host_free(&list->v[i]);
	free(list->v);
	*list = (struct host_list){ 0 };
}
