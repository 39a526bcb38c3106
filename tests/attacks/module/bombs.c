// SPDX-License-Identifier: GPL-2.0
/*
 * bombs.c - attacks that take everything there is
 *
 * Each is told how much proves the point and stops there, for the sake of the machine it is tried on.
 * What it got it keeps until it is ended.
 */
#include "attack.h"

#define MIB (1UL << 20)

/* Children that do nothing; they use no stack.  @flags: of clone. */
static long clone_one(long flags)
{
	long ret;

	if (host_through)
		return through_clone(flags, 0, 0);
	asm volatile("xor %%esi, %%esi\n\txor %%edx, %%edx\n\txor %%r10d, %%r10d\n\t"
		     "xor %%r8d, %%r8d\n\tsyscall\n\t"
		     "test %%rax, %%rax\n\tjnz 2f\n"
		     "1:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 1b\n"
		     "2:"
		     : "=a" (ret) : "0" (H_clone), "D" (flags), [pause] "i" (H_pause)
		     : "rcx", "r11", "rsi", "rdx", "r8", "r10", "memory");
	return ret;
}

static long got(const char *what, long n, long want, long last)
{
	say("got %ld of %ld %s", n, want, what);
	return n < want ? last : n;
}

static long multiply(const char *arg, long flags)
{
	long want = number(arg), n, ret = 0;

	for (n = 0; n < want; n++) {
		ret = clone_one(flags);
		if (ret < 0)
			break;
	}
	return got("processes", n, want, ret);
}

static long processes(const char *arg)
{
	return multiply(arg, 17 /* SIGCHLD */);
}

static long stubs(const char *arg)
{
	return multiply(arg, 0x400 | 17 /* CLONE_FILES | SIGCHLD */);
}

/* @flags of mmap: private or shared, anonymous. */
static long touch(const char *arg, long flags)
{
	long want = number(arg), n, at = 0;

	for (n = 0; n < want; n += 16) {
		at = host(H_mmap, 0, 16 * MIB, 3, flags, -1, 0);
		if (at < 0 && at > -4096)
			break;
		for (unsigned long k = 0; k < 16 * MIB; k += 4096)
			((volatile char *)at)[k] = 1;
	}
	return got("MiB", n, want, at);
}

static long memory(const char *arg)
{
	return touch(arg, 0x22);
}

static long shared_memory(const char *arg)
{
	return touch(arg, 0x21);
}

/* As a stack, which is not counted as data. */
static long stacks(const char *arg)
{
	return touch(arg, 0x122);
}

/*
 * "PROCESSES:MIB" of memory: each child writes to its own copy of what is one mapping here, with
 * its registers alone.
 */
static long family(const char *arg)
{
	const char *colon = strchr(arg, ':');
	char digits[8] = "";
	long want, size, n, at, ret = 0;

	if (!colon || colon - arg >= (long)sizeof(digits))
		return -22;
	memcpy(digits, arg, colon - arg);
	want = number(digits);
	size = number(colon + 1) * MIB;
	at = host(H_mmap, 0, size, 3, 0x22, -1, 0);
	if (at < 0 && at > -4096)
		return at;
	for (n = 0; n < want; n++) {
		long from = at;

		if (host_through) {
			ret = through_clone(0x411, at, at + size);
			if (ret < 0)
				break;
			continue;
		}
		asm volatile("mov %[flags], %%edi\n\txor %%esi, %%esi\n\txor %%edx, %%edx\n\t"
			     "xor %%r10d, %%r10d\n\txor %%r8d, %%r8d\n\tsyscall\n\t"
			     "test %%rax, %%rax\n\tjnz 2f\n"
			     "1:\tmovb $1, (%[from])\n\tadd $4096, %[from]\n\t"
			     "cmp %[end], %[from]\n\tjb 1b\n"
			     "3:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 3b\n"
			     "2:"
			     : "=a" (ret), [from] "+r" (from)
			     : "0" (H_clone), [flags] "i" (0x411), [pause] "i" (H_pause),
			       [end] "r" (at + size)
			     : "rcx", "r11", "rdi", "rsi", "rdx", "r8", "r10", "memory");
		if (ret < 0)
			break;
	}
	return got("processes", n, want, ret);
}

/* All the processors there are, instead of the one that the run was placed on. */
static long processors(const char *arg)
{
	static const unsigned long all[16] = { [0 ... 15] = ~0ul };

	return host(H_sched_setaffinity, 0, sizeof(all), all);
}

/* Memory that no limit of a process counts. */
static long memfd(const char *arg)
{
	static char block[65536];
	long want = number(arg), fd = host(H_memfd_create, "attack", 0), n = 0, ret = 0;

	if (fd < 0)
		return fd;
	while (n < want * 16) {
		ret = host(H_write, fd, block, sizeof(block));
		if (ret <= 0)
			break;
		n++;
	}
	return got("MiB", n / 16, want, ret);
}

/* "MIB:DIRECTORY" */
static long disk(const char *arg)
{
	static char block[65536], path[128];
	char *colon = strchr(arg, ':');
	long want, n = 0, ret = 0, fd;

	if (!colon)
		return -22;
	snprintf(path, sizeof(path), "%s/attack-disk", colon + 1);
	*colon = '\0';
	want = number(arg);
	fd = host(H_open, path, HOST_O_RDWR | HOST_O_CREAT, 0600);
	if (fd < 0)
		return fd;
	while (n < want * 16) {
		ret = host(H_write, fd, block, sizeof(block));
		if (ret <= 0)
			break;
		n++;
	}
	return got("MiB", n / 16, want, ret);
}

static long descriptors(const char *arg)
{
	long want = number(arg), n, ret = 0;

	for (n = 0; n < want; n++) {
		ret = host(H_dup, 0);
		if (ret < 0)
			break;
	}
	return got("descriptors", n, want, ret);
}

/* Neighbours of different protection cannot be one mapping. */
static long mappings(const char *arg)
{
	long want = number(arg), n, at = 0;

	for (n = 0; n < want; n++) {
		at = host(H_mmap, 0, 4096, n & 1, 0x22, -1, 0);
		if (at < 0 && at > -4096)
			break;
	}
	return got("mappings", n, want, at);
}

const struct attack bomb_attacks[] = {
	{ "processes", processes },
	{ "stubs", stubs },
	{ "memory", memory },
	{ "shared-memory", shared_memory },
	{ "stacks", stacks },
	{ "family", family },
	{ "processors", processors },
	{ "memfd", memfd },
	{ "disk", disk },
	{ "descriptors", descriptors },
	{ "mappings", mappings },
	{ 0 },
};
