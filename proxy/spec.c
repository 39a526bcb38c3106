// SPDX-License-Identifier: GPL-2.0
/*
 * spec.c - a device as the user writes it: BACKEND[:MODEL][,prop=val...]
 *
 * As with QEMU a comma inside a value is written twice.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/error.h"
#include "proxy/spec.h"

/* The part up to a single comma, doubled ones undone; *at moves behind it, NULL: the last. */
static char *next_part(const char **at)
{
	const char *p = *at;
	char *part = malloc(strlen(p) + 1), *q = part;

	if (!part)
		return NULL;
	for (; *p && !(*p == ',' && p[1] != ','); p++) {
		if (*p == ',')
			p++;
		*q++ = *p;
	}
	*q = 0;
	*at = *p ? p + 1 : NULL;
	return part;
}

/* addr=SLOT[.FUNCTION], hexadecimal as lspci prints it. */
static int parse_addr(struct spec *spec, const char *value)
{
	char *end;
	unsigned long slot = strtoul(value, &end, 16), function = 0;

	if (end != value && *end == '.' && end[1])
		function = strtoul(end + 1, &end, 16);
	if (end == value || *end || slot > 0x1f || function > 7 || strchr("+- ", *value))
		return fail("device '%s': addr=%s is no place on the bus: write addr=SLOT.FUNCTION, 0 to 1f and 0 to 7",
			    spec->text, value);
	spec->slot = slot;
	spec->function = function;
	return 0;
}

static int add_prop(struct spec *spec, char *part)
{
	char *eq = strchr(part, '=');

	if (eq)
		*eq++ = 0;
	if (!*part)
		return fail("device '%s': a property has no name: write NAME=VALUE", spec->text);
	if (!strcmp(part, "addr"))
		return parse_addr(spec, eq ? eq : "");
	if (!eq && strcmp(part, "help"))
		return fail("device '%s': property '%s' has no value: write %s=VALUE",
			    spec->text, part, part);
	if (spec->nr_props == SPEC_MAX_PROPS)
		return fail("device '%s': more than %d properties", spec->text, SPEC_MAX_PROPS);
	spec->props[spec->nr_props].key = strdup(part);
	spec->props[spec->nr_props].value = eq ? strdup(eq) : NULL;
	if (!spec->props[spec->nr_props].key || (eq && !spec->props[spec->nr_props].value))
		return fail("out of memory");
	spec->nr_props++;
	return 0;
}

static int parse_head(struct spec *spec, char *part)
{
	char *colon = strchr(part, ':');

	if (colon)
		*colon++ = 0;
	if (!*part)
		return fail("device '%s' names no backend: write BACKEND[:MODEL][,property=value...]; '--device help' lists backends",
			    spec->text);
	spec->backend = strdup(part);
	if (colon && *colon)
		spec->model = strdup(colon);
	if (!spec->backend || (colon && *colon && !spec->model))
		return fail("out of memory");
	return 0;
}

static int parse(struct spec *spec)
{
	const char *at = spec->text;
	char *part = next_part(&at);
	int err;

	if (!part)
		return fail("out of memory");
	err = parse_head(spec, part);
	free(part);
	while (!err && at) {
		part = next_part(&at);
		err = part ? add_prop(spec, part) : fail("out of memory");
		free(part);
	}
	return err;
}

/**
 * spec_parse() - take a device specification apart
 * @text: BACKEND[:MODEL][,prop=val...]
 *
 * Return: the parts, to be freed with spec_free(); or NULL with fail().
 */
struct spec *spec_parse(const char *text)
{
	struct spec *spec = calloc(1, sizeof(*spec));

	if (spec)
		spec->text = strdup(text);
	if (!spec || !spec->text) {
		free(spec);
		fail("out of memory");
		return NULL;
	}
	spec->slot = spec->function = -1;
	if (parse(spec)) {
		spec_free(spec);
		return NULL;
	}
	return spec;
}

/**
 * spec_free() - release what spec_parse() made
 * @spec: specification or NULL
 */
void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	for (size_t i = 0; i < spec->nr_props; i++) {
		free(spec->props[i].key);
		free(spec->props[i].value);
	}
	free(spec->text);
	free(spec->backend);
	free(spec->model);
	free(spec);
}

/**
 * spec_get() - the value of a property
 * @spec: specification
 * @key: its name
 *
 * Return: the last value given, or NULL.
 */
const char *spec_get(const struct spec *spec, const char *key)
{
	for (size_t i = spec->nr_props; i-- > 0;)
		if (!strcmp(spec->props[i].key, key))
			return spec->props[i].value;
	return NULL;
}

/**
 * spec_wants_help() - is this a question rather than a device?
 * @spec: specification
 *
 * Return: true for "help", "BACKEND:help" and "BACKEND:MODEL,help".
 */
bool spec_wants_help(const struct spec *spec)
{
	if (!strcmp(spec->backend, "help") || (spec->model && !strcmp(spec->model, "help")))
		return true;
	for (size_t i = 0; i < spec->nr_props; i++)
		if (!strcmp(spec->props[i].key, "help") && !spec->props[i].value)
			return true;
	return false;
}
