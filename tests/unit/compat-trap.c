// SPDX-License-Identifier: GPL-2.0
/*
 * compat-trap.c - accesses to an inaccessible page, carried out in a signal handler: the
 * instructions are real ones, what they reach is written down here
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "compat/ring3/user.h"

#define PAGE	4096
#define TAG	0x8000000000000000ul
#define PATTERN	0x1122334455667788ull

/* A mapped page, and one that is not. */
static char *bar;
static struct {
	unsigned int n, width;
	unsigned long offset;
	unsigned long long value;
	int write;
} last;

int ring3_bus_error(void *addr)
{
	(void)addr;
	return 0;
}

unsigned long ring3_mapped_address(const void *addr)
{
	unsigned long offset = (const char *)addr - bar;

	return offset < 2 * PAGE ? TAG | offset : 0;
}

void ring3_trapped(unsigned long addr, unsigned long pc, unsigned long long *value,
		   unsigned int width, int write)
{
	assert_true(pc);
	last.n++;
	last.width = width;
	last.offset = addr & ~TAG;
	last.write = write;
	if (write)
		last.value = width < 8 ? *value & ((1ull << width * 8) - 1) : *value;
	else
		*value = PATTERN;
}

static void handler(int sig, siginfo_t *info, void *context)
{
	if (!ring3_fault(info->si_addr, &((ucontext_t *)context)->uc_mcontext))
		signal(sig, SIG_DFL);
}

/* cmocka has its own at the beginning of each test. */
static void take_faults(void)
{
	const struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	assert_int_equal(sigaction(SIGSEGV, &sa, NULL), 0);
}

static int setup(void **state)
{
	(void)state;
	bar = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(bar, MAP_FAILED);
	assert_int_equal(mprotect(bar + PAGE, PAGE, PROT_NONE), 0);
	return 0;
}

static void check(unsigned long offset, unsigned int width, int write)
{
	assert_int_equal(last.n, 1);
	assert_int_equal(last.offset, offset);
	assert_int_equal(last.width, width);
	assert_int_equal(last.write, write);
	last.n = 0;
}

#define LOAD(insn, reg, base, index) ({				\
	uint64_t got_;								\
										\
	asm volatile("movabs $-1, %%" reg "\n\t" insn "\n\tmov %%" reg ", %0"	\
		     : "=&r" (got_) : [at] "r" (base), [by] "r" (index) : reg, "memory"); \
	got_;									\
})

static void every_width_is_loaded(void **state)
{
	char *at = bar + PAGE;
	unsigned long by = 4;

	(void)state;
	take_faults();
	assert_true(LOAD("movb 8(%[at]), %%al", "rax", at, by) == 0xffffffffffffff88);
	check(PAGE + 8, 1, 0);
	assert_true(LOAD("movw 8(%[at]), %%ax", "rax", at, by) == 0xffffffffffff7788);
	check(PAGE + 8, 2, 0);
	assert_true(LOAD("movl 8(%[at]), %%eax", "rax", at, by) == 0x55667788);
	check(PAGE + 8, 4, 0);
	assert_true(LOAD("movq 8(%[at]), %%rax", "rax", at, by) == PATTERN);
	check(PAGE + 8, 8, 0);
	assert_true(LOAD("movb (%[at]), %%sil", "rsi", at, by) == 0xffffffffffffff88);
	check(PAGE, 1, 0);
	assert_true(LOAD("movb (%[at]), %%r9b", "r9", at, by) == 0xffffffffffffff88);
	check(PAGE, 1, 0);
}

static void every_address_is_understood(void **state)
{
	char *at = bar + PAGE, *far = bar - 0x12345678;
	unsigned long by = 4;
	uint64_t got;

	(void)state;
	take_faults();
	assert_true(LOAD("movl (%[at],%[by],8), %%r15d", "r15", at, by) == 0x55667788);
	check(PAGE + 32, 4, 0);
	assert_true(LOAD("movl 0x12345678+4096(%[at]), %%ebx", "rbx", far, by) == 0x55667788);
	check(PAGE, 4, 0);
	assert_true(LOAD("movl -4(%[at],%[by]), %%ecx", "rcx", at, by) == 0x55667788);
	check(PAGE, 4, 0);
	/* Bases and indexes that are encoded in ways of their own. */
	asm volatile("mov %1, %%r12\n\tmovl (%%r12), %%eax\n\tmov %%rax, %0"
		     : "=&r" (got) : "r" (at) : "r12", "rax", "memory");
	assert_true(got == 0x55667788);
	check(PAGE, 4, 0);
	asm volatile("mov %1, %%r13\n\tmovl (%%r13), %%eax\n\tmov %%rax, %0"
		     : "=&r" (got) : "r" (at) : "r13", "rax", "memory");
	check(PAGE, 4, 0);
	asm volatile("mov %1, %%r13\n\tmov $2, %%r12d\n\tmovl 16(%%r13,%%r12,2), %%eax\n\tmov %%rax, %0"
		     : "=&r" (got) : "r" (at) : "r12", "r13", "rax", "memory");
	check(PAGE + 20, 4, 0);
	asm volatile("mov %1, %%rdx\n\tmovl (,%%rdx,4), %%eax\n\tmov %%rax, %0"
		     : "=&r" (got) : "r" ((uintptr_t)at / 4) : "rdx", "rax", "memory");
	check(PAGE, 4, 0);
}

static void every_width_is_stored(void **state)
{
	char *at = bar + PAGE;
	uint64_t value = 0xa1a2a3a4a5a6a7a8;

	(void)state;
	take_faults();
	asm volatile("movb %b1, 3(%0)" : : "r" (at), "r" (value) : "memory");
	check(PAGE + 3, 1, 1);
	assert_true(last.value == 0xa8);
	asm volatile("movw %w1, 2(%0)" : : "r" (at), "r" (value) : "memory");
	check(PAGE + 2, 2, 1);
	assert_true(last.value == 0xa7a8);
	asm volatile("movl %k1, 4(%0)" : : "r" (at), "r" (value) : "memory");
	check(PAGE + 4, 4, 1);
	assert_true(last.value == 0xa5a6a7a8);
	asm volatile("movq %1, 8(%0)" : : "r" (at), "r" (value) : "memory");
	check(PAGE + 8, 8, 1);
	assert_true(last.value == value);
}

/* Nothing answers, as on a bus that splits it. */
static void across_the_border_is_no_register(void **state)
{
	char *at = bar + PAGE;
	unsigned long by = 0;

	(void)state;
	take_faults();
	assert_true(LOAD("movl -2(%[at]), %%eax", "rax", at, by) == 0xffffffff);
	asm volatile("movl %k1, -2(%0)" : : "r" (at), "r" (5ul) : "memory");
	assert_int_equal(last.n, 0);
	assert_int_equal(bar[PAGE - 2], 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_width_is_loaded),
		cmocka_unit_test(every_address_is_understood),
		cmocka_unit_test(every_width_is_stored),
		cmocka_unit_test(across_the_border_is_no_register),
	};

	return cmocka_run_group_tests_name("compat-trap", tests, setup, NULL);
}
