/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bug.h - what the modules of seeded bugs share
 *
 * Each has one bug, in the line with the comment "bug", that does no harm where nobody looks, and
 * none with fixed=1.  tests/integration/24-bugs.t looks for that line in the report.
 */
#ifndef BUG_H
#define BUG_H

#include <linux/module.h>
#include <linux/pci.h>

static bool fixed;
module_param(fixed, bool, 0);
MODULE_PARM_DESC(fixed, "Do it right");

MODULE_LICENSE("GPL");

/* A driver of QEMU's edu device. */
#define BUG_DRIVER(probe_fn, remove_fn)					\
static const struct pci_device_id bug_ids[] = {				\
	{ PCI_DEVICE(0x1234, 0x11e8) },					\
	{ }								\
};									\
static struct pci_driver bug_driver = {					\
	.name = KBUILD_MODNAME,						\
	.id_table = bug_ids,						\
	.probe = probe_fn,						\
	.remove = remove_fn,						\
};									\
module_pci_driver(bug_driver)

#endif
