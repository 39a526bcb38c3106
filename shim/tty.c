// SPDX-License-Identifier: GPL-2.0
/* tty.c - the caller's terminal */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "shim/tty.h"
#include "shim/util.h"

static struct termios saved;
static pid_t guard;

static void put_back(void)
{
	sigset_t block, old;

	/* A background process may change a terminal only if it does not hear SIGTTOU. */
	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &block, &old);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Waits for the death of @parent, or to be killed when all went well. */
static void guard_main(int parent)
{
	struct pollfd p = { .fd = parent, .events = POLLIN };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	dup2(parent, STDERR_FILENO + 1);
	p.fd = STDERR_FILENO + 1;
	dup2(STDIN_FILENO, STDOUT_FILENO);
	dup2(STDIN_FILENO, STDERR_FILENO);
	syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		continue;
	put_back();
	_exit(0);
}

int tty_raw(void)
{
	struct termios raw;
	int self;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return fail("cannot read the terminal's mode: %s", strerror(errno));
	self = syscall(SYS_pidfd_open, getpid(), 0);
	guard = self < 0 ? -1 : fork();
	if (!guard)
		guard_main(self);
	if (self >= 0)
		close(self);
	if (guard < 0)
		return fail("cannot start a process: %s", strerror(errno));
	raw = saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return fail("cannot set the terminal's mode: %s", strerror(errno));
	terminal_raw = true;
	return 0;
}

void tty_restore(void)
{
	if (guard <= 0)
		return;
	put_back();
	terminal_raw = false;
	kill(guard, SIGKILL);
	waitpid(guard, NULL, 0);
	guard = 0;
}

int tty_size(uint32_t *rows, uint32_t *cols)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
		return -1;
	*rows = size.ws_row;
	*cols = size.ws_col;
	return 0;
}
