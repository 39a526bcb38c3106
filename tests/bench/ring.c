// SPDX-License-Identifier: GPL-2.0
/*
 * ring.c - what two processes pay that share a page and never sleep, to compare ring3's costs with
 *
 * ring pingpong BATCHES COUNT  a word there and another back, both sides spinning on CPUs of their own
 * ring oneway BATCHES COUNT    stores of an address and a value into a ring of 256, which the other
 *                              side takes out; a batch ends when it has taken the last
 *
 * Each prints the mean nanoseconds, one line a batch.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 256u
#define LINE 64		/* bytes; what either side writes has lines of its own */

struct slot {
	uint64_t address;
	uint64_t value;
};

struct shared {
	_Alignas(LINE) atomic_ulong there;	/* of the starter: a number, or slots filled */
	_Alignas(LINE) atomic_ulong back;	/* of the other: the same number, or slots emptied */
	_Alignas(LINE) atomic_ulong sum;	/* so that what is taken is used */
	_Alignas(LINE) struct slot slot[SLOTS];
};

static struct shared *shared;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static unsigned long await(atomic_ulong *what, unsigned long not)
{
	unsigned long seen;

	while ((seen = atomic_load_explicit(what, memory_order_acquire)) == not)
		__builtin_ia32_pause();
	return seen;
}

static void echo(void)
{
	unsigned long last = 0;

	for (;;) {
		last = await(&shared->there, last);
		atomic_store_explicit(&shared->back, last, memory_order_release);
	}
}

static void round_trips(unsigned long count)
{
	static unsigned long number;

	while (count--) {
		atomic_store_explicit(&shared->there, ++number, memory_order_release);
		await(&shared->back, number - 1);
	}
}

static void take(void)
{
	unsigned long taken = 0, sum = 0;

	for (;;) {
		unsigned long filled = await(&shared->there, taken);

		for (; taken != filled; taken++)
			sum += shared->slot[taken % SLOTS].address ^ shared->slot[taken % SLOTS].value;
		atomic_store_explicit(&shared->sum, sum, memory_order_relaxed);
		atomic_store_explicit(&shared->back, taken, memory_order_release);
	}
}

static void stores(unsigned long count)
{
	static unsigned long filled, emptied;

	while (count--) {
		if (filled - emptied == SLOTS)
			emptied = await(&shared->back, emptied);
		shared->slot[filled % SLOTS] = (struct slot){ 0x1000, count };
		atomic_store_explicit(&shared->there, ++filled, memory_order_release);
	}
	while (emptied != filled)
		emptied = await(&shared->back, emptied);
}

static const struct mode {
	const char *name;
	void (*other)(void);
	void (*batch)(unsigned long count);
} modes[] = {
	{ "pingpong", echo, round_trips },
	{ "oneway", take, stores },
};

/* To the @n-th of the CPUs that this process may use, 0 or 1. */
static void move_to(int n)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2) {
		fprintf(stderr, "ring: two CPUs are needed, one for each side\n");
		exit(1);
	}
	for (int cpu = 0; cpu < CPU_SETSIZE && n >= 0; cpu++) {
		if (CPU_ISSET(cpu, &all) && n-- == 0)
			CPU_SET(cpu, &one);
	}
	if (sched_setaffinity(0, sizeof(one), &one)) {
		perror("ring: sched_setaffinity");
		exit(1);
	}
}

static void measure(const struct mode *mode, long batches, long count)
{
	cpu_set_t all;

	pid_t other;

	sched_getaffinity(0, sizeof(all), &all);
	move_to(1);
	other = fork();
	if (other < 0) {
		perror("ring: fork");
		exit(1);
	}
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		mode->other();
	}
	sched_setaffinity(0, sizeof(all), &all);
	move_to(0);
	mode->batch(count);
	while (batches-- > 0) {
		uint64_t begin = now();

		mode->batch(count);
		printf("%.2f\n", (double)(now() - begin) / count);
	}
	kill(other, SIGKILL);
	wait(NULL);
}

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;

	for (size_t i = 0; argc == 4 && i < sizeof(modes) / sizeof(*modes); i++) {
		if (!strcmp(argv[1], modes[i].name))
			mode = &modes[i];
	}
	if (!mode) {
		fprintf(stderr, "usage: see the head of tests/bench/ring.c\n");
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("ring: mmap");
		return 1;
	}
	measure(mode, atol(argv[2]), atol(argv[3]));
	return fflush(stdout) ? 1 : 0;
}
