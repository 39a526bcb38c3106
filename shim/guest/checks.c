// SPDX-License-Identifier: GPL-2.0
/* checks.c - what a debug kernel does for those who look for a driver's mistakes */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "shim/guest/guest.h"

#define DEBUGFS "/sys/kernel/debug"

/* A kernel without the file has nothing to be told. */
static void tell(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		ctl_warn("cannot write to ", path, 0);
	close(fd);
}

/**
 * checks_begin() - before the drivers come
 *
 * CMD finds debugfs mounted, to inject faults for example.
 */
void checks_begin(void)
{
	if (mount("debugfs", DEBUGFS, "debugfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return;
	/* Its default is to report one mistake and then no more. */
	tell(DEBUGFS "/dma-api/num_errors", "100");
}

/**
 * checks_end() - after CMD
 *
 * Memory that is lost is reported when two scans have found it the same.
 */
void checks_end(void)
{
	tell(DEBUGFS "/kmemleak", "scan");
	tell(DEBUGFS "/kmemleak", "scan");
}
