// SPDX-License-Identifier: GPL-2.0
/*
 * intx.c - tests of the level-triggered interrupt pin, alone and shared by two devices
 */
#include <linux/delay.h>

#include "td.h"

#define TD_IRQ_TIMEOUT	(2 * HZ)
#define TD_QUIET_MS	30

/* Takes part only if its device asserts the line, as a handler of a shared line must. */
static irqreturn_t td_intx_handler(int irq, void *data)
{
	struct td *td = data;

	if (td_get(td, TD_INTX) != 1) {
		atomic_inc(&td->intx_others);
		return IRQ_NONE;
	}
	atomic_inc(&td->intx_calls);
	if (td->intx_hold-- <= 0)
		td_set(td, TD_INTX, 0);
	wake_up(&td->wait);
	return IRQ_HANDLED;
}

static int intx_get(struct td *td)
{
	td_set(td, TD_INTX, 0);
	atomic_set(&td->intx_calls, 0);
	atomic_set(&td->intx_others, 0);
	td->intx_hold = 0;
	return request_irq(td->pdev->irq, td_intx_handler, IRQF_SHARED, pci_name(td->pdev), td);
}

static void intx_put(struct td *td)
{
	td_set(td, TD_INTX, 0);
	free_irq(td->pdev->irq, td);
}

static bool intx_wait(struct td *td, int calls)
{
	return wait_event_timeout(td->wait, atomic_read(&td->intx_calls) >= calls, TD_IRQ_TIMEOUT);
}

static void quiet(struct td_run *t, struct td *td, int calls)
{
	msleep(TD_QUIET_MS);
	TD_EQ(t, atomic_read(&td->intx_calls), calls);
}

static void once_per_assertion(struct td_run *t)
{
	struct td *td = t->td;
	int i;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	for (i = 1; i <= 20; i++) {
		td_set(td, TD_INTX, 1);
		if (!TD_OK(t, intx_wait(td, i)))
			break;
		TD_EQ(t, td_get(td, TD_INTX), 0);
	}
	quiet(t, td, 20);
	intx_put(td);
}

/* The handler leaves the line asserted five times: it is called five times more. */
static void until_cleared(struct td_run *t)
{
	struct td *td = t->td;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	td->intx_hold = 5;
	td_set(td, TD_INTX, 1);
	TD_OK(t, intx_wait(td, 6));
	quiet(t, td, 6);
	intx_put(td);
}

static void disabled(struct td_run *t)
{
	struct td *td = t->td;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	disable_irq(td->pdev->irq);
	td_set(td, TD_INTX, 1);
	quiet(t, td, 0);
	TD_EQ(t, td_get(td, TD_INTX), 1);
	enable_irq(td->pdev->irq);
	TD_OK(t, intx_wait(td, 1));
	quiet(t, td, 1);
	/* Asserted and deasserted while disabled: a level leaves nothing behind. */
	disable_irq(td->pdev->irq);
	td_set(td, TD_INTX, 1);
	td_set(td, TD_INTX, 0);
	enable_irq(td->pdev->irq);
	quiet(t, td, 1);
	intx_put(td);
}

/* disable_irq() around an operation, as some network drivers do it in their transmit path. */
static void disabled_often(struct td_run *t)
{
	struct td *td = t->td;
	int i;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	for (i = 1; i <= 50; i++) {
		disable_irq(td->pdev->irq);
		td_set(td, TD_INTX, 1);
		enable_irq(td->pdev->irq);
		if (!TD_OK(t, intx_wait(td, i)))
			break;
	}
	intx_put(td);
}

/* The line is asserted before anybody listens: it is delivered on request. */
static void asserted_before(struct td_run *t)
{
	struct td *td = t->td;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	free_irq(td->pdev->irq, td);
	td_set(td, TD_INTX, 1);
	TD_EQ(t, request_irq(td->pdev->irq, td_intx_handler, IRQF_SHARED, "td", td), 0);
	TD_OK(t, intx_wait(td, 1));
	intx_put(td);
}

static void command_and_status(struct td_run *t)
{
	struct td *td = t->td;
	u16 status;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	pci_intx(td->pdev, 0);
	td_set(td, TD_INTX, 1);
	quiet(t, td, 0);
	pci_read_config_word(td->pdev, PCI_STATUS, &status);
	TD_OK(t, status & PCI_STATUS_INTERRUPT);
	pci_intx(td->pdev, 1);
	TD_OK(t, intx_wait(td, 1));
	pci_read_config_word(td->pdev, PCI_STATUS, &status);
	TD_OK(t, !(status & PCI_STATUS_INTERRUPT));
	quiet(t, td, 1);
	intx_put(td);
}

static void later(struct td_run *t)
{
	struct td *td = t->td;
	int i;

	if (!TD_EQ(t, intx_get(td), 0))
		return;
	td_set(td, TD_RAISE_DELAY, 2000);
	for (i = 1; i <= 20; i++) {
		td_set(td, TD_RAISE_LATER, TD_VECTOR_INTX);
		if (!TD_OK(t, intx_wait(td, i)))
			break;
	}
	intx_put(td);
}

/* Another testdev on the same line, or NULL. */
static struct td *neighbour(struct td *td)
{
	struct td *other;

	list_for_each_entry(other, &td_devices, node)
		if (other != td && other->pdev->irq == td->pdev->irq)
			return other;
	return NULL;
}

static void share_alternately(struct td_run *t, struct td *a, struct td *b)
{
	int i;

	for (i = 1; i <= 20; i++) {
		td_set(a, TD_INTX, 1);
		if (!TD_OK(t, intx_wait(a, i)))
			return;
		TD_EQ(t, atomic_read(&b->intx_calls), i - 1);
		td_set(b, TD_INTX, 1);
		if (!TD_OK(t, intx_wait(b, i)))
			return;
		TD_EQ(t, atomic_read(&a->intx_calls), i);
	}
	TD_OK(t, atomic_read(&a->intx_others) > 0);
	TD_OK(t, atomic_read(&b->intx_others) > 0);
}

/* Both assert; the one that holds the line longer does not keep the other from its handler. */
static void share_at_once(struct td_run *t, struct td *a, struct td *b)
{
	a->intx_hold = 3;
	td_set(a, TD_INTX, 1);
	td_set(b, TD_INTX, 1);
	TD_OK(t, intx_wait(a, 24));
	TD_OK(t, intx_wait(b, 21));
	quiet(t, a, 24);
	quiet(t, b, 21);
}

/* Both assert while the line is disabled: both are served when it is enabled. */
static void share_disabled(struct td_run *t, struct td *a, struct td *b)
{
	disable_irq(a->pdev->irq);
	td_set(a, TD_INTX, 1);
	td_set(b, TD_INTX, 1);
	quiet(t, a, 24);
	quiet(t, b, 21);
	enable_irq(a->pdev->irq);
	TD_OK(t, intx_wait(a, 25));
	TD_OK(t, intx_wait(b, 22));
}

static void shared(struct td_run *t)
{
	struct td *a = t->td, *b = neighbour(a);

	if (!b) {
		t->skip = "needs a second testdev on the same line (addr=1.0 and addr=5.0)";
		return;
	}
	if (!TD_EQ(t, intx_get(a), 0))
		return;
	if (TD_EQ(t, intx_get(b), 0)) {
		share_alternately(t, a, b);
		if (!t->failures)
			share_at_once(t, a, b);
		if (!t->failures)
			share_disabled(t, a, b);
		intx_put(b);
	}
	intx_put(a);
}

static const struct td_case intx_cases[] = {
	{ "one call of the handler per assertion", once_per_assertion },
	{ "called again until the handler clears the device", until_cleared },
	{ "disable_irq() and enable_irq()", disabled },
	{ "disable_irq() around each of many operations", disabled_often },
	{ "asserted before the handler is there", asserted_before },
	{ "the command register's disable bit and the status bit", command_and_status },
	{ "asserted by the device on its own", later },
	{ "shared by two devices", shared },
};
TD_GROUP(intx);
