// SPDX-License-Identifier: GPL-2.0
/*
 * render.c - what a file says, made when it is opened
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/view/view.h"

#define MAX_COLUMNS 32

/**
 * view_hex() - a number as the field writes it
 * @value: the number
 * @digits: at least so many
 *
 * Return: a JSON string, "0x...".
 */
struct json_object *view_hex(uint64_t value, unsigned int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%0*llx", digits, (unsigned long long)value);
	return json_object_new_string(text);
}

/**
 * view_name() - a name, or null where there is none
 * @name: "" or "-" is none
 *
 * Return: a JSON string or NULL, which is JSON's null.
 */
struct json_object *view_name(const char *name)
{
	return *name && strcmp(name, "-") ? json_object_new_string(name) : NULL;
}

/**
 * view_age() - how long ago something was
 * @since_ns: CLOCK_MONOTONIC
 *
 * Return: a JSON number, seconds to the millisecond.
 */
struct json_object *view_age(uint64_t since_ns)
{
	struct timespec now;
	char text[32];
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	ns = ns > since_ns ? ns - since_ns : 0;
	snprintf(text, sizeof(text), "%llu.%03llu", (unsigned long long)(ns / 1000000000),
		 (unsigned long long)(ns % 1000000000 / 1000000));
	return json_object_new_double_s(ns / 1e9, text);
}

static const char *cell(struct json_object *value)
{
	if (!value)
		return "-";
	if (json_object_is_type(value, json_type_string))
		return *json_object_get_string(value) ? json_object_get_string(value) : "-";
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
}

static void lines(FILE *out, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	const struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		fprintf(out, "%s %s\n", json_object_iter_peek_name(&at),
			cell(json_object_iter_peek_value(&at)));
}

static void widen(size_t *width, const char *text)
{
	size_t len = strlen(text);

	if (len > *width)
		*width = len;
}

static void measure(struct json_object *object, size_t *widths)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	const struct json_object_iterator end = json_object_iter_end(object);

	for (size_t n = 0; n < MAX_COLUMNS && !json_object_iter_equal(&at, &end); n++) {
		widen(&widths[n], json_object_iter_peek_name(&at));
		widen(&widths[n], cell(json_object_iter_peek_value(&at)));
		json_object_iter_next(&at);
	}
}

static void row(FILE *out, struct json_object *object, const size_t *widths, bool header)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	size_t last = json_object_object_length(object);

	for (size_t n = 0; n < last && n < MAX_COLUMNS; n++) {
		const char *text = header ? json_object_iter_peek_name(&at)
					  : cell(json_object_iter_peek_value(&at));

		fputs_unlocked(text, out);
		for (size_t i = strlen(text); n + 1 < last && i <= widths[n]; i++)
			fputc_unlocked(' ', out);
		json_object_iter_next(&at);
	}
	fputc('\n', out);
}

static void table(FILE *out, struct json_object *rows)
{
	size_t widths[MAX_COLUMNS] = { 0 }, n = json_object_array_length(rows);

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		measure(json_object_array_get_idx(rows, i), widths);
	row(out, json_object_array_get_idx(rows, 0), widths, true);
	for (size_t i = 0; i < n; i++)
		row(out, json_object_array_get_idx(rows, i), widths, false);
}

static void show_table(FILE *out, const struct view_file *file, struct device *dev, bool json)
{
	struct json_object *object = file->table(dev);

	if (json)
		fprintf(out, "%s\n", json_object_to_json_string_ext(object,
				JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	else if (json_object_is_type(object, json_type_array))
		table(out, object);
	else if (object)
		lines(out, object);
	json_object_put(object);
}

static void show_irq(FILE *out, const struct device *dev)
{
	fprintf(out, "%s\n", config_msix_enabled(dev) ? "msix" : "msi");
}

/**
 * view_render() - a file's text
 * @node: a file that has text
 * @len: receives its bytes
 *
 * Return: malloc()ed text, or NULL: no memory, or no such file.
 */
char *view_render(const struct view_node *node, size_t *len)
{
	const struct view_file *file = view_file_of(node);
	struct device *dev = view_device_of(node);
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	if (!out)
		return NULL;
	if (node->kind == VIEW_IRQ)
		show_irq(out, dev);
	else if (file && file->table)
		show_table(out, file, dev, node->kind == VIEW_JSON);
	else if (file && file->text)
		file->text(out, dev);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
