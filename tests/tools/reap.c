// SPDX-License-Identifier: GPL-2.0
/*
 * reap.c - run a command and see that nothing it started outlives it
 *
 * reap [-g MS] [-t SECONDS] [--] COMMAND [ARG...]
 *
 * Orphans of the command become children of this process (a "child subreaper"), so none
 * can hide.  When the command has ended they get MS milliseconds (default 1000) to end
 * too; after that each is named on stderr and killed, and the exit status is 99.
 * SECONDS (default 120) bounds the command itself: 98.  Else the status is the command's,
 * 128 + N if signal N killed it.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_LEFT = 99, STATUS_LATE = 98, MAX_PROCS = 4096 };

struct proc {
	pid_t pid, ppid;
	char comm[32];
	char state;
};

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000L + ts.tv_nsec / 1000000;
}

static bool read_proc(const char *name, struct proc *p)
{
	char path[300], line[512];
	char *end;
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(line, sizeof(line), f);
	fclose(f);
	end = ok ? strrchr(line, ')') : NULL;
	if (!end)
		return false;
	*end = '\0';
	return sscanf(line, "%d (%31[^\n]", &p->pid, p->comm) == 2 &&
	       sscanf(end + 1, " %c %d", &p->state, &p->ppid) == 2;
}

static int read_procs(struct proc *procs)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	int n = 0;

	while (dir && n < MAX_PROCS && (d = readdir(dir)))
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && read_proc(d->d_name, &procs[n]))
			n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool descends(const struct proc *procs, int n, pid_t pid, pid_t from)
{
	int i, depth;

	for (depth = 0; pid > 1 && depth < 64; depth++) {
		if (pid == from)
			return true;
		for (i = 0; i < n && procs[i].pid != pid; i++)
			;
		if (i == n)
			return false;
		pid = procs[i].ppid;
	}
	return false;
}

/* Kill every living descendant; returns how many, each named on stderr if @tell. */
static int kill_descendants(bool tell)
{
	static struct proc procs[MAX_PROCS];
	int n = read_procs(procs), i, found = 0;

	for (i = 0; i < n; i++) {
		if (procs[i].pid == getpid() || procs[i].state == 'Z')
			continue;
		if (!descends(procs, n, procs[i].pid, getpid()))
			continue;
		if (tell)
			fprintf(stderr, "reap: left running: %d (%s)\n", procs[i].pid,
				procs[i].comm);
		kill(procs[i].pid, SIGKILL);
		found++;
	}
	return found;
}

/* Collect what has ended; false when no child is left. */
static bool collect(pid_t command, int *status)
{
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
		if (pid == command)
			*status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
	return !(pid < 0 && errno == ECHILD);
}

static void wait_child(const sigset_t *chld, long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	sigtimedwait(chld, NULL, &ts);
}

static void kill_all(const sigset_t *chld, pid_t command)
{
	int status;

	while (collect(command, &status)) {
		kill_descendants(false);
		wait_child(chld, 100);
	}
}

static pid_t start(char **argv, const sigset_t *old)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	sigprocmask(SIG_SETMASK, old, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "reap: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	long grace = 1000, limit = 120, deadline;
	sigset_t chld, old;
	int status = -1, opt;
	pid_t command;

	while ((opt = getopt(argc, argv, "+g:t:")) != -1) {
		if (opt == 'g')
			grace = atol(optarg);
		else if (opt == 't')
			limit = atol(optarg);
		else
			return 2;
	}
	if (optind == argc || prctl(PR_SET_CHILD_SUBREAPER, 1L) < 0)
		return 2;
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	command = start(argv + optind, &old);
	deadline = now_ms() + limit * 1000;
	while (collect(command, &status) && status < 0) {
		if (now_ms() >= deadline) {
			fprintf(stderr, "reap: not done after %ld s\n", limit);
			kill_all(&chld, command);
			return STATUS_LATE;
		}
		wait_child(&chld, deadline - now_ms());
	}
	deadline = now_ms() + grace;
	while (collect(command, &status)) {
		if (now_ms() >= deadline && kill_descendants(true)) {
			kill_all(&chld, command);
			return STATUS_LEFT;
		}
		wait_child(&chld, deadline > now_ms() ? deadline - now_ms() : 10);
	}
	return status;
}
