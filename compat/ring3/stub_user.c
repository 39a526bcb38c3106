// SPDX-License-Identifier: GPL-2.0
/*
 * stub_user.c - noticing that a host process which carries hosted processes has died
 *
 * UML learns of it only when the hosted process next runs, which one that sleeps may
 * never do.  SIGCHLD tells at once; stops, of which there are two for each system call,
 * are left out by SA_NOCLDSTOP.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "user.h"

static int lost;

static void on_child_exit(int sig)
{
	int saved = errno;

	(void)sig;
	__atomic_store_n(&lost, 1, __ATOMIC_SEQ_CST);
	ring3_event_ring();
	errno = saved;
}

/**
 * ring3_stub_watch() - ring the doorbell whenever a child exits
 *
 * Return: 0 or a negative errno.
 */
int ring3_stub_watch(void)
{
	struct sigaction sa = {
		.sa_handler = on_child_exit,
		/* UML's handlers take the signal stack's top for theirs: not in between */
		.sa_flags = SA_NOCLDSTOP | SA_RESTART | SA_ONSTACK,
	};

	sigfillset(&sa.sa_mask);
	return sigaction(SIGCHLD, &sa, NULL) ? -errno : 0;
}

/* Has a child exited since the last call? */
int ring3_stub_lost(void)
{
	return __atomic_exchange_n(&lost, 0, __ATOMIC_SEQ_CST);
}

/* Is the child dead, and nobody has waited for it? */
int ring3_stub_dead(int pid)
{
	siginfo_t si = { 0 };

	return pid > 0 && !waitid(P_PID, pid, &si, WEXITED | WNOHANG | WNOWAIT) &&
	       si.si_pid == pid;
}

/* Is there no such process, dead ones that nobody has waited for included? */
int ring3_stub_gone(int pid)
{
	return ring3_stub_dead(pid) || (kill(pid, 0) && errno == ESRCH);
}
