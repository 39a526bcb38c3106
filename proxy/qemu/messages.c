// SPDX-License-Identifier: GPL-2.0
/*
 * messages.c - MSI and MSI-X: point the device's vectors at doorbells
 *
 * Masks are the proxy's business (irq.c).  There are fewer doorbells than vectors that
 * drivers arm and never use, so an MSI-X vector gets one when it is armed and first
 * unmasked, and keeps it until it is disarmed; all others are masked in the device.  Linux enables
 * MSI-X with the whole function masked, arms, masks each entry, and then unmasks the function.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/irq.h"
#include "proxy/qemu/qemu.h"

static void write_entry(struct qdev *qd, uint32_t vector, uint32_t data, uint32_t ctrl)
{
	const struct irqs *irqs = &qd->dev->irqs;
	const uint32_t entry[4] = { QEMU_DOORBELL, 0, data, ctrl };

	qtest_write_block(qd->bar[irqs->table_bar] + irqs->table_off + vector * MSIX_ENTRY,
			  entry, sizeof(entry));
}

static void update_vector(struct qdev *qd, uint32_t vector, bool on)
{
	int16_t *doorbell = &qd->msix_doorbell[vector];
	bool armed = on && notify_armed(&qd->dev->irqs.msix[vector].notify);

	if (armed == (*doorbell >= 0))
		return;
	if (armed) {
		if (!config_msix_masked(qd->dev) && !irq_msix_entry_masked(&qd->dev->irqs, vector))
			*doorbell = doorbell_get(qd, 1, true, vector);
		if (*doorbell >= 0)
			write_entry(qd, vector, *doorbell, 0);
		return;
	}
	write_entry(qd, vector, 0, PCI_MSIX_ENTRY_CTRL_MASKBIT);
	doorbell_put(*doorbell, 1);
	*doorbell = -1;
}

static void update_msix(struct qdev *qd, bool on)
{
	const struct irqs *irqs = &qd->dev->irqs;
	uint32_t flags = qd->dev->config.msix + PCI_MSIX_FLAGS;

	if (!irqs->count[VFIO_USER_MSIX])
		return;
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++)
		update_vector(qd, i, on);
	if (on == qd->msix_on)
		return;
	qd->msix_on = on;
	qpci_write(qd, flags, 2, on ? PCI_MSIX_FLAGS_ENABLE : 0);
}

static void msi_off(struct qdev *qd)
{
	if (qd->msi_first < 0)
		return;
	qpci_write(qd, qd->dev->config.msi + PCI_MSI_FLAGS, 2, 0);
	doorbell_put(qd->msi_first, qd->msi_nr);
	qd->msi_first = -1;
}

static void msi_program(struct qdev *qd)
{
	const struct config *c = &qd->dev->config;
	uint32_t log2 = __builtin_ctz(qd->msi_nr);

	qpci_write(qd, c->msi + PCI_MSI_ADDRESS_LO, 4, QEMU_DOORBELL);
	if (c->msi_64)
		qpci_write(qd, c->msi + PCI_MSI_ADDRESS_HI, 4, 0);
	qpci_write(qd, c->msi + (c->msi_64 ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32), 2,
		   qd->msi_first);
	if (c->msi_maskable)
		qpci_write(qd, c->msi + (c->msi_64 ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32), 4, 0);
	qpci_write(qd, c->msi + PCI_MSI_FLAGS, 2, log2 << 4 | PCI_MSI_FLAGS_ENABLE);
}

static void update_msi(struct qdev *qd, bool on)
{
	uint32_t nr = config_msi_vectors(qd->dev);

	if (!nr)
		return;
	if (!on || (qd->msi_first >= 0 && qd->msi_nr != nr))
		msi_off(qd);
	if (!on || qd->msi_first >= 0)
		return;
	qd->msi_first = doorbell_get(qd, nr, false, 0);
	qd->msi_nr = nr;
	if (qd->msi_first >= 0)
		msi_program(qd);
}

/**
 * messages_update() - make the device's MSI and MSI-X agree with what the client set
 * @qd: device
 */
void messages_update(struct qdev *qd)
{
	bool msix = config_msix_enabled(qd->dev);

	update_msi(qd, !msix && config_msi_enabled(qd->dev));
	update_msix(qd, msix);
}

/**
 * messages_forget() - the device was reset and has forgotten its vectors
 * @qd: device
 */
void messages_forget(struct qdev *qd)
{
	if (qd->msi_first >= 0)
		doorbell_put(qd->msi_first, qd->msi_nr);
	qd->msi_first = -1;
	qd->msix_on = false;
	for (uint32_t i = 0; qd->msix_doorbell && i < qd->dev->irqs.count[VFIO_USER_MSIX]; i++) {
		if (qd->msix_doorbell[i] >= 0)
			doorbell_put(qd->msix_doorbell[i], 1);
		qd->msix_doorbell[i] = -1;
	}
}
