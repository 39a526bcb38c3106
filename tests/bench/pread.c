// SPDX-License-Identifier: GPL-2.0
/*
 * pread.c - 4 KiB random reads of a block device, one at a time, past the page cache
 *
 * pread DEVICE COUNT BATCHES: prints the mean microseconds of a read, one line a batch.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096 };

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	static _Alignas(BLOCK) char buf[BLOCK];
	int fd = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	long count = argc == 4 ? atol(argv[2]) : 0;
	long batches = argc == 4 ? atol(argv[3]) : 0, i, b;
	off_t blocks = fd < 0 ? 0 : lseek(fd, 0, SEEK_END) / BLOCK;
	uint64_t x = 88172645463325252ULL;
	double start;

	if (blocks <= 0 || count <= 0) {
		fprintf(stderr, "pread: cannot use %s: %s\n", argc > 1 ? argv[1] : "(none)",
			strerror(errno));
		return 1;
	}
	for (b = 0; b < batches; b++) {
		start = now();
		for (i = 0; i < count; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			if (pread(fd, buf, BLOCK, (off_t)(x % blocks) * BLOCK) != BLOCK) {
				perror("pread");
				return 1;
			}
		}
		printf("%.2f\n", (now() - start) / count);
	}
	return 0;
}
