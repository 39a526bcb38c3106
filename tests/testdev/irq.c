// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - tests of message-signalled interrupts: every vector to its own handler, masks, order
 */
#include <linux/delay.h>
#include <linux/irq.h>
#include <linux/sched/clock.h>

#include "td.h"

#define TD_IRQ_TIMEOUT	(2 * HZ)
#define TD_QUIET_MS	30	/* how long to listen for an interrupt that must not come */

static irqreturn_t td_vec_handler(int irq, void *data)
{
	u64 now = local_clock();
	struct td_vec *vec = data;

	vec->first_ns = now;
	vec->id = td_get(vec->td, TD_ID);
	atomic_inc(&vec->count);
	wake_up(&vec->td->wait);
	return IRQ_HANDLED;
}

static int td_vec_request(struct td *td, unsigned int i)
{
	struct td_vec *vec = &td->vec[i];

	vec->td = td;
	vec->index = i;
	vec->irq = pci_irq_vector(td->pdev, i);
	atomic_set(&vec->count, 0);
	return request_irq(vec->irq, td_vec_handler, 0, pci_name(td->pdev), vec);
}

/**
 * td_vectors_get() - allocate interrupt vectors, each with a counting handler
 * @td: the device, without vectors
 * @nr: how many, neither fewer nor more
 * @type: PCI_IRQ_MSI or PCI_IRQ_MSIX
 *
 * Return: 0, or a negative error, and then there is nothing to put back.
 */
int td_vectors_get(struct td *td, unsigned int nr, unsigned int type)
{
	int ret = pci_alloc_irq_vectors(td->pdev, nr, nr, type);

	if (ret < 0)
		return ret;
	for (td->vectors = 0; td->vectors < nr; td->vectors++) {
		ret = td_vec_request(td, td->vectors);
		if (ret) {
			td_vectors_put(td);
			return ret;
		}
	}
	return 0;
}

/**
 * td_vectors_put() - undo td_vectors_get()
 * @td: the device
 */
void td_vectors_put(struct td *td)
{
	while (td->vectors) {
		td->vectors--;
		free_irq(td->vec[td->vectors].irq, &td->vec[td->vectors]);
	}
	pci_free_irq_vectors(td->pdev);
}

/**
 * td_wait_count() - wait until a vector's handler was called so many times
 * @vec: the vector
 * @count: calls since td_vectors_get(), or since the test cleared the count
 *
 * Return: whether it came to that within two seconds.
 */
bool td_wait_count(struct td_vec *vec, int count)
{
	return wait_event_timeout(vec->td->wait, atomic_read(&vec->count) >= count, TD_IRQ_TIMEOUT);
}

static int total(struct td *td)
{
	unsigned int i;
	int sum = 0;

	for (i = 0; i < td->vectors; i++)
		sum += atomic_read(&td->vec[i].count);
	return sum;
}

/* Signal each vector @rounds times, one after the other: its handler runs, and no other. */
static void each_to_its_own(struct td_run *t, int rounds)
{
	struct td *td = t->td;
	unsigned int i;
	int round;

	for (round = 1; round <= rounds; round++) {
		for (i = 0; i < td->vectors; i++) {
			td_set(td, TD_RAISE, i);
			if (!TD_OK(t, td_wait_count(&td->vec[i], round)))
				return;
			TD_EQ(t, total(td), (round - 1) * td->vectors + i + 1);
			TD_EQ(t, td->vec[i].id, TD_ID_VALUE);
		}
	}
	msleep(TD_QUIET_MS);
	TD_EQ(t, total(td), rounds * td->vectors);
}

static void with_vectors(struct td_run *t, unsigned int nr, unsigned int type,
			 void (*test)(struct td_run *t))
{
	if (!TD_EQ(t, td_vectors_get(t->td, nr, type), 0))
		return;
	test(t);
	td_vectors_put(t->td);
}

static void three_rounds(struct td_run *t)
{
	each_to_its_own(t, 3);
}

static void one_round(struct td_run *t)
{
	each_to_its_own(t, 1);
}

static void msix_all(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, three_rounds);
}

static void msix_one(struct td_run *t)
{
	with_vectors(t, 1, PCI_IRQ_MSIX, three_rounds);
}

static void msi_all(struct td_run *t)
{
	with_vectors(t, TD_MSI_VECTORS, PCI_IRQ_MSI, three_rounds);
}

static void msi_one(struct td_run *t)
{
	with_vectors(t, 1, PCI_IRQ_MSI, three_rounds);
}

static void too_many(struct td_run *t)
{
	TD_EQ(t, td_vectors_get(t->td, TD_MSIX_VECTORS + 1, PCI_IRQ_MSIX), -ENOSPC);
	TD_EQ(t, td_vectors_get(t->td, TD_MSI_VECTORS + 1, PCI_IRQ_MSI), -ENOSPC);
}

/* All vectors signalled in one go: every one arrives. */
static void burst(struct td_run *t)
{
	struct td *td = t->td;
	unsigned int i;

	for (i = 0; i < td->vectors; i++)
		td_set(td, TD_RAISE, i);
	for (i = 0; i < td->vectors; i++)
		TD_OK(t, td_wait_count(&td->vec[i], 1));
	TD_EQ(t, total(td), td->vectors);
}

static void msix_burst(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, burst);
}

static void burst_irqs_off_body(struct td_run *t)
{
	struct td *td = t->td;
	unsigned long flags;
	unsigned int i;
	int during;

	local_irq_save(flags);
	for (i = 0; i < td->vectors; i++)
		td_set(td, TD_RAISE, i);
	udelay(500);
	during = total(td);
	local_irq_restore(flags);
	TD_EQ(t, during, 0);
	for (i = 0; i < td->vectors; i++)
		TD_OK(t, td_wait_count(&td->vec[i], 1));
	TD_EQ(t, total(td), td->vectors);
}

static void burst_irqs_off(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, burst_irqs_off_body);
}

/* Raise vector 1 while it is disabled; vector 2 shows that interrupts still flow. */
static void disabled_waits(struct td_run *t)
{
	struct td *td = t->td;

	disable_irq(td->vec[1].irq);
	td_set(td, TD_RAISE, 1);
	td_set(td, TD_RAISE, 2);
	TD_OK(t, td_wait_count(&td->vec[2], 1));
	msleep(TD_QUIET_MS);
	TD_EQ(t, atomic_read(&td->vec[1].count), 0);
	enable_irq(td->vec[1].irq);
	TD_OK(t, td_wait_count(&td->vec[1], 1));
	msleep(TD_QUIET_MS);
	TD_EQ(t, atomic_read(&td->vec[1].count), 1);
	/* Disabled and enabled with nothing pending: nothing comes. */
	disable_irq(td->vec[1].irq);
	enable_irq(td->vec[1].irq);
	msleep(TD_QUIET_MS);
	TD_EQ(t, atomic_read(&td->vec[1].count), 1);
}

/* The same with the vector masked in the device at once, not when it first fires. */
static void masked_waits(struct td_run *t)
{
	irq_set_status_flags(t->td->vec[1].irq, IRQ_DISABLE_UNLAZY);
	disabled_waits(t);
	irq_clear_status_flags(t->td->vec[1].irq, IRQ_DISABLE_UNLAZY);
}

static void msix_disabled(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, disabled_waits);
}

static void msix_masked(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, masked_waits);
}

static void msi_disabled(struct td_run *t)
{
	with_vectors(t, TD_MSI_VECTORS, PCI_IRQ_MSI, disabled_waits);
}

static void msi_masked(struct td_run *t)
{
	with_vectors(t, TD_MSI_VECTORS, PCI_IRQ_MSI, masked_waits);
}

/* A vector signalled while masked has its bit in the pending bit array, until unmasked. */
static void pending_bits(struct td_run *t)
{
	struct td *td = t->td;
	void __iomem *pba = td->bar3 + TD_MSIX_PBA;
	int irq = td->vec[37].irq;

	TD_EQ(t, readq(pba), 0);
	irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
	disable_irq(irq);
	td_set(td, TD_RAISE, 37);
	TD_EQ(t, readq(pba), 1ULL << 37);
	enable_irq(irq);
	TD_OK(t, td_wait_count(&td->vec[37], 1));
	TD_EQ(t, readq(pba), 0);
	irq_clear_status_flags(irq, IRQ_DISABLE_UNLAZY);
}

static void msix_pending(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, pending_bits);
}

/* Signalled later: a sleeping kernel wakes. */
static void later(struct td_run *t)
{
	struct td *td = t->td;
	int i;

	td_set(td, TD_RAISE_DELAY, 3000);
	for (i = 1; i <= 20; i++) {
		td_set(td, TD_RAISE_LATER, 5);
		if (!TD_OK(t, td_wait_count(&td->vec[5], i)))
			return;
	}
}

static void msix_later(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, later);
}

/*
 * Handlers that read the device interrupt code that reads the device: neither may see the
 * other's answer.
 */
static void storm(struct td_run *t)
{
	struct td *td = t->td;
	u32 i, raised = 0;

	td_set(td, TD_RAISE_DELAY, 50);
	for (i = 0; i < 3000; i++) {
		if (i % 10 == 0) {
			td_set(td, TD_RAISE_LATER, 3);
			raised++;
		}
		td_set(td, TD_SCRATCH + 4 * (i % 64), i);
		if (!TD_EQ(t, td_get(td, TD_SCRATCH + 4 * (i % 64)), i))
			return;
		if (atomic_read(&td->vec[3].count) && !TD_EQ(t, td->vec[3].id, TD_ID_VALUE))
			return;
	}
	TD_OK(t, td_wait_count(&td->vec[3], 1));
	TD_OK(t, atomic_read(&td->vec[3].count) <= raised);
}

static void msix_storm(struct td_run *t)
{
	with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, storm);
}

/* Types of interrupt in turn, again and again: nothing leaks, nothing stays behind. */
static void in_turn(struct td_run *t)
{
	unsigned int i;

	for (i = 0; i < 10 && !t->failures; i++) {
		with_vectors(t, TD_MSIX_VECTORS, PCI_IRQ_MSIX, one_round);
		with_vectors(t, TD_MSI_VECTORS, PCI_IRQ_MSI, one_round);
		with_vectors(t, 2, PCI_IRQ_MSIX, one_round);
		with_vectors(t, 1, PCI_IRQ_MSI, one_round);
	}
}

static void after_free(struct td_run *t)
{
	struct td *td = t->td;

	if (!TD_EQ(t, td_vectors_get(td, 4, PCI_IRQ_MSIX), 0))
		return;
	td_vectors_put(td);
	td_set(td, TD_RAISE, 1);
	if (!TD_EQ(t, td_vectors_get(td, 4, PCI_IRQ_MSIX), 0))
		return;
	msleep(TD_QUIET_MS);
	TD_EQ(t, total(td), 0);
	td_vectors_put(td);
}

static const struct td_case irq_cases[] = {
	{ "64 MSI-X, each to its own handler", msix_all },
	{ "one MSI-X alone", msix_one },
	{ "8 MSI, each to its own handler", msi_all },
	{ "one MSI alone", msi_one },
	{ "more vectors than the device has are refused", too_many },
	{ "64 MSI-X in one burst", msix_burst },
	{ "64 MSI-X while interrupts are off", burst_irqs_off },
	{ "MSI-X: a disabled interrupt comes when enabled", msix_disabled },
	{ "MSI-X: a masked vector comes when unmasked", msix_masked },
	{ "MSI: a disabled interrupt comes when enabled", msi_disabled },
	{ "MSI: a masked vector comes when unmasked", msi_masked },
	{ "MSI-X: pending bits", msix_pending },
	{ "an interrupt wakes a sleeping kernel", msix_later },
	{ "handlers and tasks access the device at once", msix_storm },
	{ "types of interrupt in turn", in_turn },
	{ "a vector signalled without a handler is lost", after_free },
};
TD_GROUP(irq);
