// SPDX-License-Identifier: GPL-2.0
/*
 * irqs.c - interrupts of a vfio-user server
 *
 * The server signals eventfds of ours, never the client's: so masks, counts and the trace are the
 * proxy's as with every backend.  Servers differ in what they look at before they signal, so
 * the device's own registers agree: of MSI and MSI-X the enable bit, of the MSI-X table the
 * entries that are armed.
 *
 * INTx: VFIO masks it as it signals it, until UNMASK, which signals again if it is still
 * asserted.  A server that does not is asked for Interrupt Status (PCI 6.2.3).
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio-user/vfio-user.h"

#define MSI_ADDRESS	0xfee00000u	/* where a PC's messages go; nobody looks */
#define AT_ONCE		256		/* descriptors of one vfu_set_irqs() */

/* The server has the same descriptor and may have made it a blocking one. */
static bool drain(int fd)
{
	uint64_t n;
	struct iovec iov = { &n, sizeof(n) };

	return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(n);
}

static void event(struct loop_src *src, uint32_t events)
{
	struct vu_event *e = container_of(src, struct vu_event, src);

	(void)events;
	if (!drain(src->fd))
		return;
	/* What it wrote before it signalled must be in memory before the driver looks. */
	peer_take(&e->vu->peer);
	if (e->index != e->vu->armed_index)
		return;
	if (e->index == VFIO_USER_INTX) {
		e->vu->intx_masked = e->vu->intx_automasked;
		irq_intx(e->vu->dev, true);
	} else if (e->index == VFIO_USER_MSI) {
		irq_msi(e->vu->dev, e->vector);
	} else {
		irq_msix(e->vu->dev, e->vector);
	}
}

static int open_event(struct vu_device *vu, struct vu_event *e, uint32_t index, uint32_t vector)
{
	e->vu = vu;
	e->index = index;
	e->vector = vector;
	e->src = (struct loop_src){ .fn = event, .owner = vu->dev };
	e->src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->src.fd < 0)
		return -errno;
	if (!loop_add(&e->src, EPOLLIN))
		return 0;
	close(e->src.fd);
	e->src.fd = -1;
	return -ENOMEM;
}

static void close_event(struct vu_event *e)
{
	if (e->src.fd < 0)
		return;
	loop_del(&e->src);
	close(e->src.fd);
	e->src.fd = -1;
}

static struct vu_event *event_of(struct vu_device *vu, uint32_t index, uint32_t vector)
{
	return index == VFIO_USER_INTX ? &vu->intx : &vu->vectors[vector];
}

/* Room for as many events as there are vectors of either kind. */
static int make_room(struct vu_device *vu)
{
	const uint32_t *count = vu->dev->irqs.count;
	uint32_t n = count[VFIO_USER_MSI] > count[VFIO_USER_MSIX] ? count[VFIO_USER_MSI] :
								    count[VFIO_USER_MSIX];

	if (vu->vectors || !n)
		return 0;
	vu->vectors = calloc(n, sizeof(*vu->vectors));
	if (!vu->vectors)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		vu->vectors[i].src.fd = -1;
	vu->nr_events = n;
	return 0;
}

/* The server's table has an entry for whoever looks there (PCI 6.8.2.6 to .9). */
static void write_entries(struct vu_device *vu, uint32_t first, uint32_t n)
{
	const struct irqs *irqs = &vu->dev->irqs;

	for (uint32_t i = first; i < first + n; i++) {
		const uint32_t entry[4] = { MSI_ADDRESS, 0, i, 0 };

		for (uint32_t k = 0; k < 4; k++)
			vfu_write(&vu->peer.client, irqs->table_bar,
				  irqs->table_off + i * MSIX_ENTRY + 4 * k, &entry[k], 4);
	}
}

static void enable_msi(struct vu_device *vu, bool on)
{
	const struct config *c = &vu->dev->config;
	uint32_t log2 = 31 - __builtin_clz(config_msi_vectors(vu->dev) | 1);

	if (on) {
		vu_config_write(vu, c->msi + PCI_MSI_ADDRESS_LO, 4, MSI_ADDRESS);
		if (c->msi_64)
			vu_config_write(vu, c->msi + PCI_MSI_ADDRESS_HI, 4, 0);
		if (c->msi_maskable)
			vu_config_write(vu, c->msi + (c->msi_64 ? PCI_MSI_MASK_64 :
						      PCI_MSI_MASK_32), 4, 0);
	}
	vu_config_write(vu, c->msi + PCI_MSI_FLAGS, 2, on ? log2 << 4 | PCI_MSI_FLAGS_ENABLE : 0);
}

static void enable(struct vu_device *vu, uint32_t index, bool on)
{
	if (index == VFIO_USER_MSI)
		enable_msi(vu, on);
	else if (index == VFIO_USER_MSIX)
		vu_config_write(vu, vu->dev->config.msix + PCI_MSIX_FLAGS, 2,
				on ? PCI_MSIX_FLAGS_ENABLE : 0);
}

/* Arm @n more vectors, at most AT_ONCE. */
static int arm(struct vu_device *vu, uint32_t index, uint32_t n)
{
	int fds[AT_ONCE], err = 0;
	uint32_t first = vu->armed;

	for (uint32_t i = 0; i < n && !err; i++) {
		struct vu_event *e = event_of(vu, index, first + i);

		err = open_event(vu, e, index, first + i);
		fds[i] = e->src.fd;
	}
	if (!err)
		err = vfu_set_irqs(&vu->peer.client, index,
				   VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_TRIGGER, first, n,
				   fds, n);
	for (uint32_t i = 0; i < n && err; i++)
		close_event(event_of(vu, index, first + i));
	if (err)
		return err;
	vu->armed += n;
	if (index == VFIO_USER_MSIX)
		write_entries(vu, first, n);
	return 0;
}

/* How many vectors the client listens to, from the first on. */
static uint32_t wanted(struct vu_device *vu, uint32_t *index)
{
	struct device *dev = vu->dev;
	const struct irqs *irqs = &dev->irqs;
	const struct irq_vector *v = irqs->msi;
	uint32_t n;

	*index = VFIO_USER_MSI;
	n = config_msi_vectors(dev);
	if (config_msix_enabled(dev)) {
		*index = VFIO_USER_MSIX;
		v = irqs->msix;
		n = irqs->count[VFIO_USER_MSIX];
	} else if (!config_msi_enabled(dev)) {
		*index = notify_armed(&irqs->intx.notify) ? VFIO_USER_INTX : VU_NO_INDEX;
		return *index == VFIO_USER_INTX && vu->irq_count[VFIO_USER_INTX];
	}
	while (n && !notify_armed(&v[n - 1].notify))
		n--;
	return n < vu->irq_count[*index] ? n : vu->irq_count[*index];
}

/* Not asked for again. */
static void refused(struct vu_device *vu, int err)
{
	static const char *const names[] = { "INTx", "MSI", "MSI-X" };

	warn("device '%s': its server takes no event for vector %u of %s: %s; the driver will miss interrupts",
	     device_name(vu->dev), vu->armed, names[vu->armed_index], strerror(-err));
	vu->irq_count[vu->armed_index] = vu->armed;
}

/**
 * vu_irqs_off() - let the server signal nothing
 * @vu: device
 *
 * Servers keep one kind of interrupt active, so this comes before another.
 */
void vu_irqs_off(struct vu_device *vu)
{
	if (vu->armed_index == VU_NO_INDEX)
		return;
	if (vu->armed) {
		enable(vu, vu->armed_index, false);
		vfu_set_irqs(&vu->peer.client, vu->armed_index,
			     VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_TRIGGER, 0, 0, NULL, 0);
	}
	while (vu->armed)
		close_event(event_of(vu, vu->armed_index, --vu->armed));
	vu->armed_index = VU_NO_INDEX;
	vu->intx_masked = false;
}

/**
 * vu_irqs_update() - make the server's interrupts those that the client has armed
 * @vu: device
 */
void vu_irqs_update(struct vu_device *vu)
{
	uint32_t index, n = wanted(vu, &index), had;
	int err = make_room(vu);

	if (index != vu->armed_index)
		vu_irqs_off(vu);
	had = vu->armed;
	vu->armed_index = index;
	while (!err && !vu->peer.client.dead && vu->armed < n)
		err = arm(vu, index, n - vu->armed < AT_ONCE ? n - vu->armed : AT_ONCE);
	if (err && index != VU_NO_INDEX && !vu->peer.client.dead)
		refused(vu, err);
	if (vu->armed > had)
		enable(vu, index, true);
}

/**
 * vu_intx_level() - is INTx asserted?  It is about to be unmasked.
 * @vu: device
 *
 * Return: true if so; if the server tells later it is an event.
 */
bool vu_intx_level(struct vu_device *vu)
{
	if (vu->armed_index != VFIO_USER_INTX || !vu->armed)
		return false;
	if (!vu->intx_automasked) {
		drain(vu->intx.src.fd);
		return vu_config_read(vu, PCI_STATUS, 2) & PCI_STATUS_INTERRUPT &&
		       !vu->peer.client.dead;
	}
	if (!vu->intx_masked)
		return vu->dev->irqs.intx.pending;
	vu->intx_masked = false;
	vfu_set_irqs(&vu->peer.client, VFIO_USER_INTX,
		     VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_UNMASK, 0, 1, NULL, 0);
	if (!drain(vu->intx.src.fd))
		return false;
	vu->intx_masked = true;
	return true;
}

/**
 * vu_irqs_sync() - take what the server has signalled up to now
 * @vu: device
 *
 * A read that the server answers comes after the writes that were posted to it.
 */
void vu_irqs_sync(struct vu_device *vu)
{
	if (!vu->armed)
		return;
	vu_config_read(vu, PCI_VENDOR_ID, 2);
	for (uint32_t i = 0; i < vu->armed; i++)
		event(&event_of(vu, vu->armed_index, i)->src, EPOLLIN);
}

/**
 * vu_irqs_init() - nothing is armed
 * @vu: zeroed
 */
void vu_irqs_init(struct vu_device *vu)
{
	vu->intx.src.fd = -1;
	vu->armed_index = VU_NO_INDEX;
}

/**
 * vu_irqs_exit() - release what vu_irqs_update() took; nothing is sent
 * @vu: device
 */
void vu_irqs_exit(struct vu_device *vu)
{
	while (vu->armed)
		close_event(event_of(vu, vu->armed_index, --vu->armed));
	vu->armed_index = VU_NO_INDEX;
	vu->intx_masked = false;
}
