// SPDX-License-Identifier: GPL-2.0
/*
 * start.c - start a ring3-proxy, or connect to one
 *
 * The proxy is no child of the program's: it is forked twice, so that no wait() of the
 * program meets it.  It watches the program (--until) and ends with it, even where a child has
 * inherited the socket.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/claim.h"
#include "proxy/libring3/internal.h"

#ifndef RING3_LIBEXEC
#define RING3_LIBEXEC "/usr/local/lib/ring3"
#endif

#define PATH_SIZE	4096
#define READY_MS	30000		/* QEMU with a large disk takes a while */
#define FD_FIRST	3

/* In the proxy. */
enum { FD_CLIENT = FD_FIRST, FD_READY, FD_LIFE, FD_RAM, FD_END };

/* The directory of @file, followed by @name, if that can be executed. */
static bool beside(char *path, const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	snprintf(path, PATH_SIZE, "%.*s%s", slash ? (int)(slash - file + 1) : 0, file, name);
	return slash && !access(path, X_OK);
}

/* $RING3_PROXY, beside the library, beside the program, where it is installed. */
static int find_proxy(char *path)
{
	const char *env = secure_getenv("RING3_PROXY");
	char self[PATH_SIZE] = "";
	Dl_info info;

	if (env) {
		snprintf(path, PATH_SIZE, "%s", env);
		return access(path, X_OK) ? lib_fail(-ENOENT, "RING3_PROXY=%s: %s; correct it", env,
						     strerror(errno)) : 0;
	}
	if (dladdr((void *)(uintptr_t)&ring3_error, &info) && info.dli_fname &&
	    (beside(path, info.dli_fname, "ring3/ring3-proxy") ||
	     beside(path, info.dli_fname, "ring3-proxy")))
		return 0;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0 &&
	    beside(path, self, "../lib/ring3/ring3-proxy"))
		return 0;
	snprintf(path, PATH_SIZE, "%s/ring3-proxy", RING3_LIBEXEC);
	if (!access(path, X_OK))
		return 0;
	return lib_fail(-ENOENT, "there is no ring3-proxy beside this library or in %s: install ring3, or set RING3_PROXY",
			RING3_LIBEXEC);
}

/* Between fork and exec: only what is safe there. */
static void become_proxy(const char *path, char *const *argv, const int *fds)
{
	int high[FD_END], null;
	sigset_t none;

	for (int i = FD_FIRST; i < FD_END; i++)
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, FD_END);
	for (int i = FD_FIRST; i < FD_END; i++)
		if (high[i] >= 0 && dup2(high[i], i) < 0)
			_exit(127);
	/* It says what it has to say on the program's standard error; the rest is the program's. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	syscall(SYS_close_range, FD_END, ~0U, 0);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	execv(path, argv);
	_exit(127);
}

static int spawn(const char *path, char *const *argv, const int *fds)
{
	sigset_t all, old;
	pid_t pid;

	/* No handler of the program's may run in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (!pid) {
		pid_t proxy = fork();

		if (!proxy)
			become_proxy(path, argv, fds);
		_exit(proxy < 0);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return lib_fail(-errno, "cannot start ring3-proxy: %s", strerror(errno));
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* What the proxy says: "ready", or why not. */
static int await_ready(struct ring3_device *dev, int fd)
{
	char said[400] = "";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n = 1;

	while (n && have < sizeof(said) - 1) {
		int r = poll(&p, 1, READY_MS);

		if (!r)
			return lib_fail(-ETIMEDOUT, "device '%s' is not ready after %d s; is its proxy stopped?",
					dev->spec, READY_MS / 1000);
		n = r < 0 ? -1 : read(fd, said + have, sizeof(said) - 1 - have);
		if (n < 0 && errno != EINTR)
			return lib_fail(-errno, "device '%s': cannot hear its proxy: %s", dev->spec,
					strerror(errno));
		if (n > 0)
			have += n;
		if (memchr(said, '\n', have))
			break;
	}
	said[have] = 0;
	said[strcspn(said, "\n")] = 0;
	lib_printable(said);
	if (!strcmp(said, "ready"))
		return 0;
	if (!have)
		return lib_fail(-ENODEV, "device '%s': ring3-proxy ended before it was ready",
				dev->spec);
	return lib_fail(strstr(said, CLAIM_IN_USE) ? -EBUSY : -ENODEV, "%s", said);
}

/**
 * start_proxy() - start a proxy for dev->spec
 * @dev: its fd is set
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int start_proxy(struct ring3_device *dev)
{
	char path[PATH_SIZE], client[12], ready[12], ram[12], until[12];
	char *argv[] = { "ring3-proxy", "--device", dev->spec, "--client-fd", client, "--ready-fd",
			 ready, "--until", until, "--dma", "strict", dev->arena.fd >= 0 ? "--ram-fd" : NULL, ram, NULL };
	int pair[2], pipe_fds[2], life[2], fds[FD_END], err = find_proxy(path);

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return lib_fail(-errno, "cannot make a socket pair: %s", strerror(errno));
	dev->fd = pair[0];
	if (pipe2(pipe_fds, O_CLOEXEC)) {
		err = lib_fail(-errno, "cannot make a pipe: %s", strerror(errno));
		goto err_pair;
	}
	if (pipe2(life, O_CLOEXEC)) {
		err = lib_fail(-errno, "cannot make a pipe: %s", strerror(errno));
		goto err_pipe;
	}
	dev->life = life[0];
	snprintf(client, sizeof(client), "%d", FD_CLIENT);
	snprintf(ready, sizeof(ready), "%d", FD_READY);
	snprintf(ram, sizeof(ram), "%d", FD_RAM);
	snprintf(until, sizeof(until), "%d", getpid());
	fds[FD_CLIENT] = pair[1];
	fds[FD_READY] = pipe_fds[1];
	fds[FD_LIFE] = life[1];
	fds[FD_RAM] = dev->arena.fd;
	err = spawn(path, argv, fds);
	close(life[1]);
	close(pipe_fds[1]);
	pipe_fds[1] = -1;
	if (!err)
		err = await_ready(dev, pipe_fds[0]);
err_pipe:
	close(pipe_fds[0]);
	if (pipe_fds[1] >= 0)
		close(pipe_fds[1]);
err_pair:
	close(pair[1]);
	return err;
}

/**
 * connect_proxy() - use a proxy that listens
 * @dev: its fd is set
 * @path: of the socket
 *
 * Return: 0 or a negative errno with lib_fail().
 */
int connect_proxy(struct ring3_device *dev, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		return lib_fail(-EINVAL, "device '%s': the path of a socket has 1 to %zu bytes",
				dev->spec, sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path));
	dev->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dev->fd < 0)
		return lib_fail(-errno, "cannot create a socket: %s", strerror(errno));
	if (connect(dev->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return lib_fail(-errno, "device '%s': cannot connect: %s; is 'ring3 proxy --listen %s' running?",
				dev->spec, strerror(errno), path);
	return 0;
}
