// SPDX-License-Identifier: GPL-2.0
/* jail.c - the process that holds the hosted kernel; see jail.h */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/jail.h"
#include "shim/util.h"

/* What the jail writes to its report pipe: first this, at the end the kernel's status. */
enum { JAIL_READY = 1, JAIL_FORBIDDEN, JAIL_FAILED };

struct jail_setup {
	const struct plan *plans;
	const struct jail_files *files;
	int report;
	unsigned int namespaces;
	uid_t uid;
	gid_t gid;
};

static int write_proc(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(text);

	return fd >= 0 && write(fd, text, len) == len ? 0 : -1;
}

/* The caller stays the caller: what is written through --rw belongs to them. */
static int map_ids(uid_t uid, gid_t gid)
{
	_cleanup_free_ char *users = xasprintf("%u %u 1", uid, uid);
	_cleanup_free_ char *groups = xasprintf("%u %u 1", gid, gid);

	if (write_proc("/proc/self/setgroups", "deny") < 0 && errno != ENOENT)
		return -1;
	return write_proc("/proc/self/uid_map", users) < 0 ? -1 :
							     write_proc("/proc/self/gid_map", groups);
}

/* A tmpfs that is mounted nowhere: reachable by its descriptor alone. */
static int private_tmpfs(void)
{
	_cleanup_close_ int fs = syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
}

static int kernel_fds(const struct jail_files *files, int private_dir)
{
	_cleanup_free_ struct fd_map *map =
		xrealloc(NULL, (files->n_devices + PLAN_FD_DEVICE + 1) * sizeof(*map));
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n = 0;

	map[n++] = (struct fd_map){ null, STDIN_FILENO };
	map[n++] = (struct fd_map){ files->console, STDOUT_FILENO };
	map[n++] = (struct fd_map){ files->console, STDERR_FILENO };
	map[n++] = (struct fd_map){ files->ram, PLAN_FD_RAM };
	for (int i = 0; i < 4; i++)
		map[n++] = (struct fd_map){ files->channel[i], PLAN_FD_STDIN + i };
	map[n++] = (struct fd_map){ private_dir, PLAN_FD_PRIVATE };
	for (size_t i = 0; i < files->n_devices; i++)
		map[n++] = (struct fd_map){ files->devices[i], PLAN_FD_DEVICE + i };
	return process_fds(map, n);
}

static void exec_kernel(const struct jail_setup *setup, const struct plan *plan,
			int private_dir)
{
	const struct rlimit no_core = { 0, 0 };

	process_defaults();
	/* A crash leaves no file; the log tells what happened. */
	setrlimit(RLIMIT_CORE, &no_core);
	/* Otherwise the gap above the heap is added to its RAM. */
	personality(ADDR_NO_RANDOMIZE);
	if (chdir("/") < 0 || kernel_fds(setup->files, private_dir) < 0) {
		perror("ring3: preparing the hosted kernel");
		_exit(RING3_EXIT_NOT_RUNNABLE);
	}
	if (setup->files->wait) {
		/* Where only ancestors may: the debugger is none of its. */
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		raise(SIGSTOP);
	}
	execve(plan->kernel_argv.v[0], plan->kernel_argv.v, plan->kernel_env.v);
	perror(plan->kernel_argv.v[0]);
	_exit(RING3_EXIT_NOT_RUNNABLE);
}

/* Keep nothing open that the end of a stream depends on. */
static void let_go(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (keep > 3)
		syscall(SYS_close_range, 3, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0U, 0);
}

static void tell(int fd, int value)
{
	if (write(fd, &value, sizeof(value)) < 0)
		_exit(RING3_EXIT_SETUP);
}

/* Wait until the kernel ends; collect orphans of its, which come to PID 1. */
static int collect(pid_t kernel)
{
	int status, result = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR) {
		if (pid == kernel) {
			result = status;
			break;
		}
	}
	return result;
}

static void jail_main(struct jail_setup *setup)
{
	pid_t kernel, self = getpid();
	int private_dir = -1;
	sigset_t all;

	process_tie();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (setup->namespaces & CLONE_NEWUSER && map_ids(setup->uid, setup->gid) < 0) {
		tell(setup->report, JAIL_FORBIDDEN);
		_exit(0);
	}
	if (setup->namespaces)
		private_dir = private_tmpfs();
	kernel = fork();
	if (!kernel) {
		/* The end of the PID namespace would do, where there is one. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(RING3_EXIT_SETUP);
		exec_kernel(setup, &setup->plans[private_dir >= 0], private_dir);
	}
	tell(setup->report, kernel > 0 ? JAIL_READY : JAIL_FAILED);
	let_go(setup->report);
	tell(setup->report, collect(kernel));
	_exit(0);
}

/* One attempt.  Returns JAIL_READY and so on, or -1 with errno set. */
static int try_start(struct jail *jail, struct jail_setup *setup)
{
	int report[2], pidfd = -1, answer = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	setup->report = report[1];
	pid = syscall(SYS_clone, setup->namespaces | CLONE_PIDFD | SIGCHLD, NULL, &pidfd, NULL, 0);
	if (!pid)
		jail_main(setup);
	close(report[1]);
	if (pid < 0 || read(report[0], &answer, sizeof(answer)) != sizeof(answer))
		answer = -1;
	if (answer == JAIL_READY) {
		jail->child = (struct child){ pid, pidfd };
		jail->report = report[0];
		jail->confined = setup->namespaces != 0;
		return answer;
	}
	close(report[0]);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		close(pidfd);
	}
	return answer;
}

int jail_start(struct jail *jail, const struct plan plans[2], const struct jail_files *files)
{
	/* Best first.  Root needs no user namespace, and keeps its rights without. */
	static const unsigned int attempts[] = {
		CLONE_NEWPID | CLONE_NEWNS,
		CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER,
		0,
	};
	struct jail_setup setup = { plans, files, -1, 0, geteuid(), getegid() };
	int answer = -1;

	*jail = (struct jail){ .child = CHILD_NONE, .report = -1 };
	for (size_t i = geteuid() ? 1 : 0; i < ARRAY_SIZE(attempts); i++) {
		setup.namespaces = attempts[i];
		answer = try_start(jail, &setup);
		if (answer == JAIL_READY)
			return 0;
		if (answer == JAIL_FAILED)
			return fail("cannot start the hosted kernel: no more processes are allowed; "
				    "see 'ulimit -u', or end some");
		info("no namespaces of kind %#x (%s), trying with less", attempts[i],
		     strerror(errno));
	}
	return fail("cannot start the hosted kernel: %s", strerror(errno));
}

pid_t jail_kernel(const struct jail *jail)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", jail->child.pid,
					      jail->child.pid);
	_cleanup_free_ char *text = read_text(path);
	pid_t pid = text ? atoi(text) : 0;

	return pid > 0 ? pid : jail->child.pid;
}

int jail_status(struct jail *jail)
{
	int status;

	if (read(jail->report, &status, sizeof(status)) != sizeof(status))
		status = SIGKILL;
	close(jail->report);
	jail->report = -1;
	return status;
}
