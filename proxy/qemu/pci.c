// SPDX-License-Identifier: GPL-2.0
/*
 * pci.c - QEMU's PCI buses: configuration space, and the place of every BAR
 *
 * The proxy is the firmware: it numbers the buses, sizes the BARs once and places
 * them where no client can move them.  32-bit BARs go below the IOAPIC, 64-bit BARs
 * above 64 GiB, ports from 0x1000; each device has windows of its own, because a
 * bridge forwards whole ranges (PCI-to-PCI Bridge 1.2, section 4).
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"

#define PCIEXBAR	0x60		/* of the q35 host bridge */
#define PCIEXBAR_ENABLE	1
#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc

#define MEM32_START	0xc0000000u
#define MEM32_END	0xfe000000u
#define MEM64_START	0x1000000000ull
#define MEM64_END	0x8000000000ull	/* QEMU's CPU has 40 address bits */
#define IO_START	0x1000
#define IO_END		0x10000

static uint64_t next_mem32, next_mem64, next_io;

struct window {
	uint64_t start, end;	/* start == end: closed */
};

static uint64_t config_address(unsigned int bus, unsigned int slot, uint32_t off)
{
	return QEMU_MMCONFIG + (bus << 20) + (slot << 15) + off;
}

/**
 * qpci_slot() - where a device's root port is on bus 0
 * @qd: device
 *
 * Return: slot number.
 */
unsigned int qpci_slot(const struct qdev *qd)
{
	return QEMU_FIRST_SLOT + qd->index;
}

/**
 * qpci_bus() - the bus that a device has to itself
 * @qd: device
 *
 * Return: number of the bus.
 */
unsigned int qpci_bus(const struct qdev *qd)
{
	return 1 + qd->index;
}

/**
 * qpci_read_block() - read a run of a device's configuration space
 * @qd: device
 * @off: below 4096
 * @buf: for the bytes
 * @len: how many, at most QTEST_BLOCK
 *
 * Return: 0, or -1 without QEMU.
 */
int qpci_read_block(const struct qdev *qd, uint32_t off, void *buf, size_t len)
{
	return qtest_read_block(config_address(qpci_bus(qd), 0, off), buf, len);
}

/**
 * qpci_read() - read a device's configuration space
 * @qd: device
 * @off: naturally aligned offset below 4096
 * @width: 1, 2 or 4
 *
 * Return: the value; all ones where there is nothing.
 */
uint32_t qpci_read(const struct qdev *qd, uint32_t off, unsigned int width)
{
	return qtest_read(config_address(qpci_bus(qd), 0, off), width);
}

/**
 * qpci_write() - write a device's configuration space
 * @qd: device
 * @off: naturally aligned offset below 4096
 * @width: 1, 2 or 4
 * @value: to be written
 */
void qpci_write(const struct qdev *qd, uint32_t off, unsigned int width, uint32_t value)
{
	qtest_write(config_address(qpci_bus(qd), 0, off), width, value);
}

static void port_write(const struct qdev *qd, uint32_t off, unsigned int width, uint32_t value)
{
	qtest_write(config_address(0, qpci_slot(qd), off), width, value);
}

/**
 * qpci_start() - make configuration space and ivshmem's BARs reachable
 *
 * Return: 0, or -1 with fail().
 */
int qpci_start(void)
{
	const uint64_t iv = config_address(0, QEMU_IVSHMEM_SLOT, 0);

	next_mem32 = MEM32_START;
	next_mem64 = MEM64_START;
	next_io = IO_START;
	qtest_out(CONFIG_ADDRESS, 4, 0x80000000u | PCIEXBAR);
	qtest_out(CONFIG_DATA, 4, QEMU_MMCONFIG | PCIEXBAR_ENABLE);
	if (qtest_read(iv, 4) == ~0u)
		return fail("QEMU has no ivshmem device where it should be");
	qtest_write(iv + PCI_BASE_ADDRESS_0, 4, QEMU_IVSHMEM_REGS);
	qtest_write(iv + PCI_BASE_ADDRESS_1, 4, QEMU_IVSHMEM_MSIX);
	qtest_write(iv + PCI_BASE_ADDRESS_2, 4, QEMU_RAM_IOVA);
	qtest_write(iv + PCI_BASE_ADDRESS_3, 4, 0);
	qtest_write(iv + PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	return 0;
}

static uint32_t bar_offset(unsigned int i)
{
	return i == VFIO_USER_ROM ? PCI_ROM_ADDRESS : PCI_BASE_ADDRESS_0 + 4 * i;
}

/* Lowest bit that can be set: the size (PCI 6.2.5.1). */
static uint64_t size_of(uint64_t mask)
{
	return mask & -mask;
}

static uint32_t probe(const struct qdev *qd, uint32_t off)
{
	qpci_write(qd, off, 4, ~0u);
	return qpci_read(qd, off, 4);
}

/* Fill in a region from its BAR.  Returns how many registers the BAR takes. */
static unsigned int size_bar(struct qdev *qd, unsigned int i)
{
	struct region *r = &qd->dev->regions[i];
	uint32_t low = probe(qd, bar_offset(i));
	uint64_t mask;

	*r = (struct region){ .kind = REGION_ABSENT, .fd = -1 };
	qd->bar_reg[i] = 0;
	if (!low)
		return 1;
	if (i == VFIO_USER_ROM) {
		r->kind = REGION_ROM;
		r->size = size_of(low & (uint32_t)PCI_ROM_ADDRESS_MASK);
		qd->bar_reg[i] = PCI_ROM_ADDRESS_ENABLE;
		return 1;
	}
	if (low & PCI_BASE_ADDRESS_SPACE_IO) {
		r->kind = REGION_PORTS;
		r->size = size_of((low & (uint32_t)PCI_BASE_ADDRESS_IO_MASK) | 0xffff0000u);
		return 1;
	}
	r->kind = REGION_MEMORY;
	r->prefetch = low & PCI_BASE_ADDRESS_MEM_PREFETCH;
	r->is_64 = i < VFIO_USER_BAR5 && (low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
		   PCI_BASE_ADDRESS_MEM_TYPE_64;
	mask = low & (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;
	if (r->is_64) {
		mask |= (uint64_t)probe(qd, bar_offset(i + 1)) << 32;
		qd->dev->regions[i + 1] = (struct region){ .kind = REGION_ABSENT, .fd = -1 };
		qd->bar_reg[i + 1] = 0;
	}
	r->size = size_of(mask);
	return r->is_64 ? 2 : 1;
}

static bool goes_in(const struct region *r, enum region_kind kind, bool is_64)
{
	if (kind == REGION_PORTS)
		return r->kind == REGION_PORTS;
	return (r->kind == REGION_MEMORY || r->kind == REGION_ROM) && r->is_64 == is_64;
}

static uint64_t align_up(uint64_t x, uint64_t to)
{
	return (x + to - 1) & ~(to - 1);
}

/* The space a kind of BAR is placed in. */
struct space {
	enum region_kind kind;
	bool is_64;
	uint64_t end, granule;
	uint64_t *next;
};

static const struct space spaces[] = {
	{ REGION_MEMORY, false, MEM32_END, 0x100000, &next_mem32 },
	{ REGION_MEMORY, true, MEM64_END, 0x100000, &next_mem64 },
	{ REGION_PORTS, false, IO_END, 0x1000, &next_io },
};

static uint64_t largest_below(const struct qdev *qd, const struct space *s, uint64_t bound)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < QDEV_BARS; i++) {
		const struct region *r = &qd->dev->regions[i];

		if (goes_in(r, s->kind, s->is_64) && r->size < bound && r->size > size)
			size = r->size;
	}
	return size;
}

/* Place one device's BARs of a kind, largest first, in a window of their own. */
static int place_kind(struct qdev *qd, const struct space *s, struct window *w)
{
	uint64_t at = *s->next, size = largest_below(qd, s, ~0ull);

	w->start = w->end = 0;
	if (!size)
		return 0;
	at = align_up(at, size);
	w->start = at & ~(s->granule - 1);
	for (; size; size = largest_below(qd, s, size)) {
		for (unsigned int i = 0; i < QDEV_BARS; i++) {
			const struct region *r = &qd->dev->regions[i];

			if (!goes_in(r, s->kind, s->is_64) || r->size != size)
				continue;
			qd->bar[i] = at;
			at += size;
		}
	}
	w->end = align_up(at, s->granule);
	if (w->end > s->end)
		return fail("device '%s': no address space left in QEMU for its BARs; use fewer devices in this proxy",
			    device_name(qd->dev));
	*s->next = w->end;
	return 0;
}

/* A closed window has its base above its limit. */
static void open_windows(const struct qdev *qd, const struct window *mem,
			 const struct window *pref, const struct window *io)
{
	uint32_t base = mem->start >> 16, limit = (mem->end - 1) >> 16;
	uint64_t last;

	port_write(qd, PCI_MEMORY_BASE, 4,
		   mem->end ? (base & 0xfff0) | (limit & 0xfff0) << 16 : 0x0000fff0);
	last = pref->end - 1;
	port_write(qd, PCI_PREF_MEMORY_BASE, 4,
		   pref->end ? (pref->start >> 16 & 0xfff0) | (last >> 16 & 0xfff0) << 16
			     : 0x0000fff0);
	port_write(qd, PCI_PREF_BASE_UPPER32, 4, pref->end ? pref->start >> 32 : 0);
	port_write(qd, PCI_PREF_LIMIT_UPPER32, 4, pref->end ? last >> 32 : 0);
	port_write(qd, PCI_IO_BASE, 2,
		   io->end ? (io->start >> 8 & 0xf0) | ((io->end - 1) >> 8 & 0xf0) << 8 : 0x00f0);
	port_write(qd, PCI_COMMAND, 2,
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static int place_all(struct qdev *qd)
{
	struct window mem, pref, io;

	if (place_kind(qd, &spaces[0], &mem) || place_kind(qd, &spaces[1], &pref) ||
	    place_kind(qd, &spaces[2], &io))
		return -1;
	open_windows(qd, &mem, &pref, &io);
	return 0;
}

static bool is_express(const struct qdev *qd)
{
	uint32_t cap, n = 0;

	if (!(qpci_read(qd, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return false;
	for (cap = qpci_read(qd, PCI_CAPABILITY_LIST, 1) & ~3u; cap >= 0x40 && n++ < 48;
	     cap = qpci_read(qd, cap + 1, 1) & ~3u)
		if (qpci_read(qd, cap, 1) == PCI_CAP_ID_EXP)
			return true;
	return false;
}

/**
 * qpci_place() - number a device's bus, size and place its BARs
 * @qd: device; its dev->regions are filled in
 *
 * Return: 0, or -1 with fail().
 */
int qpci_place(struct qdev *qd)
{
	struct region *regions = qd->dev->regions;
	unsigned int i;

	port_write(qd, PCI_PRIMARY_BUS, 4, qpci_bus(qd) << 8 | qpci_bus(qd) << 16);
	if (qpci_read(qd, PCI_VENDOR_ID, 4) == ~0u)
		return fail("device '%s': QEMU made no PCI function of it", device_name(qd->dev));
	if (qpci_read(qd, PCI_HEADER_TYPE, 1) & 0x7f)
		return fail("device '%s' is a bridge; only endpoints can be hosted: choose another model",
			    device_name(qd->dev));
	for (i = 0; i <= VFIO_USER_BAR5; i += size_bar(qd, i))
		;
	size_bar(qd, VFIO_USER_ROM);
	regions[VFIO_USER_CONFIG] = (struct region){
		.kind = REGION_CONFIG, .size = is_express(qd) ? 4096 : 256, .fd = -1,
	};
	qd->pin = qpci_read(qd, PCI_INTERRUPT_PIN, 1);
	if (place_all(qd) || legacy_place(qd))
		return -1;
	qpci_restore(qd);
	return 0;
}

/**
 * qpci_restore() - program a device's BARs and switch decoding on
 * @qd: device; placed, and reset since
 */
void qpci_restore(struct qdev *qd)
{
	for (unsigned int i = 0; i < QDEV_BARS; i++) {
		const struct region *r = &qd->dev->regions[i];

		if (!r->size || legacy_bar(qd, i))
			continue;
		qpci_write(qd, bar_offset(i), 4, (uint32_t)qd->bar[i] | qd->bar_reg[i]);
		if (r->is_64)
			qpci_write(qd, bar_offset(i + 1), 4, qd->bar[i] >> 32);
	}
	legacy_restore(qd);
	qd->command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;
	qpci_write(qd, PCI_COMMAND, 2, qd->command);
}

/**
 * qpci_bus_reset() - reset a device by a secondary bus reset of its root port
 * @qd: device; its configuration space is as after power-on afterwards
 */
void qpci_bus_reset(const struct qdev *qd)
{
	port_write(qd, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET);
	port_write(qd, PCI_BRIDGE_CONTROL, 2, 0);
}
