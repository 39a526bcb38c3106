// SPDX-License-Identifier: GPL-2.0
/* launch.c - create what a run consists of and start its processes */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/placement.h"
#include "shim/ram.h"
#include "shim/run.h"
#include "shim/signals.h"
#include "shim/status.h"
#include "shim/tty.h"

/* What exists between the creation of a descriptor and its handing over. */
struct launch {
	int ram;
	struct fd_pair channel[4];	/* stdin, stdout, stderr, control */
	struct fd_pair console;
	struct fd_pair ready;
	struct fd_pair *device;		/* ours: the proxy's */
	size_t n_devices;
	int null;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static const char *files_hint(void)
{
	return errno == EMFILE ? "; raise 'ulimit -n'" : "";
}

static int stream_pair(struct fd_pair *pair)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return fail("cannot make a socket pair: %s%s", strerror(errno), files_hint());
	*pair = (struct fd_pair){ fds[0], fds[1] };
	return 0;
}

static int pipe_pair(struct fd_pair *pair)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return fail("cannot make a pipe: %s%s", strerror(errno), files_hint());
	*pair = (struct fd_pair){ fds[0], fds[1] };
	return 0;
}

static int create(struct launch *l, struct run *run)
{
	size_t n = run->opts->devices.n;
	int status = 0;

	l->device = xrealloc(NULL, n * sizeof(*l->device));
	l->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (l->null < 0)
		return fail("cannot open /dev/null: %s", strerror(errno));
	l->ram = ram_create(run->opts->mem);
	if (l->ram < 0)
		return RING3_EXIT_SETUP;
	for (int i = 0; !status && i < 4; i++)
		status = stream_pair(&l->channel[i]);
	if (!status)
		status = pipe_pair(&l->console);
	if (!status)
		status = pipe_pair(&l->ready);
	/* Our end alone: what is there is read, and nobody is waited for. */
	if (!status && fcntl(l->ready.ours, F_SETFL, O_NONBLOCK) < 0)
		status = fail("cannot set up a pipe: %s", strerror(errno));
	for (size_t i = 0; !status && i < n; i++, l->n_devices += !status)
		status = stream_pair(&l->device[i]);
	return status;
}

static int start_proxy(struct launch *l, struct run *run)
{
	_cleanup_free_ struct fd_map *map = xrealloc(NULL, (l->n_devices + 3 + SHOW_FILES) *
						     sizeof(*map));
	size_t n = 0;

	run->proxy = CHILD_NONE;
	if (!l->n_devices)
		return 0;
	map[n++] = (struct fd_map){ l->null, STDIN_FILENO };
	map[n++] = (struct fd_map){ l->ram, PLAN_FD_RAM };
	map[n++] = (struct fd_map){ l->ready.theirs, PLAN_FD_READY };
	for (size_t i = 0; i < l->n_devices; i++)
		map[n++] = (struct fd_map){ l->device[i].ours, PLAN_FD_DEVICE + i };
	for (size_t i = 0; i < SHOW_FILES; i++)
		map[n++] = (struct fd_map){ run->show.fd[i], PLAN_FD_DEVICE + l->n_devices + i };
	return process_start(&run->proxy, run->plans[0].proxy_argv.v, map, n, true);
}

bool launch_is_real(const struct run *run)
{
	for (size_t i = 0; i < run->opts->devices.n; i++)
		if (!strncmp(run->opts->devices.v[i].text, "vfio:", 5))
			return true;
	return false;
}

/*
 * To lock memory for real devices takes the proxy seconds if it is large, and the hosted kernel does
 * not wait that long for an answer: let it come when the proxy has something to say.  A signal
 * is seen where all are.
 */
static void await_proxy(struct launch *l, const struct run *run)
{
	sigset_t set;
	struct pollfd p[2] = { { .fd = l->ready.ours, .events = POLLIN }, { .events = POLLIN } };

	if (!launch_is_real(run))
		return;
	/* Of its end there is only the proxy's left, so that we see it end. */
	close_fd(&l->ready.theirs);
	signals_set(&set);
	p[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	close(p[1].fd);
}

static int start_kernel(struct launch *l, struct run *run)
{
	_cleanup_free_ int *devices = xrealloc(NULL, l->n_devices * sizeof(*devices));
	struct jail_files files = {
		.ram = l->ram,
		.console = l->console.theirs,
		.devices = devices,
		.n_devices = l->n_devices,
		.wait = run->opts->debug.on,
		.sandbox = run->opts->no_sandbox ? NULL : &run->sandbox,
	};

	for (int i = 0; i < 4; i++)
		files.channel[i] = l->channel[i].theirs;
	for (size_t i = 0; i < l->n_devices; i++)
		devices[i] = l->device[i].theirs;
	return jail_start(&run->jail, run->plans, &files);
}

/* The children have theirs; what is still needed of ours goes to @run. */
static void hand_over(struct launch *l, struct run *run)
{
	close_fd(&l->ram);
	close_fd(&l->null);
	for (int i = 0; i < 4; i++)
		close_fd(&l->channel[i].theirs);
	close_fd(&l->console.theirs);
	close_fd(&l->ready.theirs);
	for (size_t i = 0; i < l->n_devices; i++) {
		close_fd(&l->device[i].ours);
		close_fd(&l->device[i].theirs);
	}
	run->ready = l->n_devices ? l->ready.ours : -1;
	if (!l->n_devices)
		close_fd(&l->ready.ours);
}

static void give_up(struct launch *l, struct run *run)
{
	process_kill(&run->proxy, SIGKILL);
	process_wait(&run->proxy);
	hand_over(l, run);
	for (int i = 0; i < 4; i++)
		close_fd(&l->channel[i].ours);
	close_fd(&l->console.ours);
	close_fd(&run->ready);
}

static int describe_streams(struct launch *l, struct run *run)
{
	const struct debug_options *debug = &run->opts->debug;
	int out = debug->on ? debug_output(debug, STDOUT_FILENO) : STDOUT_FILENO;
	int err = debug->tty ? out : STDERR_FILENO;

	if (out < 0)
		return RING3_EXIT_SETUP;
	run->stdin_relay = (struct relay){
		.from = run->opts->debug.on ? open("/dev/null", O_RDONLY | O_CLOEXEC) : STDIN_FILENO,
		.to = l->channel[0].ours,
		.socket = l->channel[0].ours,
		.input = true,
		.done = run->stdin_done,
		.escape = run->tty ? run->escape : -1,
		.silent_keys = &run->silent_keys,
	};
	run->stdout_relay = (struct relay){
		.from = l->channel[1].ours,
		.to = out,
		.socket = l->channel[1].ours,
		.done = run->stream_done,
		.escape = -1,
		.silent_keys = &run->silent_keys,
	};
	run->stderr_relay = run->stdout_relay;
	run->stderr_relay.from = l->channel[2].ours;
	run->stderr_relay.socket = l->channel[2].ours;
	run->stderr_relay.to = err;
	run->console.in = l->console.ours;
	run->console.live = verbosity > 0;
	run->console.reports = (struct reports){
		.drivers = &run->drivers,
		.command = run->opts->command,
		.event = run->report,
		.done = run->stream_done,
	};
	run->console.show = &run->show;
	return 0;
}

/* A terminal's keys wait until CMD runs; until then they are signals for us. */
static int start_streams(struct run *run)
{
	int status = console_start(&run->console);

	if (!status)
		status = relay_start(&run->stdout_relay);
	if (!status)
		status = relay_start(&run->stderr_relay);
	run->stdin_relay.running = !run->tty;
	if (!status && !run->tty)
		status = relay_start(&run->stdin_relay);
	run->streams = 3;
	return status;
}

static int converse(struct launch *l, struct run *run)
{
	uint32_t rows, cols;
	int status;

	session_open(&run->session, l->channel[3].ours, &run->drivers);
	run->session.coverage = run->opts->coverage ? &run->coverage : NULL;
	status = session_config(&run->session, run->opts, run->tty, run->tty_stderr);
	if (!status && run->tty && !tty_size(&rows, &cols))
		session_winsize(&run->session, rows, cols);
	return status;
}

static int start_gdb(struct run *run)
{
	const struct debug_places places = {
		.kernel = &run->kernel, .view = run->instance.view, .modules = &run->drivers.seen,
	};

	return debug_start(&run->gdb, &run->opts->debug, &places, jail_kernel(&run->jail));
}

/* What killed runs have left goes while the hosted kernel boots. */
static void sweep_others(void)
{
	struct strv removed = { 0 };

	registry_sweep(&removed);
	for (size_t i = 0; i < removed.n; i++)
		info("removed what was left of %s, which was killed", removed.v[i]);
	strv_free(&removed);
}

int launch(struct run *run)
{
	struct launch l = {
		.ram = -1, .null = -1, .console = { -1, -1 }, .ready = { -1, -1 },
		.channel = { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } },
	};
	int status;

	run->ready = -1;
	run->status = -1;
	run->proxy = run->jail.child = CHILD_NONE;
	run->gdb = CHILD_NONE;
	/* gdb has the terminal, if there is one. */
	run->tty = !run->opts->debug.on && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	run->tty_stderr = run->tty && isatty(STDERR_FILENO);
	run->stream_done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	run->escape = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->stdin_done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->report = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->show = SHOW_NOTHING;
	signals_block();
	status = create(&l, run);
	if (!status && run->instance.view && l.n_devices)
		status = show_open(&run->show);
	if (!status)
		status = converse(&l, run);
	placement_begin();
	/* The proxy first: QEMU takes the longest to be ready. */
	if (!status)
		status = start_proxy(&l, run);
	if (!status) {
		await_proxy(&l, run);
		status = start_kernel(&l, run);
	}
	placement_end();
	if (status) {
		give_up(&l, run);
	} else {
		hand_over(&l, run);
		status_started(run);
		sweep_others();
		status = describe_streams(&l, run);
		if (!status)
			status = start_streams(run);
		if (!status && run->opts->debug.on)
			status = start_gdb(run);
	}
	free(l.device);
	return status;
}
