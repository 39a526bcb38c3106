// SPDX-License-Identifier: GPL-2.0
/*
 * state.c - devices/BDF/ring3: state, stats
 */
#include <json-c/json.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/view/view.h"

/* Capabilities are found in what the client has last seen, so the device is not asked. */
static uint32_t find_cap(const struct device *dev, uint8_t id)
{
	const uint8_t *c = dev->config.last;
	uint32_t pos = c[PCI_CAPABILITY_LIST] & ~3u;

	for (int hops = 0; pos >= PCI_STD_HEADER_SIZEOF && pos < 254 && hops < 48; hops++) {
		if (c[pos] == id)
			return pos;
		pos = c[pos + 1] & ~3u;
	}
	return 0;
}

static uint16_t config16(const struct device *dev, uint32_t off)
{
	return dev->config.last[off] | dev->config.last[off + 1] << 8;
}

static struct json_object *show_power(const struct device *dev)
{
	uint32_t pm = find_cap(dev, PCI_CAP_ID_PM);
	char text[] = "D0";

	if (!pm)
		return NULL;
	text[1] += config16(dev, pm + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
	return json_object_new_string(text);
}

static struct json_object *show_link(const struct device *dev)
{
	static const char *const speeds[] = { "?", "2.5", "5", "8", "16", "32", "64" };
	uint32_t value, speed;
	char text[32];

	if (!dev->config.express)
		return NULL;
	value = config16(dev, dev->config.express + PCI_EXP_LNKSTA);
	speed = value & PCI_EXP_LNKSTA_CLS;
	if (!(value & PCI_EXP_LNKSTA_NLW))
		return NULL;
	snprintf(text, sizeof(text), "%s GT/s x%u", speeds[speed < 7 ? speed : 0],
		 (value & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT);
	return json_object_new_string(text);
}

static const char *interrupt_kind(const struct device *dev)
{
	if (config_msix_enabled(dev))
		return "MSI-X";
	if (config_msi_enabled(dev))
		return "MSI";
	return config_command(dev) & PCI_COMMAND_INTX_DISABLE ||
	       !dev->irqs.count[VFIO_USER_INTX] ? "none" : "INTx";
}

static struct json_object *on_off(bool on)
{
	return json_object_new_string(on ? "on" : "off");
}

/**
 * view_state() - who drives it and how it is set
 * @dev: device
 *
 * Return: an object.
 */
struct json_object *view_state(struct device *dev)
{
	struct json_object *o = json_object_new_object();
	struct told told;

	told_get(dev, &told);
	view_add(o, "address", json_object_new_string(told.bdf));
	view_add(o, "device", json_object_new_string(device_name(dev)));
	view_add(o, "backend", json_object_new_string(dev->backend->name));
	view_add(o, "client", json_object_new_string(dev->client ? "connected" : "none"));
	view_add(o, "driver", view_name(told.driver));
	view_add(o, "module", view_name(told.module));
	view_add(o, "version", view_name(told.version));
	view_add(o, "memory", on_off(config_command(dev) & PCI_COMMAND_MEMORY));
	view_add(o, "io", on_off(config_command(dev) & PCI_COMMAND_IO));
	view_add(o, "bus_master", on_off(config_command(dev) & PCI_COMMAND_MASTER));
	view_add(o, "interrupts", json_object_new_string(interrupt_kind(dev)));
	view_add(o, "power", show_power(dev));
	view_add(o, "link", show_link(dev));
	view_add(o, "resets", json_object_new_uint64(view_now(&dev->resets)));
	return o;
}

static uint64_t sum(const uint64_t *counters)
{
	return view_now(&counters[0]) + view_now(&counters[1]) + view_now(&counters[2]) + view_now(&counters[3]);
}

static uint64_t signals(const struct irqs *irqs)
{
	uint64_t n = view_now(&irqs->intx.count);

	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSI]; i++)
		n += view_now(&irqs->msi[i].count);
	for (uint32_t i = 0; i < irqs->count[VFIO_USER_MSIX]; i++)
		n += view_now(&irqs->msix[i].count);
	return n;
}

/**
 * view_stats() - what has happened so far, in numbers
 * @dev: device
 *
 * Return: an object.
 */
struct json_object *view_stats(struct device *dev)
{
	struct json_object *o = json_object_new_object();
	uint64_t reads[2] = { 0 }, writes[2] = { 0 };
	uint64_t bytes = 0;

	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++) {
		bool ports = dev->regions[i].kind == REGION_PORTS;

		reads[ports] += sum(dev->accesses[i].reads);
		writes[ports] += sum(dev->accesses[i].writes);
		bytes += view_now(&dev->accesses[i].block_bytes);
	}
	view_add(o, "register_reads", json_object_new_uint64(reads[0]));
	view_add(o, "register_writes", json_object_new_uint64(writes[0]));
	view_add(o, "port_reads", json_object_new_uint64(reads[1]));
	view_add(o, "port_writes", json_object_new_uint64(writes[1]));
	view_add(o, "config_reads", json_object_new_uint64(sum(dev->accesses[VFIO_USER_CONFIG].reads)));
	view_add(o, "config_writes", json_object_new_uint64(sum(dev->accesses[VFIO_USER_CONFIG].writes)));
	view_add(o, "block_bytes", json_object_new_uint64(bytes));
	view_add(o, "interrupts", json_object_new_uint64(signals(&dev->irqs)));
	view_add(o, "dma_mapped", json_object_new_uint64(view_now(&dev->dma.mapped)));
	view_add(o, "dma_unmapped", json_object_new_uint64(view_now(&dev->dma.unmapped)));
	view_add(o, "denied_config", json_object_new_uint64(view_now(&dev->policy.denied[DENY_CONFIG])));
	view_add(o, "denied_requests", json_object_new_uint64(view_now(&dev->policy.denied[DENY_REQUEST])));
	view_add(o, "denied_master", json_object_new_uint64(view_now(&dev->policy.denied[DENY_MASTER])));
	view_add(o, "denied_irq", json_object_new_uint64(view_now(&dev->policy.denied[DENY_IRQ])));
	view_add(o, "dma_faults", json_object_new_uint64(view_now(&dev->faults.count)));
	view_add(o, "resets", json_object_new_uint64(view_now(&dev->resets)));
	return o;
}
