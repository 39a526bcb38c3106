// SPDX-License-Identifier: GPL-2.0
/*
 * regs-print.c - a register's value in words
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>

#include "proxy/regs.h"

struct text {
	char *buf;
	size_t size, len;
};

/* As snprintf(): counts on when there is no more room. */
static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->len < t->size ? t->buf + t->len : NULL,
		      t->len < t->size ? t->size - t->len : 0, fmt, ap);
	va_end(ap);
	t->len += n > 0 ? n : 0;
}

/**
 * reg_field_get() - the bits of a field
 * @field: the field
 * @value: the register's value
 *
 * Return: the field's value; with @value of all ones the largest it can have.
 */
uint64_t reg_field_get(const struct reg_field *field, uint64_t value)
{
	return (value >> field->lo) & (UINT64_MAX >> (63 - (field->hi - field->lo)));
}

/**
 * reg_field_name() - what a value of a field means
 * @field: the field
 * @field_value: from reg_field_get()
 *
 * Return: the name that the file gives it, or NULL.
 */
const char *reg_field_name(const struct reg_field *field, uint64_t field_value)
{
	for (uint32_t i = 0; i < field->nr_values; i++) {
		if (field->values[i].value == field_value)
			return field->values[i].name;
	}
	return NULL;
}

static void add_fields(struct text *t, const struct reg *reg, uint64_t value)
{
	for (uint32_t i = 0; i < reg->nr_fields; i++) {
		const struct reg_field *field = &reg->fields[i];
		uint64_t n = reg_field_get(field, value);
		const char *name = reg_field_name(field, n);

		add(t, "%s%s=", t->len ? " " : "", field->name);
		if (name)
			add(t, "%s", name);
		else
			add(t, n > 9 ? "0x%" PRIx64 : "%" PRIu64, n);
	}
}

/**
 * regs_print_fields() - the fields of a register's value as text
 * @buf: set to "FD=1 SPEED=1000Mb/s", empty for a register without fields
 * @size: its size in bytes; what does not fit is left out
 * @reg: the register
 * @value: its value
 *
 * Return: length of the whole text, as snprintf().
 */
size_t regs_print_fields(char *buf, size_t size, const struct reg *reg, uint64_t value)
{
	struct text t = { buf, size, 0 };

	if (size)
		*buf = '\0';
	add_fields(&t, reg, value);
	return t.len;
}

/**
 * regs_print() - a register's value as one line of text, without newline
 * @buf: set to "CTRL 0x00000 0x08100248 FD=1 SPEED=1000Mb/s": name, offset, value, fields
 * @size: its size in bytes; what does not fit is left out
 * @reg: the register
 * @value: its value
 *
 * Return: length of the whole text, as snprintf().
 */
size_t regs_print(char *buf, size_t size, const struct reg *reg, uint64_t value)
{
	struct text t = { buf, size, 0 };

	add(&t, "%s 0x%05" PRIx64 " 0x%0*" PRIx64, reg->name, reg->offset, reg->width * 2, value);
	add_fields(&t, reg, value);
	return t.len;
}

/* JSON's numbers are doubles for many readers: 64 bits are text. */
static void add_hex(struct json_object *to, const char *key, uint64_t value, int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
	json_object_object_add(to, key, json_object_new_string(text));
}

static struct json_object *json_field(const struct reg_field *field, uint64_t value)
{
	struct json_object *json = json_object_new_object();
	uint64_t n = reg_field_get(field, value);
	const char *name = reg_field_name(field, n);

	json_object_object_add(json, "name", json_object_new_string(field->name));
	add_hex(json, "value", n, 1);
	if (name)
		json_object_object_add(json, "text", json_object_new_string(name));
	return json;
}

/**
 * regs_json() - a register's value as JSON
 * @reg: the register
 * @value: its value
 *
 * Offsets and values are strings, "0x08100248", as they may have 64 bits.
 *
 * Return: {"name", "bar", "offset", "width", "value", "description" if there is one,
 * "fields": [{"name", "value", "text" if it has a name}]}, for json_object_put().
 */
struct json_object *regs_json(const struct reg *reg, uint64_t value)
{
	struct json_object *json = json_object_new_object();
	struct json_object *fields = json_object_new_array();

	json_object_object_add(json, "name", json_object_new_string(reg->name));
	json_object_object_add(json, "bar", json_object_new_int(reg->bar));
	add_hex(json, "offset", reg->offset, 5);
	json_object_object_add(json, "width", json_object_new_int(reg->width));
	add_hex(json, "value", value, reg->width * 2);
	if (*reg->description)
		json_object_object_add(json, "description",
				       json_object_new_string(reg->description));
	for (uint32_t i = 0; i < reg->nr_fields; i++)
		json_object_array_add(fields, json_field(&reg->fields[i], value));
	json_object_object_add(json, "fields", fields);
	return json;
}
