// SPDX-License-Identifier: GPL-2.0
/* shadow_user.c - memory that a copy of this process does not get */
#include <errno.h>
#include <sys/mman.h>

#include "user.h"

/**
 * ring3_own_memory() - keep private memory out of copies of this process, and of core files
 * @start: its start
 * @len: bytes
 *
 * A copy finds zeroes there, which KASAN takes for "all may be accessed".
 *
 * Return: 0 or a negative errno.
 */
int ring3_own_memory(void *start, unsigned long len)
{
	if (madvise(start, len, MADV_WIPEONFORK) || madvise(start, len, MADV_DONTDUMP))
		return -errno;
	return 0;
}
