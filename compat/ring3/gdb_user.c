// SPDX-License-Identifier: GPL-2.0
/*
 * gdb_user.c - what a debugger and this process tell each other
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user.h"

/* The names, types and values are those of gdb's "JIT Compilation Interface". */
struct jit_descriptor {
	uint32_t version;
	uint32_t action_flag;
	struct ring3_jit *relevant_entry;
	struct ring3_jit *first_entry;
};

enum { JIT_NOACTION, JIT_REGISTER, JIT_UNREGISTER };

struct jit_descriptor __jit_debug_descriptor = { 1, JIT_NOACTION, 0, 0 };
void __jit_debug_register_code(void);

void __attribute__((noinline)) __jit_debug_register_code(void)
{
	__asm__ volatile("" ::: "memory");
}

/*
 * gdb steps off its breakpoint.  A timer that has expired meanwhile would be handled first, by
 * going back to the breakpoint, and so on for ever: so signals wait.
 */
static void tell_gdb(struct ring3_jit *entry, uint32_t action)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	__jit_debug_descriptor.relevant_entry = entry;
	__jit_debug_descriptor.action_flag = action;
	__jit_debug_register_code();
	sigprocmask(SIG_SETMASK, &old, 0);
}

void ring3_jit_register(struct ring3_jit *entry)
{
	entry->prev = 0;
	entry->next = __jit_debug_descriptor.first_entry;
	if (entry->next)
		entry->next->prev = entry;
	__jit_debug_descriptor.first_entry = entry;
	tell_gdb(entry, JIT_REGISTER);
}

void ring3_jit_unregister(struct ring3_jit *entry)
{
	if (entry->prev)
		entry->prev->next = entry->next;
	else
		__jit_debug_descriptor.first_entry = entry->next;
	if (entry->next)
		entry->next->prev = entry->prev;
	tell_gdb(entry, JIT_UNREGISTER);
}

/* Does a line of modules.order, PATH/NAME.o or PATH/NAME.ko, name this module? */
static int names(const char *line, const char *module)
{
	const char *name = strrchr(line, '/');

	name = name ? name + 1 : line;
	for (; *module; name++, module++)
		if (*name != *module && !(*name == '-' && *module == '_'))
			return 0;
	return *name == '.';
}

static int find_file(const char *tree, const char *module, char *path, size_t size)
{
	char line[256];
	int found = 0;
	FILE *order;

	if (snprintf(path, size, "%s/modules.order", tree) >= (int)size)
		return 0;
	order = fopen(path, "re");
	while (order && !found && fgets(line, sizeof(line), order)) {
		line[strcspn(line, "\n")] = 0;
		found = names(line, module);
	}
	if (order)
		fclose(order);
	return found && snprintf(path, size, "%s/%.*s.ko", tree, (int)(strrchr(line, '.') - line),
				 line) < (int)size;
}

/* A module's file in the tree it was built in, of our own to write; 0: it is not there. */
void *ring3_gdb_map(const char *tree, const char *module, unsigned long long *size)
{
	char path[1024];
	struct stat st;
	void *image;
	int fd;

	if (!find_file(tree, module, path, sizeof(path)))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	image = mmap(0, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	*size = st.st_size;
	return image == MAP_FAILED ? 0 : image;
}

void ring3_gdb_unmap(const void *image, unsigned long long size)
{
	munmap((void *)image, size);
}

/*
 * Memory of the hosted kernel is shared, and gdb takes its breakpoints out of a new process'
 * memory: it must not have this.  The processes of hosted processes map what they need.
 */
void ring3_gdb_mapped(void *start, unsigned long len)
{
	madvise(start, len, MADV_DONTFORK);
}

/* CLOCK_MONOTONIC when a debugger stopped this process, written by it; 0: it runs. */
long long ring3_gdb_stopped_at;

/* The host's clock without the time that this process was stopped by a debugger. */
long long ring3_gdb_clock(long long ns)
{
	static long long stopped;
	long long at;

	if (__builtin_expect(ring3_gdb_stopped_at != 0, 0)) {
		at = __atomic_exchange_n(&ring3_gdb_stopped_at, 0, __ATOMIC_RELAXED);
		if (at && ns > at)
			__atomic_add_fetch(&stopped, ns - at, __ATOMIC_RELAXED);
	}
	return ns - __atomic_load_n(&stopped, __ATOMIC_RELAXED);
}
