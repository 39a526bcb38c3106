// SPDX-License-Identifier: GPL-2.0
/*
 * options.c - what the command line of ring3-proxy says
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/options.h"
#include "proxy/version.h"

struct options options = { .ram_fd = -1, .ready_fd = -1 };

const char *argp_program_version = "ring3-proxy " RING3_VERSION;

enum {
	OPT_CLIENT = 0x100,
	OPT_LISTEN,
	OPT_RAM,
	OPT_READY,
	OPT_QEMU,
	OPT_VIEW,
	OPT_VIEW_OPTIONAL,
	OPT_SHOW,
	OPT_TRACE,
	OPT_TRACE_MAPPED,
	OPT_STAY,
	OPT_CALLERS,
	OPT_UNTIL,
	OPT_NO_SANDBOX,
	OPT_DMA,
};

static const struct argp_option argp_options[] = {
	{ "device", 'd', "SPEC", 0,
	  "A device, BACKEND[:MODEL][,property=value...]; repeatable. 'help', 'qemu:help' and 'testdev:help' list what there is", 0 },
	{ "client-fd", OPT_CLIENT, "N", 0,
	  "Serve the device before this option on the connected socket N; the proxy ends with the last such client", 0 },
	{ "listen", OPT_LISTEN, "SOCK", 0,
	  "Serve the devices without a --client-fd on this socket; the second and further ones on SOCK.1, SOCK.2 and so on", 0 },
	{ "ram-fd", OPT_RAM, "N", 0,
	  "The clients' memory, found by devices at 0x40000000; a power of two of bytes", 0 },
	{ "dma", OPT_DMA, "MODE", 0,
	  "strict: a device reaches what its client has mapped for it, page by page, and nothing else; static (default): QEMU's reach all of the clients' memory", 0 },
	{ "ready-fd", OPT_READY, "N", 0,
	  "Write 'ready', or why there is no device, to descriptor N", 0 },
	{ "qemu", OPT_QEMU, "ARGS", 0, "Further arguments for QEMU; repeatable", 0 },
	{ "view", OPT_VIEW, "DIR", 0, "Show the devices in a file system mounted on this empty directory", 0 },
	{ "view-optional", OPT_VIEW_OPTIONAL, NULL, 0, "Go on without the view if it cannot be mounted", 0 },
	{ "show", OPT_SHOW, "PATH=N", 0,
	  "Show descriptor N in the view as this file of kernel/ or crash/; repeatable", 0 },
	{ "trace", OPT_TRACE, "FILE", 0, "Write what happens to this file, as mmiotrace does", 0 },
	{ "trace-mapped", OPT_TRACE_MAPPED, NULL, 0,
	  "Let no register be mapped, so that every access is counted and traced", 0 },
	{ "callers", OPT_CALLERS, NULL, 0,
	  "Have the hosted kernel tell who makes each access, without --trace as well", 0 },
	{ "until", OPT_UNTIL, "PID", 0, "End when this process does; it is who has the devices", 0 },
	{ "no-sandbox", OPT_NO_SANDBOX, NULL, 0,
	  "Keep the privileges and all system calls; to debug the proxy itself", 0 },
	{ "stay", OPT_STAY, NULL, 0, "Go on when the last --client-fd has gone", 0 },
	{ 0 },
};

static int parse_fd(struct argp_state *state, const char *name, const char *text)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(text, &end, 10);
	if (errno || end == text || *end || fd < 0 || fd > MAX_FILES)
		argp_error(state, "--%s %s: not a number of a file descriptor", name, text);
	return fd;
}

static int parse_pid(struct argp_state *state, const char *text)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || end == text || *end || pid < 1 || pid > INT_MAX)
		argp_error(state, "--until %s: not a number of a process", text);
	return pid;
}

static void once(struct argp_state *state, const char *name, bool given)
{
	if (given)
		argp_error(state, "--%s is given twice; leave one out", name);
}

static void add_device(struct argp_state *state, const char *spec)
{
	if (options.nr == MAX_DEVICES)
		argp_error(state, "more than %d devices", MAX_DEVICES);
	options.devices[options.nr++] = (struct device_option){ spec, -1 };
}

static void add_client(struct argp_state *state, const char *arg)
{
	int fd = parse_fd(state, "client-fd", arg);
	struct device_option *d;

	if (!options.nr)
		argp_error(state, "--client-fd %s: belongs after the --device it serves", arg);
	d = &options.devices[options.nr - 1];
	once(state, "client-fd", d->client_fd >= 0);
	for (size_t i = 0; i < options.nr; i++)
		if (options.devices[i].client_fd == fd)
			argp_error(state, "--client-fd %d is given for two devices; each needs its own socket",
				   fd);
	d->client_fd = fd;
}

static bool parse_dma(struct argp_state *state, const char *text)
{
	if (strcmp(text, "strict") && strcmp(text, "static"))
		argp_error(state, "--dma %s: there are static and strict", text);
	return !strcmp(text, "strict");
}

static void add_shown(struct argp_state *state, char *arg)
{
	char *slash = strchr(arg, '/'), *equals = strchr(arg, '=');
	struct view_shown *shown = &options.shown[options.nr_shown];

	if (!slash || !equals || equals < slash)
		argp_error(state, "--show %s: not DIRECTORY/NAME=DESCRIPTOR", arg);
	if (options.nr_shown++ == MAX_SHOWN)
		argp_error(state, "more than %d times --show", MAX_SHOWN);
	*slash = *equals = 0;
	shown->dir = arg;
	shown->name = slash + 1;
	shown->fd = parse_fd(state, "show", equals + 1);
}

/* What only the view and the trace have. */
static error_t parse_view_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case OPT_VIEW:
		once(state, "view", options.view);
		options.view = arg;
		return 0;
	case OPT_VIEW_OPTIONAL:
		options.view_optional = true;
		return 0;
	case OPT_SHOW:
		add_shown(state, arg);
		return 0;
	case OPT_TRACE:
		once(state, "trace", options.trace);
		options.trace = arg;
		return 0;
	case OPT_TRACE_MAPPED:
		options.trace_mapped = true;
		return 0;
	case OPT_CALLERS:
		options.callers = true;
		return 0;
	case OPT_STAY:
		options.stay = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'd':
		add_device(state, arg);
		return 0;
	case OPT_CLIENT:
		add_client(state, arg);
		return 0;
	case OPT_LISTEN:
		once(state, "listen", options.listen);
		options.listen = arg;
		return 0;
	case OPT_RAM:
		once(state, "ram-fd", options.ram_fd >= 0);
		options.ram_fd = parse_fd(state, "ram-fd", arg);
		return 0;
	case OPT_READY:
		once(state, "ready-fd", options.ready_fd >= 0);
		options.ready_fd = parse_fd(state, "ready-fd", arg);
		return 0;
	case OPT_QEMU:
		if (options.nr_qemu_args == MAX_QEMU_ARGS)
			argp_error(state, "more than %d times --qemu", MAX_QEMU_ARGS);
		options.qemu_args[options.nr_qemu_args++] = arg;
		return 0;
	case OPT_NO_SANDBOX:
		options.no_sandbox = true;
		return 0;
	case OPT_DMA:
		options.strict = parse_dma(state, arg);
		return 0;
	case OPT_UNTIL:
		once(state, "until", options.until);
		options.until = parse_pid(state, arg);
		return 0;
	case ARGP_KEY_END:
		if (!options.nr)
			argp_error(state, "no device: give --device SPEC ('--device help' lists backends)");
		return 0;
	default:
		return parse_view_option(key, arg, state);
	}
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.doc = "Own PCI devices and serve them over vfio-user."
	       "\vExit status: 0 after SIGTERM or when the last --client-fd has gone, 1 if QEMU was lost, 125 if a device could not be set up."
	       "\n\nEnvironment: RING3_QEMU is the QEMU to run instead of qemu-system-x86_64.",
};

/**
 * options_parse() - fill in the options, or end with a message
 * @argc: number of arguments
 * @argv: the arguments; some are taken apart
 */
void options_parse(int argc, char **argv)
{
	argp_err_exit_status = EXIT_SETUP;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
}
