// SPDX-License-Identifier: GPL-2.0
/*
 * bench.c - what a register access and an interrupt cost, as "name value" lines
 *
 * Interrupt latency is TD_SIGNAL_NS, the host's CLOCK_MONOTONIC when the device
 * signalled, to local_clock() at the handler's first line.  The hosted kernel may count
 * from another moment, so the host is asked for its clock between two readings of ours:
 * syscall() is libc's, which User-Mode Linux exports to modules.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/platform_device.h>
#include <linux/sched/clock.h>
#include <linux/unistd.h>

#include "td.h"

long syscall(long number, ...);

#define BATCHES		21
#define LOADS		1000000
#define TRAPS		2000
#define SIGNALS		400
#define MAPS		2000
#define MAP_SIZE	2048	/* bytes */

static void line(struct seq_file *m, const char *name, u64 total_ns, u64 ops)
{
	u64 ps = div64_u64(total_ns * 1000, ops);

	seq_printf(m, "%s %llu.%03llu\n", name, ps / 1000, ps % 1000);
}

static u64 time_readl(void __iomem *p)
{
	u64 start = local_clock();
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < LOADS; i++)
		sum += readl(p);
	OPTIMIZER_HIDE_VAR(sum);
	return local_clock() - start;
}

static u64 time_load(const volatile u32 *p)
{
	u64 start = local_clock();
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < LOADS; i++)
		sum += *p;
	OPTIMIZER_HIDE_VAR(sum);
	return local_clock() - start;
}

/**
 * td_bench_mmio() - a mapped register beside ordinary memory, in turn
 * @m: gets "mapped-readl NS" and "volatile-load NS" lines, one of each a batch
 * @unused: unused
 *
 * Return: 0.
 */
int td_bench_mmio(struct seq_file *m, void *unused)
{
	struct td *td = m->private;
	u32 *plain = kzalloc(4096, GFP_KERNEL);
	unsigned int i;

	if (!plain)
		return -ENOMEM;
	mutex_lock(&td->lock);
	time_readl(td->bar0);
	for (i = 0; i < BATCHES; i++) {
		line(m, "volatile-load", time_load(plain), LOADS);
		line(m, "mapped-readl", time_readl(td->bar0), LOADS);
		line(m, "mapped-readl-beside-hole", time_readl(td->bar4), LOADS);
	}
	mutex_unlock(&td->lock);
	kfree(plain);
	return 0;
}

/**
 * td_bench_trapped() - round trip of a trapped register, and of a port
 * @m: gets "trapped-readl NS", "trapped-writel NS" and "inl NS" lines, one of each a batch
 * @unused: unused
 *
 * Return: 0.
 */
int td_bench_trapped(struct seq_file *m, void *unused)
{
	struct td *td = m->private;
	unsigned int i, k;
	u64 start;

	mutex_lock(&td->lock);
	for (i = 0; i < BATCHES; i++) {
		start = local_clock();
		for (k = 0; k < TRAPS; k++)
			readl(td->bar1 + TD_SCRATCH);
		line(m, "trapped-readl", local_clock() - start, TRAPS);
		start = local_clock();
		for (k = 0; k < TRAPS; k++)
			writel(k, td->bar1 + TD_SCRATCH);
		readl(td->bar1 + TD_SCRATCH);
		line(m, "trapped-writel", local_clock() - start, TRAPS);
		start = local_clock();
		for (k = 0; k < TRAPS; k++)
			inl(td->port + TD_PORT_RAM);
		line(m, "inl", local_clock() - start, TRAPS);
	}
	mutex_unlock(&td->lock);
	return 0;
}

static int time_maps(struct device *dev, void *buf, u64 *ns)
{
	u64 start = local_clock();
	unsigned int i;

	for (i = 0; i < MAPS; i++) {
		dma_addr_t addr = dma_map_single(dev, buf, MAP_SIZE, DMA_TO_DEVICE);

		if (dma_mapping_error(dev, addr))
			return -EIO;
		dma_unmap_single(dev, addr, MAP_SIZE, DMA_TO_DEVICE);
	}
	*ns = local_clock() - start;
	return 0;
}

/* What is left of a mapping where bus addresses are at a fixed distance. */
static u64 time_arithmetic(void *buf)
{
	u64 start = local_clock();
	unsigned int i;

	for (i = 0; i < MAPS; i++) {
		dma_addr_t addr = virt_to_phys(buf) + PAGE_SIZE;

		OPTIMIZER_HIDE_VAR(addr);
		OPTIMIZER_HIDE_VAR(buf);
	}
	return local_clock() - start;
}

/* A device that no bus, host bridge or IOMMU has to do with: dma-direct and nothing else. */
static struct platform_device *plain_device(void)
{
	struct platform_device *plain = platform_device_register_simple("ring3-plain", PLATFORM_DEVID_AUTO, NULL, 0);

	if (!IS_ERR(plain) && dma_coerce_mask_and_coherent(&plain->dev, DMA_BIT_MASK(64))) {
		platform_device_unregister(plain);
		plain = ERR_PTR(-EIO);
	}
	return plain;
}

static int bench_dma(struct seq_file *m, struct device *dev, struct device *plain, void *buf)
{
	unsigned int i;
	int err = 0;
	u64 ns;

	for (i = 0; i < BATCHES && !err; i++) {
		err = time_maps(dev, buf, &ns);
		if (err)
			break;
		line(m, "dma-map", ns, MAPS);
		err = time_maps(plain, buf, &ns);
		line(m, "dma-map-plain", ns, MAPS);
		line(m, "addition", time_arithmetic(buf), MAPS);
	}
	return err;
}

/**
 * td_bench_dma() - map and unmap a buffer, beside the same for a device with nothing around it,
 *	and the addition that a mapping could be
 * @m: gets "dma-map NS", "dma-map-plain NS" and "addition NS" lines, one of each a batch
 * @unused: unused
 *
 * Return: 0, -ENOMEM, or -EIO: a buffer could not be mapped.
 */
int td_bench_dma(struct seq_file *m, void *unused)
{
	struct td *td = m->private;
	struct platform_device *plain = plain_device();
	void *buf = kzalloc(MAP_SIZE, GFP_KERNEL);
	int err = IS_ERR(plain) ? PTR_ERR(plain) : 0;

	if (!err && !buf)
		err = -ENOMEM;
	mutex_lock(&td->lock);
	if (!err)
		err = bench_dma(m, &td->pdev->dev, &plain->dev, buf);
	mutex_unlock(&td->lock);
	kfree(buf);
	if (!IS_ERR(plain))
		platform_device_unregister(plain);
	return err;
}

static u64 host_clock(void)
{
	long ts[2] = { 0 };	/* the host's struct timespec */

	syscall(__NR_clock_gettime, CLOCK_MONOTONIC, ts);
	return ts[0] * NSEC_PER_SEC + ts[1];
}

/* Nanoseconds to subtract from the host's clock to get local_clock(). */
static s64 clock_offset(void)
{
	u64 best = U64_MAX, before, after, host;
	s64 offset = 0;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		before = local_clock();
		host = host_clock();
		after = local_clock();
		if (after - before < best) {
			best = after - before;
			offset = host - (before + after) / 2;
		}
	}
	return offset;
}

#define BURST		200	/* accesses one right after the other: the proxy looks for more for a while */
#define AFTER_BURST_US	50

static int measure_irq(struct seq_file *m, bool spin, unsigned int burst, unsigned int delay_us)
{
	struct td *td = m->private;
	struct td_vec *vec = &td->vec[1];
	s64 offset;
	int i, j;

	if (td_vectors_get(td, 2, PCI_IRQ_MSIX))
		return -EIO;
	offset = clock_offset();
	td_set(td, TD_RAISE_DELAY, delay_us);
	for (i = 1; i <= SIGNALS; i++) {
		for (j = 0; j < burst; j++)
			readl(td->bar1 + TD_ID);
		td_set(td, TD_RAISE_LATER, 1);
		while (spin && atomic_read(&vec->count) < i)
			cpu_relax();
		if (!td_wait_count(vec, i)) {
			seq_puts(m, "lost 1\n");
			break;
		}
		seq_printf(m, "irq-latency %lld\n",
			   (s64)(vec->first_ns - readq(td->bar1 + TD_SIGNAL_NS)) + offset);
	}
	td_vectors_put(td);
	return 0;
}

static int bench_irq(struct seq_file *m, bool spin, unsigned int burst, unsigned int delay_us)
{
	struct td *td = m->private;
	int ret;

	mutex_lock(&td->lock);
	ret = measure_irq(m, spin, burst, delay_us);
	mutex_unlock(&td->lock);
	return ret;
}

/**
 * td_bench_irq() - signal to handler, the kernel asleep or running user code meanwhile
 * @m: gets "irq-latency NS" lines, one an interrupt
 * @unused: unused
 *
 * Return: 0, or -EIO without vectors.
 */
int td_bench_irq(struct seq_file *m, void *unused)
{
	return bench_irq(m, false, 0, 1500);
}

/**
 * td_bench_irq_spin() - the same, the kernel computing meanwhile
 * @m: as for td_bench_irq()
 * @unused: unused
 *
 * Return: 0, or -EIO without vectors.
 */
int td_bench_irq_spin(struct seq_file *m, void *unused)
{
	return bench_irq(m, true, 0, 1500);
}

/**
 * td_bench_irq_poll() - the same, idle soon after many accesses
 * @m: as for td_bench_irq()
 * @unused: unused
 *
 * Return: 0, or -EIO without vectors.
 */
int td_bench_irq_poll(struct seq_file *m, void *unused)
{
	return bench_irq(m, false, BURST, AFTER_BURST_US);
}
