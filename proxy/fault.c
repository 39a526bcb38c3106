// SPDX-License-Identifier: GPL-2.0
/*
 * fault.c - accesses of a device to memory that it may not have
 *
 * Whoever stops such an access (an IOMMU, the backend's model, the table of mappings) reports it
 * here.  It is logged, counted and traced, and kept for the client, which is told by VFIO's error
 * interrupt and knows more about it: who had the memory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/fault.h"
#include "proxy/trace.h"
#include "proxy/util.h"

#define SAID_A_SECOND 5

/* The mapping that held the address last. */
static const struct gone *last_there(const struct faults *f, uint64_t iova)
{
	for (uint32_t i = 1; i <= GONE_KEPT; i++) {
		const struct gone *g = &f->gone[(f->next_gone - i) % GONE_KEPT];

		if (g->size && iova >= g->iova && iova - g->iova < g->size)
			return g;
	}
	return NULL;
}

static bool may_say(struct faults *f)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (now - f->second_ns >= 1000000000) {
		f->second_ns = now;
		f->in_second = 0;
	}
	return f->in_second++ < SAID_A_SECOND;
}

static void say(struct device *dev, uint64_t iova, bool write)
{
	struct faults *f = &dev->faults;
	const struct gone *g = last_there(f, iova);
	char more[48] = "", last[120] = "";
	uint64_t unsaid = f->count - f->said - 1;

	if (!may_say(f))
		return;
	f->said = f->count;
	if (unsaid)
		snprintf(more, sizeof(more), " (%llu more before)", (unsigned long long)unsaid);
	if (g)
		snprintf(last, sizeof(last), "; last there: 0x%llx to 0x%llx, until %llu us ago",
			 (unsigned long long)g->iova, (unsigned long long)(g->iova + g->size - 1),
			 (unsigned long long)(clock_ns(CLOCK_MONOTONIC) - g->ns) / 1000);
	warn("device '%s': DMA fault: it %s bus address 0x%llx, which is not mapped for that%s%s",
	     device_name(dev), write ? "writes to" : "reads from", (unsigned long long)iova, last,
	     more);
}

static void keep(struct faults *f, uint64_t iova, bool write)
{
	struct vfio_user_ring3_fault *k = &f->kept[(f->first + f->nr) % FAULTS_KEPT];

	if (f->nr == FAULTS_KEPT) {
		f->lost++;
		return;
	}
	f->nr++;
	*k = (struct vfio_user_ring3_fault) {
		.iova = iova, .lost = f->lost,
		.flags = write ? VFIO_USER_DMA_WRITEABLE : VFIO_USER_DMA_READABLE,
	};
	f->lost = 0;
}

/**
 * fault_report() - an access was stopped
 * @dev: device that made it
 * @iova: the bus address
 * @write: it wrote to memory
 */
void fault_report(struct device *dev, uint64_t iova, bool write)
{
	struct faults *f = &dev->faults;

	__atomic_store_n(&f->count, f->count + 1, __ATOMIC_RELAXED);
	trace_dma_fault(dev, iova, write);
	say(dev, iova, write);
	keep(f, iova, write);
	notify_signal(&dev->irqs.error.notify);
}

/**
 * fault_take() - the oldest fault that the client has not heard of
 * @dev: device
 * @fault: filled in
 *
 * Return: 0, or -ENOENT: there is none.
 */
int fault_take(struct device *dev, struct vfio_user_ring3_fault *fault)
{
	struct faults *f = &dev->faults;

	if (!f->nr)
		return -ENOENT;
	*fault = f->kept[f->first];
	f->first = (f->first + 1) % FAULTS_KEPT;
	f->nr--;
	return 0;
}

/**
 * fault_unmapped() - remember a mapping that is gone
 * @dev: device
 * @iova: where it was
 * @size: bytes, not 0
 */
void fault_unmapped(struct device *dev, uint64_t iova, uint64_t size)
{
	struct faults *f = &dev->faults;

	f->gone[f->next_gone++ % GONE_KEPT] = (struct gone) {
		.iova = iova, .size = size, .ns = clock_ns(CLOCK_MONOTONIC),
	};
}

/**
 * fault_forget() - the client has gone: what it had mapped is nobody's business
 * @dev: device
 */
void fault_forget(struct device *dev)
{
	struct faults *f = &dev->faults;

	memset(f->gone, 0, sizeof(f->gone));
	f->nr = f->lost = 0;
}
