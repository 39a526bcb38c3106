// SPDX-License-Identifier: GPL-2.0
/*
 * legacy.c - IDE functions in compatibility mode (PCI IDE Controller 1.0, section 2)
 *
 * Their command and control blocks are at fixed ports, which no BAR shows, and their
 * channels interrupt by IRQ 14 and 15 of the ISA bus.  Clients see BAR0 to BAR3 at
 * those ports, and one INTx for both channels.
 */
#include <linux/pci_regs.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"

#define CLASS_IDE	0x0101
#define PROGIF_NATIVE	0x05	/* a bit for each channel */
#define PCI_VENDOR_INTEL 0x8086
#define PIIX_IDETIM	0x40		/* one for each channel */
#define PIIX_DECODE	0x8000
#define IRQ_LINES	(1u << 14 | 1u << 15)

static const struct {
	uint16_t port, size;
} blocks[] = {
	{ 0x1f0, 8 }, { 0x3f4, 4 }, { 0x170, 8 }, { 0x374, 4 },
};

/**
 * legacy_place() - if a function is IDE in compatibility mode, give it its regions
 * @qd: device; its BARs have been sized and placed
 *
 * Return: 0, or -1 with fail(): there is one already, and the ports are the same.
 */
int legacy_place(struct qdev *qd)
{
	uint32_t class = qpci_read(qd, PCI_CLASS_REVISION, 4) >> 8;

	qd->legacy_ide = class >> 8 == CLASS_IDE && !(class & PROGIF_NATIVE);
	if (!qd->legacy_ide)
		return 0;
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (qemu_devices[i] != qd && qemu_devices[i]->legacy_ide)
			return fail("device '%s': its ports are those of '%s'; use one of them, or a second proxy",
				    device_name(qd->dev), device_name(qemu_devices[i]->dev));
	for (unsigned int i = 0; i < ARRAY_SIZE(blocks); i++) {
		qd->dev->regions[i] = (struct region){
			.kind = REGION_PORTS, .size = blocks[i].size, .fd = -1,
		};
		qd->bar[i] = blocks[i].port;
	}
	qd->pin = 1;
	return 0;
}

/**
 * legacy_restore() - what firmware does: let the channels answer
 * @qd: device; placed, and reset since
 *
 * Intel 82371, IDETIM: the ports are decoded if bit 15 is set.
 */
void legacy_restore(struct qdev *qd)
{
	if (!qd->legacy_ide || qpci_read(qd, PCI_VENDOR_ID, 2) != PCI_VENDOR_INTEL)
		return;
	qpci_write(qd, PIIX_IDETIM, 2, PIIX_DECODE);
	qpci_write(qd, PIIX_IDETIM + 2, 2, PIIX_DECODE);
}

/**
 * legacy_bar() - is this region at fixed ports, without a BAR?
 * @qd: device
 * @i: VFIO_USER_BAR0 and so on
 *
 * Return: true for the blocks of IDE in compatibility mode.
 */
bool legacy_bar(const struct qdev *qd, unsigned int i)
{
	return qd->legacy_ide && i < ARRAY_SIZE(blocks);
}

/**
 * legacy_config() - what clients read instead: an interrupt pin
 * @qd: device
 * @off: offset in configuration space
 * @width: 1, 2 or 4 bytes
 * @value: what the device says
 *
 * Return: the value for the client.
 */
uint32_t legacy_config(const struct qdev *qd, uint32_t off, unsigned int width, uint32_t value)
{
	if (!qd->legacy_ide || off > PCI_INTERRUPT_PIN || off + width <= PCI_INTERRUPT_PIN)
		return value;
	return value | 1u << 8 * (PCI_INTERRUPT_PIN - off);
}

/**
 * legacy_level() - does a channel interrupt?
 * @lines: inputs of the IOAPIC
 *
 * Return: true if IRQ 14 or 15 is asserted.
 */
bool legacy_level(uint32_t lines)
{
	return lines & IRQ_LINES;
}
