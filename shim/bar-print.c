// SPDX-License-Identifier: GPL-2.0
/* bar-print.c - values of registers, as text, table, JSON and bytes */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "shim/bar.h"

#define BYTES_PER_LINE 16

static void print_lines(const struct bar_range *range, const uint64_t *values)
{
	for (uint64_t i = 0; i < range->count; i++)
		printf("%s+0x%04" PRIx64 ": 0x%0*" PRIx64 "\n", bar_name(range->bar),
		       range->offset + i * range->width, 2 * (int)range->width, values[i]);
}

static void print_text(const uint64_t *values, unsigned int n)
{
	printf("  |");
	for (unsigned int i = 0; i < n; i++)
		putchar(isascii((int)values[i]) && isprint((int)values[i]) ? (int)values[i] : '.');
	printf("|");
}

/* Lines begin at multiples of their length, but for the first. */
static void print_table(const struct bar_range *range, const uint64_t *values)
{
	for (uint64_t i = 0; i < range->count;) {
		uint64_t offset = range->offset + i * range->width;
		unsigned int n = (BYTES_PER_LINE - offset % BYTES_PER_LINE) / range->width;

		if (n > range->count - i)
			n = range->count - i;
		printf("%s+0x%04" PRIx64 ":", bar_name(range->bar), offset);
		for (unsigned int k = 0; k < n; k++)
			printf(" %0*" PRIx64, 2 * (int)range->width, values[i + k]);
		if (range->width == 1) {
			for (unsigned int k = n; k < BYTES_PER_LINE; k++)
				printf("   ");
			print_text(values + i, n);
		}
		printf("\n");
		i += n;
	}
}

static void print_json(const struct bar_device *dev, const struct bar_range *range,
		       const uint64_t *values)
{
	struct json_object *all = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(all, "device", json_object_new_string(dev->name));
	json_object_object_add(all, "bar", json_object_new_string(bar_name(range->bar)));
	json_object_object_add(all, "width", json_object_new_int(range->width));
	for (uint64_t i = 0; i < range->count; i++) {
		struct json_object *one = json_object_new_object();
		_cleanup_free_ char *hex = xasprintf("0x%0*" PRIx64, 2 * (int)range->width,
						     values[i]);

		json_object_object_add(one, "offset",
				       json_object_new_uint64(range->offset + i * range->width));
		json_object_object_add(one, "value", json_object_new_uint64(values[i]));
		/* Many readers of JSON have 53 bits for a number. */
		json_object_object_add(one, "hex", json_object_new_string(hex));
		if (range->reg && !i)
			json_object_object_add(one, "register", regs_json(range->reg, values[i]));
		json_object_array_add(list, one);
	}
	json_object_object_add(all, "values", list);
	printf("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
}

int bar_print(const struct bar_device *dev, const struct bar_range *range,
	      const uint64_t *values, enum bar_format format)
{
	switch (format) {
	case BAR_LINES:
		print_lines(range, values);
		break;
	case BAR_TABLE:
		print_table(range, values);
		break;
	case BAR_JSON:
		print_json(dev, range, values);
		break;
	case BAR_RAW:
		for (uint64_t i = 0; i < range->count; i++)
			fwrite(&values[i], range->width, 1, stdout);
		break;
	}
	if (fflush(stdout) || ferror(stdout))
		return fail("cannot write standard output: %s", strerror(errno));
	return 0;
}
