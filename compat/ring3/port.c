// SPDX-License-Identifier: GPL-2.0
/*
 * port.c - bridges on the root bus: PCIe root ports and PCI-to-PCI bridges
 *
 * Nobody owns them outside: their configuration space is the kernel's own emulation.  It
 * only tells which bus numbers a bridge forwards and resets what is behind it; addresses
 * are decoded by the devices' BARs alone, wherever they sit.
 */
#include <linux/irqflags.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include "../../../drivers/pci/pci-bridge-emul.h"

#include "ring3.h"

#define NR_BRIDGES	32
#define VENDOR		0x1234		/* as the test device; the numbers after its own */
#define DEVICE_PCIE	0x7234
#define DEVICE_PCI	0x7235

struct ring3_bridge {
	struct pci_bridge_emul emul;
	u8 devfn;
};

static struct ring3_bridge *bridges[NR_BRIDGES];
static unsigned int nr_bridges;

static struct ring3_bridge *bridge_at(unsigned int devfn)
{
	unsigned int i;

	for (i = 0; i < nr_bridges; i++)
		if (bridges[i]->devfn == devfn)
			return bridges[i];
	return NULL;
}

/**
 * ring3_bridge_place() - place of a bridge
 * @bridge: the bridge
 *
 * Return: slot and function on the root bus.
 */
unsigned int ring3_bridge_place(const struct ring3_bridge *bridge)
{
	return bridge->devfn;
}

/**
 * ring3_bridge_above() - the bridge whose secondary bus this is
 * @bus: a bus below the root bus
 *
 * Return: the bridge, or NULL.  Context: any.
 */
struct ring3_bridge *ring3_bridge_above(const struct pci_bus *bus)
{
	unsigned int i;

	for (i = 0; i < nr_bridges; i++)
		if (bridges[i]->emul.conf.secondary_bus == bus->number)
			return bridges[i];
	return NULL;
}

/* Secondary bus reset (PCI-to-PCI Bridge 1.2, 3.2.5.17): when the bit is set. */
static void write_base(struct pci_bridge_emul *emul, int reg, u32 old, u32 new, u32 mask)
{
	struct ring3_bridge *bridge = emul->data;
	const u32 reset = PCI_BRIDGE_CTL_BUS_RESET << 16;
	unsigned long flags;
	unsigned int i;

	if (reg != PCI_INTERRUPT_LINE || !(new & ~old & reset))
		return;
	for (i = 0; i < ring3_nr_devs; i++) {
		if (ring3_devs[i]->behind != bridge)
			continue;
		local_irq_save(flags);
		ring3_link_reset(i);
		local_irq_restore(flags);
		ring3_config_changed(ring3_devs[i]);
	}
}

static const struct pci_bridge_emul_ops emul_ops = {
	.write_base = write_base,
};

/**
 * ring3_bridge_config() - access the configuration space of a bridge on the root bus
 * @devfn: its place
 * @where: offset, bytes
 * @size: 1, 2 or 4 bytes
 * @val: what was read or is to be written
 * @write: direction
 *
 * Return: PCIBIOS_SUCCESSFUL, or PCIBIOS_DEVICE_NOT_FOUND: there is no bridge.
 * Context: any.
 */
int ring3_bridge_config(unsigned int devfn, int where, int size, u32 *val, bool write)
{
	struct ring3_bridge *bridge = bridge_at(devfn);

	if (!bridge)
		return PCIBIOS_DEVICE_NOT_FOUND;
	return write ? pci_bridge_emul_conf_write(&bridge->emul, where, size, *val) :
		       pci_bridge_emul_conf_read(&bridge->emul, where, size, val);
}

static void become_root_port(struct pci_bridge_emul *emul)
{
	const u16 link = PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1;

	emul->has_pcie = true;
	emul->conf.device = cpu_to_le16(DEVICE_PCIE);
	emul->pcie_conf.cap = cpu_to_le16(2);
	emul->pcie_conf.devcap = cpu_to_le32(PCI_EXP_DEVCAP_RBER);
	emul->pcie_conf.lnkcap = cpu_to_le32(link | PCI_EXP_LNKCAP_DLLLARC);
	emul->pcie_conf.lnksta = cpu_to_le16(link | PCI_EXP_LNKSTA_DLLLA);
}

/**
 * ring3_bridge_get() - the bridge at a place, made if need be
 * @devfn: slot and function on the root bus
 * @conventional: a PCI-to-PCI bridge, else a PCIe root port
 *
 * Return: the bridge, or NULL: no memory.  Context: boot, may sleep.
 */
struct ring3_bridge *__init ring3_bridge_get(unsigned int devfn, bool conventional)
{
	struct ring3_bridge *bridge = bridge_at(devfn);

	if (bridge || nr_bridges == NR_BRIDGES)
		return bridge;
	bridge = kzalloc(sizeof(*bridge), GFP_KERNEL);
	if (!bridge)
		return NULL;
	bridge->devfn = devfn;
	bridge->emul.data = bridge;
	bridge->emul.ops = &emul_ops;
	bridge->emul.conf.vendor = cpu_to_le16(VENDOR);
	bridge->emul.conf.device = cpu_to_le16(DEVICE_PCI);
	bridge->emul.subsystem_vendor_id = VENDOR;
	bridge->emul.conf.pref_mem_base = cpu_to_le16(PCI_PREF_RANGE_TYPE_64);
	bridge->emul.conf.pref_mem_limit = cpu_to_le16(PCI_PREF_RANGE_TYPE_64);
	if (!conventional)
		become_root_port(&bridge->emul);
	if (pci_bridge_emul_init(&bridge->emul, 0)) {
		kfree(bridge);
		return NULL;
	}
	bridges[nr_bridges++] = bridge;
	return bridge;
}
