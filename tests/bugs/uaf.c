// SPDX-License-Identifier: GPL-2.0
/* uaf.c - reads memory that it has freed */
#include <linux/slab.h>

#include "bug.h"

static int __init uaf_init(void)
{
	u32 *p = kzalloc(64, GFP_KERNEL);
	u32 value;

	if (!p)
		return -ENOMEM;
	if (!fixed)
		kfree(p);
	value = READ_ONCE(p[3]); /* bug */
	if (fixed)
		kfree(p);
	pr_debug("%u\n", value);
	return 0;
}
module_init(uaf_init);

static void __exit uaf_exit(void)
{
}
module_exit(uaf_exit);

MODULE_DESCRIPTION("Reads what it has freed");
