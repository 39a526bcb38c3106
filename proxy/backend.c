// SPDX-License-Identifier: GPL-2.0
/*
 * backend.c - the table of backends, and help about them
 */
#include <stdio.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/near.h"
#include "proxy/util.h"

const struct backend *const backends[] = {
	&backend_qemu,
	&backend_vfio,
	&backend_testdev,
	&backend_vfio_user,
	NULL,
};

/* Those that ring3 takes itself. */
static const struct backend_param common_params[] = {
	{ "addr", "place on the hosted bus, SLOT.FUNCTION" },
	{ "config", "safe | raw: may the driver write configuration registers that are the vendor's, or unknown? (safe: no)" },
};

/**
 * backend_find() - a backend by its name
 * @name: as in a specification
 *
 * Return: the backend, or NULL with fail(), which names those most like it.
 */
const struct backend *backend_find(const char *name)
{
	const char *names[ARRAY_SIZE(backends)];
	char like[256];
	size_t n = 0;

	for (; backends[n]; n++) {
		if (!strcmp(backends[n]->name, name))
			return backends[n];
		names[n] = backends[n]->name;
	}
	near_matches(name, names, n, like, sizeof(like));
	fail("there is no backend '%s'%s%s%s; '--device help' lists them", name,
	     *like ? " (did you mean " : "", like, *like ? "?)" : "");
	return NULL;
}

/**
 * backend_check_params() - refuse properties the backend does not know
 * @be: backend; one with any_param takes all
 * @spec: specification
 *
 * Return: 0, or -1 with fail().
 */
int backend_check_params(const struct backend *be, const struct spec *spec)
{
	const char *names[32];
	char like[256];
	size_t n = 0;

	for (; n < ARRAY_SIZE(common_params); n++)
		names[n] = common_params[n].name;
	for (const struct backend_param *p = be->params; p && p->name && n < ARRAY_SIZE(names); p++)
		names[n++] = p->name;
	for (size_t i = 0; i < spec->nr_props && !be->any_param; i++) {
		size_t k = 0;

		while (k < n && strcmp(names[k], spec->props[i].key))
			k++;
		if (k < n)
			continue;
		near_matches(spec->props[i].key, names, n, like, sizeof(like));
		return fail("device '%s': backend '%s' has no property '%s'%s%s%s; '--device %s:help' lists them",
			    spec->text, be->name, spec->props[i].key,
			    *like ? " (did you mean " : "", like, *like ? "?)" : "", be->name);
	}
	return 0;
}

static void print_backends(void)
{
	printf("Backends, for --device BACKEND[:MODEL][,property=value...]:\n");
	for (size_t i = 0; backends[i]; i++)
		printf("  %-10s %s\n", backends[i]->name, backends[i]->help);
	printf("'--device BACKEND:help' says more.\n");
}

static void print_params(const struct backend *be)
{
	printf("%s: %s\nProperties:\n", be->name, be->help);
	for (size_t i = 0; i < ARRAY_SIZE(common_params); i++)
		printf("  %-12s %s\n", common_params[i].name, common_params[i].help);
	for (const struct backend_param *p = be->params; p && p->name; p++)
		printf("  %-12s %s\n", p->name, p->help);
}

/**
 * backend_help() - answer a specification for which spec_wants_help() holds
 * @spec: "help", "BACKEND:help" or "BACKEND:MODEL,help"
 *
 * Return: 0, or -1 with fail().
 */
int backend_help(const struct spec *spec)
{
	const struct backend *be;
	const char *model = spec->model;

	if (!strcmp(spec->backend, "help")) {
		print_backends();
		return 0;
	}
	be = backend_find(spec->backend);
	if (!be)
		return -1;
	if (model && !strcmp(model, "help"))
		model = NULL;
	if (!model)
		print_params(be);
	return be->list ? be->list(model) : 0;
}
