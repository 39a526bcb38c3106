// SPDX-License-Identifier: GPL-2.0
/* runtime.c - the user's directory in which runs tell that they are there */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "shim/runtime.h"
#include "shim/util.h"

/* sudo(8) may leave another user's in the environment. */
static bool is_ours(const char *xdg)
{
	struct stat st;

	return xdg && *xdg == '/' && !stat(xdg, &st) && st.st_uid == geteuid();
}

/* The candidates, best first; NULL: there is no such. */
static char *candidate(int i)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	bool has_xdg = is_ours(xdg);

	switch (i) {
	case 0:
		return has_xdg ? xasprintf("%s/ring3", xdg) : NULL;
	case 1:
		return !has_xdg && !geteuid() ? xstrdup("/run/ring3") : NULL;
	default:
		return xasprintf("/tmp/ring3-%u", geteuid());
	}
}

static const char *objection(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	return st.st_mode & 077 ? "others may enter it" : NULL;
}

static int try_open(struct runtime *rt, const char *path, bool create, const char **why)
{
	char real[PATH_MAX];
	ssize_t n;

	if (create && mkdir(path, 0700) < 0 && errno != EEXIST) {
		*why = strerror(errno);
		return -1;
	}
	rt->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rt->fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	*why = objection(rt->fd);
	if (!*why) {
		_cleanup_free_ char *link = xasprintf("/proc/self/fd/%d", rt->fd);

		n = readlink(link, real, sizeof(real) - 1);
		if (n > 0) {
			real[n] = '\0';
			rt->path = xstrdup(real);
			return 0;
		}
		*why = strerror(errno);
	}
	close(rt->fd);
	rt->fd = -1;
	return -1;
}

int runtime_open(struct runtime *rt, bool create, char **why)
{
	*rt = (struct runtime){ .fd = -1 };
	for (int i = 0; i < 3; i++) {
		_cleanup_free_ char *path = candidate(i);
		const char *reason = NULL;

		if (!path)
			continue;
		if (!try_open(rt, path, create, &reason))
			return 0;
		if (why) {
			free(*why);
			*why = xasprintf("%s: %s", path, reason);
		}
	}
	return -1;
}

char *runtime_default(void)
{
	char *path = candidate(0);

	return path ? path : candidate(geteuid() ? 2 : 1);
}

void runtime_lock(const struct runtime *rt)
{
	while (flock(rt->fd, LOCK_EX) < 0 && errno == EINTR)
		continue;
}

void runtime_close(struct runtime *rt)
{
	if (rt->fd >= 0)
		close(rt->fd);
	free(rt->path);
	*rt = (struct runtime){ .fd = -1 };
}
