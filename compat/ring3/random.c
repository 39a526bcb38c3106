// SPDX-License-Identifier: GPL-2.0
/*
 * random.c - the host's random numbers as the hosted kernel's seed
 *
 * There is little here to collect entropy from: without a seed getrandom(2) can wait for
 * seconds, and on kernels whose cycle counter stands still for ever.
 */
#include <linux/init.h>
#include <linux/random.h>
#include <linux/string.h>

#include "user.h"

static int __init ring3_random_init(void)
{
	unsigned char seed[64];
	int n = ring3_host_random(seed, sizeof(seed));

	if (n > 0)
		add_bootloader_randomness(seed, n);
	memzero_explicit(seed, sizeof(seed));
	return 0;
}
early_initcall(ring3_random_init);
