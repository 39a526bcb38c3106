// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - ring3-proxy: the process that owns the devices
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/doorbell.h"
#include "proxy/error.h"
#include "proxy/keeper.h"
#include "proxy/loop.h"
#include "proxy/mailbox.h"
#include "proxy/options.h"
#include "proxy/placement.h"
#include "proxy/sandbox.h"
#include "proxy/seen.h"
#include "proxy/serve.h"
#include "proxy/trace-file.h"
#include "proxy/trace.h"
#include "proxy/view/view.h"

/* LeakSanitizer starts a tracer at the end, which is what the sandbox is there to prevent. */
#ifdef __SANITIZE_ADDRESS__
#define LEAKS_ARE_SOUGHT true
#else
#define LEAKS_ARE_SOUGHT false
#endif

static struct device *devices[MAX_DEVICES];

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
		.strict = options.strict,
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
	return !mount_view(given ? getppid() : 0) || options.view_optional ? 0 : -1;
}

static unsigned int sandbox_users(void)
{
	unsigned int users = options.view ? SANDBOX_VIEW : 0;

	for (size_t i = 0; i < options.nr; i++) {
		if (devices[i]->backend == &backend_vfio)
			users |= SANDBOX_VFIO;
		if (devices[i]->backend == &backend_qemu)
			users |= SANDBOX_QEMU;
	}
	return users;
}

/* Nothing is opened by its name from here on.  See sandbox.c for the order. */
static int lock_in(char *name)
{
	bool given = options.nr && options.devices[0].client_fd >= 0;

	if (keeper_start(name))
		return -1;
	if (!options.no_sandbox && sandbox_privileges(sandbox_users()))
		return -1;
	if (trace_file_start(devices, options.nr) || view_start(given ? getppid() : 0))
		return -1;
	return options.no_sandbox || LEAKS_ARE_SOUGHT ? 0 : sandbox_calls(sandbox_users());
}

/* Is this a run's proxy, whose only clients it was started with? */
static bool is_of_a_run(void)
{
	for (size_t i = 0; i < options.nr; i++)
		if (options.devices[i].client_fd < 0)
			return false;
	return options.nr;
}

static int setup(char *name)
{
	size_t listeners = 0;

	if (trace_init(options.trace || options.callers ? TRACE_LARGE : TRACE_SMALL) ||
	    (options.trace && trace_file_open(options.trace)))
		return -1;

	for (size_t i = 0; i < options.nr; i++)
		if (open_device(i))
			return -1;
	if (is_of_a_run())
		placement_init();
	if (check_fds() || start_backends())
		return -1;
	mailbox_init();
	loop_poll(mailbox_poll, mailbox_rest);
	for (size_t i = 0; i < options.nr; i++) {
		if (device_setup(devices[i]))
			return -1;
		if (options.trace_mapped)
			device_trap(devices[i]);
		if (!is_of_a_run())
			continue;
		if (doorbell_new(devices[i]) ||
		    (devices[i]->backend->prompt && mailbox_new(devices[i])))
			return -1;
	}
	if (show())
		return -1;
	for (size_t i = 0; i < options.nr; i++)
		if (serve(i, &listeners))
			return -1;
	if (options.stay)
		serve_stay();
	return lock_in(name);
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
	keeper_stop();
	view_close();
}

static void on_signal(struct loop_src *src, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(src->fd, &info, sizeof(info)) == sizeof(info))
		loop_stop(0);
}

static void on_end(struct loop_src *src, uint32_t events)
{
	(void)src;
	(void)events;
	loop_stop(0);
}

/* One that has ended already is as good. */
static int watch_process(struct loop_src *src)
{
	if (!options.until)
		return 0;
	src->fn = on_end;
	src->fd = syscall(SYS_pidfd_open, options.until, 0);
	if (src->fd >= 0)
		return loop_add(src, EPOLLIN) ? fail("--until %d: %m", options.until) : 0;
	if (errno != ESRCH)
		return fail("--until %d: %m", options.until);
	loop_stop(0);
	return 0;
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

static int print_help(const struct spec *spec)
{
	if (backend_help(spec))
		return -1;
	return fflush(stdout) ? fail("cannot write the help: %m") : 0;
}

static bool answer_help(int *status)
{
	bool asked = false;

	for (size_t i = 0; i < options.nr && !asked; i++) {
		struct spec *spec = spec_parse(options.devices[i].spec);

		asked = spec && spec_wants_help(spec);
		if (asked && print_help(spec)) {
			warn("%s", fail_text());
			*status = EXIT_SETUP;
		}
		spec_free(spec);
	}
	return asked;
}

int main(int argc, char **argv)
{
	struct loop_src signals = { .fd = -1 }, process = { .fd = -1 };
	int status = 0;

	options_parse(argc, argv);
	if (answer_help(&status))
		return status;
	if (options.ready_fd >= 0)
		fcntl(options.ready_fd, F_SETFD, FD_CLOEXEC);
	raise_file_limit();
	if (loop_init() || catch_signals(&signals) || watch_process(&process) || setup(argv[0])) {
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
	if (process.fd >= 0) {
		loop_del(&process);
		close(process.fd);
	}
	loop_exit();
	return status;
}
