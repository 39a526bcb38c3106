// SPDX-License-Identifier: GPL-2.0
/* process.c - starting processes that cannot outlive us */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/placement.h"
#include "shim/process.h"
#include "shim/util.h"

static int self_fd = -1;

static int open_pidfd(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

int process_init(void)
{
	self_fd = open_pidfd(getpid());
	if (self_fd < 0)
		return fail("the host kernel has no pidfd_open(2): %s; ring3 needs Linux 5.9",
			    strerror(errno));
	return 0;
}

void process_tie(void)
{
	struct pollfd parent = { .fd = self_fd, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (poll(&parent, 1, 0) > 0)
		_exit(RING3_EXIT_SETUP);
}

void process_defaults(void)
{
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int highest(const struct fd_map *map, size_t n)
{
	int high = STDERR_FILENO;

	for (size_t i = 0; i < n; i++) {
		if (map[i].to > high)
			high = map[i].to;
	}
	return high;
}

int process_fds(const struct fd_map *map, size_t n)
{
	int high = highest(map, n);
	_cleanup_free_ int *moved = xrealloc(NULL, n * sizeof(*moved));

	/* First out of the way of all targets, then into place. */
	for (size_t i = 0; i < n; i++) {
		moved[i] = map[i].from < 0 ? -1 : fcntl(map[i].from, F_DUPFD, high + 1);
		if (map[i].from >= 0 && moved[i] < 0)
			return -1;
	}
	if (high > STDERR_FILENO)
		syscall(SYS_close_range, STDERR_FILENO + 1, high, 0);
	for (size_t i = 0; i < n; i++) {
		if (moved[i] >= 0 && dup2(moved[i], map[i].to) < 0)
			return -1;
	}
	return syscall(SYS_close_range, high + 1, ~0U, 0);
}

int process_start(struct child *child, char **argv, const struct fd_map *map, size_t n,
		  bool own_session)
{
	child->pid = fork();
	if (child->pid < 0) {
		*child = CHILD_NONE;
		return fail("cannot start %s: %s", argv[0], strerror(errno));
	}
	if (child->pid) {
		child->fd = open_pidfd(child->pid);
		return 0;
	}
	process_tie();
	placement_enter();
	if (own_session)
		setsid();
	process_defaults();
	if (process_fds(map, n) < 0) {
		fail("cannot hand files to %s: %s", argv[0], strerror(errno));
		_exit(RING3_EXIT_NOT_RUNNABLE);
	}
	execvp(argv[0], argv);
	fail("cannot execute %s: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? RING3_EXIT_NOT_FOUND : RING3_EXIT_NOT_RUNNABLE);
}

int process_wait(struct child *child)
{
	int status = -1;

	if (!child->pid)
		return -1;
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (child->fd >= 0)
		close(child->fd);
	*child = CHILD_NONE;
	return status;
}

void process_kill(const struct child *child, int sig)
{
	if (child->pid > 0)
		kill(child->pid, sig);
}

const char *process_describe(int status)
{
	static char text[96];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	return text;
}

uint64_t process_status(pid_t pid, const char *field)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", pid);
	_cleanup_free_ char *text = read_text(path), *line = xasprintf("\n%s:", field);
	const char *found = text ? strstr(text, line) : NULL;

	return found ? strtoull(found + strlen(line), NULL, 10) : 0;
}
