// SPDX-License-Identifier: GPL-2.0
/*
 * iommu.c - --dma strict: QEMU's Intel IOMMU between the devices and the clients' memory
 *
 * VT-d (Intel Virtualization Technology for Directed I/O, 3.4 and 9): a root table, a context table
 * for each bus, and for each device a domain with page tables of three levels, 39 bits.  They
 * stand in QEMU's own memory, a file that we have mapped too, so that to map is to store; to unmap
 * is to store and to have QEMU invalidate what it remembers, which is waited for.  What is not
 * present is never remembered (caching mode is off).
 *
 * The doorbells have to be reached by the devices as well: their page is at its own place in
 * every domain.  An access that is stopped is told by QEMU's trace event, a line on its standard
 * error.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"

#define REGS		0xfed90000u
#define CAP_FAULTS	0x10		/* ECAP: bits 8 to 17 are the place of the IOTLB registers */
#define GCMD		0x18
#define GSTS		0x1c
#define RTADDR		0x20
#define CCMD		0x28
#define GCMD_TE		(1u << 31)
#define GCMD_SRTP	(1u << 30)
#define CCMD_GLOBAL	(1ull << 63 | 1ull << 61)
#define IOTLB_GLOBAL	(1ull << 63 | 1ull << 60)
#define IOTLB_PAGES	(1ull << 63 | 3ull << 60)
#define IOTLB_DOMAIN	32		/* bit */

#define PRESENT		1u
#define PTE_READ	1u
#define PTE_WRITE	2u
#define CONTEXT_39_BITS	1u
#define LEVELS		3
#define IOVA_BITS	39
#define PAGE		4096u
#define ENTRIES		512u

/*
 * Interrupts are not translated: a device that writes to 0xfee00000 may wake QEMU's CPU.  Whatever
 * it does then, it halts: each vector points to the reset vector, where cmdline_bios() has
 * put a halt, and all else below 640 KiB is the instruction itself.
 */
#define VECTORS		256
#define RESET_VECTOR	0xf000fff0u	/* segment and offset */
#define HLT		0xf4
#define LOW_MEMORY	(640u << 10)

/* Tables are above the first MiB of QEMU's memory, where a PC has other things. */
#define TABLES_START	(1u << 20)
#define FIRST_TABLE	(TABLES_START / PAGE)
#define TABLES_END	(QEMU_TABLES_SIZE / PAGE)

static struct {
	int fd;
	uint8_t *map;
	uint64_t iotlb;			/* address of the registers that invalidate */
	uint32_t next;			/* tables from here on were never used */
	uint32_t freed;			/* the first of the others, 0: none */
	uint16_t used[TABLES_END];	/* entries in use of a table; of a free one, the next */
	uint32_t top[QEMU_MAX_DEVICES];
} m = { .fd = -1 };

static uint64_t *entry_at(uint32_t table, uint32_t i)
{
	return (uint64_t *)(m.map + (size_t)table * PAGE) + i;
}

static void set_entry(uint32_t table, uint32_t i, uint64_t value)
{
	/* QEMU's threads look at it any time. */
	__atomic_store_n(entry_at(table, i), value, __ATOMIC_RELEASE);
}

static uint32_t table_new(void)
{
	uint32_t table = m.freed;

	if (table)
		m.freed = m.used[table];
	else if (m.next < TABLES_END)
		table = m.next++;
	else
		return 0;
	memset(m.map + (size_t)table * PAGE, 0, PAGE);
	m.used[table] = 0;
	return table;
}

static void table_free(uint32_t table)
{
	m.used[table] = m.freed;
	m.freed = table;
}

static uint32_t index_of(uint64_t iova, unsigned int level)
{
	return iova >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

/* The table of @level that has @iova's entry; 0: there is none, or with @make no memory. */
static uint32_t walk(uint32_t top, uint64_t iova, unsigned int level, bool make)
{
	uint32_t table = top;

	for (unsigned int l = LEVELS; l > level; l--) {
		uint32_t i = index_of(iova, l);
		uint64_t e = *entry_at(table, i);

		if (!e) {
			uint32_t next = make ? table_new() : 0;

			if (!next)
				return 0;
			e = (uint64_t)next * PAGE | PTE_READ | PTE_WRITE;
			set_entry(table, i, e);
			m.used[table]++;
		}
		table = e / PAGE;
	}
	return table;
}

/* Tables that have become empty go, once QEMU cannot be on its way through them. */
static void prune(uint32_t top, uint64_t iova)
{
	for (unsigned int level = 1; level < LEVELS; level++) {
		uint32_t table = walk(top, iova, level, false), above;

		if (!table || m.used[table])
			return;
		above = walk(top, iova, level + 1, false);
		set_entry(above, index_of(iova, level + 1), 0);
		m.used[above]--;
		table_free(table);
	}
}

/* Of the smallest aligned power of two of pages around the range, as the registers ask for. */
static void invalidate(const struct qdev *qd, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + size - 1;
	unsigned int order = 0;

	while (iova >> (12 + order) != last >> (12 + order))
		order++;
	qtest_write(m.iotlb, 8, (iova >> (12 + order) << (12 + order)) | order);
	qtest_write(m.iotlb + 8, 8, IOTLB_PAGES | (uint64_t)(qd->index + 1) << IOTLB_DOMAIN);
	qtest_flush();
}

static void clear(const struct qdev *qd, uint64_t iova, uint64_t size)
{
	uint32_t top = m.top[qd->index];

	for (uint64_t at = iova; at - iova < size; at += PAGE) {
		uint32_t leaf = walk(top, at, 1, false);

		if (!leaf || !*entry_at(leaf, index_of(at, 1)))
			continue;
		set_entry(leaf, index_of(at, 1), 0);
		m.used[leaf]--;
	}
}

static void prune_range(const struct qdev *qd, uint64_t iova, uint64_t size)
{
	const uint64_t span = (uint64_t)PAGE * ENTRIES;

	for (uint64_t at = iova & -span; at < iova + size; at += span)
		prune(m.top[qd->index], at);
}

static int set_pages(const struct qdev *qd, uint64_t iova, uint64_t size, uint64_t to, uint64_t bits)
{
	uint32_t top = m.top[qd->index];

	for (uint64_t at = 0; at < size; at += PAGE) {
		uint32_t leaf = walk(top, iova + at, 1, true);

		if (!leaf)
			return -ENOSPC;
		set_entry(leaf, index_of(iova + at, 1), (to + at) | bits);
		m.used[leaf]++;
	}
	return 0;
}

/**
 * iommu_map() - let a device reach some of the clients' memory
 * @qd: device
 * @req: validated by the decoder; where nothing is mapped
 *
 * Return: 0, or -EINVAL (not in pages, or where it cannot be), -ENOSPC (no room for more tables).
 */
int iommu_map(const struct qdev *qd, const struct dma_request *req)
{
	uint64_t last = req->iova + (req->size - 1);
	uint64_t bits = (req->flags & VFIO_USER_DMA_READABLE ? PTE_READ : 0) |
			(req->flags & VFIO_USER_DMA_WRITEABLE ? PTE_WRITE : 0);
	int err;

	if ((req->iova | req->size | req->offset) & (PAGE - 1) || last >> IOVA_BITS || !bits)
		return -EINVAL;
	/* Interrupts of a PC are between the doorbells' page and the end. */
	if (last >= QEMU_IVSHMEM_REGS && req->iova <= 0xffffffff)
		return -EINVAL;
	err = set_pages(qd, req->iova, req->size, QEMU_RAM_IOVA + req->offset, bits);
	if (err)
		iommu_unmap(qd, req->iova, req->size);
	return err;
}

/**
 * iommu_unmap() - take memory away from a device; it has lost it afterwards
 * @qd: device
 * @iova: start, of a page
 * @size: bytes, whole pages
 */
void iommu_unmap(const struct qdev *qd, uint64_t iova, uint64_t size)
{
	clear(qd, iova, size);
	invalidate(qd, iova, size);
	prune_range(qd, iova, size);
}

/**
 * iommu_open() - make the memory for the tables; it is QEMU's memory
 *
 * Return: its descriptor, which stays ours, or -1 with fail().
 */
int iommu_open(void)
{
	iommu_close();
	m.fd = memfd_create("ring3-tables", MFD_CLOEXEC);
	if (m.fd < 0 || ftruncate(m.fd, QEMU_TABLES_SIZE))
		return fail("no memory for the IOMMU's tables: %m");
	m.map = mmap(NULL, QEMU_TABLES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0);
	if (m.map == MAP_FAILED) {
		m.map = NULL;
		return fail("no memory for the IOMMU's tables: %m");
	}
	memset(m.map, HLT, LOW_MEMORY);
	for (unsigned int i = 0; i < VECTORS; i++)
		memcpy(m.map + 4 * i, &(uint32_t){ RESET_VECTOR }, 4);
	m.next = FIRST_TABLE;
	m.freed = 0;
	return m.fd;
}

/**
 * iommu_close() - release the tables; QEMU has gone
 */
void iommu_close(void)
{
	if (m.map)
		munmap(m.map, QEMU_TABLES_SIZE);
	if (m.fd >= 0)
		close(m.fd);
	m.map = NULL;
	m.fd = -1;
}

/* A device is alone on its bus, as function 0 of device 0. */
static int add_domain(uint32_t root, const struct qdev *qd)
{
	uint32_t context = table_new(), top = table_new();

	if (!context || !top)
		return fail("no memory for the IOMMU's tables");
	m.top[qd->index] = top;
	set_entry(context, 1, CONTEXT_39_BITS | (uint64_t)(qd->index + 1) << 8);
	set_entry(context, 0, (uint64_t)top * PAGE | PRESENT);
	set_entry(root, 2 * qpci_bus(qd), (uint64_t)context * PAGE | PRESENT);
	return set_pages(qd, QEMU_IVSHMEM_REGS, PAGE, QEMU_IVSHMEM_REGS, PTE_WRITE) ?
		fail("no memory for the IOMMU's tables") : 0;
}

/**
 * iommu_start() - translate from now on
 *
 * Return: 0, or -1 with fail().
 */
int iommu_start(void)
{
	uint32_t root = table_new();

	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (add_domain(root, qemu_devices[i]))
			return -1;
	m.iotlb = REGS + 16 * (qtest_read(REGS + CAP_FAULTS, 8) >> 8 & 0x3ff);
	qtest_write(REGS + RTADDR, 8, (uint64_t)root * PAGE);
	qtest_write(REGS + GCMD, 4, GCMD_SRTP);
	qtest_write(REGS + CCMD, 8, CCMD_GLOBAL);
	qtest_write(m.iotlb + 8, 8, IOTLB_GLOBAL);
	qtest_write(REGS + GCMD, 4, GCMD_TE);
	if (!(qtest_read(REGS + GSTS, 4) & GCMD_TE))
		return fail("QEMU's IOMMU does not translate; use --dma static");
	return 0;
}

/**
 * iommu_line() - is this line of QEMU's about an access that was stopped?
 * @line: of its standard error
 *
 * Return: true if it was reported, or says nothing that its report does not.
 */
bool iommu_line(const char *line)
{
	const char *event = strstr(line, "vtd_dmar_fault sid ");
	unsigned long long addr;
	unsigned int sid, fault, write;

	if (!event)
		return strstr(line, ": vtd_") || strstr(line, ": New fault is not recorded");
	if (sscanf(event, "vtd_dmar_fault sid 0x%x fault %u addr 0x%llx write %u", &sid, &fault, &addr,
		   &write) != 4)
		return false;
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (sid == qpci_bus(qemu_devices[i]) << 8)
			fault_report(qemu_devices[i]->dev, addr, write);
	return true;
}
