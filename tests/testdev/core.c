// SPDX-License-Identifier: GPL-2.0
/*
 * core.c - driver of ring3's synthetic PCI device: binding, and running its tests
 */
#include <linux/module.h>
#include <linux/proc_fs.h>

#include "td.h"

#define TD_OUTPUT	(64 << 10)	/* enough for every test to fail with all its lines */
#define TD_FAIL_LINES	8		/* failures shown per test */

LIST_HEAD(td_devices);
static struct proc_dir_entry *td_root;

static const struct td_group *const td_groups[] = {
	&td_group_pci, &td_group_mmio, &td_group_map, &td_group_port, &td_group_irq, &td_group_intx,
	&td_group_dma,
};

/**
 * td_fail() - record a failed expectation of a test
 * @t: the test
 * @file: where the expectation is
 * @line: and its line
 * @what: the expression that has the wrong value
 * @got: its value
 * @want: the value it should have
 *
 * Context: process.
 */
void td_fail(struct td_run *t, const char *file, int line, const char *what, u64 got, u64 want)
{
	if (t->failures++ < TD_FAIL_LINES)
		seq_printf(t->out, "# %s:%d: %s is %#llx, should be %#llx\n", kbasename(file),
			   line, what, got, want);
}

static void td_run_case(struct td *td, struct seq_file *m, const struct td_group *group,
			const struct td_case *c, unsigned int number)
{
	struct td_run t = { .td = td, .out = m };

	c->run(&t);
	if (t.failures > TD_FAIL_LINES)
		seq_printf(m, "# and %u more\n", t.failures - TD_FAIL_LINES);
	seq_printf(m, "%sok %u %s: %s", t.failures ? "not " : "", number, group->name, c->name);
	if (t.skip && !t.failures)
		seq_printf(m, " # SKIP %s", t.skip);
	seq_putc(m, '\n');
}

static void td_run_group(struct td *td, struct seq_file *m, const struct td_group *group,
			 unsigned int *number)
{
	unsigned int i;

	for (i = 0; i < group->nr; i++) {
		td_run_case(td, m, group, &group->cases[i], ++*number);
		cond_resched();
	}
}

static void td_show_head(struct seq_file *m, unsigned int plan)
{
	seq_puts(m, "KTAP version 1\n");
	seq_printf(m, "1..%u\n", plan);
}

static int td_show_all(struct seq_file *m, void *unused)
{
	struct td *td = m->private;
	unsigned int i, plan = 0, number = 0;

	for (i = 0; i < ARRAY_SIZE(td_groups); i++)
		plan += td_groups[i]->nr;
	mutex_lock(&td->lock);
	td_show_head(m, plan);
	for (i = 0; i < ARRAY_SIZE(td_groups); i++)
		td_run_group(td, m, td_groups[i], &number);
	mutex_unlock(&td->lock);
	return 0;
}

/* The group a file is for is found by the file's name. */
static int td_show_group(struct seq_file *m, void *unused)
{
	const char *name = m->file->f_path.dentry->d_name.name;
	struct td *td = m->private;
	unsigned int i, number = 0;

	mutex_lock(&td->lock);
	for (i = 0; i < ARRAY_SIZE(td_groups); i++) {
		if (strcmp(td_groups[i]->name, name))
			continue;
		td_show_head(m, td_groups[i]->nr);
		td_run_group(td, m, td_groups[i], &number);
	}
	mutex_unlock(&td->lock);
	return 0;
}

struct td_file {
	const char *name;
	int (*show)(struct seq_file *m, void *unused);
};

static const struct td_file td_files[] = {
	{ "all", td_show_all },
	{ "pci", td_show_group },
	{ "mmio", td_show_group },
	{ "map", td_show_group },
	{ "port", td_show_group },
	{ "irq", td_show_group },
	{ "intx", td_show_group },
	{ "dma", td_show_group },
	{ "bench-mmio", td_bench_mmio },
	{ "bench-trapped", td_bench_trapped },
	{ "bench-dma", td_bench_dma },
	{ "bench-irq", td_bench_irq },
	{ "bench-irq-poll", td_bench_irq_poll },
	{ "bench-irq-spin", td_bench_irq_spin },
};

/*
 * seq_file calls show() again with a larger buffer when the output does not fit, and a
 * test must run once: hence a buffer that is large enough from the start.
 */
static int td_open(struct inode *inode, struct file *file)
{
	const char *name = file->f_path.dentry->d_name.name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(td_files); i++)
		if (!strcmp(td_files[i].name, name))
			return single_open_size(file, td_files[i].show, pde_data(inode), TD_OUTPUT);
	return -ENOENT;
}

static const struct proc_ops td_proc_ops = {
	.proc_open = td_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int td_make_files(struct td *td)
{
	unsigned int i;

	td->proc = proc_mkdir(pci_name(td->pdev), td_root);
	if (!td->proc)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(td_files); i++) {
		if (proc_create_data(td_files[i].name, 0444, td->proc, &td_proc_ops, td))
			continue;
		proc_remove(td->proc);
		return -ENOMEM;
	}
	return 0;
}

static void td_unmap(struct td *td)
{
	void __iomem *maps[] = { td->bar0, td->bar1, td->bar3, td->bar4, td->port_map };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[i])
			pci_iounmap(td->pdev, maps[i]);
}

static int td_map(struct td *td)
{
	td->bar0 = pci_iomap(td->pdev, 0, 0);
	td->bar1 = pci_iomap(td->pdev, 1, 0);
	td->port_map = pci_iomap(td->pdev, 2, 0);
	td->bar3 = pci_iomap(td->pdev, 3, 0);
	td->bar4 = pci_iomap(td->pdev, 4, 0);
	td->port = pci_resource_start(td->pdev, 2);
	if (td->bar0 && td->bar1 && td->port_map && td->bar3 && td->bar4)
		return 0;
	td_unmap(td);
	return -ENOMEM;
}

static int td_start(struct td *td)
{
	int ret = td_map(td);

	if (ret)
		return ret;
	ret = td_get(td, TD_ID) == TD_ID_VALUE ? 0 : -ENODEV;
	if (!ret)
		ret = dma_set_mask_and_coherent(&td->pdev->dev, DMA_BIT_MASK(32));
	if (!ret)
		ret = td_make_files(td);
	if (ret)
		td_unmap(td);
	return ret;
}

static int td_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct td *td = devm_kzalloc(&pdev->dev, sizeof(*td), GFP_KERNEL);
	int ret;

	if (!td)
		return -ENOMEM;
	td->pdev = pdev;
	mutex_init(&td->lock);
	init_waitqueue_head(&td->wait);
	pci_set_drvdata(pdev, td);
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_regions(pdev, KBUILD_MODNAME);
	if (ret)
		goto err_disable;
	pci_set_master(pdev);
	ret = td_start(td);
	if (ret)
		goto err_regions;
	list_add_tail(&td->node, &td_devices);
	return 0;
err_regions:
	pci_release_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return ret;
}

static void td_remove(struct pci_dev *pdev)
{
	struct td *td = pci_get_drvdata(pdev);

	proc_remove(td->proc);
	list_del(&td->node);
	td_unmap(td);
	pci_clear_master(pdev);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id td_ids[] = {
	{ PCI_DEVICE(TD_VENDOR, TD_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, td_ids);

static struct pci_driver td_driver = {
	.name = KBUILD_MODNAME,
	.id_table = td_ids,
	.probe = td_probe,
	.remove = td_remove,
};

static int __init td_init(void)
{
	int ret;

	td_root = proc_mkdir("ring3_testdev", NULL);
	if (!td_root)
		return -ENOMEM;
	ret = pci_register_driver(&td_driver);
	if (ret)
		proc_remove(td_root);
	return ret;
}
module_init(td_init);

static void __exit td_exit(void)
{
	pci_unregister_driver(&td_driver);
	proc_remove(td_root);
}
module_exit(td_exit);

MODULE_DESCRIPTION("Tests of ring3's synthetic PCI device");
MODULE_LICENSE("GPL");
