/* SPDX-License-Identifier: GPL-2.0 */
/* size.h - numbers and sizes from the command line */
#ifndef RING3_SIZE_H
#define RING3_SIZE_H

#include <stdint.h>

#define RING3_MEM_MIN (64ULL << 20)
#define RING3_MEM_MAX (1ULL << 30)
#define RING3_MEM_DEFAULT (256ULL << 20)
#define RING3_MEM_DEBUG (512ULL << 20)	/* what is freed is kept for a while, and noted */

/**
 * parse_size() - read a size: a number and K, M, G or nothing (bytes)
 * @text: the text
 * @out: bytes
 *
 * Return: 0, -1 when it is no size or does not fit 64 bits.
 */
int parse_size(const char *text, uint64_t *out);

/**
 * parse_number() - read a number: digits, or 0x and hex digits
 * @text: the text; a leading zero, which C takes for octal, is refused
 * @out: the number
 *
 * Return: 0, -1 when it is none or does not fit 64 bits.
 */
int parse_number(const char *text, uint64_t *out);

/**
 * parse_seconds() - read a duration in seconds, with a decimal part if need be
 * @text: the text
 * @out: milliseconds, at least 1, at most a year
 *
 * Return: 0, or -1.
 */
int parse_seconds(const char *text, uint64_t *out);

/**
 * format_size() - write a size the way parse_size() reads it
 * @bytes: the size
 *
 * Return: a static string.
 */
const char *format_size(uint64_t bytes);

/**
 * format_uptime() - write how long something has been running
 * @seconds: not negative
 *
 * Return: a text like "12s", "3m05s", "2h07m" or "3d04h", to free.
 */
char *format_uptime(double seconds);

/**
 * round_up_pow2() - the smallest power of two that is not smaller
 * @value: at least 1, at most 1 << 63
 *
 * Return: the power of two.
 */
uint64_t round_up_pow2(uint64_t value);

#endif
