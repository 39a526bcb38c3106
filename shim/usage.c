// SPDX-License-Identifier: GPL-2.0
/* usage.c - what the processes of a run have taken together; see usage.h */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/process.h"
#include "shim/usage.h"
#include "shim/util.h"

/* More than a sandbox allows; they are counted, not walked for ever. */
#define MAX_PROCESSES 4096

struct pids {
	pid_t v[MAX_PROCESSES];
	size_t n;
};

static void add_children_of(struct pids *pids, pid_t pid, const char *thread)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%s/children", pid, thread);
	_cleanup_free_ char *text = read_text(path);
	char *at = text, *end;

	for (; at && pids->n < MAX_PROCESSES; at = end) {
		long child = strtol(at, &end, 10);

		if (end == at)
			break;
		pids->v[pids->n++] = child;
	}
}

/* Each thread has children of its own. */
static void add_children(struct pids *pids, pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task", pid);
	DIR *threads = opendir(path);
	struct dirent *entry;

	if (!threads)
		return;
	while ((entry = readdir(threads)))
		if (*entry->d_name != '.')
			add_children_of(pids, pid, entry->d_name);
	closedir(threads);
}

static uint64_t private_bytes(pid_t pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/statm", pid);
	_cleanup_free_ char *text = read_text(path);
	unsigned long long resident, shared;

	if (!text || sscanf(text, "%*s %llu %llu", &resident, &shared) != 2 || shared > resident)
		return 0;
	return (resident - shared) * sysconf(_SC_PAGESIZE);
}

struct usage usage_of(pid_t root)
{
	_cleanup_free_ struct pids *pids = xrealloc(NULL, sizeof(*pids));
	struct usage usage = { 0 };

	pids->n = 1;
	pids->v[0] = root;
	for (size_t i = 0; i < pids->n; i++) {
		add_children(pids, pids->v[i]);
		usage.private_bytes += private_bytes(pids->v[i]);
		/* Of pages that were only read, which cost nothing else. */
		usage.private_bytes += process_status(pids->v[i], "VmPTE") * 1024;
	}
	usage.processes = pids->n;
	return usage;
}
