// SPDX-License-Identifier: GPL-2.0
/* sandbox-user.c - who the driver process is; see sandbox.h */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/sandbox.h"

static int write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = strlen(text);

	return fd >= 0 && write(fd, text, len) == len ? 0 : -1;
}

static int map_user(pid_t pid, const char *file, unsigned int inside, unsigned int outside)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/%s", pid, file);
	_cleanup_free_ char *line = xasprintf("%u %u 1", inside, outside);

	return write_file(path, line);
}

/* A process that does nothing but have a user namespace. */
static pid_t start_holder(int *ready)
{
	int ends[2];
	pid_t pid;
	char byte = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = unshare(CLONE_NEWUSER) < 0 ? errno : 0;
		if (write(ends[1], &byte, 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (pid > 0 && read(ends[0], &byte, 1) != 1)
		byte = EIO;
	close(ends[0]);
	*ready = byte;
	return pid;
}

static int make_namespace(uid_t uid, gid_t gid)
{
	int err, fd = -1;
	pid_t pid = start_holder(&err);

	if (pid < 0)
		return -1;
	if (!err && map_user(pid, "uid_map", uid, SANDBOX_UID) < 0)
		err = errno;
	if (!err && map_user(pid, "gid_map", gid, SANDBOX_GID) < 0)
		err = errno;
	if (!err) {
		_cleanup_free_ char *path = xasprintf("/proc/%d/ns/user", pid);

		fd = open(path, O_RDONLY | O_CLOEXEC);
		err = errno;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	errno = err;
	return fd;
}

int sandbox_user_for(struct sandbox *sandbox, uid_t uid, gid_t gid)
{
	int fd;

	for (size_t i = 0; i < sandbox->n_users; i++) {
		if (sandbox->users[i].uid == uid && sandbox->users[i].gid == gid)
			return sandbox->users[i].fd;
	}
	fd = make_namespace(uid, gid);
	if (fd < 0)
		return -1;
	sandbox->users = xrealloc(sandbox->users, (sandbox->n_users + 1) * sizeof(*sandbox->users));
	sandbox->users[sandbox->n_users++] = (struct sandbox_user){ uid, gid, fd };
	return fd;
}

/* Root's child becomes SANDBOX_UID; others stay who they are, in the jail's user namespace. */
int give_up_user(const struct sandbox *sandbox)
{
	if (!sandbox->n_users)
		return 0;
	/* Groups first: afterwards there is nobody who could. */
	if (setgroups(0, NULL) < 0 || setns(sandbox->users[0].fd, CLONE_NEWUSER) < 0 ||
	    setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		fail("sandbox: cannot become user %d: %s", SANDBOX_UID, strerror(errno));
		return -1;
	}
	return 0;
}

static int drop_bounding_set(void)
{
	for (int cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL && cap > 0 ? 0 : -1;
	}
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &header, none);
}

/* No capability, and none by executing anything, by whatever user inside. */
int give_up_privileges(void)
{
	const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
				   SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
				   SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0 || drop_bounding_set() < 0 ||
	    drop_capabilities() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		fail("sandbox: cannot give up privileges: %s", strerror(errno));
		return -1;
	}
	return 0;
}
