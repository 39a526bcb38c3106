// SPDX-License-Identifier: GPL-2.0
/* spec.c - device specifications and the places on the hosted PCI bus */
#include <ctype.h>
#include <string.h>

#include "shim/spec.h"

#define SLOTS 32
#define FUNCTIONS 8

int parse_addr(const char *text, int *slot, int *fn)
{
	char *end;
	long value;

	if (!isxdigit((unsigned char)*text))
		return -1;
	value = strtol(text, &end, 16);
	if (end - text > 2 || value >= SLOTS)
		return -1;
	*slot = value;
	*fn = 0;
	if (*end == '.') {
		if (end[1] < '0' || end[1] >= '0' + FUNCTIONS)
			return -1;
		*fn = end[1] - '0';
		end += 2;
	}
	return *end ? -1 : 0;
}

bool spec_is_help(const char *text)
{
	const char *colon = strchr(text, ':');

	return !strcmp(text, "help") || !strcmp(text, "?") || (colon && !strcmp(colon + 1, "help"));
}

/* The end of a property: a comma that is not doubled (",," stands for one inside). */
static const char *property_end(const char *text)
{
	while (*text && (*text != ',' || text[1] == ',')) {
		if (*text == ',')
			text++;
		text++;
	}
	return text;
}

/* Copy @text without its addr= property, which goes to *@addr. */
static char *take_addr(const char *text, char **addr)
{
	struct buffer out = { 0 };
	const char *end = property_end(text);

	buffer_add(&out, text, end - text);
	while (*end) {
		text = end + 1;
		end = property_end(text);
		if (!strncmp(text, "addr=", 5)) {
			free(*addr);
			*addr = strndup(text + 5, end - text - 5);
			continue;
		}
		buffer_add(&out, ",", 1);
		buffer_add(&out, text, end - text);
	}
	buffer_add(&out, "", 1);
	return out.data;
}

int device_list_add(struct device_list *list, const char *text)
{
	struct device_spec device = { .slot = -1 };
	_cleanup_free_ char *addr = NULL;

	if (!*text || *text == ',')
		return fail("--device '%s' names no device; see 'ring3 run --device help'", text);
	device.text = take_addr(text, &addr);
	if (addr && parse_addr(addr, &device.slot, &device.fn) < 0) {
		free(device.text);
		return fail("'%s' in --device %s is no place on the bus: "
			    "use addr=SLOT.FN with SLOT 0 to 1f and FN 0 to 7",
			    addr, text);
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = device;
	return 0;
}

static int place_devices(struct device_list *list, bool used[SLOTS])
{
	int slot = 1;

	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].slot >= 0)
			continue;
		while (slot < SLOTS && used[slot])
			slot++;
		if (slot == SLOTS)
			return fail("%zu devices do not fit one bus of 31 slots; "
				    "put several in one slot with addr=SLOT.FN",
				    list->n);
		list->v[i].slot = slot;
		used[slot] = true;
	}
	return 0;
}

int device_list_place(struct device_list *list)
{
	const struct device_spec *at[SLOTS][FUNCTIONS] = { 0 };
	bool used[SLOTS] = { false };

	for (size_t i = 0; i < list->n; i++) {
		const struct device_spec *device = &list->v[i];

		if (device->slot < 0)
			continue;
		if (at[device->slot][device->fn])
			return fail("%s and %s are both at addr=%x.%d; give one another place",
				    at[device->slot][device->fn]->text, device->text,
				    device->slot, device->fn);
		at[device->slot][device->fn] = device;
		used[device->slot] = true;
	}
	/* PCI, "Device Functions": without function 0 nobody looks for the others. */
	for (size_t i = 0; i < list->n; i++) {
		const struct device_spec *device = &list->v[i];

		if (device->slot >= 0 && !at[device->slot][0])
			return fail("%s at addr=%x.%d needs a device at addr=%x.0: "
				    "a slot without function 0 is not scanned",
				    device->text, device->slot, device->fn, device->slot);
	}
	return place_devices(list, used);
}

void device_list_free(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].text);
	free(list->v);
	*list = (struct device_list){ 0 };
}
