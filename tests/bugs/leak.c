// SPDX-License-Identifier: GPL-2.0
/* leak.c - forgets memory: several times, as a register may still have the last address */
#include <linux/slab.h>

#include "bug.h"

static noinline int forget(void)
{
	void *p = kmalloc(100, GFP_KERNEL); /* bug */

	if (!p)
		return -ENOMEM;
	memset(p, 0x5a, 100);
	if (fixed)
		kfree(p);
	return 0;
}

static int __init leak_init(void)
{
	int ret = 0;

	for (int i = 0; !ret && i < 8; i++)
		ret = forget();
	return ret;
}
module_init(leak_init);

static void __exit leak_exit(void)
{
}
module_exit(leak_exit);

MODULE_DESCRIPTION("Forgets memory");
