// SPDX-License-Identifier: GPL-2.0
/*
 * iommu.c - ring3.dma=strict: a device reaches what is mapped for it now, and nothing else
 *
 * Theory of operation: an IOMMU of the kernel's own framework whose page tables are the proxy's.
 * dma-iommu.c gives every buffer an I/O virtual address, map_pages() hands it to the proxy with
 * VFIO_USER_DMA_MAP, and unmap_pages() takes it back and returns when the device has lost it.
 * Each device has a domain of its own.  What was mapped stands in an xarray, for iova_to_phys();
 * who has unmapped what of late in a ring, for the report of an access that came too late.
 *
 * The proxy tells of such an access with VFIO's error interrupt; what it was is asked for then.
 * That works without ring3.dma=strict as well, where the backend finds out.
 */
#define pr_fmt(fmt) "ring3: " fmt

#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/iommu.h>
#include <linux/irqflags.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>
#include <as-layout.h>
#include <mem_user.h>

#include "ring3.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "ring3."

#define UNMAPPED	1024		/* a power of two: what the ring holds */
#define MAX_FRAMES	12
#define APERTURE_END	((1ULL << 39) - 1)	/* what IOMMUs of three levels reach */
#define LOW_END		0x100000		/* no bus address that looks like NULL */
#define HOLE_START	0xfe000000	/* a PC's bridges, interrupts and firmware */
#define HOLE_SIZE	0x02000000

static char *dma = "static";
module_param(dma, charp, 0444);
MODULE_PARM_DESC(dma, "static: devices reach all of RAM; strict: what is mapped now");

extern unsigned long long physmem_size;

/* A buffer that is mapped no more. */
struct unmapped {
	u64 iova;
	u64 size;			/* bytes, 0: free */
	u64 ns;				/* when, local_clock() */
	unsigned int nr;		/* of the stack's entries */
	unsigned long stack[MAX_FRAMES];
};

struct ring3_iommu {
	struct xarray pages;		/* IOVA's page number to that of RAM, and how */
	struct unmapped *ring;
	unsigned int next;
};

struct ring3_domain {
	struct iommu_domain domain;
	struct ring3_dev *dev;		/* NULL: attached to none */
	struct ring3_iommu io;
};

static struct iommu_device iommu;

static struct ring3_domain *to_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct ring3_domain, domain);
}

static unsigned int protection(int prot)
{
	return (prot & IOMMU_READ ? RING3_DMA_READ : 0) | (prot & IOMMU_WRITE ? RING3_DMA_WRITE : 0);
}

static void forget(struct ring3_iommu *io, unsigned long first, unsigned long nr)
{
	unsigned long flags, i;

	xa_lock_irqsave(&io->pages, flags);
	for (i = 0; i < nr; i++)
		__xa_erase(&io->pages, first + i);
	xa_unlock_irqrestore(&io->pages, flags);
}

/* An entry: the page of RAM, and what the device may do with it. */
static void *entry_of(unsigned long pfn, unsigned int access)
{
	return xa_mk_value(pfn << 2 | access);
}

static enum dma_data_direction direction(unsigned int access)
{
	if (access == (RING3_DMA_READ | RING3_DMA_WRITE))
		return DMA_BIDIRECTIONAL;
	return access == RING3_DMA_READ ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/* Nobody sleeps here, as drivers map buffers in interrupt handlers. */
static int remember(struct ring3_iommu *io, unsigned long first, unsigned long pfn,
		    unsigned long nr, unsigned int access)
{
	unsigned long flags, i;
	int err = 0;

	xa_lock_irqsave(&io->pages, flags);
	for (i = 0; i < nr && !err; i++)
		err = xa_err(__xa_store(&io->pages, first + i, entry_of(pfn + i, access),
					GFP_ATOMIC));
	xa_unlock_irqrestore(&io->pages, flags);
	if (err)
		forget(io, first, i);
	return err;
}

static int map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	struct ring3_domain *d = to_domain(domain);
	unsigned int access = protection(prot);
	size_t size = pgsize * pgcount;
	unsigned long long offset;
	unsigned long flags;
	int fd, err;

	/* RAM alone: the registers of another device cannot be handed out. */
	if (!d->dev || paddr >= physmem_size || size > physmem_size - paddr)
		return -EFAULT;
	fd = phys_mapping(paddr, &offset);
	err = remember(&d->io, iova >> PAGE_SHIFT, paddr >> PAGE_SHIFT, size >> PAGE_SHIFT,
		       access);
	if (err)
		return err;
	if (unlikely(d->dev->traced))
		ring3_note_dma(d->dev, RING3_NOTE_DMA_MAP, iova, size, direction(access));
	/*
	 * Waited for, always: a device may look at its rings without having been told to, and
	 * find the buffer there.
	 */
	local_irq_save(flags);
	err = ring3_link_dma_map(d->dev->index, iova, size, fd, offset, access);
	local_irq_restore(flags);
	if (err)
		forget(&d->io, iova >> PAGE_SHIFT, size >> PAGE_SHIFT);
	else
		*mapped = size;
	return err;
}

static void note_unmapped(struct ring3_iommu *io, unsigned long iova, size_t size)
{
	struct unmapped *u = &io->ring[io->next++ % UNMAPPED];

	u->iova = iova;
	u->size = size;
	u->ns = local_clock();
	u->nr = ring3_callers(u->stack, MAX_FRAMES);
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			  size_t pgcount, struct iommu_iotlb_gather *gather)
{
	struct ring3_domain *d = to_domain(domain);
	size_t size = pgsize * pgcount;
	unsigned long flags;
	void *entry;

	if (!d->dev)
		return 0;
	entry = xa_load(&d->io.pages, iova >> PAGE_SHIFT);
	if (!xa_is_value(entry))
		return 0;
	forget(&d->io, iova >> PAGE_SHIFT, pgcount);
	if (unlikely(d->dev->traced))
		ring3_note_dma(d->dev, RING3_NOTE_DMA_UNMAP, iova, size, direction(xa_to_value(entry) & 3));
	local_irq_save(flags);
	note_unmapped(&d->io, iova, size);
	/* A proxy that is gone has taken the device's memory away already. */
	ring3_link_dma_unmap(d->dev->index, iova, size);
	local_irq_restore(flags);
	return size;
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	void *entry = xa_load(&to_domain(domain)->io.pages, iova >> PAGE_SHIFT);

	if (!xa_is_value(entry))
		return 0;
	return ((phys_addr_t)(xa_to_value(entry) >> 2) << PAGE_SHIFT) | (iova & ~PAGE_MASK);
}

static int attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct ring3_domain *d = to_domain(domain);
	struct pci_dev *pdev = to_pci_dev(dev);
	struct ring3_dev *rdev = ring3_dev_on(pdev->bus, pdev->devfn);

	if (d->dev && d->dev != rdev)
		return -EBUSY;
	d->dev = rdev;
	rdev->iommu = &d->io;
	return 0;
}

static void free_domain(struct iommu_domain *domain)
{
	struct ring3_domain *d = to_domain(domain);

	if (d->dev && d->dev->iommu == &d->io)
		d->dev->iommu = NULL;
	xa_destroy(&d->io.pages);
	vfree(d->io.ring);
	kfree(d);
}

static struct iommu_domain *alloc_domain(void)
{
	struct ring3_domain *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return NULL;
	d->io.ring = vzalloc(UNMAPPED * sizeof(*d->io.ring));
	if (!d->io.ring) {
		kfree(d);
		return NULL;
	}
	xa_init_flags(&d->io.pages, XA_FLAGS_LOCK_IRQ);
	d->domain.geometry = (struct iommu_domain_geometry) {
		.aperture_end = APERTURE_END, .force_aperture = true,
	};
	return &d->domain;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static struct iommu_domain *domain_alloc_paging(struct device *dev)
{
	return alloc_domain();
}
#else
static struct iommu_domain *domain_alloc(unsigned int type)
{
	return type & __IOMMU_DOMAIN_PAGING ? alloc_domain() : NULL;
}

static void probe_finalize(struct device *dev)
{
	set_dma_ops(dev, NULL);
	iommu_setup_dma_ops(dev, 0, U64_MAX);
}
#endif

static struct iommu_device *probe_device(struct device *dev)
{
	struct pci_dev *pdev = dev_is_pci(dev) ? to_pci_dev(dev) : NULL;

	return pdev && ring3_dev_on(pdev->bus, pdev->devfn) ? &iommu : ERR_PTR(-ENODEV);
}

static void add_reserved(struct list_head *list, phys_addr_t start, size_t size)
{
	struct iommu_resv_region *r = iommu_alloc_resv_region(start, size, 0, IOMMU_RESV_RESERVED,
							      GFP_KERNEL);

	if (r)
		list_add_tail(&r->list, list);
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	add_reserved(list, 0, LOW_END);
	add_reserved(list, HOLE_START, HOLE_SIZE);
}

static bool iommu_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static int def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_DMA;
}

static const struct iommu_ops ops = {
	.capable = iommu_capable,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	.domain_alloc_paging = domain_alloc_paging,
#else
	.domain_alloc = domain_alloc,
	.probe_finalize = probe_finalize,
#endif
	.probe_device = probe_device,
	.device_group = generic_device_group,
	.get_resv_regions = get_resv_regions,
	.def_domain_type = def_domain_type,
	.pgsize_bitmap = PAGE_SIZE,
	.owner = THIS_MODULE,
	.default_domain_ops = &(const struct iommu_domain_ops) {
		.attach_dev = attach_dev,
		.map_pages = map_pages,
		.unmap_pages = unmap_pages,
		.iova_to_phys = iova_to_phys,
		.free = free_domain,
	},
};

/**
 * ring3_dma_strict() - is a device's memory what is mapped for it now?
 *
 * Return: true with ring3.dma=strict.  Context: any.
 */
bool ring3_dma_strict(void)
{
	return !strcmp(dma, "strict");
}

/* After iommu_subsys_init() and the scan of the bus, before any driver. */
static int __init ring3_iommu_init(void)
{
	int err;

	if (!ring3_dma_strict())
		return 0;
	err = iommu_device_sysfs_add(&iommu, NULL, NULL, "ring3");
	if (!err)
		err = iommu_device_register(&iommu, &ops, NULL);
	/* Devices that reach nothing are what is left then, never all of RAM. */
	if (err)
		pr_err("ring3.dma=strict: no IOMMU: error %d\n", err);
	return err;
}
fs_initcall(ring3_iommu_init);

/* The last buffer that held the address. */
static const struct unmapped *last_there(const struct ring3_iommu *io, u64 iova)
{
	unsigned int i;

	for (i = 1; io && i <= UNMAPPED; i++) {
		const struct unmapped *u = &io->ring[(io->next - i) % UNMAPPED];

		if (u->size && iova >= u->iova && iova - u->iova < u->size)
			return u;
	}
	return NULL;
}

static void print_fault(const struct ring3_dev *dev, u64 iova, bool write)
{
	struct device *found = NULL;
	struct pci_dev *pdev = NULL;
	const struct unmapped *u;
	unsigned int i;

	for_each_pci_dev(pdev)
		if (ring3_dev_on(pdev->bus, pdev->devfn) == dev) {
			found = &pdev->dev;
			break;
		}
	printk(KERN_ERR "DMA fault: %s %s %s bus address 0x%llx, which is not mapped for that\n",
	       found ? dev_driver_string(found) : "device", found ? dev_name(found) : "?",
	       write ? "writes to" : "reads from", iova);
	pci_dev_put(pdev);
	u = last_there(dev->iommu, iova);
	if (!u) {
		if (dev->iommu)
			printk(KERN_ERR "nothing was mapped there of late\n");
		return;
	}
	printk(KERN_ERR "last there: 0x%llx to 0x%llx, unmapped %llu us ago by\n", u->iova,
	       u->iova + u->size - 1, (local_clock() - u->ns) / 1000);
	printk(KERN_ERR "Call Trace:\n");
	for (i = 0; i < u->nr; i++)
		printk(KERN_ERR " [<%px>] %pB\n", (void *)u->stack[i], (void *)u->stack[i]);
}

static void fault_work(struct work_struct *work)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	unsigned int i;

	for (i = 0; i < ring3_nr_devs; i++) {
		struct ring3_dev *dev = ring3_devs[i];
		unsigned long long iova;
		unsigned long flags;
		int write, n;

		/* So many at most: a device may fault faster than we can say. */
		for (n = 0; n < 64; n++) {
			local_irq_save(flags);
			write = ring3_link_fault(i, &iova);
			local_irq_restore(flags);
			if (write < 0)
				break;
			if (__ratelimit(&limit))
				print_fault(dev, iova, write);
		}
	}
}

static DECLARE_WORK(faults, fault_work);

/**
 * ring3_iommu_fault() - a device has reached for what is not its
 *
 * Context: any, interrupts may be off.
 */
void ring3_iommu_fault(void)
{
	schedule_work(&faults);
}
