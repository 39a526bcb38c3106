// SPDX-License-Identifier: GPL-2.0
/* cmd-status.c - ring3 status: the host's PCI devices and who has them */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/bind.h"
#include "shim/cmd.h"
#include "shim/json.h"
#include "shim/options.h"

struct status_options {
	const char *device;
	bool json;
};

static const struct argp_option status_table[] = {
	{ "json", 'j', NULL, 0, "Print a JSON array", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_status(int key, char *arg, struct argp_state *state)
{
	struct status_options *opts = state->input;

	switch (key) {
	case 'j':
		opts->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (opts->device)
			return fail("one device at a time, not '%s' and '%s'", opts->device, arg);
		opts->device = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp status_argp = {
	status_table, parse_status, "[BDF]",
	"List the host's PCI devices, the drivers they have, and their IOMMU groups; with BDF, those "
	"in the group of that device.", NULL, NULL, NULL,
};

/* What there is to say about a device beside its driver. */
struct use {
	char *before;		/* its driver before VFIO; NULL: nothing is known */
	char *in_use;		/* why the host needs it, NULL: it does not */
	char *holder;		/* the process that has it from VFIO, NULL: none */
};

static struct use use_of(const struct host_device *dev)
{
	bool bound = dev->driver && !strcmp(dev->driver, "vfio-pci");

	return (struct use){
		.before = bound ? bind_before(dev->bdf) : NULL,
		.in_use = bound ? NULL : host_in_use(dev),
		.holder = bound && dev->group ? host_holder(dev->group) : NULL,
	};
}

static void use_free(struct use *use)
{
	free(use->before);
	free(use->in_use);
	free(use->holder);
}

static void print_one(const struct host_device *dev)
{
	struct use use = use_of(dev);

	printf("%s  %04x:%04x  %06x  %-5s  %-10s", dev->bdf, dev->vendor, dev->device, dev->class,
	       dev->group ? dev->group : "-", dev->driver ? dev->driver : "-");
	if (use.before)
		printf("  was %s", *use.before ? use.before : "without a driver");
	if (use.holder)
		printf("  used by process %s", use.holder);
	if (use.in_use)
		printf("  in use: %s", use.in_use);
	putchar('\n');
	use_free(&use);
}

static void print_table(const struct host_list *list)
{
	printf("%-12s  %-9s  %-6s  %-5s  %s\n", "BDF", "ID", "CLASS", "GROUP", "DRIVER");
	for (size_t i = 0; i < list->n; i++)
		print_one(&list->v[i]);
}

static void add_optional(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, text ? json_object_new_string(text) : NULL);
}

static void print_json(const struct host_list *list)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct host_device *d = &list->v[i];
		struct json_object *one = json_object_new_object();
		struct use use = use_of(d);

		json_add_text(one, "bdf", d->bdf);
		json_add_hex(one, "vendor", d->vendor, 4);
		json_add_hex(one, "device", d->device, 4);
		json_add_hex(one, "class", d->class, 6);
		add_optional(one, "group", d->group);
		add_optional(one, "driver", d->driver);
		add_optional(one, "before", use.before);
		add_optional(one, "in_use", use.in_use);
		add_optional(one, "used_by", use.holder);
		json_object_array_add(all, one);
		use_free(&use);
	}
	printf("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
}

/* A device without a group is listed by itself. */
static int choose(const char *text, struct host_list *list)
{
	struct host_device dev;
	char bdf[VFIO_BDF];
	int status = host_parse(text, bdf);

	if (!status)
		status = host_get(bdf, &dev);
	if (status)
		return status;
	if (dev.group) {
		host_list(list, dev.group);
		host_free(&dev);
		return 0;
	}
	list->v = xrealloc(NULL, sizeof(dev));
	list->v[0] = dev;
	list->n = 1;
	return 0;
}

int cmd_status(int argc, char **argv)
{
	struct status_options opts = { 0 };
	struct host_list list = { 0 };
	int status = options_parse(&status_argp, "ring3 status", argc, argv, &opts);

	if (status >= 0)
		return status;
	status = 0;
	if (opts.device)
		status = choose(opts.device, &list);
	else
		host_list(&list, NULL);
	if (!status && opts.json)
		print_json(&list);
	else if (!status)
		print_table(&list);
	host_list_free(&list);
	if (!status && fflush(stdout))
		status = fail("cannot write the list: %s", strerror(errno));
	return status;
}
