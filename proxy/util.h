/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - macros as in the kernel
 */
#ifndef RING3_PROXY_UTIL_H
#define RING3_PROXY_UTIL_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - __builtin_offsetof(type, member)))

#endif
