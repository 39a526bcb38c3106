// SPDX-License-Identifier: GPL-2.0
/*
 * irq-set.c - what a client asks of interrupts: VFIO_USER_DEVICE_SET_IRQS and _GET_IRQ_INFO
 */
#include <errno.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/irq.h"

static void refused_file(struct device *dev)
{
	if (policy_deny(dev, DENY_REQUEST))
		warn("device '%s': its client wants interrupts in a file that is neither an eventfd nor a local socket: refused",
		     device_name(dev));
}

/* Hand out descriptors, or with none of them disarm the range. */
static int arm(struct device *dev, const struct irq_request *req, int *fds, unsigned int nfds)
{
	int err = 0;

	for (uint32_t i = 0; i < req->count; i++) {
		struct irq_vector *v = irq_vector(&dev->irqs, req->index, req->start + i);

		if (!nfds) {
			notify_clear(&v->notify);
			continue;
		}
		err = notify_set(&v->notify, fds[i]);
		if (err) {
			refused_file(dev);
			break;
		}
		fds[i] = -1;
		v->masked = false;
		/* INTx is a level: what is asserted now is signalled now. */
		if (req->index == VFIO_USER_INTX)
			intx_refresh(dev);
	}
	irq_update(dev);
	return err;
}

static void disarm_index(struct device *dev, uint32_t index)
{
	for (uint32_t i = 0; i < dev->irqs.count[index]; i++)
		irq_disarm_vector(irq_vector(&dev->irqs, index, i));
	irq_update(dev);
}

static bool selected(const struct irq_request *req, uint32_t i)
{
	return req->data != VFIO_USER_IRQ_DATA_BOOL || req->bools[i];
}

/* VFIO: TRIGGER without descriptors signals those that are armed, as a test. */
static void loopback(struct device *dev, const struct irq_request *req)
{
	for (uint32_t i = 0; i < req->count; i++)
		if (selected(req, i))
			notify_signal(&irq_vector(&dev->irqs, req->index, req->start + i)->notify);
}

static void set_mask(struct device *dev, const struct irq_request *req)
{
	bool mask = req->action == VFIO_USER_IRQ_MASK;

	for (uint32_t i = 0; i < req->count; i++) {
		if (!selected(req, i))
			continue;
		irq_vector(&dev->irqs, req->index, req->start + i)->masked = mask;
		if (!mask && req->index == VFIO_USER_INTX)
			intx_unmasked(dev);
		irq_eval(dev, req->index, req->start + i);
	}
}

/**
 * irq_set() - carry out VFIO_USER_DEVICE_SET_IRQS
 * @dev: device
 * @req: validated by the decoder
 * @fds: descriptors; those taken over are replaced by -1
 * @nfds: 0 or @req->count of them
 *
 * Return: 0, or -EINVAL (a descriptor that cannot be signalled), -ENOTSUP (a
 * descriptor that masks or unmasks).
 */
int irq_set(struct device *dev, const struct irq_request *req, int *fds, unsigned int nfds)
{
	if (req->data == VFIO_USER_IRQ_DATA_EVENTFD) {
		if (req->action != VFIO_USER_IRQ_TRIGGER)
			return -ENOTSUP;
		return arm(dev, req, fds, nfds);
	}
	if (req->action != VFIO_USER_IRQ_TRIGGER)
		set_mask(dev, req);
	else if (req->count)
		loopback(dev, req);
	else
		disarm_index(dev, req->index);
	return 0;
}

/**
 * irq_info_flags() - what VFIO_USER_DEVICE_GET_IRQ_INFO says about an index
 * @index: VFIO_USER_INTX and so on
 *
 * Return: VFIO_USER_IRQ_* flags.
 */
uint32_t irq_info_flags(uint32_t index)
{
	switch (index) {
	case VFIO_USER_INTX:
		return VFIO_USER_IRQ_EVENTFD | VFIO_USER_IRQ_MASKABLE |
		       VFIO_USER_IRQ_AUTOMASKED;
	case VFIO_USER_MSI:
	case VFIO_USER_MSIX:
		return VFIO_USER_IRQ_EVENTFD | VFIO_USER_IRQ_MASKABLE;
	default:
		return VFIO_USER_IRQ_EVENTFD;
	}
}
