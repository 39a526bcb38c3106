// SPDX-License-Identifier: GPL-2.0
/*
 * edu.c - driver for QEMU's educational PCI device `edu` (1234:11e8)
 *
 * Theory of operation: see QEMU's docs/specs/edu.rst for the device.  It has one
 * memory BAR of 1 MiB with registers at its start, one interrupt (MSI or INTx)
 * and a DMA engine that copies between the host and its own buffer of 4 KiB.
 * The driver offers
 *
 *   /dev/edu (edu1, edu2, ...)   the buffer (all but its last byte): read, write and
 *                                seek; every byte passes through the DMA engine
 *   sysfs, in the PCI device's directory:
 *     identification             the identification register
 *     liveness                   write a number, read its complement
 *     factorial                  write n (0..12), read n!
 *     interrupts                 interrupts handled since the driver bound
 *     dma_bytes                  bytes moved by DMA since the driver bound
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/uaccess.h>

#define EDU_BAR			0

#define EDU_REG_ID		0x00	/* RO 32: 0xMMmm00ed, version MM.mm */
#define EDU_REG_LIVENESS	0x04	/* RW 32: reads the complement */
#define EDU_REG_FACTORIAL	0x08	/* RW 32: write n, read n! when done */
#define EDU_REG_STATUS		0x20	/* RW 32: EDU_STATUS_* */
#define EDU_REG_IRQ_STATUS	0x24	/* RO 32: why it interrupts */
#define EDU_REG_IRQ_ACK		0x64	/* WO 32: bits to clear there */
#define EDU_REG_DMA_SRC		0x80	/* RW 64 */
#define EDU_REG_DMA_DST		0x88	/* RW 64 */
#define EDU_REG_DMA_COUNT	0x90	/* RW 64 */
#define EDU_REG_DMA_CMD		0x98	/* RW 64: EDU_DMA_* */

#define EDU_ID_MAGIC		0xed	/* low byte of EDU_REG_ID */
#define EDU_STATUS_COMPUTING	BIT(0)
#define EDU_STATUS_IRQ		BIT(7)	/* interrupt when the factorial is done */
#define EDU_IRQ_FACTORIAL	BIT(0)
#define EDU_IRQ_DMA		BIT(8)
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_FROM_EDU	BIT(1)	/* else to the device */
#define EDU_DMA_IRQ		BIT(2)	/* interrupt at the end */

#define EDU_BUF_ADDR		0x40000	/* the buffer, as the DMA engine sees it */
/* Of 4096 bytes: QEMU 7 aborts when a transfer touches the last one (edu_check_range()). */
#define EDU_BUF_SIZE		4095
#define EDU_FACTORIAL_MAX	12	/* 13! needs more than 32 bits */
#define EDU_TIMEOUT		(5 * HZ)

static unsigned int dma_bits = 32;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "bus address bits the device can drive (QEMU's dma_mask property; default 32)");

static DEFINE_IDA(edu_ida);

struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	void *buf;			/* EDU_BUF_SIZE bytes of coherent memory */
	dma_addr_t buf_dma;
	struct mutex lock;		/* one operation of the device at a time */
	struct completion done;
	u32 irq_seen;			/* EDU_IRQ_* since the operation began */
	atomic64_t irqs;
	atomic64_t dma_bytes;
	struct miscdevice misc;
	char name[16];
	int id;
};

static irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	u32 status = readl(edu->regs + EDU_REG_IRQ_STATUS);

	if (!status || status == ~0U)
		return IRQ_NONE;	/* the line is shared and another device called */
	writel(status, edu->regs + EDU_REG_IRQ_ACK);
	atomic64_inc(&edu->irqs);
	edu->irq_seen |= status;
	complete(&edu->done);
	return IRQ_HANDLED;
}

/* Called with edu->lock held, before an operation is started. */
static void edu_prepare(struct edu *edu)
{
	edu->irq_seen = 0;
	reinit_completion(&edu->done);
}

static int edu_wait(struct edu *edu, u32 irq)
{
	if (!wait_for_completion_timeout(&edu->done, EDU_TIMEOUT)) {
		dev_err(&edu->pdev->dev, "no interrupt (wanted %#x)\n", irq);
		return -ETIMEDOUT;
	}
	return edu->irq_seen & irq ? 0 : -EIO;
}

/* Copy @count bytes between edu->buf and the device's buffer, both at @offset. */
static int edu_dma(struct edu *edu, size_t offset, size_t count, bool from_edu)
{
	u64 host = edu->buf_dma + offset, dev = EDU_BUF_ADDR + offset;
	u64 cmd = EDU_DMA_START | EDU_DMA_IRQ | (from_edu ? EDU_DMA_FROM_EDU : 0);
	int ret;

	edu_prepare(edu);
	writeq(from_edu ? dev : host, edu->regs + EDU_REG_DMA_SRC);
	writeq(from_edu ? host : dev, edu->regs + EDU_REG_DMA_DST);
	writeq(count, edu->regs + EDU_REG_DMA_COUNT);
	writeq(cmd, edu->regs + EDU_REG_DMA_CMD);
	ret = edu_wait(edu, EDU_IRQ_DMA);
	if (!ret)
		atomic64_add(count, &edu->dma_bytes);
	return ret;
}

static int edu_factorial(struct edu *edu, u32 n, u32 *result)
{
	int ret;

	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	edu_prepare(edu);
	writel(EDU_STATUS_IRQ, edu->regs + EDU_REG_STATUS);
	writel(n, edu->regs + EDU_REG_FACTORIAL);
	ret = edu_wait(edu, EDU_IRQ_FACTORIAL);
	if (!ret && readl(edu->regs + EDU_REG_STATUS) & EDU_STATUS_COMPUTING)
		ret = -EIO;
	*result = readl(edu->regs + EDU_REG_FACTORIAL);
	mutex_unlock(&edu->lock);
	return ret;
}

/* The character device */

static struct edu *edu_of(struct file *file)
{
	return container_of(file->private_data, struct edu, misc);
}

static ssize_t edu_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct edu *edu = edu_of(file);
	ssize_t ret;

	if (*pos >= EDU_BUF_SIZE || !len)
		return 0;
	len = min_t(size_t, len, EDU_BUF_SIZE - *pos);
	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	ret = edu_dma(edu, *pos, len, true);
	if (!ret && copy_to_user(to, edu->buf + *pos, len))
		ret = -EFAULT;
	mutex_unlock(&edu->lock);
	if (ret)
		return ret;
	*pos += len;
	return len;
}

static ssize_t edu_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	struct edu *edu = edu_of(file);
	ssize_t ret;

	if (!len)
		return 0;
	if (*pos >= EDU_BUF_SIZE)
		return -ENOSPC;
	len = min_t(size_t, len, EDU_BUF_SIZE - *pos);
	if (mutex_lock_interruptible(&edu->lock))
		return -ERESTARTSYS;
	if (copy_from_user(edu->buf + *pos, from, len))
		ret = -EFAULT;
	else
		ret = edu_dma(edu, *pos, len, false);
	mutex_unlock(&edu->lock);
	if (ret)
		return ret;
	*pos += len;
	return len;
}

static loff_t edu_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, EDU_BUF_SIZE);
}

static const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.read = edu_read,
	.write = edu_write,
	.llseek = edu_llseek,
};

/* sysfs */

static ssize_t identification_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "0x%08x\n", readl(edu->regs + EDU_REG_ID));
}
static DEVICE_ATTR_RO(identification);

static ssize_t liveness_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "0x%08x\n", readl(edu->regs + EDU_REG_LIVENESS));
}

static ssize_t liveness_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	u32 value;
	int ret = kstrtou32(buf, 0, &value);

	if (ret)
		return ret;
	writel(value, edu->regs + EDU_REG_LIVENESS);
	return count;
}
static DEVICE_ATTR_RW(liveness);

static ssize_t factorial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", readl(edu->regs + EDU_REG_FACTORIAL));
}

static ssize_t factorial_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	u32 n, result;
	int ret = kstrtou32(buf, 0, &n);

	if (ret)
		return ret;
	if (n > EDU_FACTORIAL_MAX)
		return -ERANGE;
	ret = edu_factorial(edu, n, &result);
	return ret ?: count;
}
static DEVICE_ATTR_RW(factorial);

static ssize_t interrupts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(&edu->irqs));
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t dma_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(&edu->dma_bytes));
}
static DEVICE_ATTR_RO(dma_bytes);

static struct attribute *edu_attrs[] = {
	&dev_attr_identification.attr,
	&dev_attr_liveness.attr,
	&dev_attr_factorial.attr,
	&dev_attr_interrupts.attr,
	&dev_attr_dma_bytes.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu);

/* Binding */

static int edu_check_alive(struct edu *edu)
{
	u32 id = readl(edu->regs + EDU_REG_ID);

	if ((id & 0xff) != EDU_ID_MAGIC)
		return dev_err_probe(&edu->pdev->dev, -ENODEV, "identification is %#x\n", id);
	writel(0x12345678, edu->regs + EDU_REG_LIVENESS);
	if (readl(edu->regs + EDU_REG_LIVENESS) != ~0x12345678U)
		return dev_err_probe(&edu->pdev->dev, -EIO, "liveness check failed\n");
	dev_info(&edu->pdev->dev, "edu %u.%u\n", id >> 24, id >> 16 & 0xff);
	return 0;
}

static int edu_setup(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(EDU_BAR), KBUILD_MODNAME);
	if (ret)
		return ret;
	edu->regs = pcim_iomap_table(pdev)[EDU_BAR];
	ret = edu_check_alive(edu);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(dma_bits));
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no memory within %u bus address bits\n",
				     dma_bits);
	edu->buf = dmam_alloc_coherent(&pdev->dev, EDU_BUF_SIZE, &edu->buf_dma, GFP_KERNEL);
	if (!edu->buf)
		return -ENOMEM;
	pci_set_master(pdev);
	return 0;
}

static int edu_setup_irq(struct edu *edu)
{
	struct pci_dev *pdev = edu->pdev;
	int ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);

	if (ret < 0)
		return dev_err_probe(&pdev->dev, ret, "no interrupt\n");
	ret = request_irq(pci_irq_vector(pdev, 0), edu_irq, IRQF_SHARED, pci_name(pdev), edu);
	if (ret)
		pci_free_irq_vectors(pdev);
	return ret;
}

static void edu_free_irq(struct edu *edu)
{
	free_irq(pci_irq_vector(edu->pdev, 0), edu);
	pci_free_irq_vectors(edu->pdev);
}

static int edu_register(struct edu *edu)
{
	int ret;

	edu->id = ida_alloc(&edu_ida, GFP_KERNEL);
	if (edu->id < 0)
		return edu->id;
	if (edu->id)
		snprintf(edu->name, sizeof(edu->name), "edu%d", edu->id);
	else
		strscpy(edu->name, "edu", sizeof(edu->name));
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = edu->name;
	edu->misc.fops = &edu_fops;
	edu->misc.parent = &edu->pdev->dev;
	ret = misc_register(&edu->misc);
	if (ret)
		ida_free(&edu_ida, edu->id);
	return ret;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int ret;

	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	mutex_init(&edu->lock);
	init_completion(&edu->done);
	pci_set_drvdata(pdev, edu);
	ret = edu_setup(edu);
	if (ret)
		return ret;
	ret = edu_setup_irq(edu);
	if (ret)
		return ret;
	ret = edu_register(edu);
	if (ret)
		edu_free_irq(edu);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	misc_deregister(&edu->misc);
	ida_free(&edu_ida, edu->id);
	writel(0, edu->regs + EDU_REG_STATUS);
	edu_free_irq(edu);
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's educational PCI device");
MODULE_LICENSE("GPL");
