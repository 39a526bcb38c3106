// SPDX-License-Identifier: GPL-2.0
/*
 * pread.c - 4 KiB random reads of a block device, past the page cache
 *
 * pread DEVICE COUNT BATCHES [DEPTH]: DEPTH (1) threads, each with one read at a time; prints the mean
 * microseconds from one read's end to the next's, of all threads together, one line a batch.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, MAX_DEPTH = 64 };

static int fd;
static off_t blocks;
static long count;		/* of a batch, all threads */
static long left;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static void *read_all(void *arg)
{
	uint64_t x = 88172645463325252ULL + (uintptr_t)arg;
	char *buf = aligned_alloc(BLOCK, BLOCK);

	while (buf && __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED) >= 0) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (pread(fd, buf, BLOCK, (off_t)(x % blocks) * BLOCK) != BLOCK) {
			perror("pread");
			exit(1);
		}
	}
	free(buf);
	return NULL;
}

static double batch(long depth)
{
	pthread_t threads[MAX_DEPTH];
	double start = now();

	left = count;
	for (long i = 1; i < depth; i++) {
		if (pthread_create(&threads[i], NULL, read_all, (void *)i)) {
			perror("pread: pthread_create");
			exit(1);
		}
	}
	read_all(NULL);
	for (long i = 1; i < depth; i++)
		pthread_join(threads[i], NULL);
	return (now() - start) / count;
}

int main(int argc, char **argv)
{
	bool good = argc == 4 || argc == 5;
	long depth = argc == 5 ? atol(argv[4]) : 1;

	fd = good ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	blocks = fd < 0 ? 0 : lseek(fd, 0, SEEK_END) / BLOCK;
	count = good ? atol(argv[2]) : 0;
	if (blocks <= 0 || count <= 0 || depth < 1 || depth > MAX_DEPTH) {
		fprintf(stderr, "pread: cannot use %s: %s\n", argc > 1 ? argv[1] : "(none)",
			strerror(errno));
		return 1;
	}
	for (long b = atol(argv[3]); b > 0; b--)
		printf("%.2f\n", batch(depth));
	return 0;
}
