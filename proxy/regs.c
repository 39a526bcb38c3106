// SPDX-License-Identifier: GPL-2.0
/*
 * regs.c - find named registers by name, by place and by device
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/regs.h"

static int compare_names(const void *a, const void *b)
{
	const struct reg *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int compare_places(const void *a, const void *b)
{
	const struct reg *const *x = a, *const *y = b;

	if ((*x)->bar != (*y)->bar)
		return (*x)->bar < (*y)->bar ? -1 : 1;
	if ((*x)->offset != (*y)->offset)
		return (*x)->offset < (*y)->offset ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

/* One place may have two meanings: what is read there and what is written there. */
static bool is_pair(const struct reg *a, const struct reg *b)
{
	return a->offset == b->offset && a->width == b->width &&
	       ((a->flags & REG_RO && b->flags & REG_WO) ||
		(a->flags & REG_WO && b->flags & REG_RO));
}

static bool collide(const struct regs *regs, size_t i)
{
	const struct reg *a = regs->by_place[i - 1], *b = regs->by_place[i];

	if (a->bar != b->bar || b->offset >= a->offset + a->width)
		return false;
	/* Of a pair's second, the next one must be clear as well. */
	return !is_pair(a, b) || (i > 1 && regs->by_place[i - 2]->bar == a->bar &&
				  regs->by_place[i - 2]->offset == a->offset);
}

/* Where the indexes have a register too much as number @i, behind the one it collides with. */
static const struct reg **second(const struct regs *regs, size_t i)
{
	if (!strcmp(regs->by_name[i - 1]->name, regs->by_name[i]->name))
		return &regs->by_name[i];
	return collide(regs, i) ? &regs->by_place[i] : NULL;
}

/**
 * regs_index() - make the indexes and find registers that exclude each other
 * @regs: complete but for the indexes
 * @one: set to the register that is too much
 * @other: set to the one it has the name or the place of
 *
 * Return: 0; -1 without memory (*one is NULL) or with two registers that collide.
 */
int regs_index(struct regs *regs, const struct reg **one, const struct reg **other)
{
	const struct reg **names, **places;
	size_t n = regs->nr;

	*one = *other = NULL;
	regs->by_name = names = calloc(n + 1, sizeof(*names));
	regs->by_place = places = calloc(n + 1, sizeof(*places));
	if (!names || !places)
		return -1;
	for (size_t i = 0; i < n; i++)
		names[i] = places[i] = &regs->reg[i];
	qsort(names, n, sizeof(*names), compare_names);
	qsort(places, n, sizeof(*places), compare_places);
	for (size_t i = 1; i < n && !*one; i++) {
		const struct reg **at = second(regs, i);

		if (!at)
			continue;
		*one = at[-1] > at[0] ? at[-1] : at[0];
		*other = at[-1] > at[0] ? at[0] : at[-1];
	}
	return *one ? -1 : 0;
}

/**
 * regs_free() - forget registers
 * @regs: from regs_parse(), regs_load() or regs_dir(), or NULL
 *
 * Every struct reg of it is gone then.
 */
void regs_free(struct regs *regs)
{
	if (!regs)
		return;
	free(regs->reg);
	free(regs->ids);
	free(regs->classes);
	free(regs->text);
	free(regs->fields);
	free(regs->values);
	free(regs->by_name);
	free(regs->by_place);
	free(regs);
}

/**
 * regs_find() - the register of a name
 * @regs: registers
 * @name: as in the file; with its index for an element of an array: "RDH(1)"
 *
 * Return: the register, NULL if there is none.
 */
const struct reg *regs_find(const struct regs *regs, const char *name)
{
	size_t low = 0, high = regs->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(name, regs->by_name[mid]->name);

		if (!order)
			return regs->by_name[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/**
 * regs_at() - the register at a place
 * @regs: registers
 * @bar: number of the BAR
 * @offset: in bytes, of any byte of the register
 * @write: of two registers at the same place, the written one is wanted
 *
 * Return: the register, NULL if there is none.
 */
const struct reg *regs_at(const struct regs *regs, unsigned int bar, uint64_t offset, bool write)
{
	size_t low = 0, high = regs->nr;
	const struct reg *reg, *twin;

	/* The first that begins behind the place. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		reg = regs->by_place[mid];
		if (reg->bar > bar || (reg->bar == bar && reg->offset > offset))
			high = mid;
		else
			low = mid + 1;
	}
	if (!low)
		return NULL;
	reg = regs->by_place[low - 1];
	if (reg->bar != bar || offset - reg->offset >= reg->width)
		return NULL;
	if (low < 2 || !(reg->flags & (write ? REG_RO : REG_WO)))
		return reg;
	twin = regs->by_place[low - 2];
	return twin->bar == bar && twin->offset == reg->offset ? twin : reg;
}

/**
 * regs_fits() - are these the registers of a device?
 * @regs: registers
 * @vendor: vendor ID
 * @device: device ID
 * @class: class code 0xCCSSPP, 0 when not known
 *
 * Return: REGS_DEVICE when the file names the device, REGS_CLASS when it names only
 * its class, else REGS_NONE (0).
 */
enum regs_fit regs_fits(const struct regs *regs, uint16_t vendor, uint16_t device,
			uint32_t class)
{
	for (size_t i = 0; i < regs->nr_ids; i++) {
		if (regs->ids[i].vendor == vendor && regs->ids[i].device == device)
			return REGS_DEVICE;
	}
	for (size_t i = 0; class && i < regs->nr_classes; i++) {
		if (regs->classes[i] == class)
			return REGS_CLASS;
	}
	return REGS_NONE;
}
