/* SPDX-License-Identifier: GPL-2.0 */
/*
 * near.h - what the user may have meant
 */
#ifndef RING3_PROXY_NEAR_H
#define RING3_PROXY_NEAR_H

#include <stddef.h>

unsigned int near_distance(const char *a, const char *b);
void near_matches(const char *word, const char *const *names, size_t nr, char *out, size_t size);

#endif
