// SPDX-License-Identifier: GPL-2.0
/*
 * process.c - start and end a QEMU, and hear what it says
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/placement.h"
#include "proxy/qemu/qemu.h"

#define MAX_WORDS 8192

/**
 * process_program() - which QEMU
 *
 * Return: $RING3_QEMU, or the usual name, to be found in $PATH.
 */
const char *process_program(void)
{
	const char *program = getenv("RING3_QEMU");

	return program && *program ? program : "qemu-system-x86_64";
}

static int inherit(const int *keep, size_t nr_keep)
{
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return -1;
	for (size_t i = 0; i < nr_keep; i++)
		if (fcntl(keep[i], F_SETFD, 0))
			return -1;
	return 0;
}

/* In the child.  It dies with us, whatever kills us, and not by the terminal's Ctrl-C. */
static void child(char *const *argv, int output, int status, pid_t parent, const int *keep,
		  size_t nr_keep, const cpu_set_t *away)
{
	sigset_t none;
	int null, err;

	if (away)
		sched_setaffinity(0, sizeof(*away), away);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* A hosted sound card is no reason to open the sound card of the host. */
	setenv("QEMU_AUDIO_DRV", "none", 0);
	null = open("/dev/null", O_RDWR);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 &&
	    !inherit(keep, nr_keep))
		execvp(argv[0], argv);
	err = errno;
	if (write(status, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

static int cannot_run(const char *program, int err)
{
	if (err == ENOENT)
		return fail("QEMU is missing (%s is not in $PATH); install it with: apt-get install qemu-system-x86",
			    program);
	return fail("cannot run %s: %s", program, strerror(err));
}

static int fork_child(struct process *p, char *const *argv, const int output[2],
		      const int status[2], const int *keep, size_t nr_keep)
{
	pid_t parent = getpid();
	cpu_set_t away;
	bool other = placement_away(&away);

	p->away = other;
	p->pid = fork();
	if (p->pid < 0)
		return fail("cannot start a process: %m");
	if (!p->pid)
		child(argv, output[1], status[1], parent, keep, nr_keep, other ? &away : NULL);
	return 0;
}

static int open_stat(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/**
 * process_start() - run a program
 * @p: filled in
 * @argv: program and arguments, NULL-terminated
 * @keep: descriptors it inherits under their numbers, besides 0, 1 and 2
 * @nr_keep: how many
 *
 * Standard output and error become p->output.  It is killed when this process dies.  Where this one
 * has a processor for itself and its client, it begins on another: process_settle().
 *
 * Return: 0, or -1 with fail().
 */
int process_start(struct process *p, char *const *argv, const int *keep, size_t nr_keep)
{
	int output[2], status[2], err = 0;

	*p = (struct process){ .pid = -1, .pidfd = -1, .output = -1, .stat = -1 };
	if (pipe2(output, O_CLOEXEC))
		return fail("cannot make a pipe: %m");
	if (pipe2(status, O_CLOEXEC)) {
		fail("cannot make a pipe: %m");
		close(output[0]);
		close(output[1]);
		return -1;
	}
	if (fork_child(p, argv, output, status, keep, nr_keep))
		err = -1;
	close(output[1]);
	close(status[1]);
	p->output = output[0];
	if (!err && read(status[0], &err, sizeof(err)) == sizeof(err))
		err = cannot_run(argv[0], err);
	close(status[0]);
	if (!err) {
		p->pidfd = pidfd_open(p->pid, 0);
		p->stat = open_stat(p->pid);
		fcntl(p->output, F_SETFL, O_NONBLOCK);
		return 0;
	}
	process_end(p, 0);
	return -1;
}

/**
 * process_stopped() - has somebody stopped it, with SIGSTOP or a debugger?
 * @p: process
 *
 * Return: true if it will not run until it is continued.
 */
bool process_stopped(const struct process *p)
{
	char stat[256] = "", *state;

	if (p->stat < 0 || pread(p->stat, stat, sizeof(stat) - 1, 0) < 0)
		return false;
	state = strrchr(stat, ')');	/* behind the name, which may hold anything */
	return state && (!strncmp(state, ") T", 3) || !strncmp(state, ") t", 3));
}

/**
 * process_words() - what it has said and nobody has read yet
 * @p: process, running or not; if it has ended, all that is left is read
 *
 * Return: a string to be freed, NULL if there is nothing.
 */
char *process_words(struct process *p)
{
	char *words = malloc(MAX_WORDS);
	size_t len = 0;
	ssize_t n = 0;

	if (!words || p->output < 0)
		goto out;
	do {
		n = read(p->output, words + len, MAX_WORDS - 1 - len);
		if (n > 0)
			len += n;
	} while ((n > 0 && len < MAX_WORDS - 1) || (n < 0 && errno == EINTR));
	words[len] = 0;
out:
	if (!len) {
		free(words);
		return NULL;
	}
	return words;
}

static bool ends_within(const struct process *p, int timeout_ms)
{
	struct pollfd pfd = { .fd = p->pidfd, .events = POLLIN };
	int r;

	if (p->pidfd < 0)
		return false;
	do {
		r = poll(&pfd, 1, timeout_ms);
	} while (r < 0 && errno == EINTR);
	return r == 1;
}

static void wait_for(struct keeper_call *call)
{
	int status = 0;
	pid_t pid;

	do {
		pid = waitpid((pid_t)call->args[0], &status, 0);
	} while (pid < 0 && errno == EINTR);
	call->nr_fds = 0;
	call->result = pid < 0 ? 0 : status;
}

static int end_status(const struct process *p)
{
	struct keeper_call call = { .args = { p->pid } };

	if (p->kept)
		return keeper_ask(KEEPER_QEMU_STATUS, &call);
	wait_for(&call);
	return (int)call.result;
}

static int set_cpu(pid_t pid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(pid, sizeof(one), &one);
}

static bool settle_threads(const struct process *p, int cpu)
{
	bool moved = false;
	char path[32];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", p->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);
		cpu_set_t at;

		if (tid > 0 && !sched_getaffinity(tid, sizeof(at), &at) &&
		    (!CPU_ISSET(cpu, &at) || CPU_COUNT(&at) > 1))
			moved |= !set_cpu(tid, cpu);
	}
	if (dir)
		closedir(dir);
	return moved;
}

/**
 * process_settle() - it has started: now it answers, which is cheapest on this process' processor
 * @p: process; one that began elsewhere did so before the proxy gave up system calls
 */
void process_settle(struct process *p)
{
	int home = p->away ? placement_home() : -1;

	/* A thread that is made meanwhile has what its maker had. */
	while (home >= 0 && settle_threads(p, home))
		;
	p->away = false;
}

/* Is it a child of the proxy's, or of the keeper's? */
static bool is_ours(pid_t pid)
{
	int fd = open_stat(pid), parent;
	const char *end;
	char stat[512];
	ssize_t n;

	n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (fd >= 0)
		close(fd);
	stat[n > 0 ? n : 0] = 0;
	end = strrchr(stat, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 &&
	       (parent == getpid() || parent == getppid());
}

static void move(struct keeper_call *call)
{
	pid_t pid = (pid_t)call->args[0];
	int cpu = (int)call->args[1];

	call->nr_fds = 0;
	call->result = cpu >= 0 && cpu < CPU_SETSIZE && is_ours(pid) ? set_cpu(pid, cpu) : -1;
}

/**
 * process_move() - take a process' first thread to a processor, as far as that may be done
 * @p: process
 * @cpu: which
 *
 * Root's QEMU has capabilities that the proxy has given up, so the keeper does it.
 */
void process_move(const struct process *p, int cpu)
{
	struct keeper_call call = { .args = { p->pid, cpu } };

	if (p->pid > 0 && set_cpu(p->pid, cpu) && errno == EPERM)
		keeper_ask(KEEPER_QEMU_MOVE, &call);
}

/**
 * process_offer() - let a process be moved, and one of the keeper's be waited for
 */
void process_offer(void)
{
	keeper_offer(KEEPER_QEMU_STATUS, wait_for);
	keeper_offer(KEEPER_QEMU_MOVE, move);
}

/**
 * process_share() - what a process is known by, as an answer of the keeper
 * @p: running; its descriptors are the call's now
 * @call: filled in
 */
void process_share(struct process *p, struct keeper_call *call)
{
	call->result = p->pid;
	call->args[0] = getpid();
	call->args[1] = p->away;
	call->fds[0] = p->pidfd;
	call->fds[1] = p->output;
	call->fds[2] = p->stat;
	call->nr_fds = 3;
}

/**
 * process_take() - take over what process_share() gave
 * @p: filled in
 * @call: the answer
 */
void process_take(struct process *p, struct keeper_call *call)
{
	p->pid = (pid_t)call->result;
	p->kept = call->args[0] != getpid();
	p->away = !p->kept && call->args[1];
	p->pidfd = call->fds[0];
	p->output = call->fds[1];
	p->stat = call->fds[2];
}

/**
 * process_end() - end a process and release what belongs to it
 * @p: process; may have ended already
 * @timeout_ms: how long it may take after SIGTERM before it is killed; 0 kills at once
 *
 * Return: its wait status.
 */
int process_end(struct process *p, int timeout_ms)
{
	int status = 0;

	if (p->pid > 0) {
		if (timeout_ms && !ends_within(p, 0))
			pidfd_send_signal(p->pidfd, SIGTERM, NULL, 0);
		if (!timeout_ms || !ends_within(p, timeout_ms))
			pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
		status = end_status(p);
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	if (p->output >= 0)
		close(p->output);
	if (p->stat >= 0)
		close(p->stat);
	*p = (struct process){ .pid = -1, .pidfd = -1, .output = -1, .stat = -1 };
	return status;
}
