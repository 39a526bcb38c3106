/* SPDX-License-Identifier: GPL-2.0 */
/*
 * regs-parser.h - what the two halves of the parser share: regs-parse.c and regs-line.c
 */
#ifndef RING3_PROXY_REGS_PARSER_H
#define RING3_PROXY_REGS_PARSER_H

#include "proxy/regs.h"

struct regs_parser {
	struct regs *regs;
	const char *file;
	unsigned int line;
	size_t first, nr_elements;	/* the last register line's, for its fields */
	size_t size;			/* of regs->reg */
	size_t nr_fields, nr_values;
	char *err;
	size_t errlen;
};

int regs_bad(struct regs_parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *regs_word(char **rest);
int regs_number(const char *text, uint64_t max, uint64_t *out);
bool regs_is_name(const char *text, size_t len);
int regs_register(struct regs_parser *p, const char *name, char *rest);

#endif
