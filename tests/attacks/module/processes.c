// SPDX-License-Identifier: GPL-2.0
/* processes.c - attacks on other processes, and attempts to get out of reach */
#include "attack.h"

#ifdef __KERNEL__
#include <linux/irqflags.h>
#endif

static long terminate(const char *pid)
{
	return host(H_kill, number(pid), 15);
}

static long stop_other(const char *pid)
{
	return host(H_kill, number(pid), 19);
}

static long trace(const char *pid)
{
	/* PTRACE_SEIZE does not stop it: what is there to be seen is the tracer. */
	long ret = host(H_ptrace, 0x4206, number(pid), 0, 0);

	if (!ret)
		say("traces process %s", pid);
	return ret;
}

/* "PID:ADDRESS" */
static long read_memory(const char *arg)
{
	char text[8], pid[16] = "";
	const char *colon = strchr(arg, ':');
	struct { void *base; unsigned long len; } mine = { text, 8 }, its = { 0, 8 };

	if (!colon || colon - arg >= (long)sizeof(pid))
		return -22;
	memcpy(pid, arg, colon - arg);
	its.base = (void *)number(colon + 1);
	return host(H_process_vm_readv, number(pid), &mine, 1, &its, 1, 0);
}

/* A program of the host makes the file. */
static long execute(const char *path)
{
	const char *argv[] = { "touch", path, NULL }, *envp[] = { NULL };

	return host(H_execve, "/usr/bin/touch", argv, envp);
}

/*
 * A daemon: a session of its own, no parent, and it stays for ever.  Children share our stack, so
 * what they do is done in registers.
 */
static long outlive(const char *arg)
{
	long ret;

	if (host_through)
		return through_clone(17, 0, 0);
	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\tjnz 2f\n\t"
		     "mov %[setsid], %%eax\n\tsyscall\n\t"
		     "mov %[fork], %%eax\n\tsyscall\n\t"
		     "test %%rax, %%rax\n\tjz 1f\n\t"
		     "mov %[exit], %%eax\n\txor %%edi, %%edi\n\tsyscall\n"
		     "1:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 1b\n"
		     "2:"
		     : "=a" (ret)
		     : "0" (H_fork), [setsid] "i" (H_setsid), [fork] "i" (H_fork), [exit] "i" (60),
		       [pause] "i" (H_pause)
		     : "rcx", "r11", "rdi", "memory");
	return ret;
}

static long stop_self(const char *arg)
{
	return host(H_kill, host(H_getpid), 19);
}

/* Nothing can interrupt it but what is outside. */
static long spin(const char *arg)
{
#ifdef __KERNEL__
	local_irq_disable();
#endif
	for (;;)
		asm volatile("pause");
	return 0;
}

/* Ends without a word to anybody, whatever the device does at that time. */
static long end_now(const char *arg)
{
	return host(H_kill, host(H_getpid), 9);
}

const struct attack process_attacks[] = {
	{ "terminate", terminate },
	{ "stop-other", stop_other },
	{ "ptrace", trace },
	{ "read-memory", read_memory },
	{ "execve", execute },
	{ "outlive", outlive },
	{ "stop-self", stop_self },
	{ "spin", spin },
	{ "end-now", end_now },
	{ 0 },
};
