/* SPDX-License-Identifier: GPL-2.0 */
/* vermagic.h - was a module built for the hosted kernel? */
#ifndef RING3_VERMAGIC_H
#define RING3_VERMAGIC_H

#include <stdbool.h>

/**
 * vermagic_matches() - would the hosted kernel accept a module?
 * @module: the module's vermagic, "6.12.48 SMP mod_unload "
 * @hosted: that of a module of the hosted kernel, NULL when it has none
 * @version: the hosted kernel's version
 *
 * Without @hosted only the version is compared.
 *
 * Return: true if so.
 */
bool vermagic_matches(const char *module, const char *hosted, const char *version);

/**
 * vermagic_version() - the kernel version in a vermagic
 * @vermagic: the text
 *
 * Return: a string to free.
 */
char *vermagic_version(const char *vermagic);

#endif
