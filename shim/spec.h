/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spec.h - device specifications: BACKEND[:MODEL][,prop=value…]
 *
 * The proxy understands them; the shim only takes out the device's place on the hosted
 * PCI bus: addr=SLOT.FN, or addr=SLOT.FN/SLOT.FN for a place behind a bridge, as
 * `lspci -P` prints it, and bridge=pci or bridge=pcie, that bridge's kind.
 */
#ifndef RING3_SPEC_H
#define RING3_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/util.h"

struct place {
	int slot;		/* 0..31, -1: none (yet) */
	int fn;			/* 0..7 */
};

struct device_spec {
	char *text;		/* for the proxy, without addr= and bridge= */
	struct place bridge;	/* on bus 0, above the device */
	struct place at;	/* on bus 0 or behind the bridge */
	const char *kind;	/* of the bridge: "pcie", "pci", or NULL: nothing said */
};

struct device_list {
	struct device_spec *v;
	size_t n;
};

/**
 * parse_addr() - read a place: [SLOT[.FN]/]SLOT[.FN], SLOT in hex as lspci prints it
 * @text: the text
 * @bridge: receives the part before the slash; slot -1 without one
 * @at: receives the last part
 *
 * Return: 0, or -1.
 */
int parse_addr(const char *text, struct place *bridge, struct place *at);

/**
 * spec_is_help() - does the specification ask for help?
 * @text: as given to --device
 *
 * Return: true for "help", "BACKEND:help" and "BACKEND:MODEL,help".
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
 * spec_behind_pci() - is the device behind a PCI-to-PCI bridge, rather than a PCIe port?
 * @device: placed behind a bridge
 *
 * Return: true for bridge=pci.
 */
bool spec_behind_pci(const struct device_spec *device);

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
