// SPDX-License-Identifier: GPL-2.0
/*
 * msix.c - the virtual MSI-X table and pending bits  (PCI 6.8.2)
 *
 * A client's accesses to these parts of a BAR end here; the device's own table is
 * programmed by the backend.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/device.h"
#include "proxy/irq.h"

static uint32_t table_size(const struct irqs *irqs)
{
	return irqs->count[VFIO_USER_MSIX] * MSIX_ENTRY;
}

static uint32_t pba_size(const struct irqs *irqs)
{
	return (irqs->count[VFIO_USER_MSIX] + 63) / 64 * 8;
}

static bool in_table(const struct irqs *irqs, unsigned int bar, uint64_t off)
{
	return bar == irqs->table_bar && off >= irqs->table_off &&
	       off - irqs->table_off < table_size(irqs);
}

static bool in_pba(const struct irqs *irqs, unsigned int bar, uint64_t off)
{
	return bar == irqs->pba_bar && off >= irqs->pba_off &&
	       off - irqs->pba_off < pba_size(irqs);
}

/**
 * irq_owns() - is this register part of the MSI-X table or the pending bits?
 * @dev: device
 * @bar: region index
 * @off: offset of a naturally aligned register
 *
 * Return: true if irq_table_read() and irq_table_write() handle it.
 */
bool irq_owns(const struct device *dev, unsigned int bar, uint64_t off)
{
	const struct irqs *irqs = &dev->irqs;

	return irqs->count[VFIO_USER_MSIX] && bar <= VFIO_USER_BAR5 &&
	       (in_table(irqs, bar, off) || in_pba(irqs, bar, off));
}

static uint8_t pending_byte(const struct irqs *irqs, uint32_t first)
{
	uint8_t bits = 0;

	for (uint32_t i = 0; i < 8 && first + i < irqs->count[VFIO_USER_MSIX]; i++)
		bits |= irqs->msix[first + i].pending << i;
	return bits;
}

/**
 * irq_table_read() - read the virtual table or the pending bits
 * @dev: device for which irq_owns() holds
 * @bar: region index
 * @off: offset in it, naturally aligned
 * @buf: for the value
 * @len: 1, 2, 4 or 8
 */
void irq_table_read(struct device *dev, unsigned int bar, uint64_t off, void *buf, size_t len)
{
	const struct irqs *irqs = &dev->irqs;
	uint8_t *p = buf;

	if (in_table(irqs, bar, off)) {
		memcpy(buf, &irqs->table[off - irqs->table_off], len);
		return;
	}
	if (dev->backend->irq_sync)
		dev->backend->irq_sync(dev);
	for (size_t i = 0; i < len; i++)
		p[i] = pending_byte(irqs, (off - irqs->pba_off + i) * 8);
}

/**
 * irq_table_write() - write the virtual table; the pending bits ignore writes
 * @dev: device for which irq_owns() holds
 * @bar: region index
 * @off: offset in it, naturally aligned
 * @buf: the value
 * @len: 1, 2, 4 or 8
 */
void irq_table_write(struct device *dev, unsigned int bar, uint64_t off, const void *buf,
		     size_t len)
{
	struct irqs *irqs = &dev->irqs;
	uint8_t *ctrl;

	if (!in_table(irqs, bar, off))
		return;
	irqs->table_used = true;
	off -= irqs->table_off;
	memcpy(&irqs->table[off], buf, len);
	ctrl = &irqs->table[off / MSIX_ENTRY * MSIX_ENTRY + PCI_MSIX_ENTRY_VECTOR_CTRL];
	ctrl[0] &= PCI_MSIX_ENTRY_CTRL_MASKBIT;
	memset(ctrl + 1, 0, 3);
	irq_msix_unmasked(dev, off / MSIX_ENTRY);
}
