// SPDX-License-Identifier: GPL-2.0
/* oob.c - writes the byte behind what it has allocated; the allocator has rounded up */
#include <linux/slab.h>

#include "bug.h"

#define SIZE 24

static int __init oob_init(void)
{
	u8 *p = kzalloc(SIZE, GFP_KERNEL);
	int last = fixed ? SIZE - 1 : SIZE;

	if (!p)
		return -ENOMEM;
	WRITE_ONCE(p[last], 1); /* bug */
	kfree(p);
	return 0;
}
module_init(oob_init);

static void __exit oob_exit(void)
{
}
module_exit(oob_exit);

MODULE_DESCRIPTION("Writes behind what it has allocated");
