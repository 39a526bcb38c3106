// SPDX-License-Identifier: GPL-2.0
/* spec.c - device specifications and the places on the hosted PCI bus */
#include <ctype.h>
#include <string.h>

#include "shim/spec.h"

#define SLOTS 32
#define FUNCTIONS 8

/* SLOT[.FN]; returns what follows it, or NULL. */
static const char *parse_place(const char *text, struct place *place)
{
	char *end;
	long value;

	if (!isxdigit((unsigned char)*text))
		return NULL;
	value = strtol(text, &end, 16);
	if (end - text > 2 || value >= SLOTS)
		return NULL;
	*place = (struct place){ .slot = value };
	if (*end == '.') {
		if (end[1] < '0' || end[1] >= '0' + FUNCTIONS)
			return NULL;
		place->fn = end[1] - '0';
		end += 2;
	}
	return end;
}

int parse_addr(const char *text, struct place *bridge, struct place *at)
{
	*bridge = (struct place){ .slot = -1 };
	text = parse_place(text, at);
	if (text && *text == '/') {
		*bridge = *at;
		text = parse_place(text + 1, at);
	}
	return text && !*text ? 0 : -1;
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

bool spec_is_help(const char *text)
{
	const char *colon = strchr(text, ':'), *end = property_end(text);

	if (!strcmp(text, "help") || !strcmp(text, "?") || (colon && !strcmp(colon + 1, "help")))
		return true;
	while (*end) {
		text = end + 1;
		end = property_end(text);
		if (end - text == 4 && !strncmp(text, "help", 4))
			return true;
	}
	return false;
}

/* If the property at @text, up to @end, is @name=, put its value into *@value. */
static bool take_value(const char *text, const char *end, const char *name, char **value)
{
	size_t len = strlen(name);

	if ((size_t)(end - text) <= len || strncmp(text, name, len) || text[len] != '=')
		return false;
	free(*value);
	*value = strndup(text + len + 1, end - text - len - 1);
	return true;
}

/* Copy @text without its addr= and bridge= properties. */
static char *take_place(const char *text, char **addr, char **bridge)
{
	struct buffer out = { 0 };
	const char *end = property_end(text);

	buffer_add(&out, text, end - text);
	while (*end) {
		text = end + 1;
		end = property_end(text);
		if (take_value(text, end, "addr", addr) || take_value(text, end, "bridge", bridge))
			continue;
		buffer_add(&out, ",", 1);
		buffer_add(&out, text, end - text);
	}
	buffer_add(&out, "", 1);
	return out.data;
}

static int set_place(struct device_spec *device, const char *text, const char *addr,
		     const char *bridge)
{
	static const char *const kinds[] = { "pcie", "pci" };

	if (addr && parse_addr(addr, &device->bridge, &device->at) < 0)
		return fail("'%s' in --device %s is no place on the bus: "
			    "use addr=SLOT.FN with SLOT 0 to 1f and FN 0 to 7, "
			    "or addr=SLOT.FN/SLOT.FN for a place behind a bridge",
			    addr, text);
	if (!bridge)
		return 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(bridge, kinds[i]))
			device->kind = kinds[i];
	if (!device->kind)
		return fail("'%s' in --device %s is no kind of bridge: use bridge=pcie or bridge=pci",
			    bridge, text);
	if (device->bridge.slot < 0)
		return fail("--device %s: bridge= is for a device behind a bridge: "
			    "say where, for example addr=1c.0/0.0",
			    text);
	return 0;
}

int device_list_add(struct device_list *list, const char *text)
{
	struct device_spec device = { .at.slot = -1, .bridge.slot = -1 };
	_cleanup_free_ char *addr = NULL, *bridge = NULL;
	int err;

	if (!*text || *text == ',')
		return fail("--device '%s' names no device; see 'ring3 run --device help'", text);
	device.text = take_place(text, &addr, &bridge);
	err = set_place(&device, text, addr, bridge);
	if (err) {
		free(device.text);
		return err;
	}
	list->v = xrealloc(list->v, (list->n + 1) * sizeof(*list->v));
	list->v[list->n++] = device;
	return 0;
}

bool spec_behind_pci(const struct device_spec *device)
{
	return device->kind && !strcmp(device->kind, "pci");
}

static bool same_place(const struct place *a, const struct place *b)
{
	return a->slot == b->slot && (a->slot < 0 || a->fn == b->fn);
}

/* Two devices: not at one place, none where the other has a bridge, one kind of bridge. */
static int check_pair(const struct device_spec *a, const struct device_spec *b)
{
	if (same_place(&a->bridge, &b->bridge)) {
		if (a->at.slot >= 0 && same_place(&a->at, &b->at))
			return fail("%s and %s are both at addr=%x.%d; give one another place",
				    a->text, b->text, a->at.slot, a->at.fn);
		if (a->bridge.slot >= 0 && spec_behind_pci(a) != spec_behind_pci(b))
			return fail("%s and %s are behind one bridge; say bridge=%s for both",
				    a->text, b->text, spec_behind_pci(a) ? a->kind : b->kind);
		return 0;
	}
	if (a->bridge.slot < 0 && a->at.slot >= 0 && same_place(&a->at, &b->bridge))
		return fail("%s is at addr=%x.%d, where %s has its bridge; give one another place",
			    a->text, a->at.slot, a->at.fn, b->text);
	return 0;
}

/* Is there a device, or a bridge, in function 0 of @device's slot? */
static bool has_function_0(const struct device_list *list, const struct device_spec *device)
{
	const struct place zero = { .slot = device->at.slot };

	for (size_t i = 0; i < list->n; i++) {
		const struct device_spec *d = &list->v[i];

		if (same_place(&d->bridge, &device->bridge) && same_place(&d->at, &zero))
			return true;
		if (device->bridge.slot < 0 && same_place(&d->bridge, &zero))
			return true;
	}
	return false;
}

static int check_alone(const struct device_list *list, const struct device_spec *device)
{
	if (device->at.slot < 0)
		return 0;
	if (device->bridge.slot >= 0 && !spec_behind_pci(device) && device->at.slot)
		return fail("%s: a PCIe root port has slot 0 only; use addr=%x.%d/0.%d or bridge=pci",
			    device->text, device->bridge.slot, device->bridge.fn, device->at.fn);
	if (device->bridge.slot >= 0 && device->bridge.fn)
		return fail("%s: a bridge is function 0 of its slot; use addr=%x.0/%x.%d",
			    device->text, device->bridge.slot, device->at.slot, device->at.fn);
	/* PCI, "Device Functions": without function 0 nobody looks for the others. */
	if (!has_function_0(list, device))
		return fail("%s at addr=%x.%d needs a device at addr=%x.0: "
			    "a slot without function 0 is not scanned",
			    device->text, device->at.slot, device->at.fn, device->at.slot);
	return 0;
}

static int place_rest(struct device_list *list)
{
	bool used[SLOTS] = { false };
	int slot = 1;

	for (size_t i = 0; i < list->n; i++) {
		const struct device_spec *d = &list->v[i];
		int taken = d->bridge.slot >= 0 ? d->bridge.slot : d->at.slot;

		if (taken >= 0)
			used[taken] = true;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].at.slot >= 0)
			continue;
		while (slot < SLOTS && used[slot])
			slot++;
		if (slot == SLOTS)
			return fail("%zu devices do not fit one bus of 31 slots; "
				    "put several in one slot with addr=SLOT.FN",
				    list->n);
		list->v[i].at.slot = slot;
		used[slot] = true;
	}
	return 0;
}

int device_list_place(struct device_list *list)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		for (size_t j = 0; j < list->n && !err; j++)
			if (i != j)
				err = check_pair(&list->v[i], &list->v[j]);
	for (size_t i = 0; i < list->n && !err; i++)
		err = check_alone(list, &list->v[i]);
	return err ? err : place_rest(list);
}

void device_list_free(struct device_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].text);
	free(list->v);
	*list = (struct device_list){ 0 };
}
