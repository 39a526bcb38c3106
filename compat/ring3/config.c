// SPDX-License-Identifier: GPL-2.0
/*
 * config.c - configuration space of the hosted bus
 *
 * Accesses go to the proxy unchanged.  In passing, the BAR registers are noted for
 * address decoding, and switching MSI or MSI-X on or off arms or disarms events: that
 * works the same whatever the kernel's MSI code looks like.
 */
#include <linux/irqflags.h>
#include <linux/pci.h>

#include "ring3.h"

#ifndef PCI_HEADER_TYPE_MFD	/* before 6.7 */
#define PCI_HEADER_TYPE_MFD 0x80
#endif

static int link_read(struct ring3_dev *dev, int where, int size, u32 *val)
{
	unsigned long flags;
	int err;

	*val = 0;
	local_irq_save(flags);
	err = ring3_link_read(dev->index, RING3_CONFIG, where, val, size);
	local_irq_restore(flags);
	return err;
}

/* What this file wants to know itself. */
static int dev_read(struct ring3_dev *dev, int where, int size, u32 *val)
{
	ring3_note_own(dev);
	return link_read(dev, where, size, val);
}

/* Function 0 says that there are others (PCI Local Bus 3.0, 6.2.1, Header Type). */
static bool has_siblings(const struct ring3_dev *dev)
{
	unsigned int fn;

	if (PCI_FUNC(dev->devfn))
		return false;
	for (fn = 1; fn < 8; fn++)
		if (ring3_dev_at(dev->behind, dev->devfn + fn))
			return true;
	return false;
}

static int ring3_config_read(struct pci_bus *bus, unsigned int devfn, int where, int size,
			     u32 *val)
{
	struct ring3_dev *dev = ring3_dev_on(bus, devfn);

	if (!dev) {
		if (!bus->parent &&
		    ring3_bridge_config(devfn, where, size, val, false) == PCIBIOS_SUCCESSFUL)
			return PCIBIOS_SUCCESSFUL;
		*val = ~0;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	if (where + size > dev->config_size) {
		*val = ~0;
		return PCIBIOS_SUCCESSFUL;
	}
	ring3_note_caller(dev, 2);
	if (link_read(dev, where, size, val)) {
		*val = ~0;
		return PCIBIOS_SUCCESSFUL;
	}
	if (where <= PCI_HEADER_TYPE && where + size > PCI_HEADER_TYPE && has_siblings(dev))
		*val |= PCI_HEADER_TYPE_MFD << 8 * (PCI_HEADER_TYPE - where);
	return PCIBIOS_SUCCESSFUL;
}

static void read_bar(struct ring3_dev *dev, unsigned int i)
{
	if (!(dev->fixed_bars >> i & 1))
		dev_read(dev, PCI_BASE_ADDRESS_0 + 4 * i, 4, &dev->bar[i]);
}

static void note_bar(struct ring3_dev *dev, int where, int size)
{
	if (size != 4)
		return;
	if (where >= PCI_BASE_ADDRESS_0 && where <= PCI_BASE_ADDRESS_5)
		read_bar(dev, (where - PCI_BASE_ADDRESS_0) / 4);
	else if (where == PCI_ROM_ADDRESS)
		dev_read(dev, where, 4, &dev->bar[RING3_ROM]);
}

/* Channels of IDE in compatibility mode (PCI IDE Controller 1.0, 2.1) do not move. */
static void fix_ide_ports(struct ring3_dev *dev)
{
	static const u16 ports[] = { 0x1f0, 0x3f4, 0x170, 0x374 };
	unsigned int i;
	u32 class;

	if (dev_read(dev, PCI_CLASS_REVISION, 4, &class) ||
	    class >> 16 != PCI_CLASS_STORAGE_IDE)
		return;
	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		if (class >> 8 & (i < 2 ? 1 : 4))	/* this channel is in native mode */
			continue;
		dev->fixed_bars |= 1 << i;
		dev->bar[i] = ports[i] | PCI_BASE_ADDRESS_SPACE_IO;
	}
}

/* Mapped pages answer when the command register says that memory is decoded. */
static void note_command(struct ring3_dev *dev)
{
	unsigned int i;
	u32 cmd;

	if (dev_read(dev, PCI_COMMAND, 2, &cmd))
		return;
	if (dev->mem_on == !!(cmd & PCI_COMMAND_MEMORY))
		return;
	dev->mem_on = cmd & PCI_COMMAND_MEMORY;
	for (i = 0; i < RING3_NR_BARS; i++)
		if (ring3_map_decode(&dev->region[i], dev->mem_on))
			pr_err_once("ring3: cannot switch memory decoding\n");
}

static unsigned int nr_vectors(u16 ctrl, enum ring3_irq_index index)
{
	if (index == RING3_MSIX)
		return (ctrl & PCI_MSIX_FLAGS_QSIZE) + 1;
	return 1U << ((ctrl & PCI_MSI_FLAGS_QSIZE) >> 4);
}

/*
 * A write that covers the control word of an MSI or MSI-X capability: events are
 * there before the device may send, and go after it no longer does.
 */
static void switch_msi(struct ring3_dev *dev, enum ring3_irq_index index, u16 enable, u16 old,
		       u16 new)
{
	unsigned long flags;

	if (!((old ^ new) & enable))
		return;
	local_irq_save(flags);
	if (new & enable) {
		dev->nr_vectors = nr_vectors(new, index);
		ring3_link_arm(dev->index, index, dev->nr_vectors);
	} else {
		ring3_link_disarm(dev->index, index);
		dev->nr_vectors = 0;
	}
	local_irq_restore(flags);
}

struct msi_switch {
	u8 cap;
	enum ring3_irq_index index;
	u16 enable;
};

static bool covers_control(const struct msi_switch *s, int where, int size)
{
	return s->cap && where <= s->cap + 2 && where + size >= s->cap + 4;
}

static int ring3_config_write(struct pci_bus *bus, unsigned int devfn, int where, int size,
			      u32 val)
{
	struct ring3_dev *dev = ring3_dev_on(bus, devfn);
	struct msi_switch sw[2];
	u16 old[2], new[2];
	unsigned long flags;
	int i, err;
	u32 now;

	if (!dev)
		return bus->parent ? PCIBIOS_DEVICE_NOT_FOUND :
				     ring3_bridge_config(devfn, where, size, &val, true);
	if (where + size > dev->config_size)
		return PCIBIOS_BAD_REGISTER_NUMBER;

	sw[0] = (struct msi_switch){ dev->msi_cap, RING3_MSI, PCI_MSI_FLAGS_ENABLE };
	sw[1] = (struct msi_switch){ dev->msix_cap, RING3_MSIX, PCI_MSIX_FLAGS_ENABLE };
	for (i = 0; i < 2; i++) {
		if (!covers_control(&sw[i], where, size) ||
		    dev_read(dev, sw[i].cap + 2, 2, &now)) {
			sw[i].cap = 0;
			continue;
		}
		old[i] = now;
		new[i] = val >> 8 * (sw[i].cap + 2 - where);
		if (sw[i].index == RING3_MSIX)	/* the size is the device's to say */
			new[i] = (new[i] & ~PCI_MSIX_FLAGS_QSIZE) |
				 (old[i] & PCI_MSIX_FLAGS_QSIZE);
		if (new[i] & sw[i].enable)
			switch_msi(dev, sw[i].index, sw[i].enable, old[i], new[i]);
	}

	ring3_note_caller(dev, 2);
	local_irq_save(flags);
	err = ring3_link_write(dev->index, RING3_CONFIG, where, &val, size);
	local_irq_restore(flags);
	note_bar(dev, where, size);
	if (where <= PCI_COMMAND && where + size > PCI_COMMAND)
		note_command(dev);

	for (i = 0; i < 2; i++)
		if (sw[i].cap && !(new[i] & sw[i].enable))
			switch_msi(dev, sw[i].index, sw[i].enable, old[i], new[i]);
	return err ? PCIBIOS_SET_FAILED : PCIBIOS_SUCCESSFUL;
}

struct pci_ops ring3_config_ops = {
	.read = ring3_config_read,
	.write = ring3_config_write,
};

/**
 * ring3_config_changed() - note BARs and decoding anew, after a reset from outside
 * @dev: a connected device
 *
 * Context: any.
 */
void ring3_config_changed(struct ring3_dev *dev)
{
	int i;

	note_command(dev);
	for (i = 0; i < 6; i++)
		read_bar(dev, i);
	dev_read(dev, PCI_ROM_ADDRESS, 4, &dev->bar[RING3_ROM]);
}

/**
 * ring3_config_setup() - note where a device has its MSI capabilities and BARs
 * @dev: a connected device
 *
 * Return: 0 or the error of the connection.  Context: may sleep.
 */
int ring3_config_setup(struct ring3_dev *dev)
{
	unsigned int hops;
	u32 val, pos;
	int err;

	dev->config_size = dev->region[RING3_CONFIG].size;
	dev->mem_on = true;
	fix_ide_ports(dev);
	ring3_config_changed(dev);
	if (!dev_read(dev, PCI_INTERRUPT_PIN, 1, &val) && val <= PCI_NUM_INTX)
		dev->pin = val;
	err = dev_read(dev, PCI_STATUS, 2, &val);
	if (err || !(val & PCI_STATUS_CAP_LIST))
		return err;
	err = dev_read(dev, PCI_CAPABILITY_LIST, 1, &pos);
	for (hops = 0; !err && pos >= PCI_STD_HEADER_SIZEOF && hops < 48; hops++) {
		err = dev_read(dev, pos & ~3, 2, &val);
		if (err)
			break;
		if ((val & 0xff) == PCI_CAP_ID_MSI)
			dev->msi_cap = pos & ~3;
		else if ((val & 0xff) == PCI_CAP_ID_MSIX)
			dev->msix_cap = pos & ~3;
		pos = val >> 8;
	}
	return err;
}
