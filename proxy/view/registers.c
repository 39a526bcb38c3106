// SPDX-License-Identifier: GPL-2.0
/*
 * registers.c - devices/BDF/ring3/registers: by name, decoded, as last seen to pass
 *
 * Reading this file reads no register.  `ring3 bar read DEV BAR NAME` does.
 */
#include <json-c/json.h>

#include "proxy/seen.h"
#include "proxy/view/view.h"

#define MAX_FIELDS 2048		/* bytes of text */

bool view_registers_there(const struct device *dev, int arg)
{
	(void)arg;
	return dev->seen;
}

static struct json_object *row(const struct reg *reg, const struct seen_value *last, uint64_t ns)
{
	struct json_object *o = json_object_new_object();
	char fields[MAX_FIELDS] = "";
	uint64_t value = view_now(&last->value);

	view_add(o, "register", json_object_new_string(reg->name));
	view_add(o, "bar", json_object_new_int(reg->bar));
	view_add(o, "offset", view_hex(reg->offset, 5));
	view_add(o, "width", json_object_new_int(reg->width));
	view_add(o, "value", view_hex(value, reg->width * 2));
	view_add(o, "how", json_object_new_string(last->written ? "written" : "read"));
	view_add(o, "age", view_age(ns));
	regs_print_fields(fields, sizeof(fields), reg, value);
	view_add(o, "fields", json_object_new_string(fields));
	return o;
}

/**
 * view_registers() - a row for each named register that has been accessed
 * @dev: device
 *
 * Return: an array.
 */
struct json_object *view_registers(struct device *dev)
{
	struct json_object *rows = json_object_new_array();
	const struct regs *regs = dev->seen->regs;

	for (size_t i = 0; i < regs->nr; i++) {
		const struct seen_value *last = &dev->seen->last[i];
		uint64_t ns = __atomic_load_n(&last->ns, __ATOMIC_ACQUIRE);

		if (ns)
			json_object_array_add(rows, row(&regs->reg[i], last, ns));
	}
	return rows;
}
