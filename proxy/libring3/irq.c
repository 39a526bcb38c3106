// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - interrupts as file descriptors
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "proxy/libring3/internal.h"

#define MAX_CAPS 48

static const char *const names[] = { "INTx", "MSI", "MSI-X" };

static int find_cap(struct ring3_device *dev, uint32_t wanted, uint32_t *at)
{
	uint32_t id = 0, next;
	int err = config_read(dev, PCI_CAPABILITY_LIST, 1, &next);

	for (int i = 0; i < MAX_CAPS && !err && next >= PCI_STD_HEADER_SIZEOF; i++) {
		*at = next & ~3u;
		err = config_read(dev, *at, 1, &id);
		if (!err && id == wanted)
			return 0;
		if (!err)
			err = config_read(dev, *at + 1, 1, &next);
	}
	return err ? err : lib_fail(-ENOTSUP, "device '%s' has no such capability", dev->spec);
}

/* The enable bits of MSI and MSI-X (PCI 6.8.1.3, 6.8.2.3). */
static int set_enable(struct ring3_device *dev, int kind, unsigned int count)
{
	uint32_t cap = 0, value = 0;
	int err;

	if (kind == RING3_INTX)
		return 0;
	err = find_cap(dev, kind == RING3_MSI ? PCI_CAP_ID_MSI : PCI_CAP_ID_MSIX, &cap);
	if (err)
		return err;
	if (count && kind == RING3_MSIX) {
		value = PCI_MSIX_FLAGS_ENABLE;
	} else if (count) {
		while (1u << value < count)
			value++;
		value = value << 4 | PCI_MSI_FLAGS_ENABLE;
	}
	return config_write(dev, cap + 2, 2, value);
}

static void close_fds(struct ring3_device *dev)
{
	for (unsigned int i = 0; i < dev->nr_irqs; i++)
		if (dev->irq_fds[i] >= 0)
			close(dev->irq_fds[i]);
	free(dev->irq_fds);
	dev->irq_fds = NULL;
	dev->nr_irqs = 0;
	dev->irq_kind = -1;
}

/**
 * irq_forget() - no interrupts any more; dev->lock is held or nobody else is there
 * @dev: device
 *
 * Return: 0 or a negative errno with lib_fail(); the descriptors are closed in any case.
 */
int irq_forget(struct ring3_device *dev)
{
	int kind = dev->irq_kind, err;

	if (kind < 0)
		return 0;
	err = set_enable(dev, kind, 0);
	if (!err) {
		err = vfu_set_irqs(&dev->client, kind, VFIO_USER_IRQ_DATA_NONE |
				   VFIO_USER_IRQ_TRIGGER, 0, 0, NULL, 0);
		if (err)
			err = lib_lost(dev, err, "disable its interrupts");
	}
	close_fds(dev);
	return err;
}

static int count_vectors(struct ring3_device *dev, enum ring3_irq kind)
{
	struct vfio_user_irq_info info;
	int err;

	if (kind > RING3_MSIX)
		return lib_fail(-EINVAL, "device '%s': interrupts are INTx, MSI or MSI-X, not %d",
				dev->spec, kind);
	err = vfu_irq_info(&dev->client, kind, &info);
	if (err)
		return lib_lost(dev, err, "ask for its interrupts");
	return info.count > MAX_VECTORS ? MAX_VECTORS : info.count;
}

/**
 * ring3_irq_count() - how many vectors of a kind a device has
 * @device: device
 * @kind: of interrupts
 *
 * Return: the number, 0 if it does not have the kind; or a negative errno.
 */
int ring3_irq_count(struct ring3_device *device, enum ring3_irq kind)
{
	int n;

	pthread_mutex_lock(&device->lock);
	n = count_vectors(device, kind);
	pthread_mutex_unlock(&device->lock);
	return n;
}

static int make_fds(struct ring3_device *dev, unsigned int count)
{
	dev->irq_fds = malloc(count * sizeof(int));
	if (!dev->irq_fds)
		return lib_fail(-ENOMEM, "out of memory for %u interrupts", count);
	for (dev->nr_irqs = 0; dev->nr_irqs < count; dev->nr_irqs++) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return lib_fail(-errno, "device '%s': no descriptor for interrupt %u: %s; raise the limit of open files (ulimit -n)",
					dev->spec, dev->nr_irqs, strerror(errno));
		dev->irq_fds[dev->nr_irqs] = fd;
	}
	return 0;
}

static int arm(struct ring3_device *dev, enum ring3_irq kind, unsigned int count)
{
	int err = make_fds(dev, count);

	if (!err) {
		err = vfu_set_irqs(&dev->client, kind, VFIO_USER_IRQ_DATA_EVENTFD |
				   VFIO_USER_IRQ_TRIGGER, 0, count, dev->irq_fds, count);
		if (err)
			err = lib_lost(dev, err, "enable its interrupts");
	}
	if (!err && kind != RING3_INTX)
		err = become_master(dev);
	if (!err)
		err = set_enable(dev, kind, count);
	if (err)
		close_fds(dev);
	else
		dev->irq_kind = kind;
	return err;
}

/**
 * ring3_irq_enable() - have interrupts signalled
 * @device: device
 * @kind: of interrupts; one is enabled at a time
 * @count: how many vectors, from 0 on; 1 for INTx
 * @fds: receives as many descriptors
 *
 * A descriptor becomes readable with an interrupt; read(2) of 8 bytes gives how many there were and
 * never blocks (EAGAIN): wait with poll(2).  The descriptors are the library's and are
 * closed with ring3_irq_disable(), ring3_reset() and ring3_close().
 *
 * After an INTx no other is signalled until ring3_irq_done().
 *
 * Return: 0, -EBUSY (interrupts are enabled already), -ENOTSUP (there are not so many) or another
 * negative errno.
 */
int ring3_irq_enable(struct ring3_device *device, enum ring3_irq kind, unsigned int count,
		     int *fds)
{
	int n;

	pthread_mutex_lock(&device->lock);
	n = count_vectors(device, kind);
	if (n >= 0 && device->irq_kind >= 0)
		n = lib_fail(-EBUSY, "device '%s': its %s interrupts are enabled; call ring3_irq_disable() first",
			     device->spec, names[device->irq_kind]);
	if (n >= 0 && (!count || count > (unsigned int)n))
		n = lib_fail(count ? -ENOTSUP : -EINVAL, "device '%s' has %d %s interrupts, not %u",
			     device->spec, n, names[kind], count);
	if (n >= 0)
		n = arm(device, kind, count);
	if (n >= 0)
		memcpy(fds, device->irq_fds, count * sizeof(*fds));
	pthread_mutex_unlock(&device->lock);
	return n;
}

/**
 * ring3_irq_done() - an INTx has been handled
 * @device: device
 *
 * If the device still asserts it the descriptor is signalled again.
 *
 * Return: 0, -EINVAL (INTx is not enabled) or another negative errno.
 */
int ring3_irq_done(struct ring3_device *device)
{
	int err;

	pthread_mutex_lock(&device->lock);
	if (device->irq_kind != RING3_INTX)
		err = lib_fail(-EINVAL, "device '%s': INTx is not enabled", device->spec);
	else
		err = vfu_set_irqs(&device->client, RING3_INTX, VFIO_USER_IRQ_DATA_NONE |
				   VFIO_USER_IRQ_UNMASK, 0, 1, NULL, 0);
	if (err && err != -EINVAL)
		err = lib_lost(device, err, "unmask its interrupt");
	pthread_mutex_unlock(&device->lock);
	return err;
}

/**
 * ring3_irq_disable() - no interrupts any more
 * @device: device; none may be enabled
 *
 * Return: 0 or a negative errno.
 */
int ring3_irq_disable(struct ring3_device *device)
{
	int err;

	pthread_mutex_lock(&device->lock);
	err = irq_forget(device);
	pthread_mutex_unlock(&device->lock);
	return err;
}
