/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spec.h - a device as the user writes it: BACKEND[:MODEL][,prop=val...]
 */
#ifndef RING3_PROXY_SPEC_H
#define RING3_PROXY_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#define SPEC_MAX_PROPS 64

struct spec_prop {
	char *key, *value;	/* value NULL: written without '=' */
};

struct spec {
	char *text;		/* as written, for messages */
	char *backend;
	char *model;		/* NULL without one */
	int slot, function;	/* addr=, -1 without it */
	size_t nr_props;
	struct spec_prop props[SPEC_MAX_PROPS];
};

struct spec *spec_parse(const char *text);
void spec_free(struct spec *spec);
const char *spec_get(const struct spec *spec, const char *key);
bool spec_wants_help(const struct spec *spec);

#endif
