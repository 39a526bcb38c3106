// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - ring3-proxy: the process that owns the devices
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/seen.h"
#include "proxy/serve.h"
#include "proxy/trace-file.h"
#include "proxy/trace.h"
#include "proxy/version.h"
#include "proxy/view/view.h"

#define MAX_DEVICES 256
#define MAX_QEMU_ARGS 64
#define MAX_FILES 65536
#define MAX_SHOWN 16
#define EXIT_SETUP 125

struct device_option {
	const char *spec;
	int client_fd;
};

static struct {
	struct device_option devices[MAX_DEVICES];
	size_t nr;
	const char *listen;
	int ram_fd, ready_fd;
	char *qemu_args[MAX_QEMU_ARGS + 1];
	size_t nr_qemu_args;
	const char *view, *trace;
	bool view_optional, trace_mapped, stay, callers;
	struct view_shown shown[MAX_SHOWN];
	size_t nr_shown;
} options = { .ram_fd = -1, .ready_fd = -1 };

static struct device *devices[MAX_DEVICES];

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

/* The launcher reads why from --ready-fd; a human reads standard error. */
static void report(const char *text)
{
	if (options.ready_fd < 0)
		warn("%s", text);
	else
		dprintf(options.ready_fd, "%s\n", text);
}

static int check_fds(void)
{
	int domain;
	socklen_t len = sizeof(domain);

	if (options.ram_fd >= 0 && fcntl(options.ram_fd, F_SETFD, FD_CLOEXEC))
		return fail("--ram-fd %d: %m", options.ram_fd);
	for (size_t i = 0; i < options.nr; i++) {
		int fd = options.devices[i].client_fd;

		if (fd < 0 && !options.listen)
			return fail("device '%s' has nobody to serve: add --listen SOCK or --client-fd N",
				    options.devices[i].spec);
		if (fd < 0)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_UNIX)
			return fail("--client-fd %d is not a connected Unix socket", fd);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	return 0;
}

static int check_addr(const struct spec *spec, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct spec *other = devices[i]->spec;

		if (spec->slot >= 0 && other->slot == spec->slot &&
		    other->function == spec->function)
			return fail("devices '%s' and '%s' have the same addr=; change one of them",
				    other->text, spec->text);
	}
	return 0;
}

static int open_device(size_t i)
{
	struct spec *spec = spec_parse(options.devices[i].spec);
	const struct backend *be;

	if (!spec)
		return -1;
	be = backend_find(spec->backend);
	if (!be || backend_check_params(be, spec) || check_addr(spec, i))
		goto err_spec;
	devices[i] = device_new(spec, be);
	if (!devices[i])
		goto err_spec;
	devices[i]->index = i;
	if (devices[i]->slot < 0)
		devices[i]->slot = i + 1;
	if (devices[i]->function < 0)
		devices[i]->function = 0;
	return be->open(devices[i]);

err_spec:
	spec_free(spec);
	return -1;
}

static int start_backends(void)
{
	const struct backend_env env = {
		.ram_fd = options.ram_fd, .qemu_args = options.qemu_args,
	};

	for (size_t i = 0; backends[i]; i++) {
		bool used = false;

		for (size_t k = 0; k < options.nr; k++)
			used |= devices[k]->backend == backends[i];
		if (used && backends[i]->start && backends[i]->start(&env))
			return -1;
	}
	return 0;
}

static int serve(size_t i, size_t *listeners)
{
	char *path;
	int err;

	if (options.devices[i].client_fd >= 0)
		return serve_client(devices[i], options.devices[i].client_fd);
	if (!(*listeners)++)
		return serve_listen(devices[i], options.listen);
	if (asprintf(&path, "%s.%zu", options.listen, *listeners - 1) < 0)
		return fail("out of memory");
	err = serve_listen(devices[i], path);
	free(path);
	return err;
}

/* The helper that mounts for users tells standard error why it does not. */
static int mount_view(pid_t launcher)
{
	int null, keep, err;

	if (!options.view_optional)
		return view_mount(options.view, launcher);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	keep = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(null, STDERR_FILENO);
	err = view_mount(options.view, launcher);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(null);
	return err;
}

/* The trace and the view; the devices are set up. */
static int show(void)
{
	bool given = options.nr && options.devices[0].client_fd >= 0;

	for (size_t i = 0; i < options.nr_shown; i++)
		fcntl(options.shown[i].fd, F_SETFD, FD_CLOEXEC);
	if (trace_file_start(devices, options.nr))
		return -1;
	if (!options.view)
		return 0;
	view = (struct view) {
		.devices = devices, .nr_devices = options.nr,
		.shown = options.shown, .nr_shown = options.nr_shown,
	};
	if (handoff_init())
		return -1;
	for (size_t i = 0; i < options.nr; i++)
		devices[i]->seen = seen_new(devices[i]);
	if (!mount_view(given ? getppid() : 0))
		return view_start(given ? getppid() : 0);
	return options.view_optional ? 0 : -1;
}

static int setup(void)
{
	size_t listeners = 0;

	if (trace_init(options.trace || options.callers ? TRACE_LARGE : TRACE_SMALL) ||
	    (options.trace && trace_file_open(options.trace)))
		return -1;

	for (size_t i = 0; i < options.nr; i++)
		if (open_device(i))
			return -1;
	if (check_fds() || start_backends())
		return -1;
	for (size_t i = 0; i < options.nr; i++) {
		if (device_setup(devices[i]))
			return -1;
		if (options.trace_mapped)
			device_trap(devices[i]);
	}
	if (show())
		return -1;
	for (size_t i = 0; i < options.nr; i++)
		if (serve(i, &listeners))
			return -1;
	if (options.stay)
		serve_stay();
	return 0;
}

static void teardown(void)
{
	serve_end();
	view_stop();
	handoff_exit();
	trace_file_stop();
	for (size_t i = 0; i < options.nr; i++)
		device_free(devices[i]);
	for (size_t i = 0; backends[i]; i++)
		if (backends[i]->stop)
			backends[i]->stop();
	trace_exit();
}

static void on_signal(struct loop_src *src, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(src->fd, &info, sizeof(info)) == sizeof(info))
		loop_stop(0);
}

static int catch_signals(struct loop_src *src)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	src->fn = on_signal;
	src->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (src->fd < 0 || loop_add(src, EPOLLIN))
		return fail("cannot wait for signals: %m");
	return 0;
}

/* Each vector of each client is a descriptor. */
static void raise_file_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return;
	if (lim.rlim_cur < MAX_FILES)
		lim.rlim_cur = lim.rlim_max < MAX_FILES ? lim.rlim_max : MAX_FILES;
	setrlimit(RLIMIT_NOFILE, &lim);
}

static bool answer_help(int *status)
{
	bool asked = false;

	for (size_t i = 0; i < options.nr && !asked; i++) {
		struct spec *spec = spec_parse(options.devices[i].spec);

		asked = spec && spec_wants_help(spec);
		if (asked && backend_help(spec)) {
			warn("%s", fail_text());
			*status = EXIT_SETUP;
		}
		spec_free(spec);
	}
	return asked;
}

int main(int argc, char **argv)
{
	struct loop_src signals;
	int status = 0;

	argp_err_exit_status = EXIT_SETUP;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (answer_help(&status))
		return status;
	if (options.ready_fd >= 0)
		fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
	raise_file_limit();
	if (loop_init() || catch_signals(&signals) || setup()) {
		report(fail_text());
		teardown();
		return EXIT_SETUP;
	}
	if (options.ready_fd >= 0) {
		dprintf(options.ready_fd, "ready\n");
		close(options.ready_fd);
	}
	status = loop_run();
	teardown();
	loop_del(&signals);
	close(signals.fd);
	loop_exit();
	return status;
}
