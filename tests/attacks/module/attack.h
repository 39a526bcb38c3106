/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attack.h - what the attacks share
 *
 * The same source is built twice: as the module ring3_attack.ko, a hostile driver that makes
 * system calls of the host out of the hosted kernel, and as the program `bare`, which does the same
 * without anything around it, to show that the attack is one.
 *
 * A new attack is a function and a row in its file's table, and a row in one of the runner's
 * tables (../host.py), which knows how its success is seen from outside.
 */
#ifndef RING3_ATTACK_H
#define RING3_ATTACK_H

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/string.h>
#define say(fmt, ...) pr_info("ring3_attack: " fmt "\n", ##__VA_ARGS__)
#else
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define say(fmt, ...) (printf("ring3_attack: " fmt "\n", ##__VA_ARGS__), fflush(stdout))
#endif

/* The hosts's numbers, x86-64; the kernel's headers have those of the hosted system. */
#define HOST_AT_FDCWD (-100L)
#define HOST_O_RDWR 2
#define HOST_O_CREAT 0100

struct attack {
	const char *name;
	long (*run)(const char *arg);	/* returns what the last call did: -errno if it failed */
};

extern const struct attack bomb_attacks[], file_attacks[], kernel_attacks[], net_attacks[],
	process_attacks[];

/* By the hosted kernel's own hand, once through_kernel() was called: see through.c. */
struct host_call {
	long nr, arg[6];
};

extern long (*host_through)(const struct host_call *call);
int through_kernel(void);

/* A child that uses the memory from @from to @end and stays; to be called if host_through is set. */
long through_clone(long flags, long from, long end);

/* One system call of the host's, and nothing of libc around it. */
static inline long host6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long ret;

	if (host_through)
		return host_through(&(struct host_call){ nr, { a, b, c, d, e, f } });
	asm volatile("syscall" : "=a" (ret) : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
		     "r" (r8), "r" (r9) : "rcx", "r11", "memory");
	return ret;
}

#define host_1(nr) host6(nr, 0, 0, 0, 0, 0, 0)
#define host_2(nr, a) host6(nr, (long)(a), 0, 0, 0, 0, 0)
#define host_3(nr, a, b) host6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define host_4(nr, a, b, c) host6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define host_5(nr, a, b, c, d) host6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define host_6(nr, a, b, c, d, e) \
	host6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define host_7(nr, a, b, c, d, e, f) \
	host6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define host_nth(_1, _2, _3, _4, _5, _6, _7, n, ...) n

/* host(number, arguments...) */
#define host(...) \
	host_nth(__VA_ARGS__, host_7, host_6, host_5, host_4, host_3, host_2, host_1)(__VA_ARGS__)

/* Numbers of the system calls, as the host has them. */
enum {
	H_read = 0, H_write = 1, H_open = 2, H_close = 3, H_mmap = 9, H_mprotect = 10, H_munmap = 11,
	H_pread64 = 17, H_dup = 32, H_pause = 34, H_getpid = 39, H_socket = 41, H_connect = 42,
	H_bind = 49, H_listen = 50, H_clone = 56, H_fork = 57, H_execve = 59, H_kill = 62,
	H_fchdir = 81, H_fchmod = 91, H_ptrace = 101, H_setsid = 112, H_mknod = 133,
	H_personality = 135, H_mount = 165, H_reboot = 169, H_init_module = 175, H_add_key = 248, H_keyctl = 250,
	H_openat = 257, H_unshare = 272, H_setns = 308, H_process_vm_readv = 310, H_bpf = 321,
	H_userfaultfd = 323, H_io_uring_setup = 425, H_open_tree = 428, H_clone3 = 435,
	H_pidfd_open = 434, H_perf_event_open = 298, H_setuid = 105, H_memfd_create = 319,
	H_sched_setaffinity = 203, H_sendto = 44, H_sendmsg = 46, H_socketpair = 53, H_chmod = 90,
};

/**
 * number() - an argument that is a number
 * @arg: its text
 */
static inline long number(const char *arg)
{
#ifdef __KERNEL__
	long n = 0;

	return kstrtol(arg, 0, &n) ? 0 : n;
#else
	return strtol(arg, NULL, 0);
#endif
}

#endif
