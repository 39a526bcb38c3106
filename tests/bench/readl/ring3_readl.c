// SPDX-License-Identifier: GPL-2.0
/*
 * ring3_readl.c - how long a register of a device takes to read, or to write
 *
 * As it loads it reads one register of the first device with these numbers, or writes it, and logs the mean of
 * each batch as "ring3_readl: NANOSECONDS".  A batch of writes ends with a read, before which all must have arrived.
 */
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>

static unsigned int vendor, device;
module_param(vendor, uint, 0);
module_param(device, uint, 0);
MODULE_PARM_DESC(vendor, "Of the device");
MODULE_PARM_DESC(device, "Of the device");

static unsigned int bar, offset;
module_param(bar, uint, 0);
module_param(offset, uint, 0);
MODULE_PARM_DESC(bar, "The register's");
MODULE_PARM_DESC(offset, "Of the register in the BAR, bytes");

static bool write;
module_param(write, bool, 0);
MODULE_PARM_DESC(write, "Write, and read once at the end of a batch");

static unsigned int count = 1000, batches = 11;
module_param(count, uint, 0);
module_param(batches, uint, 0);
MODULE_PARM_DESC(count, "Accesses of a batch");
MODULE_PARM_DESC(batches, "Batches");

static void reads(void __iomem *reg)
{
	for (unsigned int i = 0; i < count; i++)
		readl(reg);
}

static void writes(void __iomem *reg)
{
	for (unsigned int i = 0; i < count; i++)
		writel(i, reg);
	readl(reg);
}

static void measure(void __iomem *reg)
{
	for (unsigned int b = 0; b < batches; b++) {
		u64 start = ktime_get_ns();

		if (write)
			writes(reg);
		else
			reads(reg);
		pr_info("ring3_readl: %llu\n", div_u64(ktime_get_ns() - start, count));
	}
}

static int __init ring3_readl_init(void)
{
	struct pci_dev *dev = pci_get_device(vendor, device, NULL);
	void __iomem *base;
	int err;

	if (!dev)
		return -ENODEV;
	err = pci_enable_device(dev);
	if (err)
		goto out_put;
	base = pci_iomap(dev, bar, 0);
	if (base)
		measure(base + offset);
	else
		err = -ENOMEM;
	if (base)
		pci_iounmap(dev, base);
	pci_disable_device(dev);
out_put:
	pci_dev_put(dev);
	return err;
}
module_init(ring3_readl_init);

static void __exit ring3_readl_exit(void)
{
}
module_exit(ring3_readl_exit);

MODULE_DESCRIPTION("Measures register accesses");
MODULE_LICENSE("GPL");
