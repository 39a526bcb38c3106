/* SPDX-License-Identifier: GPL-2.0 */
/*
 * irq.h - interrupts of a device, from the backend to the client's descriptors
 */
#ifndef RING3_PROXY_IRQ_H
#define RING3_PROXY_IRQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/loop.h"
#include "proxy/notify.h"
#include "proxy/vfio_user.h"

#define MSI_MAX		32
#define MSIX_MAX	2048
#define MSIX_ENTRY	16

struct device;

struct irq_vector {
	struct notify notify;
	bool masked;		/* by SET_IRQS */
	bool pending;
	uint32_t linux_irq;	/* as its client calls it, 0: not told */
	uint64_t count, last_ns;	/* signals sent, when the last was (CLOCK_MONOTONIC) */
	uint64_t window_ns;	/* when the second began that is being counted */
	uint32_t in_window, before;	/* signals in it, and in the one before */
};

struct irqs {
	uint32_t count[VFIO_USER_NUM_IRQS];
	struct irq_vector intx;	/* pending: asserted, its level */
	struct loop_timer intx_hold;
	bool intx_held;		/* not to be signalled before the timer */
	uint32_t intx_again;	/* unmasked so often in a row, and still asserted */
	struct loop_timer storm_hold;
	bool storm;		/* messages wait for that timer, see storm.c */
	uint64_t storm_window, storm_count;	/* when it began (CLOCK_MONOTONIC), messages in it */
	struct irq_vector msi[MSI_MAX];
	struct irq_vector *msix;	/* count[VFIO_USER_MSIX] of them */
	struct irq_vector request;	/* the host wants the device back, see device_wanted() */
	struct irq_vector error;	/* see fault_report() */
	uint8_t *table;		/* the virtual MSI-X table */
	bool table_used;	/* the client has written the table */
	uint8_t table_bar, pba_bar;
	uint32_t table_off, pba_off;
};

struct irq_request {
	uint32_t index, start, count;
	uint32_t data;		/* VFIO_USER_IRQ_DATA_* */
	uint32_t action;	/* VFIO_USER_IRQ_MASK, _UNMASK or _TRIGGER */
	const uint8_t *bools;	/* count of them with DATA_BOOL */
};

int irq_init(struct device *dev);
void irq_exit(struct device *dev);
void irq_reset(struct device *dev);
void irq_disarm(struct device *dev);
int irq_set(struct device *dev, const struct irq_request *req, int *fds, unsigned int nfds);
uint32_t irq_info_flags(uint32_t index);

struct irq_vector *irq_vector(struct irqs *irqs, uint32_t index, uint32_t i);
void irq_eval(struct device *dev, uint32_t index, uint32_t i);
void irq_disarm_vector(struct irq_vector *v);

double irq_rate(const struct irq_vector *v);
void irq_signal(struct device *dev, uint32_t index, uint32_t vector, struct irq_vector *v);

int intx_init(struct device *dev);
void intx_exit(struct device *dev);
void intx_eval(struct device *dev);
void intx_refresh(struct device *dev);
void intx_unmasked(struct device *dev);

int storm_init(struct device *dev);
void storm_exit(struct device *dev);
void storm_count(struct device *dev, uint64_t n);
void irq_deliver_pending(struct device *dev);

void irq_intx(struct device *dev, bool level);
void irq_msi(struct device *dev, uint32_t vector);
void irq_msix(struct device *dev, uint32_t vector);
void irq_message(struct device *dev, uint32_t vector);
void irq_update(struct device *dev);
bool irq_msix_entry_masked(const struct irqs *irqs, uint32_t vector);
void irq_msix_unmasked(struct device *dev, uint32_t vector);
uint32_t irq_msi_pending(const struct device *dev);

bool irq_owns(const struct device *dev, unsigned int bar, uint64_t off);
void irq_table_read(struct device *dev, unsigned int bar, uint64_t off, void *buf, size_t len);
void irq_table_write(struct device *dev, unsigned int bar, uint64_t off, const void *buf,
		     size_t len);

#endif
