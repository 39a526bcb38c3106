// SPDX-License-Identifier: GPL-2.0
/*
 * ram_user.c - RAM that whoever started this kernel has made
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <os.h>

#include "user.h"

/**
 * ring3_ram_fd() - the inherited RAM file
 * @len: bytes needed
 *
 * Return: RING3_RAM_FD of the environment, or -1 if there is none.  Ends the process
 * if the file is too small.
 */
int ring3_ram_fd(unsigned long long len)
{
	const char *s = getenv("RING3_RAM_FD");
	struct stat st;
	int fd;

	if (!s)
		return -1;
	fd = atoi(s);
	if (fstat(fd, &st) || (unsigned long long)st.st_size < len) {
		os_warn("ring3: RING3_RAM_FD=%s is no file of %llu bytes\n", s, len);
		exit(1);
	}
	return fd;
}
