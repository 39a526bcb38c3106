// SPDX-License-Identifier: GPL-2.0
/*
 * regs-parse.c - read a *.regs file (ring3-registers(5))
 *
 * Theory of operation: the text is copied once and cut into words in place, so that names
 * and descriptions point into it.  A field takes at least four characters and a named value
 * as many: their tables are as large as the text allows and never move.  Registers are
 * few and large, their table grows; each element of an array is a register of its own.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/regs-parser.h"

#define MIN_TEXT	4		/* of a field or a value */
#define MAX_FIELDS	128		/* of a register; they may overlap */

/* "device 8086:10d3,8086:10f6" */
static int parse_device(struct regs_parser *p, char *list)
{
	char *one, *end;

	while ((one = strsep(&list, ","))) {
		struct regs_id *ids = reallocarray(p->regs->ids, p->regs->nr_ids + 1,
						   sizeof(*ids));
		unsigned long vendor, device;

		if (!ids)
			return regs_bad(p, "out of memory");
		p->regs->ids = ids;
		if (strlen(one) != 9 || one[4] != ':' ||
		    strspn(one, "0123456789abcdefABCDEF") != 4)
			return regs_bad(p, "'%.40s' is no VENDOR:DEVICE like 8086:10d3", one);
		vendor = strtoul(one, &end, 16);
		if (strspn(end + 1, "0123456789abcdefABCDEF") != 4)
			return regs_bad(p, "'%.40s' is no VENDOR:DEVICE like 8086:10d3", one);
		device = strtoul(end + 1, NULL, 16);
		ids[p->regs->nr_ids++] = (struct regs_id){ vendor, device };
	}
	return 0;
}

/* "class 0x010802" */
static int parse_class(struct regs_parser *p, const char *text)
{
	uint32_t *classes = reallocarray(p->regs->classes, p->regs->nr_classes + 1,
					 sizeof(*classes));
	uint64_t class;

	if (!classes)
		return regs_bad(p, "out of memory");
	p->regs->classes = classes;
	if (strlen(text) != 8 || regs_number(text, 0xffffff, &class))
		return regs_bad(p, "'%.40s' is no class code 0xCCSSPP like 0x010802", text);
	classes[p->regs->nr_classes++] = class;
	return 0;
}

static int parse_header(struct regs_parser *p, const char *keyword, char *rest)
{
	char *value = regs_word(&rest);

	if (!value)
		return regs_bad(p, "'%s' without a value", keyword);
	if (regs_word(&rest))
		return regs_bad(p, "one value after '%s', the others behind commas or in other lines",
			   keyword);
	return *keyword == 'd' ? parse_device(p, value) : parse_class(p, value);
}

static int parse_bits(struct regs_parser *p, char *text, struct reg_field *field)
{
	unsigned int bits = p->regs->reg[p->first].width * 8;
	char *colon = strchr(text, ':');
	uint64_t hi, lo;

	if (colon)
		*colon++ = '\0';
	if (regs_number(text, 63, &hi) || regs_number(colon ? colon : text, 63, &lo) || lo > hi)
		return regs_bad(p, "'%.40s%s%.40s' are no bits like 9:8 or 3", text, colon ? ":" : "",
			   colon ? colon : "");
	if (hi >= bits)
		return regs_bad(p, "bit %s is not in a register of %u bits", text, bits);
	field->hi = hi;
	field->lo = lo;
	return 0;
}

static int parse_value(struct regs_parser *p, char *word, struct reg_field *field)
{
	struct reg_value *value = &p->regs->values[p->nr_values];
	char *name = strchr(word, '=');

	if (!name || !name[1] || *word == '"' || strlen(name + 1) > REGS_NAME_MAX)
		return regs_bad(p, "'%.40s' is no named value like 0=off, of up to %d characters", word,
			   REGS_NAME_MAX);
	*name++ = '\0';
	if (regs_number(word, reg_field_get(field, UINT64_MAX), &value->value))
		return regs_bad(p, "'%.40s' is no value of these bits", word);
	value->name = name;
	p->nr_values++;
	field->nr_values++;
	return 0;
}

static int parse_field(struct regs_parser *p, char *rest)
{
	struct reg_field *field = &p->regs->fields[p->nr_fields];
	const char *name = regs_word(&rest);
	char *bits = regs_word(&rest), *word;
	struct reg *reg;

	if (!p->nr_elements)
		return regs_bad(p, "a field, but no register is above it");
	reg = p->regs->reg + p->first;
	if (!regs_is_name(name, strlen(name)))
		return regs_bad(p, "'%.40s' is no name: up to %d letters, digits and '_'", name,
			   REGS_NAME_MAX);
	if (!bits)
		return regs_bad(p, "a field is NAME HIGH:LOW or NAME BIT");
	if (reg->nr_fields == MAX_FIELDS)
		return regs_bad(p, "more than %d fields", MAX_FIELDS);
	for (size_t i = 0; i < reg->nr_fields; i++) {
		if (!strcmp(reg->fields[i].name, name))
			return regs_bad(p, "a second field '%s'", name);
	}
	*field = (struct reg_field){ .name = name,
				     .values = p->regs->values + p->nr_values };
	if (parse_bits(p, bits, field))
		return -1;
	while ((word = regs_word(&rest))) {
		if (parse_value(p, word, field))
			return -1;
	}
	if (!reg->nr_fields)
		reg->fields = field;
	reg->nr_fields++;
	p->nr_fields++;
	return 0;
}

/* What the first element's fields are, those of all are. */
static void share_fields(struct regs_parser *p)
{
	for (size_t i = 1; i < p->nr_elements; i++) {
		p->regs->reg[p->first + i].fields = p->regs->reg[p->first].fields;
		p->regs->reg[p->first + i].nr_fields = p->regs->reg[p->first].nr_fields;
	}
}

static int parse_line(struct regs_parser *p, char *line)
{
	bool indented = *line == ' ' || *line == '\t';
	char *rest = line, *word, *at;

	for (at = line; *at; at++) {
		if (!isprint((unsigned char)*at) && !strchr("\t\r", *at))
			return regs_bad(p, "byte 0x%02x: this is no ASCII text", (unsigned char)*at);
	}
	if (indented && line[strspn(line, " \t\r")] && line[strspn(line, " \t\r")] != '#')
		return parse_field(p, line);
	word = regs_word(&rest);
	if (!word)
		return 0;
	if (!strcmp(word, "device") || !strcmp(word, "class"))
		return parse_header(p, word, rest);
	share_fields(p);
	p->nr_elements = 0;
	return regs_register(p, word, rest);
}

static int parse_text(struct regs_parser *p, size_t len)
{
	char *rest = p->regs->text, *line;
	const struct reg *one, *other;

	for (p->line = 1; (line = strsep(&rest, "\n")); p->line++) {
		if (strlen(line) != (size_t)((rest ? rest - 1 : p->regs->text + len) - line))
			return regs_bad(p, "a zero byte: this is no text");
		if (parse_line(p, line))
			return -1;
	}
	share_fields(p);
	if (!regs_index(p->regs, &one, &other))
		return 0;
	if (!one)
		return regs_bad(p, "out of memory");
	p->line = one->line;
	if (!strcmp(one->name, other->name))
		return regs_bad(p, "a second '%s', the first is in line %u", one->name,
				other->line);
	return regs_bad(p, "'%s' overlaps '%s' in line %u", one->name, other->name, other->line);
}

/**
 * regs_parse() - read the text of a *.regs file
 * @text: the text, from anyone; need not end with a zero byte
 * @len: its length in bytes
 * @file: what it is called in errors
 * @err: set to "FILE:LINE: reason" on failure
 * @errlen: size of @err, REGS_ERR_MAX for example; not 0
 *
 * Return: registers for regs_free(), or NULL.
 */
struct regs *regs_parse(const char *text, size_t len, const char *file, char *err,
			size_t errlen)
{
	struct regs *regs = calloc(1, sizeof(*regs));
	struct regs_parser p = { .regs = regs, .file = file, .line = 1, .err = err, .errlen = errlen };

	if (regs && len <= REGS_FILE_MAX) {
		regs->text = malloc(len + 1);
		regs->fields = calloc(len / MIN_TEXT + 1, sizeof(*regs->fields));
		regs->values = calloc(len / MIN_TEXT + 1, sizeof(*regs->values));
	}
	if (len > REGS_FILE_MAX) {
		regs_bad(&p, "larger than %d bytes", REGS_FILE_MAX);
	} else if (!regs || !regs->text || !regs->fields || !regs->values) {
		regs_bad(&p, "out of memory");
	} else {
		memcpy(regs->text, text, len);
		regs->text[len] = '\0';
		if (!parse_text(&p, len))
			return regs;
	}
	regs_free(regs);
	return NULL;
}
