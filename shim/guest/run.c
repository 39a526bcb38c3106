// SPDX-License-Identifier: GPL-2.0
/* run.c - start CMD, serve it while it runs, tell how it ended */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/guest/guest.h"

struct guest_run {
	struct guest_config *config;
	struct guest_tty tty;
	struct guest_spawn spawn;
	pid_t pid;
	int status;
	bool done;
	long long kill_at;	/* milliseconds of the monotonic clock, 0: never */
};

/**
 * now_ms() - milliseconds of the monotonic clock
 */
long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Open what CMD finds at its descriptors 0, 1 and 2.  Return 0, or -1 with errno set. */
static int open_stdio(struct guest_run *run)
{
	int *stdio = run->spawn.stdio;

	if (run->config->tty) {
		if (tty_open(&run->tty) < 0)
			return -1;
		stdio[0] = tty_slave(run->tty.master);
		stdio[1] = stdio[0];
		stdio[2] = stdio[0];
	} else {
		stdio[0] = open("/dev/ring3-stdin", O_RDONLY | O_CLOEXEC);
		stdio[1] = open("/dev/ring3-stdout", O_WRONLY | O_CLOEXEC);
	}
	if (!run->config->tty_stderr)
		stdio[2] = open("/dev/ring3-stderr", O_WRONLY | O_CLOEXEC);
	return stdio[0] < 0 || stdio[1] < 0 || stdio[2] < 0 ? -1 : 0;
}

/**
 * run_close_stdio() - close what a command has now: the last close is what ends its streams
 * @spawn: the command
 */
void run_close_stdio(struct guest_spawn *spawn)
{
	for (int i = 2; i >= 0; i--) {
		if (spawn->stdio[i] >= 0 && (i == 0 || spawn->stdio[i] != spawn->stdio[0]))
			close(spawn->stdio[i]);
	}
}

static char **command(struct guest_config *config)
{
	static char *shell[2];

	if (config->argv[0])
		return config->argv;
	shell[0] = config->shell && !access(config->shell, X_OK) ? config->shell : "/bin/sh";
	return shell;
}

/* The caller's working directory is not there: neither is PWD. */
static void go_root(char **envp)
{
	static char pwd[] = "PWD=/";

	for (; *envp; envp++) {
		if (!strncmp(*envp, "PWD=", 4))
			*envp = pwd;
	}
	if (chdir("/") < 0)
		_exit(127);
}

/**
 * run_spawn() - start a command in a session of its own
 * @spawn: the command
 * @failed: set to errno if it cannot be executed
 *
 * vfork, because a fork costs a millisecond here; the child shares our memory, so it
 * changes nothing but *failed and, in a directory that is not there, its own PWD.
 *
 * Return: its process number, -1 with errno set.
 */
pid_t run_spawn(const struct guest_spawn *spawn, volatile int *failed)
{
	sigset_t none;
	pid_t pid;

	sigemptyset(&none);
	environ = spawn->envp;
	pid = vfork();
	if (pid)
		return pid;
	setsid();
	for (int i = 0; i < 3; i++)
		dup2(spawn->stdio[i], i);
	if (spawn->tty)
		ioctl(0, TIOCSCTTY, 0);
	if (spawn->cwd && chdir(spawn->cwd) < 0)
		go_root(spawn->envp);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(spawn->argv[0], spawn->argv);
	*failed = errno;
	_exit(127);
}

static void handle_signal(struct guest_run *run, const char *payload)
{
	uint32_t arg[2];

	memcpy(arg, payload, sizeof(arg));
	kill(-run->pid, arg[0]);
	/* A stopped process does not hear it otherwise. */
	kill(-run->pid, SIGCONT);
	run->kill_at = now_ms() + arg[1];
	run->config->hurried = true;
}

static void handle_message(struct guest_run *run)
{
	struct ring3_ctl_hdr hdr;
	char *payload = ctl_read(&hdr);
	uint32_t arg[2];

	if (hdr.type == RING3_CTL_MODULES) {
		modules_load(payload, hdr.len);
	} else if (hdr.type == RING3_CTL_WINSIZE && hdr.len == sizeof(arg)) {
		memcpy(arg, payload, sizeof(arg));
		if (run->config->tty)
			tty_resize(run->tty.master, arg[0], arg[1]);
	} else if (hdr.type == RING3_CTL_PING) {
		ctl_send(RING3_CTL_PONG, NULL, 0);
	} else if (hdr.type == RING3_CTL_SIGNAL && hdr.len == sizeof(arg)) {
		handle_signal(run, payload);
	} else {
		exec_message(&hdr, payload);
	}
	ctl_free(payload, &hdr);
}

/* Collect what has ended: CMD, and the orphans it left to us. */
static void handle_children(struct guest_run *run, int fd)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(fd, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == run->pid) {
			run->status = status;
			run->done = true;
		} else {
			exec_ended(pid, status);
		}
	}
}

/* Kill what had its time; how long until the next has? */
static int patience(struct guest_run *run)
{
	long long next;

	if (run->kill_at && run->kill_at <= now_ms()) {
		kill(-run->pid, SIGKILL);
		run->kill_at = 0;
	}
	next = exec_kill_late();
	if (run->kill_at && (!next || run->kill_at < next))
		next = run->kill_at;
	if (!next)
		return -1;
	next -= now_ms();
	return next > 0 ? next : 0;
}

static void serve(struct guest_run *run, int signals)
{
	struct pollfd fds[5 + EXEC_FDS] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = ctl_fd, .events = POLLIN },
		{ .fd = modules_socket(), .events = POLLIN },
		{ .fd = run->config->tty ? run->tty.in : -1 },
		{ .fd = run->config->tty ? run->tty.master : -1 },
	};
	size_t execs;

	while (!run->done) {
		if (run->config->tty) {
			fds[3].events = tty_poll_in(&run->tty);
			fds[4].events = tty_poll_master(&run->tty);
		}
		execs = exec_poll(fds + 5);
		if (poll(fds, 5 + execs, patience(run)) < 0)
			continue;
		/* First, as a message may give their descriptors to others. */
		exec_events(fds + 5, execs);
		if (fds[0].revents)
			handle_children(run, signals);
		if (fds[1].revents)
			handle_message(run);
		if (fds[2].revents)
			modules_uevents(false);
		if (fds[3].events & fds[3].revents)
			tty_keys(&run->tty);
		if (fds[4].revents & POLLOUT)
			tty_flush(&run->tty);
		if (fds[4].revents & (POLLIN | POLLHUP))
			tty_screen(&run->tty);
	}
}

static int signals_open(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	return signalfd(-1, &mask, SFD_CLOEXEC);
}

/**
 * run_command() - run CMD to its end
 * @config: the orders
 *
 * Tells the shim when CMD starts and how it ends.  When this returns nothing of CMD is
 * left, and everything it wrote has been handed over.
 *
 * Return: 0, -1 when CMD could not be started.
 */
int run_command(struct guest_config *config)
{
	struct guest_run run = { .config = config, .tty = { .master = -1 } };
	volatile int failed = 0;
	int signals = signals_open();

	if (open_stdio(&run) < 0)
		guest_die("no channels for CMD");
	run.spawn.argv = command(config);
	run.spawn.envp = config->envp;
	run.spawn.tty = config->tty;
	run.pid = run_spawn(&run.spawn, &failed);
	run_close_stdio(&run.spawn);
	if (run.pid < 0)
		failed = errno;
	if (failed) {
		ctl_send_u32(RING3_CTL_EXEC_FAILED, failed);
		return -1;
	}
	ctl_send(RING3_CTL_STARTED, NULL, 0);
	serve(&run, signals);
	ctl_send_u32(RING3_CTL_EXIT, run.status);
	end_processes();
	while (config->tty && tty_screen(&run.tty))
		continue;
	if (config->coverage)
		coverage_send();
	return 0;
}
