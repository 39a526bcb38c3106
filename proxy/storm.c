// SPDX-License-Identifier: GPL-2.0
/*
 * storm.c - devices that send messages without end
 *
 * More than MOST messages of a device in WINDOW_NS, more than a hosted kernel can
 * handle, are a storm.  As long as it lasts, a vector is signalled once in HOLD_NS at most; what
 * comes in between is pending, so nothing is lost.  A window with less than CALM ends it.
 *
 * A backend whose interrupts are descriptors may stop looking at one while irqs.storm is set, until
 * it is told to look again (irq_release).
 */
#include "proxy/backend.h"
#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/irq.h"
#include "proxy/util.h"

#define WINDOW_NS	100000000ull
#define MOST		20000
#define CALM		5000
#define HOLD_NS		1000000

static void begin(struct device *dev)
{
	dev->irqs.storm = true;
	loop_timer_arm(&dev->irqs.storm_hold, HOLD_NS);
	if (policy_deny(dev, DENY_IRQ))
		warn("device '%s': more than %d interrupts in %llu ms: each vector is limited to one in a millisecond until that ends (storm %llu)",
		     device_name(dev), MOST, WINDOW_NS / 1000000,
		     (unsigned long long)dev->policy.denied[DENY_IRQ]);
}

/* Is a window over?  Then the next begins, and @count is what was in it. */
static bool next_window(struct irqs *irqs, uint64_t *count)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (now - irqs->storm_window < WINDOW_NS)
		return false;
	*count = irqs->storm_count;
	irqs->storm_window = now;
	irqs->storm_count = 0;
	return true;
}

/**
 * storm_count() - a device has sent messages
 * @dev: device
 * @n: how many; if they are too many, irqs.storm is set, and they wait for the timer
 */
void storm_count(struct device *dev, uint64_t n)
{
	struct irqs *irqs = &dev->irqs;
	uint64_t before;

	if (!irqs->storm)
		next_window(irqs, &before);
	irqs->storm_count += n;
	if (!irqs->storm && irqs->storm_count > MOST)
		begin(dev);
}

static void over(struct loop_timer *timer)
{
	struct device *dev = container_of(timer, struct device, irqs.storm_hold);

	uint64_t count;

	if (next_window(&dev->irqs, &count) && count < CALM)
		dev->irqs.storm = false;
	else
		loop_timer_arm(timer, HOLD_NS);
	irq_deliver_pending(dev);
	if (dev->backend->irq_release)
		dev->backend->irq_release(dev);
}

/**
 * storm_init() - prepare
 * @dev: device
 *
 * Return: 0, or -1 with fail().
 */
int storm_init(struct device *dev)
{
	dev->irqs.storm_hold.src.owner = dev;
	return loop_timer_init(&dev->irqs.storm_hold, over);
}

/**
 * storm_exit() - release
 * @dev: device, initialised or not
 */
void storm_exit(struct device *dev)
{
	loop_timer_exit(&dev->irqs.storm_hold);
}
