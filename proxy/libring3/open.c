// SPDX-License-Identifier: GPL-2.0
/*
 * open.c - open, close and reset a device; its configuration space
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/libring3/internal.h"

#define LISTENING "proxy:"
#define LEAVE_MS 10000

/**
 * config_read() - read configuration space; dev->lock is held
 * @dev: device
 * @off: offset
 * @width: 1, 2 or 4
 * @value: is set
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int config_read(struct ring3_device *dev, uint32_t off, unsigned int width, uint32_t *value)
{
	int err;

	*value = 0;
	err = vfu_read(&dev->client, VFIO_USER_CONFIG, off, value, width);
	return err ? lib_lost(dev, err, "read its configuration space") : 0;
}

/**
 * config_write() - write configuration space; dev->lock is held
 * @dev: device
 * @off: offset
 * @width: 1, 2 or 4
 * @value: what
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int config_write(struct ring3_device *dev, uint32_t off, unsigned int width, uint32_t value)
{
	int err = vfu_write(&dev->client, VFIO_USER_CONFIG, off, &value, width);

	return err ? lib_lost(dev, err, "write its configuration space") : 0;
}

/**
 * command_set() - set bits of COMMAND; dev->lock is held
 * @dev: device
 * @bits: PCI_COMMAND_*
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int command_set(struct ring3_device *dev, uint16_t bits)
{
	uint32_t command;
	int err = config_read(dev, PCI_COMMAND, 2, &command);

	return err ? err : config_write(dev, PCI_COMMAND, 2, command | bits);
}

/**
 * become_master() - the device is to read or write memory; dev->lock is held
 * @dev: device
 *
 * Messages of MSI and MSI-X are writes, too (PCI 6.8).
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int become_master(struct ring3_device *dev)
{
	int err = dev->master ? 0 : command_set(dev, PCI_COMMAND_MASTER);

	dev->master |= !err;
	return err;
}

/* [DOMAIN:]BUS:SLOT.FN, as lspci prints it. */
static bool is_bdf(const char *text, unsigned int *bdf)
{
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1u%n", &bdf[0], &bdf[1], &bdf[2], &bdf[3], &end) != 4 ||
	    text[end]) {
		bdf[0] = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1u%n", &bdf[1], &bdf[2], &bdf[3], &end) != 3 || text[end])
			return false;
	}
	return bdf[2] < 32 && bdf[3] < 8;
}

/* A BDF alone is real hardware. */
static char *full_spec(const char *spec)
{
	unsigned int bdf[4];
	char *full;

	if (!is_bdf(spec, bdf))
		return strdup(spec);
	if (asprintf(&full, "vfio:%04x:%02x:%02x.%u", bdf[0], bdf[1], bdf[2], bdf[3]) < 0)
		return NULL;
	return full;
}

static int negotiate(struct ring3_device *dev, bool listening)
{
	int err = vfu_client_start(&dev->client, dev->fd);

	if (err == -ETIMEDOUT && listening)
		return lib_fail(-EBUSY, "device '%s' is in use by another client of its proxy, which serves one at a time; end that",
				dev->spec);
	if (err)
		return lib_lost(dev, err, "talk to its proxy");
	return command_set(dev, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
}

static struct ring3_device *device_new(const char *spec)
{
	struct ring3_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->fd = dev->life = dev->arena.fd = dev->irq_kind = dev->client.rx_fd = -1;
	pthread_mutex_init(&dev->lock, NULL);
	dev->spec = full_spec(spec);
	if (dev->spec)
		return dev;
	free(dev);
	return NULL;
}

/**
 * ring3_open() - open a device
 * @spec: which: "0000:01:00.0" or "01:00.0" (hardware that was given to VFIO, see
 *	ring3-bind(1)), "vfio:0000:01:00.0", "qemu:edu", "vfio-user:SOCKET", "testdev", as for ring3 run
 *	--device; or "proxy:SOCKET", a ring3 proxy --listen SOCKET that runs already
 * @dma_mask: the highest address on the bus that the device reaches, a power of two minus 1;
 *	RING3_ANY_MASK if it reaches all.  Memory for it is below.
 * @device: is set
 *
 * The device has been reset.  It decodes its BARs; it becomes a bus master with the first memory that
 * it is given, or when MSI or MSI-X is enabled.  Whoever opens it while it is open gets -EBUSY, and ring3_error() says who
 * has it.  (Each "qemu:" and "testdev" is a device of its own.)
 *
 * Return: 0, or -EBUSY, -ENODEV (it cannot be had), -EINVAL, -ENOENT (no ring3-proxy is
 * installed), or another negative errno.
 */
int ring3_open(const char *spec, uint64_t dma_mask, struct ring3_device **device)
{
	bool listening = !strncmp(spec, LISTENING, strlen(LISTENING));
	struct ring3_device *dev = device_new(spec);
	int err;

	*device = NULL;
	if (!dev)
		return lib_fail(-ENOMEM, "out of memory for device '%s'", spec);
	err = arena_place(dev, dma_mask);
	if (!err)
		err = listening ? connect_proxy(dev, dev->spec + strlen(LISTENING)) :
				  start_proxy(dev);
	if (!err)
		err = negotiate(dev, listening);
	dev->open = !err;
	if (err)
		ring3_close(dev);
	else
		*device = dev;
	return err;
}

/* The proxy closes its end when it is done with the device, and one that we started ends. */
static void leave(struct ring3_device *dev)
{
	struct pollfd p[] = {
		{ .fd = dev->life, .events = POLLIN }, { .fd = dev->fd, .events = POLLIN },
	};
	char late[256];

	shutdown(dev->fd, SHUT_WR);
	if (dev->life >= 0)
		close(dev->fd);
	while (dev->open && poll(dev->life >= 0 ? p : p + 1, 1, LEAVE_MS) > 0)
		if (dev->life >= 0 || recv(dev->fd, late, sizeof(late), MSG_DONTWAIT) <= 0)
			break;
	if (dev->life < 0)
		close(dev->fd);
}

/**
 * ring3_close() - give a device back
 * @device: or NULL.  All that was got with it is gone: mappings, memory, descriptors.
 *
 * Returns when the device is quiet: whatever follows finds it reset.
 */
void ring3_close(struct ring3_device *device)
{
	if (!device)
		return;
	irq_forget(device);
	if (device->fd >= 0)
		leave(device);
	if (device->life >= 0)
		close(device->life);
	if (device->client.rx_fd >= 0)
		close(device->client.rx_fd);
	while (device->mappings)
		ring3_unmap(device, device->mappings->address);
	arena_release(device);
	pthread_mutex_destroy(&device->lock);
	free(device->spec);
	free(device);
}

/**
 * ring3_reset() - reset the function
 * @device: device
 *
 * As a function level reset does (PCIe 6.6.2), but it decodes its BARs afterwards, and is a bus master
 * if it was.  Memory stays mapped; interrupts must be enabled again.
 *
 * Return: 0 or a negative errno.
 */
int ring3_reset(struct ring3_device *device)
{
	uint16_t on = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	int err;

	pthread_mutex_lock(&device->lock);
	err = irq_forget(device);
	if (!err)
		err = vfu_reset(&device->client);
	if (err)
		err = lib_lost(device, err, "reset it");
	else
		err = command_set(device, device->master ? on | PCI_COMMAND_MASTER : on);
	pthread_mutex_unlock(&device->lock);
	return err;
}
