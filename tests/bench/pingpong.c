// SPDX-License-Identifier: GPL-2.0
/*
 * pingpong.c - what two bare processes pay, to compare ring3's costs with
 *
 * pingpong socket BATCHES COUNT  round trips over an AF_UNIX stream socket, 32 bytes each
 *                                way: prints the mean nanoseconds, one line a batch
 * pingpong wake COUNT [MODE]     an eventfd wakes a sleeping process: prints the
 *                                nanoseconds from before the write to after the read, one
 *                                line each; MODE `busy` adds a process that computes meanwhile,
 *                                `away` wakes it from another CPU, where it is awake and
 *                                tries to read all the time with `spin`, and nobody sleeps
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 32, PAUSE_US = 1500, SPIN_US = 50 };

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static pid_t start(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void exact(ssize_t n, ssize_t want)
{
	if (n != want) {
		perror("pingpong");
		exit(1);
	}
}

static void echo(int fd)
{
	char msg[MESSAGE];

	while (read(fd, msg, sizeof(msg)) == sizeof(msg))
		exact(write(fd, msg, sizeof(msg)), sizeof(msg));
	_exit(0);
}

static void pingpong(long batches, long count)
{
	char msg[MESSAGE] = { 0 };
	uint64_t begin;
	int fd[2];
	long b, i;

	exact(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	if (start() == 0) {
		close(fd[0]);
		echo(fd[1]);
	}
	close(fd[1]);
	for (b = 0; b < batches; b++) {
		begin = now();
		for (i = 0; i < count; i++) {
			exact(write(fd[0], msg, sizeof(msg)), sizeof(msg));
			exact(read(fd[0], msg, sizeof(msg)), sizeof(msg));
		}
		printf("%.1f\n", (double)(now() - begin) / count);
	}
	close(fd[0]);
	wait(NULL);
}

/* The sleeper: when woken, the time since the stamp goes back through the shared page. */
static void sleeper(int event, int done, volatile uint64_t *stamp)
{
	uint64_t one;
	ssize_t n;

	for (;;) {
		do
			n = read(event, &one, sizeof(one));
		while (n < 0 && errno == EAGAIN);
		exact(n, sizeof(one));
		stamp[1] = now() - stamp[0];
		exact(write(done, &one, sizeof(one)), sizeof(one));
	}
}

/* Of the processors this may use, to the first or the second. */
static void move(int which)
{
	cpu_set_t may, one;
	int cpu = -1;

	exact(sched_getaffinity(0, sizeof(may), &may), 0);
	for (which++; which && ++cpu < CPU_SETSIZE;)
		which -= CPU_ISSET(cpu, &may);
	CPU_ZERO(&one);
	CPU_SET(cpu % CPU_SETSIZE, &one);
	errno = EINVAL;
	exact(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Whoever spins has a peer that is awake, too. */
static void pause_before(bool spin)
{
	uint64_t end = now() + SPIN_US * 1000;

	if (!spin)
		usleep(PAUSE_US);
	while (spin && now() < end)
		;
}

static void wake(long count, const char *mode)
{
	bool busy = !strcmp(mode, "busy"), spin = !strcmp(mode, "spin"), away = spin || !strcmp(mode, "away");
	volatile uint64_t *stamp = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int event = eventfd(0, spin ? EFD_NONBLOCK : 0), done = eventfd(0, 0);
	pid_t other, burner = 0;
	uint64_t one = 1;

	exact(stamp == MAP_FAILED || event < 0 || done < 0, 0);
	other = start();
	if (away)
		move(other == 0);
	if (other == 0)
		sleeper(event, done, stamp);
	if (busy)
		burner = start();
	while (busy && burner == 0)
		stamp[2]++;
	while (count--) {
		pause_before(spin);
		stamp[0] = now();
		exact(write(event, &one, sizeof(one)), sizeof(one));
		exact(read(done, &one, sizeof(one)), sizeof(one));
		one = 1;
		printf("%llu\n", (unsigned long long)stamp[1]);
	}
	kill(other, SIGKILL);
	if (burner)
		kill(burner, SIGKILL);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "socket")) {
		pingpong(atol(argv[2]), atol(argv[3]));
	} else if (argc >= 3 && !strcmp(argv[1], "wake")) {
		wake(atol(argv[2]), argc == 4 ? argv[3] : "");
	} else {
		fprintf(stderr, "usage: see the head of tests/bench/pingpong.c\n");
		return 2;
	}
	return fflush(stdout) ? 1 : 0;
}
