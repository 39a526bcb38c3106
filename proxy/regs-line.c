// SPDX-License-Identifier: GPL-2.0
/*
 * regs-line.c - words of a *.regs file, and the line that describes a register
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/regs-parser.h"
#include "proxy/util.h"

#define MAX_OFFSET	(1ULL << 48)
#define MAX_STRIDE	(1ULL << 32)

/* A register line while it is read. */
struct draft {
	struct reg reg;
	bool array, has_range, has_stride, queue_is_index;
	uint64_t lo, hi, stride;
};

/**
 * regs_bad() - say what is wrong with the line
 * @p: the parser
 * @fmt: printf style, without the place and without newline
 *
 * Return: -1.
 */
int regs_bad(struct regs_parser *p, const char *fmt, ...)
{
	int n = snprintf(p->err, p->errlen, "%s:%u: ", p->file, p->line);
	va_list ap;

	if (n < 0 || (size_t)n >= p->errlen)
		return -1;
	va_start(ap, fmt);
	vsnprintf(p->err + n, p->errlen - n, fmt, ap);
	va_end(ap);
	return -1;
}

/**
 * regs_word() - cut the next word off a line
 * @rest: what is left of the line; moved behind the word
 *
 * Return: the word, NULL at the end of the line or before a comment.  A description keeps
 * its first '"', and is empty where the second is missing.
 */
char *regs_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t\r");

	if (!*word || *word == '#')
		return NULL;
	if (*word == '"') {
		*rest = word + 1 + strcspn(word + 1, "\"");
		if (**rest)
			*(*rest)++ = '\0';
		else
			*word = '\0';	/* not closed: an empty word is no word */
		return word;
	}
	*rest = word + strcspn(word, " \t\r");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

/**
 * regs_number() - read a decimal number or one of 0x and hexadecimal digits
 * @text: the number and nothing else
 * @max: how large it may be
 * @out: the number
 *
 * Return: 0, or -1 if it is none.
 */
int regs_number(const char *text, uint64_t max, uint64_t *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!isxdigit((unsigned char)text[hex ? 2 : 0]))
		return -1;
	errno = 0;
	*out = strtoull(text, &end, hex ? 16 : 10);
	return errno || *end || *out > max ? -1 : 0;
}

/**
 * regs_is_name() - is it a name of a register or a field?
 * @text: the name
 * @len: its length
 *
 * Return: true for up to REGS_NAME_MAX letters, digits and '_', no digit first.
 */
bool regs_is_name(const char *text, size_t len)
{
	if (!len || len > REGS_NAME_MAX || isdigit((unsigned char)*text))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	}
	return true;
}

static void *grow(void *table, size_t nr, size_t *size, size_t each)
{
	size_t wanted = *size ? *size * 2 : 64;
	void *grown;

	if (nr < *size)
		return table;
	grown = realloc(table, wanted * each);
	if (grown)
		*size = wanted;
	return grown;
}

static int parse_range(struct regs_parser *p, char *text, struct draft *d)
{
	char *dots = strstr(text, "..");

	if (!dots)
		return regs_bad(p, "'n=%.40s' is no range like n=0..3", text);
	*dots = '\0';
	if (regs_number(text, REGS_INDEX_MAX, &d->lo) || regs_number(dots + 2, REGS_INDEX_MAX, &d->hi) ||
	    d->lo > d->hi)
		return regs_bad(p, "'n=%.40s..%.40s' is no range within 0..%d", text, dots + 2,
			   REGS_INDEX_MAX);
	d->has_range = true;
	return 0;
}

static int parse_queue(struct regs_parser *p, const char *text, struct draft *d)
{
	uint64_t queue;

	if (!strcmp(text, "n")) {
		d->queue_is_index = true;
		return 0;
	}
	if (regs_number(text, REGS_INDEX_MAX, &queue))
		return regs_bad(p, "'queue=%.40s' is neither a number up to %d nor 'queue=n'", text,
			   REGS_INDEX_MAX);
	d->reg.queue = queue;
	return 0;
}

static int parse_flag(struct regs_parser *p, char *word, struct draft *d)
{
	static const struct {
		const char *name;
		uint8_t flag;
	} flags[] = {
		{ "rc", REG_RC }, { "wo", REG_WO }, { "ro", REG_RO }, { "w1c", REG_W1C },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!strcmp(word, flags[i].name)) {
			d->reg.flags |= flags[i].flag;
			return 0;
		}
	}
	if (!strncmp(word, "n=", 2))
		return parse_range(p, word + 2, d);
	if (!strncmp(word, "queue=", 6))
		return parse_queue(p, word + 6, d);
	if (!strncmp(word, "stride=", 7)) {
		d->has_stride = true;
		if (regs_number(word + 7, MAX_STRIDE, &d->stride))
			return regs_bad(p, "'%.40s' is no stride in bytes", word);
		return 0;
	}
	return regs_bad(p, "'%.40s' is neither a flag (rc, wo, ro, w1c, queue=N, n=A..B, stride=N) nor "
		   "a \"description\"", word);
}

/* BAR, offset and width. */
static int parse_place(struct regs_parser *p, char **rest, struct draft *d)
{
	const char *bar = regs_word(rest), *offset = regs_word(rest), *width = regs_word(rest);
	uint64_t n;

	if (!width)
		return regs_bad(p, "a register is NAME BAR OFFSET WIDTH");
	if (regs_number(bar, 5, &n))
		return regs_bad(p, "BAR '%.40s' is not 0 to 5", bar);
	d->reg.bar = n;
	if (regs_number(offset, MAX_OFFSET, &d->reg.offset))
		return regs_bad(p, "'%.40s' is no offset", offset);
	if (regs_number(width, 8, &n) || !n || (n & (n - 1)))
		return regs_bad(p, "width '%.40s' is not 1, 2, 4 or 8 bytes", width);
	d->reg.width = n;
	if (d->reg.offset % n)
		return regs_bad(p, "offset %s is not a multiple of the width %s", offset, width);
	return 0;
}

static int check_draft(struct regs_parser *p, const struct draft *d)
{
	if (d->reg.flags & REG_WO && d->reg.flags & (REG_RO | REG_RC))
		return regs_bad(p, "a write-only register is neither read-only nor cleared by reading");
	if (d->array != d->has_range || d->array != d->has_stride)
		return regs_bad(p, "an array is NAME(n) with n=A..B and stride=N, all three");
	if (!d->array && d->queue_is_index)
		return regs_bad(p, "'queue=n' is for arrays");
	if (d->array && (d->stride < d->reg.width || d->stride % d->reg.width))
		return regs_bad(p, "the stride is not a multiple of the width");
	return 0;
}

/* Each element becomes a register. */
static int add_draft(struct regs_parser *p, const struct draft *d, const char *name, size_t len)
{
	struct regs *regs = p->regs;

	p->first = regs->nr;
	for (uint64_t n = d->lo; n <= d->hi; n++) {
		struct reg *reg = grow(regs->reg, regs->nr, &p->size, sizeof(*reg));

		if (!reg)
			return regs_bad(p, "out of memory");
		regs->reg = reg;
		if (regs->nr == REGS_MAX)
			return regs_bad(p, "more than %d registers", REGS_MAX);
		reg += regs->nr++;
		*reg = d->reg;
		reg->line = p->line;
		reg->offset += (n - d->lo) * d->stride;
		if (d->queue_is_index)
			reg->queue = n;
		if (d->array)
			snprintf(reg->name, sizeof(reg->name), "%.*s(%u)", (int)len, name,
				 (unsigned int)n);
		else
			snprintf(reg->name, sizeof(reg->name), "%.*s", (int)len, name);
	}
	p->nr_elements = regs->nr - p->first;
	return 0;
}

/**
 * regs_register() - read a register's line: NAME BAR OFFSET WIDTH [FLAG...] ["DESCRIPTION"]
 * @p: the parser; the register, or each element of the array, is added
 * @name: the first word
 * @rest: what follows
 *
 * Return: 0, or -1 after regs_bad().
 */
int regs_register(struct regs_parser *p, const char *name, char *rest)
{
	struct draft d = { .reg = { .queue = REG_NO_QUEUE, .description = "" } };
	size_t len = strcspn(name, "(");
	char *word;

	d.array = !strcmp(name + len, "(n)");
	if (!regs_is_name(name, len) || (name[len] && !d.array))
		return regs_bad(p, "'%.40s' is no name: up to %d letters, digits and '_', and '(n)' for "
			   "an array", name, REGS_NAME_MAX);
	if (parse_place(p, &rest, &d))
		return -1;
	while ((word = regs_word(&rest))) {
		if (!*word)
			return regs_bad(p, "the description has no closing '\"'");
		if (*word == '"') {
			d.reg.description = word + 1;
			if (regs_word(&rest))
				return regs_bad(p, "the description is not the last word");
			break;
		}
		if (parse_flag(p, word, &d))
			return -1;
	}
	if (check_draft(p, &d))
		return -1;
	return add_draft(p, &d, name, len);
}
