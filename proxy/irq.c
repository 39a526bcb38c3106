// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - interrupts of a device, from the backend to the client's descriptors
 *
 * Theory of operation: a backend reports INTx as a level and messages by vector.
 * Each vector has a pending flag; it is delivered, and cleared, as soon as nothing
 * holds it back, so every change of a mask ends in another look at the vector.
 *
 *  INTx   delivered while asserted, if neither MSI nor MSI-X is on and INTX_DISABLE
 *         is clear.  Delivery masks it (VFIO's automask); UNMASK looks again (intx.c).
 *  MSI    held back by Mask Bits, where the capability has them.
 *  MSI-X  held back by Function Mask and by the entry's mask bit.  A client that has
 *         never written the table since it connected or reset the function keeps the
 *         table elsewhere (QEMU and cloud-hypervisor do), so its entries count as
 *         unmasked.
 *
 * All three can be held back by SET_IRQS too.  A message for a vector that nobody
 * armed is lost, as on a bus where nobody answers, unless it is masked.
 */
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/device.h"
#include "proxy/doorbell.h"
#include "proxy/error.h"
#include "proxy/irq.h"
#include "proxy/mailbox.h"
#include "proxy/trace.h"
#include "proxy/util.h"

/**
 * irq_msix_entry_masked() - does the virtual table mask this vector?
 * @irqs: of a device that has MSI-X
 * @vector: entry
 *
 * Return: its mask bit; false as long as the client has not touched the table.
 */
bool irq_msix_entry_masked(const struct irqs *irqs, uint32_t vector)
{
	return irqs->table_used &&
	       irqs->table[vector * MSIX_ENTRY + PCI_MSIX_ENTRY_VECTOR_CTRL] &
	       PCI_MSIX_ENTRY_CTRL_MASKBIT;
}

#define SECOND 1000000000ull

static void count_signal(struct irq_vector *v)
{
	v->count++;
	v->last_ns = clock_ns(CLOCK_MONOTONIC);
	if (v->last_ns - v->window_ns >= SECOND) {
		v->before = v->last_ns - v->window_ns < 2 * SECOND ? v->in_window : 0;
		v->in_window = 0;
		v->window_ns = v->last_ns;
	}
	v->in_window++;
}

/**
 * irq_rate() - how often a vector is signalled, lately
 * @v: the vector
 *
 * Return: signals a second, over the last second or so.  Context: any thread.
 */
double irq_rate(const struct irq_vector *v)
{
	/* The window first: it may begin anew meanwhile. */
	uint64_t began = __atomic_load_n(&v->window_ns, __ATOMIC_ACQUIRE), now = clock_ns(CLOCK_MONOTONIC);
	double elapsed = now > began ? (now - began) / 1e9 : 0;

	if (elapsed >= 1)
		return elapsed < 2 ? v->in_window / elapsed : 0;
	return v->before * (1 - elapsed) + v->in_window;
}

/**
 * irq_signal() - tell the client, count and trace it
 * @dev: device
 * @index: VFIO_USER_INTX, _MSI or _MSIX
 * @vector: number of @v
 * @v: nothing holds it back
 */
void irq_signal(struct device *dev, uint32_t index, uint32_t vector, struct irq_vector *v)
{
	if (!notify_armed(&v->notify))
		return;
	count_signal(v);
	trace_irq(dev, index, vector, false);
	/* It is the cheaper the nearer the client is; one that polls is nearest from afar. */
	if (!doorbell_polled(dev))
		mailbox_interrupted(dev);
	if (!doorbell_ring(dev, index == VFIO_USER_INTX ? 0 : 1 + vector))
		notify_signal(&v->notify);
}

static void deliver(struct device *dev, uint32_t index, uint32_t vector, struct irq_vector *v,
		    bool masked)
{
	if (!v->pending || masked || v->masked || dev->irqs.storm)
		return;
	v->pending = false;
	irq_signal(dev, index, vector, v);
}

static void eval_msi(struct device *dev, uint32_t vector)
{
	deliver(dev, VFIO_USER_MSI, vector, &dev->irqs.msi[vector],
		config_msi_mask(dev) >> vector & 1);
}

static void eval_msix(struct device *dev, uint32_t vector)
{
	deliver(dev, VFIO_USER_MSIX, vector, &dev->irqs.msix[vector],
		config_msix_masked(dev) || irq_msix_entry_masked(&dev->irqs, vector));
}

/**
 * irq_vector() - a vector of an index
 * @irqs: of a device
 * @index: VFIO_USER_INTX and so on
 * @i: its number, less than the index' count
 *
 * Return: the vector.
 */
struct irq_vector *irq_vector(struct irqs *irqs, uint32_t index, uint32_t i)
{
	switch (index) {
	case VFIO_USER_INTX:
		return &irqs->intx;
	case VFIO_USER_MSI:
		return &irqs->msi[i];
	case VFIO_USER_REQ:
		return &irqs->request;
	case VFIO_USER_ERR:
		return &irqs->error;
	default:
		return &irqs->msix[i];
	}
}

/**
 * irq_eval() - look again at a vector after a mask of it changed
 * @dev: device
 * @index: VFIO_USER_INTX and so on
 * @i: number of the vector
 */
void irq_eval(struct device *dev, uint32_t index, uint32_t i)
{
	if (index == VFIO_USER_INTX)
		intx_eval(dev);
	else if (index == VFIO_USER_MSI)
		eval_msi(dev, i);
	else if (index == VFIO_USER_MSIX)
		eval_msix(dev, i);
}

static void mask_table(struct irqs *irqs)
{
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++) {
		memset(&irqs->table[i * MSIX_ENTRY], 0, MSIX_ENTRY);
		irqs->table[i * MSIX_ENTRY + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	}
	irqs->table_used = false;
}

/**
 * irq_init() - make room for a device's vectors
 * @dev: dev->irqs.count[] and the place of the MSI-X table are set
 *
 * Return: 0, or -1 with fail().
 */
int irq_init(struct device *dev)
{
	struct irqs *irqs = &dev->irqs;
	uint32_t n = irqs->count[VFIO_USER_MSIX];

	irqs->count[VFIO_USER_ERR] = 1;
	if (intx_init(dev) || storm_init(dev))
		return -1;
	if (!n)
		return 0;
	irqs->msix = calloc(n, sizeof(*irqs->msix));
	irqs->table = calloc(n, MSIX_ENTRY);
	if (!irqs->msix || !irqs->table)
		return fail("out of memory for the interrupts of '%s'", device_name(dev));
	mask_table(irqs);
	return 0;
}

static void all_vectors(struct irqs *irqs, void (*fn)(struct irq_vector *v))
{
	fn(&irqs->intx);
	fn(&irqs->request);
	fn(&irqs->error);
	for (uint32_t i = 0; i < MSI_MAX; i++)
		fn(&irqs->msi[i]);
	for (uint32_t i = 0; irqs->msix && i < irqs->count[VFIO_USER_MSIX]; i++)
		fn(&irqs->msix[i]);
}

/**
 * irq_disarm_vector() - forget its descriptor, its mask, and what is pending
 * @v: the vector
 */
void irq_disarm_vector(struct irq_vector *v)
{
	notify_clear(&v->notify);
	v->masked = false;
	v->pending = false;
}

static void forget_pending(struct irq_vector *v)
{
	v->pending = false;
}

/**
 * irq_exit() - close the client's descriptors, release memory
 * @dev: device
 */
void irq_exit(struct device *dev)
{
	all_vectors(&dev->irqs, irq_disarm_vector);
	intx_exit(dev);
	storm_exit(dev);
	free(dev->irqs.msix);
	free(dev->irqs.table);
	dev->irqs.msix = NULL;
	dev->irqs.table = NULL;
}

/**
 * irq_disarm() - the client has gone: close its descriptors, forget its masks
 * @dev: device
 */
void irq_disarm(struct device *dev)
{
	dev->irqs.storm_count = 0;
	all_vectors(&dev->irqs, irq_disarm_vector);
	irq_update(dev);
}

/**
 * irq_reset() - the function was reset: nothing pending, the table masked
 * @dev: device; its configuration space is reset already
 */
void irq_reset(struct device *dev)
{
	all_vectors(&dev->irqs, forget_pending);
	if (dev->irqs.table)
		mask_table(&dev->irqs);
	irq_update(dev);
}

/**
 * irq_update() - look again at everything after masks or enable bits changed
 * @dev: device
 */
void irq_update(struct device *dev)
{
	struct irqs *irqs = &dev->irqs;
	bool msi = config_msi_enabled(dev), msix = config_msix_enabled(dev);

	if (dev->backend->irq_update)
		dev->backend->irq_update(dev);
	intx_eval(dev);
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSI]; i++) {
		irqs->msi[i].pending &= msi;
		eval_msi(dev, i);
	}
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++) {
		irqs->msix[i].pending &= msix;
		eval_msix(dev, i);
	}
}

/**
 * irq_msix_unmasked() - the client wrote an entry of the MSI-X table
 * @dev: device
 * @vector: the entry; delivered now if it was pending and is no longer masked
 */
void irq_msix_unmasked(struct device *dev, uint32_t vector)
{
	if (dev->backend->irq_update)
		dev->backend->irq_update(dev);
	eval_msix(dev, vector);
}

/**
 * irq_deliver_pending() - a storm's messages that have waited long enough
 * @dev: device
 */
void irq_deliver_pending(struct device *dev)
{
	bool storm = dev->irqs.storm;

	dev->irqs.storm = false;
	for (uint32_t i = 0; i < dev->irqs.count[VFIO_USER_MSI]; i++)
		eval_msi(dev, i);
	for (uint32_t i = 0; i < dev->irqs.count[VFIO_USER_MSIX]; i++)
		eval_msix(dev, i);
	dev->irqs.storm = storm;
}

/**
 * irq_msi() - the device sends an MSI
 * @dev: device
 * @vector: dropped unless MSI is on and the client allows this vector
 */
void irq_msi(struct device *dev, uint32_t vector)
{
	if (!config_msi_enabled(dev) || vector >= config_msi_vectors(dev))
		return;
	dev->irqs.msi[vector].pending = true;
	storm_count(dev, 1);
	eval_msi(dev, vector);
	if (!dev->irqs.storm && dev->irqs.msi[vector].pending)
		trace_irq(dev, VFIO_USER_MSI, vector, true);
}

/**
 * irq_msix() - the device sends an MSI-X message
 * @dev: device
 * @vector: dropped unless MSI-X is on and has this vector
 */
void irq_msix(struct device *dev, uint32_t vector)
{
	if (!config_msix_enabled(dev) || vector >= dev->irqs.count[VFIO_USER_MSIX])
		return;
	dev->irqs.msix[vector].pending = true;
	storm_count(dev, 1);
	eval_msix(dev, vector);
	if (!dev->irqs.storm && dev->irqs.msix[vector].pending)
		trace_irq(dev, VFIO_USER_MSIX, vector, true);
}

/**
 * irq_message() - the device sends a message of whichever kind is on
 * @dev: device
 * @vector: see irq_msi() and irq_msix()
 */
void irq_message(struct device *dev, uint32_t vector)
{
	if (config_msix_enabled(dev))
		irq_msix(dev, vector);
	else
		irq_msi(dev, vector);
}

/**
 * irq_msi_pending() - MSI Pending Bits
 * @dev: device
 *
 * Return: one bit for each vector that is pending.
 */
uint32_t irq_msi_pending(const struct device *dev)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < dev->irqs.count[VFIO_USER_MSI]; i++)
		bits |= (uint32_t)dev->irqs.msi[i].pending << i;
	return bits;
}
