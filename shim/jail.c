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
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/jail.h"
#include "shim/placement.h"
#include "shim/util.h"

/* What the jail writes to its report pipe: first this, at the end a struct jail_end. */
enum { JAIL_READY = 1, JAIL_FORBIDDEN, JAIL_FAILED, JAIL_REFUSED };

struct jail_end {
	int status;		/* as wait(2) has it */
	struct sandbox_violation violation;
};

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

/* @private_dir, @notify: -1: none. */
static int kernel_fds(const struct jail_files *files, int private_dir, int notify)
{
	_cleanup_free_ struct fd_map *map =
		xrealloc(NULL, (files->n_devices + PLAN_FD_DEVICE + 2) * sizeof(*map));
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
	map[n++] = (struct fd_map){ notify, PLAN_FD_DEVICE + files->n_devices };
	return process_fds(map, n);
}

/* The descriptor of the filter's listener closes by itself, as this one does. */
static int lock_calls(const struct jail_files *files)
{
	int notify = PLAN_FD_DEVICE + files->n_devices;

	if (!files->sandbox)
		return 0;
	return fcntl(notify, F_SETFD, FD_CLOEXEC) < 0 ? -1 : give_up_calls(files->sandbox, notify);
}

static void exec_kernel(const struct jail_setup *setup, const struct plan *plan,
			int private_dir, int notify)
{
	const struct jail_files *files = setup->files;
	const struct rlimit no_core = { 0, 0 };

	process_defaults();
	/* A crash leaves no file; the log tells what happened. */
	setrlimit(RLIMIT_CORE, &no_core);
	/* Otherwise the gap above the heap is added to its RAM. */
	personality(ADDR_NO_RANDOMIZE);
	if (files->sandbox && sandbox_lock(files->sandbox) < 0)
		_exit(RING3_EXIT_SETUP);
	if (chdir("/") < 0 || kernel_fds(files, private_dir, notify) < 0) {
		perror("ring3: preparing the hosted kernel");
		_exit(RING3_EXIT_NOT_RUNNABLE);
	}
	/* Where only ancestors may: the debugger is none of its. */
	if (files->wait)
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
	if (lock_calls(files) < 0)
		_exit(RING3_EXIT_SETUP);
	if (files->wait)
		raise(SIGSTOP);
	execve(plan->kernel_argv.v[0], plan->kernel_argv.v, plan->kernel_env.v);
	perror(plan->kernel_argv.v[0]);
	_exit(RING3_EXIT_NOT_RUNNABLE);
}

enum { FD_REPORT = 3, FD_LISTENER, FD_SIGNALS };

/* Keep nothing open that the end of a stream depends on, and nothing that is worth stealing. */
static void let_go(int report, int listener, int signals)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct fd_map map[] = {
		{ null, STDIN_FILENO }, { null, STDOUT_FILENO }, { null, STDERR_FILENO },
		{ report, FD_REPORT }, { listener, FD_LISTENER }, { signals, FD_SIGNALS },
	};

	if (process_fds(map, ARRAY_SIZE(map)) < 0)
		_exit(RING3_EXIT_SETUP);
}

static void tell(int fd, const void *what, size_t size)
{
	if (write(fd, what, size) < 0)
		_exit(RING3_EXIT_SETUP);
}

static void tell_start(int fd, int answer)
{
	tell(fd, &answer, sizeof(answer));
}

/* Returns whether the kernel has ended; orphans of its come to PID 1. */
static bool collect(pid_t kernel, struct jail_end *end)
{
	struct signalfd_siginfo info;
	bool ended = false;
	pid_t pid;
	int status;

	if (read(FD_SIGNALS, &info, sizeof(info)) < 0)
		return false;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == kernel) {
			end->status = status;
			ended = true;
		}
	}
	return ended;
}

/* Until the kernel ends, or does what it must not do. */
static void watch(pid_t kernel, struct jail_end *end, const struct sandbox *sandbox)
{
	struct pollfd fds[] = {
		{ .fd = FD_SIGNALS, .events = POLLIN },
		{ .fd = sandbox ? FD_LISTENER : -1, .events = POLLIN },
	};
	bool executed = false;

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents & POLLIN &&
		    sandbox_judge(sandbox, FD_LISTENER, &executed, &end->violation)) {
			end->status = SIGSYS;
			return;
		}
		end->violation.call = -1;
		/* Nobody is left to be judged. */
		if (fds[1].revents & (POLLHUP | POLLERR))
			fds[1].fd = -1;
		if (fds[0].revents && collect(kernel, end))
			return;
	}
	end->status = SIGKILL;
}

/* Returns the scratch directory there is, or -1: the jail cannot be made, which has been said. */
static int make_scratch(const struct jail_setup *setup, int *private_dir)
{
	if (setup->files->sandbox)
		return sandbox_root(setup->files->sandbox) < 0 ? -1 : PLAN_SANDBOX;
	*private_dir = setup->namespaces ? private_tmpfs() : -1;
	return *private_dir >= 0 ? PLAN_PRIVATE : PLAN_NOWHERE;
}

static pid_t start_kernel(const struct jail_setup *setup, int scratch, int private_dir, int notify)
{
	pid_t kernel, self = getpid();

	kernel = fork();
	if (kernel)
		return kernel;
	/* The end of the PID namespace would do, where there is one. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(RING3_EXIT_SETUP);
	exec_kernel(setup, &setup->plans[scratch], private_dir, notify);
	return 0;
}

/* The hosted kernel is another user's or this one's: it shall find nothing here to take hold of. */
static void harden(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (give_up_privileges() < 0)
		_exit(RING3_EXIT_SETUP);
}

static void refuse(int report, int answer)
{
	tell_start(report, answer);
	_exit(0);
}

static void jail_main(struct jail_setup *setup)
{
	struct jail_end end = { .status = SIGKILL, .violation.call = -1 };
	int private_dir = -1, scratch, signals, listener = -1, notify[2] = { -1, -1 };
	const bool sandbox = setup->files->sandbox;
	sigset_t all;
	pid_t kernel;

	process_tie();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (setup->namespaces & CLONE_NEWUSER && map_ids(setup->uid, setup->gid) < 0)
		refuse(setup->report, JAIL_FORBIDDEN);
	scratch = make_scratch(setup, &private_dir);
	signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (scratch < 0 || signals < 0 ||
	    (sandbox && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, notify) < 0))
		refuse(setup->report, JAIL_REFUSED);
	kernel = start_kernel(setup, scratch, private_dir, notify[1]);
	if (kernel < 0)
		refuse(setup->report, JAIL_FAILED);
	if (sandbox) {
		close(notify[1]);
		listener = sandbox_listener(notify[0]);
		if (listener < 0)
			refuse(setup->report, JAIL_REFUSED);
		harden();
	}
	tell_start(setup->report, JAIL_READY);
	let_go(setup->report, listener, signals);
	watch(kernel, &end, setup->files->sandbox);
	tell(FD_REPORT, &end, sizeof(end));
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
	if (!pid) {
		placement_enter();
		jail_main(setup);
	}
	close(report[1]);
	if (pid < 0 || read(report[0], &answer, sizeof(answer)) != sizeof(answer))
		answer = -1;
	if (answer == JAIL_READY) {
		jail->child = (struct child){ pid, pidfd };
		jail->report = report[0];
		jail->scratch = setup->files->sandbox ? PLAN_SANDBOX :
				setup->namespaces ? PLAN_PRIVATE : PLAN_NOWHERE;
		return answer;
	}
	close(report[0]);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		close(pidfd);
	}
	return answer;
}

#define ALL_NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/*
 * Best first, 0: the last.  Root needs no user namespace to make the others; a sandbox that cannot
 * make root's driver process another user's has one nevertheless.
 */
static const unsigned int attempts[][3] = {
	{ CLONE_NEWPID | CLONE_NEWNS, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER, 0 },
	{ ALL_NAMESPACES, ALL_NAMESPACES | CLONE_NEWUSER, 0 },
};

int jail_start(struct jail *jail, const struct plan *plans, const struct jail_files *files)
{
	struct jail_setup setup = { plans, files, -1, 0, geteuid(), getegid() };
	const unsigned int *attempt = attempts[files->sandbox != NULL];
	int answer = -1;

	*jail = (struct jail){ .child = CHILD_NONE, .report = -1 };
	for (size_t i = geteuid() || (files->sandbox && !files->sandbox->n_users); i < 3; i++) {
		setup.namespaces = attempt[i];
		if (files->sandbox && !setup.namespaces)
			return sandbox_forbidden(errno);
		answer = try_start(jail, &setup);
		if (answer == JAIL_READY)
			return 0;
		if (answer == JAIL_REFUSED)
			return RING3_EXIT_SETUP;
		if (answer == JAIL_FAILED)
			return fail("cannot start the hosted kernel: no more processes are allowed; "
				    "see 'ulimit -u', or end some");
		info("no namespaces of kind %#x (%s), trying with less", attempt[i],
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

int jail_status(struct jail *jail, struct sandbox_violation *violation)
{
	struct jail_end end;

	if (read(jail->report, &end, sizeof(end)) != sizeof(end))
		end = (struct jail_end){ .status = SIGKILL, .violation.call = -1 };
	close(jail->report);
	jail->report = -1;
	*violation = end.violation;
	return end.status;
}
