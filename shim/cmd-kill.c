// SPDX-License-Identifier: GPL-2.0
/* cmd-kill.c - ring3 kill: end running instances */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/process.h"
#include "shim/registry.h"

/* Longer than a run takes that ends by itself (supervise.c). */
#define GENTLE_MS 10000
#define KILLED_MS 5000

static const struct argp_option kill_table[] = {
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_kill(int key, char *arg, struct argp_state *state)
{
	struct strv *names = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	strv_add(names, arg);
	return 0;
}

static const struct argp kill_argp = {
	kill_table, parse_kill, "NAME...",
	"End running instances as SIGTERM does, and wait until they have ended; one that does not "
	"within ten seconds is killed.", NULL, NULL, NULL,
};

static bool is_listed(const char *name, pid_t pid)
{
	struct strv removed = { 0 };
	const struct run_entry *run;
	struct run_list list;
	bool same;

	registry_list(&list, &removed);
	run = registry_find(&list, name);
	same = run && run_pid(run, "pid") == pid;
	registry_free(&list);
	strv_free(&removed);
	return same;
}

/* Returns false if it lives on. */
static bool signal_and_wait(int pidfd, int sig, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0)
		return errno == ESRCH;
	return poll(&p, 1, ms) > 0;
}

static int kill_one(const struct run_entry *run)
{
	pid_t pid = run_pid(run, "pid");
	_cleanup_close_ int pidfd = pid > 0 ? syscall(SYS_pidfd_open, pid, 0) : -1;

	/* A run that is listed now, after the open, has not given its number to another. */
	if (pidfd < 0 || !is_listed(run->name, pid))
		return 0;
	if (!signal_and_wait(pidfd, SIGTERM, GENTLE_MS)) {
		warn("run '%s' did not end by itself and is killed", run->name);
		if (!signal_and_wait(pidfd, SIGKILL, KILLED_MS))
			return fail("run '%s' cannot be ended (process %d): %s", run->name, pid,
				    errno == EPERM ? strerror(errno) : "it does not die");
	}
	if (!registry_after(run->name, pid))
		return fail("run '%s' has ended, but its directory cannot be removed", run->name);
	return 0;
}

int cmd_kill(int argc, char **argv)
{
	struct strv names = { 0 }, removed = { 0 };
	int status = options_parse(&kill_argp, "ring3 kill", argc, argv, &names);
	struct run_list list;

	if (status >= 0)
		return status;
	if (!names.n)
		return fail("which run? See 'ring3 ps'");
	status = process_init();
	registry_list(&list, &removed);
	for (size_t i = 0; i < names.n; i++) {
		const struct run_entry *run = registry_find(&list, names.v[i]);
		int err = run ? kill_one(run) : registry_unknown(&list, names.v[i]);

		if (err)
			status = err;
	}
	registry_free(&list);
	strv_free(&removed);
	strv_free(&names);
	return status;
}
