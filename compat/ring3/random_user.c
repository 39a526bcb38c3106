// SPDX-License-Identifier: GPL-2.0
/*
 * random_user.c - random numbers of the host
 */
#include <errno.h>
#include <sys/random.h>

#include "user.h"

/* At most 256 bytes, so that the host gives all or none; a negative errno: none. */
int ring3_host_random(void *buf, unsigned int len)
{
	ssize_t n = getrandom(buf, len, 0);

	return n < 0 ? -errno : (int)n;
}
