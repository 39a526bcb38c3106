// SPDX-License-Identifier: GPL-2.0
/* ram.c - the file that is the hosted kernel's memory */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/ram.h"
#include "shim/size.h"
#include "shim/util.h"

#define UNKNOWN UINT64_MAX

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The number behind @key in a file of "key value" lines. */
static uint64_t keyed_value(const char *path, const char *key)
{
	_cleanup_free_ char *text = read_text(path);
	char *at = text;

	while (at && strncmp(at, key, strlen(key))) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at && *at ? strtoull(at + strlen(key), NULL, 10) : UNKNOWN;
}

static uint64_t number_in(const char *dir, const char *file)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, file);
	_cleanup_free_ char *text = read_text(path);

	/* "max" is no limit. */
	return text && *text >= '0' && *text <= '9' ? strtoull(text, NULL, 10) : UNKNOWN;
}

/* The two versions of memory cgroups, and where systems mount them. */
static const struct cgroup_kind {
	const char *line;	/* start of the line of /proc/self/cgroup, behind the number */
	const char *mount;
	const char *max, *used, *cache;
} cgroup_kinds[] = {
	{ "::", "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file " },
	{ ":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	  "total_inactive_file " },
};

/* Room in one cgroup: its limit, less what is used and cannot be dropped. */
static uint64_t cgroup_room(const struct cgroup_kind *kind, const char *dir)
{
	_cleanup_free_ char *stat = xasprintf("%s/memory.stat", dir);
	uint64_t max = number_in(dir, kind->max);
	uint64_t used = number_in(dir, kind->used);
	uint64_t cache = keyed_value(stat, kind->cache);

	if (max == UNKNOWN || used == UNKNOWN)
		return max;
	if (cache != UNKNOWN)
		used -= min_u64(used, cache);
	return max - min_u64(max, used);
}

/* Every group from ours up to the root counts. */
static uint64_t hierarchy_room(const struct cgroup_kind *kind, char *path)
{
	uint64_t room = UNKNOWN;
	char *slash;

	do {
		_cleanup_free_ char *dir = xasprintf("%s%s", kind->mount, path);

		room = min_u64(room, cgroup_room(kind, dir));
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
	} while (slash);
	return room;
}

static uint64_t cgroups_room(void)
{
	_cleanup_free_ char *self = read_text("/proc/self/cgroup");
	char *rest = self, *line;
	uint64_t room = UNKNOWN;

	while (rest && (line = strsep(&rest, "\n"))) {
		line += strspn(line, "0123456789");
		for (size_t i = 0; i < ARRAY_SIZE(cgroup_kinds); i++) {
			size_t n = strlen(cgroup_kinds[i].line);

			if (!strncmp(line, cgroup_kinds[i].line, n))
				room = min_u64(room, hierarchy_room(&cgroup_kinds[i], line + n));
		}
	}
	return room;
}

uint64_t ram_available(void)
{
	uint64_t kib = keyed_value("/proc/meminfo", "MemAvailable:");

	return min_u64(kib == UNKNOWN ? kib : kib << 10, cgroups_room());
}

int ram_create(uint64_t mem)
{
	uint64_t room = ram_available(), size = round_up_pow2(mem);
	int fd;

	if (room < mem) {
		fail("no space for the RAM file: --mem %s, but only %lluM of memory are available; "
		     "use a smaller --mem or end something", format_size(mem),
		     (unsigned long long)(room >> 20));
		return -1;
	}
	/* A file size limit shall be an error here, not a signal. */
	signal(SIGXFSZ, SIG_IGN);
	fd = memfd_create("ring3-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, size) < 0) {
		fail("no space for the RAM file of %s: %s%s", format_size(size), strerror(errno),
		     errno == EFBIG ? "; raise the file size limit (ulimit -f)" :
				      "; use a smaller --mem");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	/* Nobody who maps it needs to fear that another process cuts it off. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		warn("the RAM file cannot be sealed: %s", strerror(errno));
	return fd;
}
