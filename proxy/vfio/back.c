// SPDX-License-Identifier: GPL-2.0
/*
 * back.c - the host wants a device back, or has lost it
 *
 * Whoever unbinds vfio-pci, or pulls the device out, waits until nobody has it open or mapped.  So
 * the device is stopped and closed at once, and its client told by VFIO's request interrupt,
 * which the hosted kernel answers by giving up its mappings, driver or no driver
 * (compat/ring3/map_user.c).  A client that keeps them is stopped, or lies; then the proxy
 * ends with an error, which ends the whole run.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/mailbox.h"
#include "proxy/vfio/vfio.h"

/* The host shall have the device within a second. */
#define PATIENCE_NS 400000000

/**
 * vfio_look_back() - has the host got its device?
 * @timer: of a device that was given back
 */
void vfio_look_back(struct loop_timer *timer)
{
	struct vfio_dev *vd = container_of(timer, struct vfio_dev, given);

	if (!vfio_is_held(vd->bdf))
		return;
	warn("device '%s': its driver process does not let go of the device, and is ended",
	     device_name(vd->dev));
	/* At once: the launcher ends that process when we end, and cleans up after both. */
	_exit(1);
}

/**
 * vfio_release() - close a device and what belongs to it
 * @vd: device, open or not; quiesced
 */
void vfio_release(struct vfio_dev *vd)
{
	vfio_irq_close(vd);
	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++) {
		vd->dev->regions[i].nr_areas = 0;
		vd->dev->regions[i].fd = -1;
	}
	if (vd->fd >= 0)
		close(vd->fd);
	vd->fd = -1;
	if (vd->group)
		vfio_group_put(vd->group, vd->bit);
	vd->group = NULL;
}

/*
 * A run's processes share a CPU (shim/placement.c), because they wait for one another.  A driver that hangs
 * waits for nobody, and whoever is beside it gets half of the time, in slices.
 */
static void leave_cpu(void)
{
	cpu_set_t all;

	mailbox_stay();
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

/**
 * vfio_give_back() - stop a device, close it, and see that its client lets it go
 * @vd: device, open
 */
void vfio_give_back(struct vfio_dev *vd)
{
	leave_cpu();
	device_wanted(vd->dev);
	vfio_release(vd);
	if (vd->dev->client)
		loop_timer_arm(&vd->given, PATIENCE_NS);
}

/**
 * vfio_wanted() - the host's request interrupt
 * @src: the vector's
 * @events: unused
 */
void vfio_wanted(struct loop_src *src, uint32_t events)
{
	struct vfio_dev *vd = container_of(src, struct vfio_vector, src)->vd;

	(void)events;
	warn("device '%s': the host takes it back; its driver sees a device that is gone",
	     device_name(vd->dev));
	vfio_give_back(vd);
}

/**
 * vfio_failed() - the host reports an error of the device (PCIe AER)
 * @src: the vector's
 * @events: unused
 */
void vfio_failed(struct loop_src *src, uint32_t events)
{
	struct vfio_dev *vd = container_of(src, struct vfio_vector, src)->vd;
	uint64_t n;

	(void)events;
	if (read(src->fd, &n, sizeof(n)) != sizeof(n))
		return;
	warn("device '%s': the host reports an uncorrectable PCIe error of it; it is stopped, and its driver sees a device that is gone",
	     device_name(vd->dev));
	device_wanted(vd->dev);
}
