// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox.c - what the proxy gives up when its devices are open
 *
 * Stages, in this order:
 *
 *  1. keeper.c      a process outside keeps what must be done later and by name.
 *  2. privileges    all capabilities, for good: no_new_privs.  Before there are threads, whose own
 *                   they are.
 *  3. calls         system calls but those of the table: no file is opened, no socket made that
 *                   leads outside, no program or process started, nothing mapped to be executed.
 *
 * A call that is not in the table ends the proxy, which says which it was.
 */
#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/sandbox.h"
#include "proxy/util.h"

#define ALL		0u
#define VFIO_IOCTLS	0x3b00		/* ';' << 8: linux/vfio.h */

struct call {
	int nr;
	unsigned int users;		/* any of them, or ALL */
	/* An argument that must have a value, under a mask; mask 0: none. */
	unsigned int arg;
	uint64_t mask, value;
};

static const struct call calls[] = {
	/* The loop and its timers: loop.c. */
	{ SCMP_SYS(epoll_wait), ALL, 0, 0, 0 }, { SCMP_SYS(epoll_pwait), ALL, 0, 0, 0 },
	{ SCMP_SYS(epoll_ctl), ALL, 0, 0, 0 }, { SCMP_SYS(poll), ALL, 0, 0, 0 },
	{ SCMP_SYS(ppoll), ALL, 0, 0, 0 }, { SCMP_SYS(timerfd_create), ALL, 0, 0, 0 },
	{ SCMP_SYS(timerfd_settime), ALL, 0, 0, 0 }, { SCMP_SYS(eventfd2), ALL, 0, 0, 0 },
	/* Clients and servers: conn.c, serve.c, peer.c. */
	{ SCMP_SYS(accept4), ALL, 0, 0, 0 }, { SCMP_SYS(recvmsg), ALL, 0, 0, 0 },
	{ SCMP_SYS(sendmsg), ALL, 0, 0, 0 }, { SCMP_SYS(recvfrom), ALL, 0, 0, 0 },
	{ SCMP_SYS(sendto), ALL, 0, 0, 0 }, { SCMP_SYS(shutdown), ALL, 0, 0, 0 },
	{ SCMP_SYS(getsockopt), ALL, 0, 0, 0 }, { SCMP_SYS(setsockopt), ALL, 0, 0, 0 },
	{ SCMP_SYS(close), ALL, 0, 0, 0 }, { SCMP_SYS(fcntl), ALL, 0, 0, 0 },
	/* Their memory and descriptors: dma.c, notify.c. */
	{ SCMP_SYS(read), ALL, 0, 0, 0 }, { SCMP_SYS(write), ALL, 0, 0, 0 },
	{ SCMP_SYS(readv), ALL, 0, 0, 0 }, { SCMP_SYS(preadv2), ALL, 0, 0, 0 },
	 { SCMP_SYS(writev), ALL, 0, 0, 0 },
	{ SCMP_SYS(pread64), ALL, 0, 0, 0 }, { SCMP_SYS(pwrite64), ALL, 0, 0, 0 },
	{ SCMP_SYS(pwritev2), ALL, 0, 0, 0 }, { SCMP_SYS(getsockopt), ALL, 0, 0, 0 },
	{ SCMP_SYS(fstat), ALL, 0, 0, 0 }, { SCMP_SYS(newfstatat), ALL, 0, 0, 0 },
	{ SCMP_SYS(fstatfs), ALL, 0, 0, 0 }, { SCMP_SYS(readlink), ALL, 0, 0, 0 },
	{ SCMP_SYS(readlinkat), ALL, 0, 0, 0 }, { SCMP_SYS(setitimer), ALL, 0, 0, 0 },
	{ SCMP_SYS(fallocate), ALL, 0, 0, 0 }, { SCMP_SYS(lseek), ALL, 0, 0, 0 },
	/* Memory and threads: the C library. Nothing new is executed. */
	{ SCMP_SYS(mmap), ALL, 2, PROT_EXEC, 0 }, { SCMP_SYS(mprotect), ALL, 2, PROT_EXEC, 0 },
	{ SCMP_SYS(munmap), ALL, 0, 0, 0 }, { SCMP_SYS(mremap), ALL, 0, 0, 0 },
	{ SCMP_SYS(madvise), ALL, 0, 0, 0 }, { SCMP_SYS(brk), ALL, 0, 0, 0 },
	{ SCMP_SYS(futex), ALL, 0, 0, 0 }, { SCMP_SYS(getrandom), ALL, 0, 0, 0 },
	{ SCMP_SYS(clock_gettime), ALL, 0, 0, 0 }, { SCMP_SYS(clock_nanosleep), ALL, 0, 0, 0 },
	{ SCMP_SYS(sched_yield), ALL, 0, 0, 0 }, { SCMP_SYS(rt_sigprocmask), ALL, 0, 0, 0 },
	{ SCMP_SYS(rt_sigaction), ALL, 0, 0, 0 }, { SCMP_SYS(rt_sigreturn), ALL, 0, 0, 0 },
	{ SCMP_SYS(restart_syscall), ALL, 0, 0, 0 }, { SCMP_SYS(getpid), ALL, 0, 0, 0 },
	{ SCMP_SYS(gettid), ALL, 0, 0, 0 }, { SCMP_SYS(geteuid), ALL, 0, 0, 0 },
	{ SCMP_SYS(getegid), ALL, 0, 0, 0 }, { SCMP_SYS(exit), ALL, 0, 0, 0 },
	{ SCMP_SYS(exit_group), ALL, 0, 0, 0 }, { SCMP_SYS(tgkill), ALL, 0, 0, 0 },
	/* Threads that begin while this is loaded. */
	{ SCMP_SYS(set_robust_list), ALL, 0, 0, 0 }, { SCMP_SYS(rseq), ALL, 0, 0, 0 },
	{ SCMP_SYS(sched_setaffinity), ALL, 0, 0, 0 }, { SCMP_SYS(sched_getaffinity), ALL, 0, 0, 0 },
	/* The end of the keeper and of QEMU, which may be asked to end. */
	{ SCMP_SYS(wait4), ALL, 0, 0, 0 }, { SCMP_SYS(pidfd_send_signal), SANDBOX_QEMU, 0, 0, 0 },
	/* A QEMU that starts again with another memory: machine.c. */
	{ SCMP_SYS(socketpair), SANDBOX_QEMU, 0, ~0u, AF_UNIX },
	/* tables of its IOMMU, made anew with it */
	{ SCMP_SYS(memfd_create), SANDBOX_QEMU, 0, 0, 0 }, { SCMP_SYS(ftruncate), SANDBOX_QEMU, 0, 0, 0 },
	/* Real devices: proxy/vfio; and whether the host waits for one. */
	{ SCMP_SYS(ioctl), SANDBOX_VFIO, 1, 0xff00, VFIO_IOCTLS },
	{ SCMP_SYS(access), SANDBOX_VFIO, 0, 0, 0 },
};

/* In whatever thread it was: say what, and end at once. */
static void violated(int sig, siginfo_t *info, void *context)
{
	char *name = seccomp_syscall_resolve_num_arch(info->si_arch, info->si_syscall);
	char line[160];
	int n;

	(void)sig;
	(void)context;
	n = snprintf(line, sizeof(line),
		     "ring3-proxy: it called %s (system call %d), which its sandbox does not allow, and was ended: this is a bug of ring3, or an attack\n",
		     name ? name : "something unknown", info->si_syscall);
	if (write(STDERR_FILENO, line, n) != n)
		_exit(2);
	_exit(1);
}

/**
 * sandbox_privileges() - give up all capabilities, for good
 * @users: enum sandbox_user, or'ed
 *
 * Memory is locked for real devices as they map it: the limit stays what the capability made of it.
 *
 * Return: 0, or -1 with fail().  Context: the only thread.
 */
int sandbox_privileges(unsigned int users)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[2], none[2] = { 0 };
	const struct rlimit no_limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (syscall(SYS_capget, &head, now))
		return fail("cannot ask for capabilities: %m");
	if (users & SANDBOX_VFIO && now[0].effective & 1u << CAP_IPC_LOCK &&
	    setrlimit(RLIMIT_MEMLOCK, &no_limit))
		none[0].effective = none[0].permitted = 1u << CAP_IPC_LOCK;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &head, none))
		return fail("cannot give up capabilities: %m");
	return 0;
}

static int allow(scmp_filter_ctx ctx, const struct call *c)
{
	struct scmp_arg_cmp cmp = SCMP_CMP64(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value);

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, c->nr, c->mask ? 1 : 0, &cmp);
}

static int load(scmp_filter_ctx ctx, unsigned int users)
{
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);

	for (size_t i = 0; !err && i < ARRAY_SIZE(calls); i++)
		if (calls[i].users == ALL || calls[i].users & users)
			err = allow(ctx, &calls[i]);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return err ? err : seccomp_load(ctx);
}

/**
 * sandbox_calls() - no system calls any more but those of the table, in any thread
 * @users: enum sandbox_user, or'ed
 *
 * Return: 0, or -1 with fail().
 */
int sandbox_calls(unsigned int users)
{
	const struct sigaction sa = { .sa_sigaction = violated, .sa_flags = SA_SIGINFO };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_TRAP);
	sigset_t set;
	int err;

	if (!ctx)
		return fail("out of memory for the sandbox");
	sigaction(SIGSYS, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	err = load(ctx, users);
	seccomp_release(ctx);
	if (err)
		return fail("cannot restrict the system calls of this process: %s; the host's kernel needs CONFIG_SECCOMP_FILTER, or use --no-sandbox",
			    strerror(-err));
	return 0;
}
