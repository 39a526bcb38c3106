/* SPDX-License-Identifier: GPL-2.0 */
/*
 * host.h - the host's PCI devices, as sysfs has them
 */
#ifndef RING3_HOST_H
#define RING3_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/vfio/bdf.h"
#include "shim/util.h"

struct host_device {
	char bdf[VFIO_BDF];
	char *driver;		/* NULL: none */
	char *group;		/* number of its IOMMU group; NULL: none */
	uint16_t vendor, device;
	uint32_t class;		/* 24 bits */
};

struct host_list {
	struct host_device *v;	/* by BDF */
	size_t n;
};

/* In front of /sys, /proc, /run and /dev; something else in tests. */
extern const char *host_root;

/*
 * How an attribute of sysfs is written; in tests, by something that acts as the kernel would.
 * Returns 0, or -1 with errno.
 */
extern int (*host_write)(const char *path, const char *text);

/**
 * host_path() - a path below host_root
 * @fmt: printf style, with a leading slash
 *
 * Return: the path, to free.
 */
char *host_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * host_parse() - what the user calls a device
 * @text: BDF with or without domain
 * @bdf: receives the long form
 *
 * Return: 0, or an exit status with a message.
 */
int host_parse(const char *text, char bdf[VFIO_BDF]);

/**
 * host_get() - look a device up
 * @bdf: long form
 * @dev: filled in, for host_free()
 *
 * Return: 0, or an exit status with a message if there is no such device.
 */
int host_get(const char *bdf, struct host_device *dev);

void host_free(struct host_device *dev);

/**
 * host_is_bridge() - is it no device to hand out, but part of the way to some?
 * @dev: device
 */
bool host_is_bridge(const struct host_device *dev);

/**
 * host_list() - all devices, or those of an IOMMU group
 * @list: filled in, for host_list_free()
 * @group: its number, or NULL
 */
void host_list(struct host_list *list, const char *group);

void host_list_free(struct host_list *list);

/**
 * host_in_use() - why the host cannot do without a device just now
 * @dev: device
 *
 * A mounted disk or one that swap or another layer is on, an interface that is up, the display the
 * machine was booted with.
 *
 * Return: the reason and what ends it, to free; NULL: there is none.
 */
char *host_in_use(const struct host_device *dev);

/**
 * host_vfio_node() - a device's own character device of VFIO's
 * @bdf: long form
 *
 * Return: its path, to free; NULL: the device is not with VFIO, or the kernel has none.
 */
char *host_vfio_node(const char *bdf);

/**
 * host_holder() - which process has a device's IOMMU group open, or a device of it
 * @group: its number
 *
 * Return: "PID (NAME)" to free; NULL: none that we may see.
 */
char *host_holder(const char *group);

#endif
