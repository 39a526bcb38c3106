// SPDX-License-Identifier: GPL-2.0
/* cmd-bind.c - ring3 bind and unbind: hand devices to VFIO and back */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/bind.h"
#include "shim/cmd.h"
#include "shim/options.h"

enum { OPT_FORCE = 256 };

struct bind_options {
	struct strv devices;
	const char *user;
	bool force, group;
};

static const struct argp_option bind_table[] = {
	{ "group", 'g', NULL, 0, "The whole IOMMU group, bridges left out", 0 },
	{ "user", 'u', "USER", 0, "Let USER open the group, who needs no root then", 0 },
	{ "force", OPT_FORCE, NULL, 0, "Even if the host uses the device", 0 },
	{ "quiet", 'q', NULL, 0, "Do not say what was done", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static const struct argp_option unbind_table[] = {
	{ "group", 'g', NULL, 0, "The whole IOMMU group, as far as it is bound", 0 },
	{ "force", OPT_FORCE, NULL, 0, "Even if a process uses the device, which then loses it", 0 },
	{ "quiet", 'q', NULL, 0, "Do not say what was done", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_bind(int key, char *arg, struct argp_state *state)
{
	struct bind_options *opts = state->input;

	switch (key) {
	case 'g':
		opts->group = true;
		return 0;
	case 'u':
		opts->user = arg;
		return 0;
	case OPT_FORCE:
		opts->force = true;
		return 0;
	case 'q':
		verbosity = -1;
		return 0;
	case ARGP_KEY_ARG:
		strv_add(&opts->devices, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp bind_argp = {
	bind_table, parse_bind, "BDF...",
	"Take PCI devices from their drivers and give them to VFIO, so that 'ring3 run' can host others "
	"for them (device vfio:BDF). What they had is remembered for 'ring3 unbind'.", NULL, NULL, NULL,
};

static const struct argp unbind_argp = {
	unbind_table, parse_bind, "BDF...",
	"Give PCI devices back from VFIO to the drivers they had before 'ring3 bind'.",
	NULL, NULL, NULL,
};

static bool is_bound(const struct host_device *dev)
{
	return dev->driver && !strcmp(dev->driver, "vfio-pci");
}

/* All devices of an IOMMU group must be with VFIO, or with nobody. */
static void show_group(const char *group)
{
	struct host_list list;

	host_list(&list, group);
	for (size_t i = 0; i < list.n; i++) {
		const struct host_device *d = &list.v[i];

		if (host_is_bridge(d))
			continue;
		say("IOMMU group %s: %s %04x:%04x %s%s", group, d->bdf, d->vendor, d->device,
		    d->driver ? d->driver : "no driver",
		    d->driver && !is_bound(d) ? " (must be bound, too: 'ring3 bind --group')" : "");
	}
	host_list_free(&list);
}

static int bind_one(const struct host_device *dev, const struct bind_options *opts)
{
	int status = bind_device(dev, opts->force);

	if (!status && verbosity >= 0)
		say("%s: vfio-pci%s%s", dev->bdf, dev->driver && !is_bound(dev) ? ", was " : "",
		    dev->driver && !is_bound(dev) ? dev->driver : "");
	return status;
}

static int unbind_one(const struct host_device *dev, const struct bind_options *opts)
{
	int status = unbind_device(dev, opts->force);
	struct host_device now;

	if (status || verbosity < 0 || host_get(dev->bdf, &now))
		return status;
	say("%s: %s", now.bdf, now.driver ? now.driver : "no driver, as before");
	host_free(&now);
	return 0;
}

typedef int (*one_fn)(const struct host_device *dev, const struct bind_options *opts);

static int each_of_group(const char *group, const struct bind_options *opts, one_fn one)
{
	struct host_list list;
	int status = 0;

	host_list(&list, group);
	for (size_t i = 0; i < list.n && !status; i++) {
		if (host_is_bridge(&list.v[i]) || (one == unbind_one && !is_bound(&list.v[i])))
			continue;
		status = one(&list.v[i], opts);
	}
	host_list_free(&list);
	return status;
}

static int handle(const char *text, const struct bind_options *opts, one_fn one)
{
	struct host_device dev;
	char bdf[VFIO_BDF];
	int status = host_parse(text, bdf);

	if (!status)
		status = host_get(bdf, &dev);
	if (status)
		return status;
	if (opts->group && dev.group)
		status = each_of_group(dev.group, opts, one);
	else
		status = one(&dev, opts);
	if (!status && opts->user && dev.group)
		status = bind_give(&dev, opts->user);
	if (!status && one == bind_one && verbosity >= 0)
		show_group(dev.group);
	host_free(&dev);
	return status;
}

static int run_command(const struct argp *argp, const char *name, int argc, char **argv, one_fn one)
{
	struct bind_options opts = { 0 };
	int status = options_parse(argp, name, argc, argv, &opts);

	if (status < 0) {
		status = 0;
		if (!opts.devices.n)
			status = fail("which device? See 'ring3 status'");
		/* The first that fails is enough to look at. */
		for (size_t i = 0; i < opts.devices.n && !status; i++)
			status = handle(opts.devices.v[i], &opts, one);
	}
	strv_free(&opts.devices);
	return status;
}

int cmd_bind(int argc, char **argv)
{
	return run_command(&bind_argp, "ring3 bind", argc, argv, bind_one);
}

int cmd_unbind(int argc, char **argv)
{
	return run_command(&unbind_argp, "ring3 unbind", argc, argv, unbind_one);
}
