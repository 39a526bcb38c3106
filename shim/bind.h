/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bind.h - hand the host's devices to VFIO, and back
 *
 * What a device was before is remembered in /run/ring3-bind/BDF: the name of its driver, and
 * what was in driver_override.  Both the file and the binding last until the machine restarts.
 */
#ifndef RING3_BIND_H
#define RING3_BIND_H

#include "shim/host.h"

/**
 * bind_device() - take a device from its driver and give it to vfio-pci
 * @dev: device
 * @force: even if the host uses it
 *
 * If something fails the device goes back to the driver it had.
 *
 * Return: 0, also if vfio-pci has it already, or an exit status with a message.
 */
int bind_device(const struct host_device *dev, bool force);

/**
 * unbind_device() - give a device back to the driver it had before bind_device()
 * @dev: device
 * @force: even if a process uses it, which then loses it
 *
 * Without a driver that takes it, it stays with vfio-pci, unless it had none before.
 *
 * Return: 0, or an exit status with a message.
 */
int unbind_device(const struct host_device *dev, bool force);

/**
 * bind_before() - which driver a device had
 * @bdf: of the device
 *
 * Return: its name, "" for none, to free; NULL: nothing is known.
 */
char *bind_before(const char *bdf);

/**
 * bind_give() - let a user open a device: its IOMMU group, and its own character device if it has one
 * @dev: device, in a group and with VFIO
 * @user: a name or a number
 *
 * Return: 0, or an exit status with a message.
 */
int bind_give(const struct host_device *dev, const char *user);

#endif
