// SPDX-License-Identifier: GPL-2.0
/*
 * shadow.c - KASAN's shadow memory stays out of the processes of hosted programs
 *
 * Each begins as a copy of the kernel's process.  Its shadow, an eighth of all memory that was ever
 * allocated, would be copied page by page as both go on.
 */
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/printk.h>
#include "user.h"

static int __init ring3_shadow_init(void)
{
	int err = ring3_own_memory((void *)KASAN_SHADOW_START, KASAN_SHADOW_SIZE);

	if (err)
		pr_warn("ring3: KASAN's shadow is copied at each fork: error %d\n", err);
	return 0;
}
core_initcall(ring3_shadow_init);
