/* SPDX-License-Identifier: GPL-2.0 */
/* decode.h - from "symbol+0x12/0x34 [module]" in a kernel log to file:line */
#ifndef RING3_DECODE_H
#define RING3_DECODE_H

#include <stdbool.h>
#include <stdint.h>

struct stack_ref {
	char symbol[128];
	char module[64];	/* empty: the kernel */
	uint64_t offset;
	uint64_t size;
	bool call;		/* a return address: the call is before it */
};

/**
 * decode_parse() - find a code reference in a line of the log
 * @line: one line
 * @ref: filled in
 *
 * Return: true if there is one.
 */
bool decode_parse(const char *line, struct stack_ref *ref);

/**
 * decode_open() - prepare to decode
 * @kernel: path of the hosted kernel with debug information
 *
 * Return: state for decode_close().
 */
struct decode *decode_open(const char *kernel);

/**
 * decode_module() - tell where a module's debug information is
 * @decode: state
 * @path: a .ko, not stripped
 */
void decode_module(struct decode *decode, const char *path);

/**
 * decode_line() - the place in the source that a line of the log speaks of
 * @decode: state
 * @line: one line
 *
 * Return: "file:line" to free, or NULL.
 */
char *decode_line(struct decode *decode, const char *line);

void decode_close(struct decode *decode);

#endif
