/* SPDX-License-Identifier: GPL-2.0 */
/* near.h - "did you mean" for names */
#ifndef RING3_NEAR_H
#define RING3_NEAR_H

#include "shim/util.h"

/**
 * near_distance() - how many letters must be added, removed or changed
 * @a: a name
 * @b: another; '-' and '_' are the same, as for modules
 *
 * Return: the number; names of more than 63 letters are far from everything.
 */
unsigned int near_distance(const char *a, const char *b);

/**
 * near_names() - names like a given one
 * @name: what was asked for
 * @known: what there is
 *
 * Return: "; did you mean a, b or c?" to free, empty when nothing is like it.
 */
char *near_names(const char *name, const struct strv *known);

#endif
