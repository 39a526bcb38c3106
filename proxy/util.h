/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - macros as in the kernel, and the time
 */
#ifndef RING3_PROXY_UTIL_H
#define RING3_PROXY_UTIL_H

#include <stdint.h>
#include <time.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define sizeof_field(type, member) sizeof(((type *)0)->member)

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

#endif
