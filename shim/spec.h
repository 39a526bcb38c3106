/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spec.h - device specifications: BACKEND[:MODEL][,prop=value…]
 *
 * The proxy understands them; the shim only takes out addr=SLOT.FN, the device's place
 * on the hosted PCI bus.
 */
#ifndef RING3_SPEC_H
#define RING3_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/util.h"

struct device_spec {
	char *text;		/* for the proxy, without addr= */
	int slot;		/* 0..31, -1 until placed */
	int fn;			/* 0..7 */
};

struct device_list {
	struct device_spec *v;
	size_t n;
};

/**
 * parse_addr() - read a place on the bus: SLOT[.FN], SLOT in hex as lspci prints it
 * @text: the text
 * @slot: 0..31
 * @fn: 0..7
 *
 * Return: 0, or -1.
 */
int parse_addr(const char *text, int *slot, int *fn);

/**
 * spec_is_help() - does the specification ask for help?
 * @text: as given to --device
 *
 * Return: true for "help" and "BACKEND:help".
 */
bool spec_is_help(const char *text);

/**
 * device_list_add() - parse a specification
 * @list: where it is added
 * @text: as given to --device
 *
 * Return: 0, or an exit status after a message.
 */
int device_list_add(struct device_list *list, const char *text);

/**
 * device_list_place() - give every device its place and look for conflicts
 * @list: all devices
 *
 * Devices without addr= take the slots 1, 2, … that no addr= asks for, in their order.
 *
 * Return: 0, or an exit status after a message.
 */
int device_list_place(struct device_list *list);

void device_list_free(struct device_list *list);

#endif
