// SPDX-License-Identifier: GPL-2.0
/*
 * readbar.c - how long a register takes to read through a mapped resource file of sysfs
 *
 * readbar FILE OFFSET COUNT BATCHES: prints the mean nanoseconds of a 32-bit read, one line a batch.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE 4096ul

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	volatile uint32_t *reg;
	unsigned long offset;
	long count;
	char *page;
	int fd;

	if (argc != 5)
		errx(2, "usage: readbar FILE OFFSET COUNT BATCHES");
	offset = strtoul(argv[2], NULL, 0);
	count = atol(argv[3]);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1));
	if (page == MAP_FAILED)
		err(1, "cannot map %s", argv[1]);
	reg = (volatile uint32_t *)(page + (offset & (PAGE - 1)));
	for (long b = atol(argv[4]); b > 0; b--) {
		double start = now();

		for (long i = 0; i < count; i++)
			(void)*reg;
		printf("%.1f\n", (now() - start) / count);
	}
	return 0;
}
