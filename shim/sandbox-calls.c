// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox-calls.c - the system calls of the driver process; see sandbox.h
 *
 * One row for each call and each form of its arguments that may be used, with those who need it.
 * What is not here ends the run, before it is carried out.  Calls that the hosted system's
 * processes make are emulated by the hosted kernel and never come here.
 *
 * Executable memory cannot be forbidden: modules are loaded into it, and the hosted system's programs are
 * mapped.  Signals and ptrace reach as far as the jail's PID namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "shim/plan.h"
#include "shim/sandbox.h"

struct rule {
	int call;
	unsigned int n_args;
	struct scmp_arg_cmp args[2];
	int refuse;		/* errno of a call that is not carried out, but does not end the run */
	const char *who;
	bool old;		/* of hosted kernels before 6.2 */
};

#define ANY(name, who) { SCMP_SYS(name), 0, { { 0 } }, 0, who, false }
#define REFUSED(name, err, who) { SCMP_SYS(name), 0, { { 0 } }, err, who, false }
#define IS(name, arg, value, who) \
	{ SCMP_SYS(name), 1, { { arg, SCMP_CMP_EQ, value, 0 } }, 0, who, false }
#define OLD_IS(name, arg, value, who) \
	{ SCMP_SYS(name), 1, { { arg, SCMP_CMP_EQ, value, 0 } }, 0, who, true }
#define MASKED(name, arg, mask, value, who) \
	{ SCMP_SYS(name), 1, { { arg, SCMP_CMP_MASKED_EQ, mask, value } }, 0, who, false }
/* A descriptor that is none of the channels', in argument 0. */
#define ABOVE(name, fd, who) { SCMP_SYS(name), 1, { { 0, SCMP_CMP_GT, fd, 0 } }, 0, who, false }
#define ABOVE_IS(name, fd, arg, value, who) \
	{ SCMP_SYS(name), 2, { { 0, SCMP_CMP_GT, fd, 0 }, { arg, SCMP_CMP_EQ, value, 0 } }, 0, who, false }
#define REFUSED_IF(name, arg, mask, value, err, who) \
	{ SCMP_SYS(name), 1, { { arg, SCMP_CMP_MASKED_EQ, mask, value } }, err, who, false }

/* A file that others could execute as its owner is not for the hosted system to make: for that it may not. */
#define SET_ID (S_ISUID | S_ISGID)
/* PTRACE_OLDSETOPTIONS and PTRACE_ARCH_PRCTL, which libc does not have. */
#define OLD_SETOPTIONS 21
#define ARCH_PRCTL 30

/* What pthread_create() asks for, and fork(). */
#define CLONE_LIKE_PTHREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
			    CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define CLONE_LIKE_FORK (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD)

static const struct rule rules[] = {
	/* memory */
	ANY(brk, "libc"),
	ANY(munmap, "stubs, libc"),
	ANY(mprotect, "stubs, modules, libc"),
	ANY(madvise, "RAM given back, breakpoints in modules"),
	/* what grows down is not counted by RLIMIT_DATA */
	MASKED(mmap, 3, MAP_ANONYMOUS | MAP_GROWSDOWN, 0, "RAM, BARs, libraries"),
	MASKED(mmap, 3, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN, MAP_ANONYMOUS,
	       "stacks, KASAN's shadow, libc"),
	IS(mremap, 3, MREMAP_MAYMOVE | MREMAP_FIXED, "BARs that do not decode"),

	/* signals: interrupts, faults and the stubs */
	ANY(rt_sigaction, "interrupts"),
	ANY(rt_sigprocmask, "interrupts"),
	ANY(rt_sigreturn, "interrupts"),
	ANY(rt_sigtimedwait, "idle"),
	ANY(sigaltstack, "stubs"),
	ANY(kill, "stubs, end"),
	ANY(tgkill, "interrupts to the main thread"),
	ANY(pause, "idle threads"),

	/* time */
	ANY(clock_gettime, "clock"),
	ANY(clock_nanosleep, "idle"),
	ANY(nanosleep, "idle"),
	ANY(gettimeofday, "clock"),
	ANY(timer_create, "timer"),
	ANY(timer_settime, "timer"),
	ANY(timer_gettime, "timer"),
	ANY(timer_delete, "timer"),
	ANY(setitimer, "stubs"),

	/* processes and threads: those of the hosted system, helpers, and the boot's look at ptrace */
	IS(clone, 0, CLONE_FILES | SIGCHLD, "stubs"),
	OLD_IS(clone, 0, CLONE_PARENT | CLONE_FILES | SIGCHLD, "stubs"),
	IS(clone, 0, CLONE_LIKE_FORK, "the boot's look at ptrace"),
	IS(clone, 0, CLONE_LIKE_PTHREAD, "helper threads"),
	IS(clone, 0, CLONE_VM, "helper processes"),
	IS(clone, 0, CLONE_FILES | CLONE_VM, "helper processes"),
	REFUSED(clone3, ENOSYS, "libc, which then uses clone"),
	ANY(wait4, "stubs"),
	ANY(waitid, "stubs"),
	ANY(exit, "threads"),
	ANY(exit_group, "end"),
	ANY(getpid, "stubs"),
	ANY(getppid, "the boot's look at ptrace"),
	ANY(gettid, "threads"),
	ANY(setsid, "start"),
	ANY(getpgrp, "end"),
	ANY(sched_yield, "threads"),
	ANY(sched_getaffinity, "threads"),
	ANY(futex, "threads"),
	ANY(set_tid_address, "libc"),
	ANY(set_robust_list, "libc"),
	ANY(rseq, "libc"),
	ANY(arch_prctl, "libc, stubs"),
	OLD_IS(modify_ldt, 0, 0, "start"),
	OLD_IS(modify_ldt, 0, 1, "stubs"),
	ANY(uname, "libc"),
	IS(prlimit64, 2, 0, "start"),
	ANY(getrlimit, "start"),
	IS(personality, 0, 0xffffffff, "start"),
	IS(prctl, 0, PR_SET_PDEATHSIG, "stubs"),
	IS(prctl, 0, PR_SET_NAME, "threads"),
	IS(ptrace, 0, PTRACE_TRACEME, "stubs"),
	IS(ptrace, 0, PTRACE_PEEKUSER, "stubs"),
	IS(ptrace, 0, PTRACE_POKEUSER, "stubs"),
	IS(ptrace, 0, PTRACE_CONT, "stubs"),
	IS(ptrace, 0, PTRACE_KILL, "stubs"),
	IS(ptrace, 0, PTRACE_SINGLESTEP, "stubs"),
	IS(ptrace, 0, PTRACE_SYSCALL, "the boot's look at ptrace"),
	IS(ptrace, 0, PTRACE_SYSEMU, "stubs"),
	IS(ptrace, 0, PTRACE_SYSEMU_SINGLESTEP, "stubs"),
	IS(ptrace, 0, PTRACE_GETREGS, "stubs"),
	IS(ptrace, 0, PTRACE_SETREGS, "stubs"),
	IS(ptrace, 0, PTRACE_GETFPREGS, "stubs"),
	IS(ptrace, 0, PTRACE_SETFPREGS, "stubs"),
	IS(ptrace, 0, PTRACE_GETREGSET, "stubs"),
	IS(ptrace, 0, PTRACE_SETREGSET, "stubs"),
	IS(ptrace, 0, PTRACE_SETOPTIONS, "stubs"),
	OLD_IS(ptrace, 0, OLD_SETOPTIONS, "stubs"),
	OLD_IS(ptrace, 0, ARCH_PRCTL, "stubs"),
	IS(ptrace, 0, PTRACE_GETSIGINFO, "stubs"),

	/* files: the hosted kernel's own, and hostfs */
	ANY(read, "channels, hostfs"),
	ANY(write, "console, channels"),
	ANY(readv, "channels"),
	ANY(writev, "channels"),
	ANY(pread64, "hostfs"),
	ANY(pwrite64, "hostfs"),
	ANY(lseek, "hostfs"),
	MASKED(openat, 3, SET_ID, 0, "hostfs, libc"),
	REFUSED_IF(openat, 3, S_ISUID, S_ISUID, EPERM, "hostfs, libc"),
	REFUSED_IF(openat, 3, S_ISGID, S_ISGID, EPERM, "hostfs, libc"),
	MASKED(open, 2, SET_ID, 0, "hostfs"),
	REFUSED_IF(open, 2, S_ISUID, S_ISUID, EPERM, "hostfs"),
	REFUSED_IF(open, 2, S_ISGID, S_ISGID, EPERM, "hostfs"),
	ANY(close, "hostfs"),
	ANY(access, "hostfs, libc"),
	ANY(faccessat, "hostfs"),
	ANY(faccessat2, "hostfs"),
	ANY(newfstatat, "hostfs, libc"),
	ANY(fstat, "hostfs, libc"),
	ANY(stat, "hostfs"),
	ANY(lstat, "hostfs"),
	ANY(statx, "hostfs"),
	ANY(statfs, "hostfs"),
	ANY(fstatfs, "hostfs"),
	ANY(getdents64, "hostfs"),
	ANY(readlink, "hostfs"),
	ANY(readlinkat, "hostfs"),
	ANY(getcwd, "start"),
	ANY(unlink, "hostfs"),
	ANY(unlinkat, "hostfs"),
	ANY(mkdir, "hostfs, pid file"),
	ANY(rmdir, "hostfs, pid file"),
	ANY(rename, "hostfs"),
	ANY(renameat2, "hostfs"),
	ANY(link, "hostfs"),
	ANY(symlink, "hostfs"),
	MASKED(chmod, 1, SET_ID, 0, "hostfs"),
	REFUSED_IF(chmod, 1, S_ISUID, S_ISUID, EPERM, "hostfs"),
	REFUSED_IF(chmod, 1, S_ISGID, S_ISGID, EPERM, "hostfs"),
	MASKED(fchmod, 1, SET_ID, 0, "hostfs"),
	REFUSED_IF(fchmod, 1, S_ISUID, S_ISUID, EPERM, "hostfs"),
	REFUSED_IF(fchmod, 1, S_ISGID, S_ISGID, EPERM, "hostfs"),
	ANY(chown, "hostfs"),
	ANY(fchown, "hostfs"),
	ANY(truncate, "hostfs"),
	ANY(ftruncate, "hostfs"),
	ANY(utimes, "hostfs"),
	ANY(utimensat, "hostfs"),
	ANY(futimesat, "hostfs"),
	ANY(fsync, "hostfs"),
	ANY(fdatasync, "hostfs"),
	ANY(fallocate, "hostfs"),
	/* Nodes of devices are for the host's root; CMD's mknod(1) gets the answer of a user's. */
	MASKED(mknod, 1, S_IFMT | SET_ID, S_IFIFO, "hostfs"),
	MASKED(mknod, 1, S_IFMT | SET_ID, S_IFREG, "hostfs"),
	MASKED(mknod, 1, S_IFMT | SET_ID, S_IFSOCK, "hostfs"),
	MASKED(mknodat, 2, S_IFMT | SET_ID, S_IFIFO, "hostfs"),
	MASKED(mknodat, 2, S_IFMT | SET_ID, S_IFREG, "hostfs"),
	MASKED(mknodat, 2, S_IFMT | SET_ID, S_IFSOCK, "hostfs"),
	REFUSED_IF(mknod, 1, S_IFMT, S_IFCHR, EPERM, "hostfs"),
	REFUSED_IF(mknod, 1, S_IFMT, S_IFBLK, EPERM, "hostfs"),
	REFUSED_IF(mknodat, 2, S_IFMT, S_IFCHR, EPERM, "hostfs"),
	REFUSED_IF(mknodat, 2, S_IFMT, S_IFBLK, EPERM, "hostfs"),

	/* descriptors: of the devices' connections, interrupts and channels */
	ABOVE_IS(fcntl, PLAN_FD_CONTROL, 1, F_DUPFD, "hostfs"),
	ABOVE_IS(fcntl, PLAN_FD_CONTROL, 1, F_DUPFD_CLOEXEC, "hostfs"),
	IS(fcntl, 1, F_GETFD, "channels"),
	IS(fcntl, 1, F_SETFD, "channels"),
	IS(fcntl, 1, F_GETFL, "channels"),
	IS(fcntl, 1, F_SETFL, "channels"),
	IS(fcntl, 1, F_SETOWN, "interrupts"),
	IS(fcntl, 1, F_SETSIG, "interrupts"),
	IS(fcntl, 1, F_GETOWN, "interrupts"),
	ABOVE(dup, PLAN_FD_CONTROL, "hostfs"),
	ABOVE(dup2, PLAN_FD_CONTROL, "hostfs"),
	IS(ioctl, 1, TCGETS, "libc"),
	IS(ioctl, 1, FIONREAD, "channels"),
	IS(ioctl, 1, FIONBIO, "channels"),
	IS(ioctl, 1, FIOASYNC, "interrupts"),
	ANY(poll, "channels, devices"),
	ANY(ppoll, "channels, devices"),
	ANY(epoll_create, "interrupts"),
	ANY(epoll_create1, "interrupts"),
	ANY(epoll_ctl, "interrupts"),
	ANY(epoll_wait, "interrupts"),
	ANY(epoll_pwait, "interrupts"),
	ANY(eventfd2, "interrupts"),
	ANY(pipe, "helpers"),
	ANY(pipe2, "helpers"),
	/* no sockets of its own: others could be reached by name with them, and descriptors be held in them */
	/* Descriptors that a channel's other end does not take are counted for the user as well. */
	ABOVE(sendmsg, PLAN_FD_CONTROL, "devices"),
	ANY(recvmsg, "devices"),
	IS(sendto, 4, 0, "channels"),
	ANY(recvfrom, "devices"),
	ANY(shutdown, "channels"),
	IS(setsockopt, 2, SO_RCVTIMEO, "devices"),
	IS(setsockopt, 2, SO_SNDTIMEO, "devices"),

	/* randomness of the hosted kernel */
	ANY(getrandom, "random numbers"),
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
	return seccomp_rule_add_array(filter, rule->refuse ? SCMP_ACT_ERRNO(rule->refuse) : SCMP_ACT_ALLOW,
				      rule->call, rule->n_args, rule->args);
}

/* Where a hosted process enters and leaves its kernel: these come first. */
static int add_priorities(scmp_filter_ctx filter)
{
	static const int often[] = { SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(rt_sigprocmask) };

	for (size_t i = 0; i < ARRAY_SIZE(often); i++) {
		int err = seccomp_syscall_priority(filter, often[i], 255 - i);

		if (err)
			return err;
	}
	return 0;
}

static int fill(scmp_filter_ctx filter, bool old_kernel)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; !err && i < ARRAY_SIZE(rules); i++)
		if (old_kernel || !rules[i].old)
			err = add_rule(filter, &rules[i]);
	return err ? err : add_priorities(filter);
}

/* The listener, or the reason why there is none. */
static int send_listener(int socket, int fd, char reason)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &reason, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (!reason) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

int give_up_calls(const struct sandbox *sandbox, int notify)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_NOTIFY);
	int err = filter ? fill(filter, sandbox->old_kernel) : -ENOMEM;

	/* The filter is in force when its listener is sent. */
	if (!err && notify <= PLAN_FD_CONTROL)
		err = -EBADF;
	if (!err)
		err = sandbox_load(sandbox, filter);
	if (err >= 0)
		err = send_listener(notify, err, 0);
	if (err)
		send_listener(notify, -1, -err);
	return err ? -1 : 0;
}
