// SPDX-License-Identifier: GPL-2.0
/*
 * intx.c - INTx of a device: a level, masked by its delivery, and what is done about storms
 *
 * A driver that does not find out why its device interrupts is called again at once, as
 * the level is still there; so Linux gives the interrupt up after 100,000 calls.
 * After STORM unmaskings in a row that find the device asserting, the signal is held back
 * for HOLD_NS each time.  The first that finds it quiet ends that.
 */
#include <linux/pci_regs.h>

#include "proxy/backend.h"
#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/irq.h"

#define STORM	1000
#define HOLD_NS	1000000
#define TELL	(STORM + 1000)	/* about a second later it is worth a line */

/**
 * intx_eval() - signal INTx if it is asserted and nothing holds it back
 * @dev: device
 */
void intx_eval(struct device *dev)
{
	struct irq_vector *v = &dev->irqs.intx;

	if (!v->pending || v->masked || dev->irqs.intx_held || !notify_armed(&v->notify))
		return;
	if (config_msi_enabled(dev) || config_msix_enabled(dev) ||
	    config_command(dev) & PCI_COMMAND_INTX_DISABLE)
		return;
	v->masked = true;
	irq_signal(dev, VFIO_USER_INTX, 0, v);
}

static void set_level(struct device *dev, bool level)
{
	dev->irqs.intx.pending = level;
	if (level)
		return;
	dev->irqs.intx_again = 0;
	if (dev->irqs.intx_held)
		loop_timer_arm(&dev->irqs.intx_hold, 0);
	dev->irqs.intx_held = false;
}

/**
 * intx_refresh() - ask the backend for the level
 * @dev: device; nothing is signalled
 */
void intx_refresh(struct device *dev)
{
	if (dev->backend->intx_level)
		set_level(dev, dev->backend->intx_level(dev));
}

static void hold_over(struct loop_timer *timer)
{
	struct device *dev = container_of(timer, struct device, irqs.intx_hold);

	dev->irqs.intx_held = false;
	intx_refresh(dev);
	intx_eval(dev);
}

/**
 * intx_unmasked() - the client has handled INTx: look whether it is still there
 * @dev: device; intx_eval() comes next
 */
void intx_unmasked(struct device *dev)
{
	struct irqs *irqs = &dev->irqs;

	intx_refresh(dev);
	if (!irqs->intx.pending || irqs->intx_held || ++irqs->intx_again <= STORM)
		return;
	irqs->intx_held = true;
	loop_timer_arm(&irqs->intx_hold, HOLD_NS);
	if (irqs->intx_again == STORM + 1)
		policy_deny(dev, DENY_IRQ);
	if (irqs->intx_again == TELL)
		warn("device '%s': INTx stays asserted although it is handled; it is limited to one in a millisecond",
		     device_name(dev));
}

/**
 * irq_intx() - the device asserts or deasserts INTx
 * @dev: device
 * @level: asserted or not
 */
void irq_intx(struct device *dev, bool level)
{
	set_level(dev, level);
	intx_eval(dev);
}

/**
 * intx_init() - prepare
 * @dev: device
 *
 * Return: 0, or -1 with fail().
 */
int intx_init(struct device *dev)
{
	dev->irqs.intx_hold.src.owner = dev;
	return loop_timer_init(&dev->irqs.intx_hold, hold_over);
}

/**
 * intx_exit() - release
 * @dev: device, initialised or not
 */
void intx_exit(struct device *dev)
{
	loop_timer_exit(&dev->irqs.intx_hold);
}
