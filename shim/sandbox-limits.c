// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox-limits.c - how much the driver process may have; see sandbox.h
 *
 * Its RAM is a file of a size that is sealed, and does not count here.  Private memory is that of the
 * hosted kernel as a program; the debug kernel's KASAN has shadow memory for the whole address space, of
 * which next to nothing is used, so there its size says nothing.  Whoever takes much nevertheless is
 * the first to be ended when the host runs out of memory.
 *
 * CPU time is not limited: a driver may well be busy for days.  Its processes share one CPU
 * (placement.c), and can keep the proxy busy on another (proxy/mailbox.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shim/sandbox.h"

#define MIB (1ULL << 20)

static const struct limit {
	int resource;
	const char *name;
	rlim_t value;
	bool plain;		/* of the default kernel alone */
} limits[] = {
	{ RLIMIT_DATA, "private memory", 256 * MIB, true },
	{ RLIMIT_STACK, "stacks", 8 * MIB, false },
	/* One for each of the hosted system's processes; inside, this is counted per run. */
	{ RLIMIT_NPROC, "processes", 512, false },
	{ RLIMIT_NOFILE, "open files", 4096, false },
	{ RLIMIT_CORE, "core files", 0, false },
	{ RLIMIT_MEMLOCK, "locked memory", 64 * 1024, false },
	{ RLIMIT_MSGQUEUE, "message queues", 0, false },
	{ RLIMIT_SIGPENDING, "queued signals", 4096, false },
	{ RLIMIT_NICE, "priority", 0, false },
	{ RLIMIT_RTPRIO, "real-time priority", 0, false },
};

/* Never more than the caller has. */
static int lower(const struct limit *limit)
{
	struct rlimit old, new = { limit->value, limit->value };

	if (getrlimit(limit->resource, &old) < 0)
		return -1;
	if (old.rlim_max < new.rlim_max)
		new.rlim_cur = new.rlim_max = old.rlim_max;
	return setrlimit(limit->resource, &new);
}

int give_up_plenty(const struct sandbox *sandbox)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i].plain && sandbox->debug_kernel)
			continue;
		if (lower(&limits[i]) < 0) {
			fail("sandbox: cannot limit %s: %s", limits[i].name, strerror(errno));
			return -1;
		}
	}
	return 0;
}
