// SPDX-License-Identifier: GPL-2.0
/*
 * backend-qemu.c - device models of stock QEMU; how it works is told in qemu/qemu.h
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/qemu/machine.h"
#include "proxy/qemu/qemu.h"

struct qdev *qemu_devices[QEMU_MAX_DEVICES];
unsigned int qemu_nr_devices;

static int open_qemu(struct device *dev)
{
	struct qdev *qd;

	if (qemu_nr_devices == QEMU_MAX_DEVICES)
		return fail("device '%s': more than %d qemu: devices; use a second proxy",
			    device_name(dev), QEMU_MAX_DEVICES);
	qd = calloc(1, sizeof(*qd));
	if (!qd)
		return fail("out of memory for '%s'", device_name(dev));
	qd->dev = dev;
	qd->msi_first = -1;
	qd->index = qemu_nr_devices;
	qemu_devices[qemu_nr_devices++] = qd;
	dev->priv = qd;
	return sugar_posted(dev);
}

/* Devices are closed all together, at the end. */
static void close_qemu(struct device *dev)
{
	struct qdev *qd = dev->priv;

	if (!qd)
		return;
	messages_forget(qd);
	qemu_devices[qd->index] = NULL;
	while (qemu_nr_devices && !qemu_devices[qemu_nr_devices - 1])
		qemu_nr_devices--;
	free(qd->msix_doorbell);
	free(qd->device_arg);
	free(qd->id);
	free(qd);
}

/* QEMU runs and every BAR is placed; only the number of vectors is not known yet. */
static int setup(struct device *dev)
{
	struct qdev *qd = dev->priv;
	const int most = MSIX_MAX;

	qd->msix_doorbell = malloc(most * sizeof(*qd->msix_doorbell));
	if (!qd->msix_doorbell)
		return fail("out of memory for '%s'", device_name(dev));
	for (int i = 0; i < most; i++)
		qd->msix_doorbell[i] = -1;
	return 0;
}

static uint64_t region_read(struct device *dev, uint32_t region, uint64_t off,
			    unsigned int width)
{
	struct qdev *qd = dev->priv;

	if (dev->regions[region].kind == REGION_PORTS)
		return qtest_in(qd->bar[region] + off, width);
	return qtest_read(qd->bar[region] + off, width);
}

static void region_write(struct device *dev, uint32_t region, uint64_t off, unsigned int width,
			 uint64_t value)
{
	struct qdev *qd = dev->priv;

	qd->touched = true;
	if (dev->regions[region].kind == REGION_PORTS)
		qtest_out(qd->bar[region] + off, width, value);
	else
		qtest_write(qd->bar[region] + off, width, value);
	if (!dev->posted_writes)
		qtest_flush();
}

/* A quarter of a megabyte word by word would take a second, in which nobody else is served. */
static int rom_block(struct device *dev, uint64_t off, uint8_t *buf, size_t len)
{
	const struct qdev *qd = dev->priv;

	for (size_t n; len; off += n, buf += n, len -= n) {
		n = len < QTEST_BLOCK ? len : QTEST_BLOCK;
		if (qtest_read_block(qd->bar[VFIO_USER_ROM] + off, buf, n))
			return -1;
	}
	return 0;
}

static uint32_t config_read_qemu(struct device *dev, uint32_t off, unsigned int width)
{
	return legacy_config(dev->priv, off, width, qpci_read(dev->priv, off, width));
}

static int config_block(struct device *dev, uint32_t off, uint8_t *buf, size_t len)
{
	for (size_t n; len; off += n, buf += n, len -= n) {
		n = len < QTEST_BLOCK ? len : QTEST_BLOCK;
		if (qpci_read_block(dev->priv, off, buf, n))
			return -1;
		for (size_t i = 0; i < n; i++)
			buf[i] = legacy_config(dev->priv, off + i, 1, buf[i]);
	}
	return 0;
}

static void config_write_qemu(struct device *dev, uint32_t off, unsigned int width,
			      uint32_t value)
{
	struct qdev *qd = dev->priv;

	qd->touched = true;
	qpci_write(qd, off, width, value);
}

/*
 * Decoding stays on in the device; trapped accesses are stopped in the proxy.  All devices of
 * this QEMU reach the same memory: one whose client has not shown that it has that memory, by
 * mapping some of it, is no bus master.  Behind an IOMMU it reaches none.
 */
static void command(struct device *dev, uint16_t value)
{
	struct qdev *qd = dev->priv;

	if (!qd->nr_maps && !machine_strict())
		value &= ~PCI_COMMAND_MASTER;
	qd->touched |= value & PCI_COMMAND_MASTER;
	qd->command = value | PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
	qpci_write(qd, PCI_COMMAND, 2, qd->command);
}

static int dma_map_qemu(struct device *dev, const struct dma_request *req, int fd)
{
	struct qdev *qd = dev->priv;
	int err = machine_dma_map(dev, req, fd);

	if (!err && !qd->nr_maps++ && !machine_strict())
		command(dev, config_command(dev));
	return err;
}

static void dma_unmap_qemu(struct device *dev, uint64_t iova, uint64_t size)
{
	struct qdev *qd = dev->priv;

	machine_dma_unmap(dev, iova, size);
	if (qd->nr_maps && !--qd->nr_maps && !dev->gone && !machine_strict())
		command(dev, config_command(dev));
}

static void irq_update_qemu(struct device *dev)
{
	messages_update(dev->priv);
}

static void irq_release(struct device *dev)
{
	ivshmem_release(dev->priv);
}

static bool intx_level(struct device *dev)
{
	return lines_level(dev->priv);
}

static void reset(struct device *dev)
{
	struct qdev *qd = dev->priv;

	qpci_bus_reset(qd);
	qpci_restore(qd);
	messages_forget(qd);
	qd->touched = false;
}

static const struct backend_param params[] = {
	{ "disk", "FILE: attach a disk image or block device (storage controllers)" },
	{ "net", "user | tap:IFNAME | none: what a network card is connected to" },
	{ "posted", "on | off: may the driver run on while QEMU takes a write? (on, but for eepro100)" },
	{ "id", "name of the device in QEMU, for use in --qemu arguments" },
	{ "PROPERTY", "any other goes to QEMU: '--device qemu:MODEL,help' lists a model's" },
	{ NULL, NULL },
};

const struct backend backend_qemu = {
	.name = "qemu",
	.help = "device model of QEMU: qemu:MODEL[,property=value...]",
	.params = params,
	.any_param = true,
	.prompt = true,
	.move = machine_move,
	.open = open_qemu,
	.start = machine_start,
	.setup = setup,
	.close = close_qemu,
	.stop = machine_stop,
	.list = models_print,
	.region_read = region_read,
	.region_write = region_write,
	.rom_block = rom_block,
	.config_read = config_read_qemu,
	.config_block = config_block,
	.config_write = config_write_qemu,
	.command = command,
	.irq_update = irq_update_qemu,
	.irq_release = irq_release,
	.intx_level = intx_level,
	.dma_map = dma_map_qemu,
	.dma_unmap = dma_unmap_qemu,
	.leaving = machine_leaving,
	.reset = reset,
};
