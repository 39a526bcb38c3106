/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring3.h - kernel side of ring3: the devices behind the host bridge
 */
#ifndef RING3_H
#define RING3_H

#include <linux/elf.h>
#include <linux/pci.h>
#include <asm/ring3_io.h>
#include "user.h"

#define RING3_NR_BARS	7	/* six BARs and the expansion ROM */

struct ring3_bridge;
struct ring3_iommu;

/**
 * struct ring3_dev - a function on the hosted bus
 * @index: number of its link, and of its events
 * @devfn: its place on its bus
 * @behind: the bridge above that bus; NULL: the root bus
 * @bar: BAR registers as last written by the kernel; [6] is the ROM's
 * @region: the regions as mapped
 * @config_size: bytes of configuration space, 256 or 4096
 * @msi_cap: offset of the MSI capability, or 0
 * @msix_cap: offset of the MSI-X capability, or 0
 * @pin: its INTx pin, 1 to 4, or 0
 * @nr_vectors: vectors there are events for, now
 * @intx_fired: the server has signalled INTx and masked it (automask)
 * @intx_armed: INTx has its event
 * @fixed_bars: BARs that answer at fixed ports (IDE in compatibility mode), a bit each
 * @mem_on: the device decodes memory (command register)
 * @posted: memory writes are not waited for: the server allows it, and no page is mapped,
 *	so that all accesses keep their order on the link
 * @notes: the server takes notes
 * @traced: it wants to know who makes each access, too
 * @iommu: its address space, or NULL: all of RAM at a fixed offset
 * @virq: Linux interrupt of each message vector, 0 for none
 */
struct ring3_dev {
	unsigned int index;
	u8 devfn;
	struct ring3_bridge *behind;
	u32 bar[RING3_NR_BARS];
	struct ring3_region region[RING3_NR_REGIONS];
	unsigned int config_size;
	u8 msi_cap;
	u8 msix_cap;
	u8 pin;
	unsigned int nr_vectors;
	u8 fixed_bars;
	bool intx_fired;
	bool intx_armed;
	bool mem_on;
	bool posted;
	bool notes;
	bool traced;
	struct ring3_iommu *iommu;
	unsigned int virq[RING3_MAX_VECTORS];
};

extern struct ring3_dev *ring3_devs[RING3_MAX_DEVICES];
extern unsigned int ring3_nr_devs;

struct ring3_dev *ring3_dev_at(const struct ring3_bridge *behind, unsigned int devfn);
struct ring3_dev *ring3_dev_on(const struct pci_bus *bus, unsigned int devfn);
int ring3_bar_lookup(const struct ring3_dev *dev, u64 addr, bool io, u64 *offset);

/* config.c */
extern struct pci_ops ring3_config_ops;
int ring3_config_setup(struct ring3_dev *dev);
void ring3_config_changed(struct ring3_dev *dev);

/* iomem.c */
bool ring3_region_mapped(const struct ring3_region *r, u64 offset, u64 size);

/* note.c, dmatrace.c */
int ring3_note_init(void);
unsigned int ring3_callers(unsigned long *stack, unsigned int max);
void ring3_note_caller_at(const struct ring3_dev *dev, unsigned long pc);
void ring3_note_caller(const struct ring3_dev *dev, int depth);
void ring3_note_own(const struct ring3_dev *dev);
void ring3_note_vector(struct ring3_dev *dev, unsigned int vector, unsigned int virq);
void ring3_note_dma(const struct ring3_dev *dev, enum ring3_note kind, u64 iova, u64 size,
		    unsigned int direction);
void ring3_dmatrace(struct device *dev);

/* iommu.c */
bool ring3_dma_strict(void);
void ring3_iommu_fault(void);

/* port.c */
struct ring3_bridge *ring3_bridge_get(unsigned int devfn, bool conventional);
struct ring3_bridge *ring3_bridge_above(const struct pci_bus *bus);
unsigned int ring3_bridge_place(const struct ring3_bridge *bridge);
int ring3_bridge_config(unsigned int devfn, int where, int size, u32 *val, bool write);

/* irq.c, intx.c, msi.c */
int ring3_irq_init(void);
int ring3_irq_connect(struct ring3_dev *dev);
int ring3_intx_init(void);
void ring3_intx_event(struct ring3_dev *dev);
int ring3_intx_map(const struct pci_dev *pdev, u8 slot, u8 pin);
struct irq_domain *ring3_msi_init(void);

/* gdb.c, for the patched module loader */
struct module;
void ring3_gdb_module(struct module *mod, const Elf64_Ehdr *hdr, unsigned long len);

/* stub.c, and what the patched kernel tells it */
void ring3_stub_check(void);
int ring3_stub_pid(struct mm_struct *mm);
int ring3_fatal_signal(void);

#endif
