// SPDX-License-Identifier: GPL-2.0
/* inversion.c - takes two locks in one order and then in the other */
#include <linux/mutex.h>

#include "bug.h"

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);

static int __init inversion_init(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);
	if (fixed)
		return 0;
	mutex_lock(&lock_b);
	mutex_lock(&lock_a); /* bug */
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
	return 0;
}
module_init(inversion_init);

static void __exit inversion_exit(void)
{
}
module_exit(inversion_exit);

MODULE_DESCRIPTION("Takes locks in two orders");
