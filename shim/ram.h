/* SPDX-License-Identifier: GPL-2.0 */
/* ram.h - the file that is the hosted kernel's memory */
#ifndef RING3_RAM_H
#define RING3_RAM_H

#include <stdint.h>

/**
 * ram_create() - make the RAM file
 * @mem: bytes the hosted kernel gets; the file is the next power of two
 *
 * Return: a close-on-exec file descriptor, -1 after a message.
 */
int ram_create(uint64_t mem);

/**
 * ram_available() - how much memory a new process may use
 *
 * The smallest of the machine's available memory and the room in every memory cgroup
 * around this process.
 *
 * Return: bytes, UINT64_MAX when nothing can be learned.
 */
uint64_t ram_available(void);

#endif
