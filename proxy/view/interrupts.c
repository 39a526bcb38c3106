// SPDX-License-Identifier: GPL-2.0
/*
 * interrupts.c - devices/BDF/ring3/interrupts
 */
#include <json-c/json.h>
#include <linux/pci_regs.h>

#include "proxy/view/view.h"

static struct json_object *vector_row(const char *kind, uint32_t i, const struct irq_vector *v,
				      bool masked)
{
	struct json_object *o = json_object_new_object();
	uint64_t count = view_now(&v->count), last = view_now(&v->last_ns);
	uint32_t irq = v->linux_irq;
	char text[32];

	view_add(o, "kind", json_object_new_string(kind));
	view_add(o, "vector", json_object_new_int(i));
	view_add(o, "irq", irq ? json_object_new_int(irq) : NULL);
	view_add(o, "armed", json_object_new_boolean(notify_armed(&v->notify)));
	view_add(o, "masked", json_object_new_boolean(masked || v->masked));
	view_add(o, "pending", json_object_new_boolean(v->pending));
	view_add(o, "count", json_object_new_uint64(count));
	snprintf(text, sizeof(text), "%.1f", irq_rate(v));
	view_add(o, "rate", json_object_new_double_s(irq_rate(v), text));
	view_add(o, "last", last ? view_age(last) : NULL);
	return o;
}

/* Vectors that were used, that have a handler, or whose client says nothing of handlers. */
static bool worth_a_row(const struct irq_vector *v, bool enabled, bool masked)
{
	return view_now(&v->count) || (enabled && v->linux_irq) ||
	       (notify_armed(&v->notify) && !masked && !v->masked);
}

static void add_vector(struct json_object *rows, const char *kind, uint32_t i,
		       const struct irq_vector *v, bool masked)
{
	json_object_array_add(rows, vector_row(kind, i, v, masked));
}

/**
 * view_interrupts() - a row for INTx and for each vector that is or was in use
 * @dev: device
 *
 * Return: an array.
 */
struct json_object *view_interrupts(struct device *dev)
{
	struct json_object *rows = json_object_new_array();
	const struct irqs *irqs = &dev->irqs;
	bool masked;

	if (irqs->count[VFIO_USER_INTX])
		add_vector(rows, "INTx", 0, &irqs->intx,
			   config_command(dev) & PCI_COMMAND_INTX_DISABLE);
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSI]; i++) {
		masked = config_msi_mask(dev) >> i & 1;
		if (worth_a_row(&irqs->msi[i], config_msi_enabled(dev), masked))
			add_vector(rows, "MSI", i, &irqs->msi[i], masked);
	}
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++) {
		masked = config_msix_masked(dev) || irq_msix_entry_masked(irqs, i);
		if (worth_a_row(&irqs->msix[i], config_msix_enabled(dev), masked))
			add_vector(rows, "MSI-X", i, &irqs->msix[i], masked);
	}
	return rows;
}
