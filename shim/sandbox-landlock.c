// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox-landlock.c - the files once more, by Landlock where the host has it; see sandbox.h
 *
 * What sandbox-root.c shows can be read, what is writable there can be written, and should something else
 * come into reach after all, it cannot.  No TCP, no abstract sockets and no signals of others either,
 * where the host's Landlock knows of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/sandbox.h"

/* struct landlock_ruleset_attr as of ABI 6; older hosts are told a shorter one. */
struct rules {
	uint64_t fs, net, scoped;
};

/* Rights by ABI: 1 has the first 13, 2 adds renaming across directories, 3 truncate, 5 ioctl. */
#define READ (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
		  LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL)
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL (1ULL << 15)
#define NET_ALL 3ULL		/* bind and connect TCP */
#define SCOPE_ALL 3ULL		/* abstract sockets, signals */

static uint64_t rights(long abi)
{
	return (1ULL << (abi >= 5 ? 16 : abi >= 3 ? 15 : 14)) - 1;
}

static int add_rule(int ruleset, const char *path, uint64_t access)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int add_rules(const struct sandbox *sandbox, int ruleset, uint64_t all)
{
	if (add_rule(ruleset, "/", READ) < 0 || add_rule(ruleset, SANDBOX_SCRATCH, all) < 0 ||
	    add_rule(ruleset, "/dev/null", all) < 0)
		return -1;
	for (size_t i = 0; i < sandbox->n_paths; i++) {
		if (sandbox->paths[i].writable && add_rule(ruleset, sandbox->paths[i].path, all) < 0)
			return -1;
	}
	return 0;
}

int give_up_paths(const struct sandbox *sandbox)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct rules rules = { rights(abi), NET_ALL, SCOPE_ALL };
	size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? 16 : 8;
	_cleanup_close_ int ruleset = -1;

	/* The first one forbids every renaming across directories. */
	if (abi < 2)
		return 0;
	ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (ruleset >= 0 && !add_rules(sandbox, ruleset, rules.fs) &&
	    !syscall(SYS_landlock_restrict_self, ruleset, 0))
		return 0;
	fail("sandbox: the host's Landlock does not take the rules: %s", strerror(errno));
	return -1;
}
