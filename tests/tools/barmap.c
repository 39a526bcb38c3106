// SPDX-License-Identifier: GPL-2.0
/*
 * barmap.c - registers through a mapped resource file of sysfs
 *
 * usage: barmap FILE OFFSET [VALUE]
 *
 * Maps the page of FILE that holds OFFSET (bytes, a multiple of 4), writes VALUE there if it
 * is given, and prints the 32 bits that are read back, in hex.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
	volatile uint32_t *reg;
	unsigned long offset;
	char *page;
	int fd;

	if (argc < 3 || argc > 4)
		errx(2, "usage: barmap FILE OFFSET [VALUE]");
	offset = strtoul(argv[2], NULL, 0);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & ~(PAGE - 1));
	if (page == MAP_FAILED)
		err(1, "cannot map %s", argv[1]);
	reg = (volatile uint32_t *)(page + (offset & (PAGE - 1)));
	if (argc == 4)
		*reg = strtoul(argv[3], NULL, 0);
	printf("%x\n", *reg);
	return 0;
}
