// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox-root.c - the files that the driver process sees; see sandbox.h
 *
 * A tmpfs with the host's directories mounted in it at their own places, read-only but for --rw, and
 * nothing else: no /proc but the file that tells of the processor, no device but /dev/null, and a
 * small tmpfs for the hosted kernel's own files.  The guest init makes CMD's tree of it
 * (guest/root.c), and knows the same system directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/sandbox.h"

/* <sys/mount.h> and <linux/mount.h> cannot be had together everywhere. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);
int umount2(const char *target, int flags);
#define DETACH 2
#define REC 0x4000
#define PRIVATE (1 << 18)

/* A directory that every host has, to be covered by the new root until that is the root. */
#define NEW "/proc"

static const char *const system_dirs[] = {
	"/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
};

/* Readable to some group that the caller may be in. */
static const char *const secrets[] = {
	"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd",
};

static bool below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

/* Seen anyhow, or never to be seen: as guest/root.c has it. */
static bool covered(const char *path)
{
	if (!path[1] || below(path, "/proc") || below(path, "/sys"))
		return true;
	if (below(path, "/dev") && !below(path, "/dev/shm"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(system_dirs); i++) {
		if (below(path, system_dirs[i]))
			return true;
	}
	return false;
}

/* Shorter paths first, so that nothing is mounted over by what is above it. */
static void add_path(struct sandbox *sandbox, const char *path, bool writable)
{
	size_t at = sandbox->n_paths;

	for (size_t i = 0; i < sandbox->n_paths; i++) {
		const struct sandbox_path *p = &sandbox->paths[i];

		if (!strcmp(p->path, path) || (p->writable && below(path, p->path)))
			return;
	}
	sandbox->paths = xrealloc(sandbox->paths, (at + 1) * sizeof(*sandbox->paths));
	for (; at && strlen(sandbox->paths[at - 1].path) > strlen(path); at--)
		sandbox->paths[at] = sandbox->paths[at - 1];
	sandbox->paths[at] = (struct sandbox_path){ xstrdup(path), writable };
	sandbox->n_paths++;
}

static void add_seen(struct sandbox *sandbox, const char *path)
{
	_cleanup_free_ char *real = path ? realpath(path, NULL) : NULL;

	if (real && !covered(real))
		add_path(sandbox, real, false);
}

static void plan_paths(struct sandbox *sandbox, const struct run_options *opts,
		       const struct hosted_kernel *kernel, struct drivers *drivers, const char *initrd)
{
	struct strv seen = drivers_seen(drivers);

	/* What is writable covers what is not. */
	for (size_t i = 0; i < opts->rw.n; i++)
		add_path(sandbox, opts->rw.v[i], true);
	add_seen(sandbox, ".");
	add_seen(sandbox, kernel->dir);
	add_seen(sandbox, initrd);
	if (opts->debug.on)
		add_seen(sandbox, kernel->build);
	for (size_t i = 0; i < seen.n; i++)
		add_seen(sandbox, seen.v[i]);
	for (size_t i = 0; i < drivers->instead.n; i++)
		add_seen(sandbox, drivers->instead.v[i]);
	strv_free(&seen);
}

/* Only the real root can show files of an owner to somebody else. */
static bool is_root(void)
{
	_cleanup_free_ char *map = read_text("/proc/self/uid_map");
	unsigned int inside, outside, n;

	return !geteuid() && map && sscanf(map, "%u %u %u", &inside, &outside, &n) == 3 &&
	       !inside && n > SANDBOX_UID;
}

/* Before there are other processes: the owners of what is to be seen. */
static int plan_users(struct sandbox *sandbox)
{
	if (!is_root())
		return 0;
	if (sandbox_user_for(sandbox, 0, 0) < 0)
		return sandbox_forbidden(errno);
	for (size_t i = 0; i < sandbox->n_paths; i++) {
		struct stat st;

		if (!stat(sandbox->paths[i].path, &st) &&
		    sandbox_user_for(sandbox, st.st_uid, st.st_gid) < 0)
			return sandbox_forbidden(errno);
	}
	return 0;
}

/* User-Mode Linux set up its processes in another way before 6.2. */
static bool before_6_2(const char *version)
{
	unsigned int major = 0, minor = 0;

	return sscanf(version, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 2));
}

int sandbox_plan(struct sandbox *sandbox, const struct run_options *opts,
		 const struct hosted_kernel *kernel, struct drivers *drivers, const char *initrd)
{
	*sandbox = (struct sandbox){
		.mem = opts->mem,
		.debug_kernel = kernel->flavor == FLAVOR_DEBUG,
		.old_kernel = before_6_2(kernel->version),
		.code_end = sandbox_code_end(kernel->image),
		.n_devices = opts->devices.n,
	};
	plan_paths(sandbox, opts, kernel, drivers, initrd);
	return plan_users(sandbox);
}

void sandbox_free(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->n_paths; i++)
		free(sandbox->paths[i].path);
	for (size_t i = 0; i < sandbox->n_users; i++)
		close(sandbox->users[i].fd);
	free(sandbox->paths);
	free(sandbox->users);
	*sandbox = (struct sandbox){ 0 };
}

static int cannot(const char *what, const char *path)
{
	fail("sandbox: cannot %s %s: %s", what, path, strerror(errno));
	return -1;
}

static int set_attributes(int tree, unsigned int flags, uint64_t set, int users)
{
	struct mount_attr attr = { .attr_set = set };

	if (users >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = users;
	}
	return syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr));
}

/* A copy of a part of the tree that is mounted nowhere yet. */
static int open_tree(const char *path)
{
	return syscall(SYS_open_tree, AT_FDCWD, path,
		       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int attach(int tree, const char *at)
{
	_cleanup_free_ char *target = xasprintf("%s%s", NEW, at);

	return syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/* mkdir -p of what is above @path, in the new root. */
static int make_parents(const char *path)
{
	_cleanup_free_ char *copy = xasprintf("%s%s", NEW, path);

	for (char *slash = copy + strlen(NEW); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return -1;
		*slash = '/';
	}
	return 0;
}

static int make_place(const char *path, bool directory)
{
	_cleanup_free_ char *place = xasprintf("%s%s", NEW, path);
	struct stat st;
	int fd;

	if (!stat(place, &st))
		return 0;
	if (make_parents(path) < 0)
		return -1;
	if (directory)
		return mkdir(place, 0755);
	fd = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

/* What must be taken of the host before the new root covers some of it. */
struct tree {
	const char *path;
	int fd;			/* -1: it is not there */
	bool directory;
};

static int show_tree(const struct tree *tree)
{
	if (tree->fd < 0)
		return 0;
	return make_place(tree->path, tree->directory) < 0 || attach(tree->fd, tree->path) < 0 ?
		cannot("show", tree->path) : 0;
}

static const int *user_of(const struct sandbox *sandbox, const struct stat *st)
{
	for (size_t i = 0; i < sandbox->n_users; i++) {
		if (sandbox->users[i].uid == st->st_uid && sandbox->users[i].gid == st->st_gid)
			return &sandbox->users[i].fd;
	}
	return NULL;
}

/*
 * Root's files become those of the sandbox's user.  Not every file system can do that, nor every one
 * that is mounted below; what is readable to all is read nevertheless.
 */
static int hand_over(const struct sandbox *sandbox, const struct sandbox_path *path, int tree,
		     const struct stat *st)
{
	const int *user = user_of(sandbox, st);

	if (!user || !set_attributes(tree, AT_RECURSIVE, 0, *user) || !set_attributes(tree, 0, 0, *user))
		return 0;
	if (!path->writable || st->st_mode & 0002)
		return 0;
	fail("--rw %s: its file system cannot hand it over to the sandbox's user (%s); let all users "
	     "write there (chmod o+w), name a directory elsewhere, or use --no-sandbox",
	     path->path, strerror(errno));
	return -1;
}

static int take_path(const struct sandbox *sandbox, const struct sandbox_path *path, struct tree *tree)
{
	uint64_t set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
		       (path->writable ? 0 : MOUNT_ATTR_RDONLY);
	struct stat st;

	tree->path = path->path;
	tree->fd = open_tree(path->path);
	/* The guest init misses the working directory, and says so. */
	if (tree->fd < 0 && !path->writable)
		return 0;
	if (tree->fd < 0 || fstatat(tree->fd, "", &st, AT_EMPTY_PATH) < 0)
		return cannot("show", path->path);
	tree->directory = S_ISDIR(st.st_mode);
	if (set_attributes(tree->fd, AT_RECURSIVE, set, -1) < 0)
		return cannot("protect", path->path);
	return hand_over(sandbox, path, tree->fd, &st);
}

/* Links stay links; not every host has each of them. */
static int take_system(const char *path, struct tree *tree)
{
	struct stat st;

	*tree = (struct tree){ path, -1, true };
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	tree->fd = open_tree(path);
	if (tree->fd < 0)
		return cannot("show", path);
	return set_attributes(tree->fd, AT_RECURSIVE,
			      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, -1) < 0 ?
		cannot("protect", path) : 0;
}

static int link_system(const char *path)
{
	_cleanup_free_ char *link = xasprintf("%s%s", NEW, path);
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return 0;
	target[n] = '\0';
	return symlink(target, link) < 0 ? cannot("make the link", path) : 0;
}

/* The new root, empty but for what is not the host's. */
static int make_root(const struct sandbox *sandbox)
{
	_cleanup_free_ char *scratch = xasprintf("mode=700,size=1m,nr_inodes=64,uid=%d,gid=%d",
						 sandbox->n_users ? SANDBOX_UID : (int)geteuid(),
						 sandbox->n_users ? SANDBOX_GID : (int)getegid());

	if (mount("sandbox", NEW, "tmpfs", MS_NOSUID, "mode=755") < 0)
		return cannot("make", "a root of its own");
	if (make_place(SANDBOX_SCRATCH, true) < 0 ||
	    mount("scratch", NEW SANDBOX_SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, scratch) < 0)
		return cannot("make", SANDBOX_SCRATCH);
	return 0;
}

static int hide_secrets(void)
{
	if (mknod(NEW "/.nothing", S_IFREG, 0) < 0)
		return cannot("make", "a file of nothing");
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		_cleanup_free_ char *path = xasprintf("%s%s", NEW, secrets[i]);
		_cleanup_close_ int tree = -1;

		if (access(path, F_OK))
			continue;
		tree = open_tree(NEW "/.nothing");
		if (tree < 0 || set_attributes(tree, 0, MOUNT_ATTR_RDONLY, -1) < 0 ||
		    attach(tree, secrets[i]) < 0)
			return cannot("hide", secrets[i]);
	}
	return 0;
}

static int enter(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (chdir(NEW) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", DETACH) < 0 ||
	    chdir("/") < 0)
		return cannot("leave", "the host's root");
	return syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0 ?
		cannot("protect", "/") : 0;
}

/* When memory is short on the host, this goes first. */
static void offer_memory(void)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1000", 4) != 4)
		info("sandbox: the driver process cannot be made the first to go when memory is short: %s",
		     strerror(errno));
}

static int take_all(const struct sandbox *sandbox, struct tree *trees, size_t *n)
{
	static const char *const files[] = { "/dev/null", "/proc/cpuinfo" };

	for (size_t i = 0; i < ARRAY_SIZE(system_dirs); i++) {
		if (take_system(system_dirs[i], &trees[(*n)++]) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		trees[(*n)++] = (struct tree){ files[i], open_tree(files[i]), false };
		if (trees[*n - 1].fd < 0)
			return cannot("show", files[i]);
	}
	for (size_t i = 0; i < sandbox->n_paths; i++) {
		if (take_path(sandbox, &sandbox->paths[i], &trees[(*n)++]) < 0)
			return -1;
	}
	return 0;
}

static int build(const struct sandbox *sandbox, const struct tree *trees, size_t n)
{
	int status = make_root(sandbox);

	for (size_t i = 0; !status && i < ARRAY_SIZE(system_dirs); i++)
		status = link_system(system_dirs[i]);
	for (size_t i = 0; !status && i < n; i++)
		status = show_tree(&trees[i]);
	if (!status)
		status = hide_secrets();
	return status ? status : enter();
}

int sandbox_root(const struct sandbox *sandbox)
{
	_cleanup_free_ struct tree *trees = xrealloc(NULL, (ARRAY_SIZE(system_dirs) + 2 +
							     sandbox->n_paths) * sizeof(*trees));
	size_t n = 0;
	int status;

	offer_memory();
	if (mount(NULL, "/", NULL, REC | PRIVATE, NULL) < 0)
		return cannot("keep to itself", "the tree of mounts");
	status = take_all(sandbox, trees, &n);
	if (!status)
		status = build(sandbox, trees, n);
	for (size_t i = 0; i < n; i++) {
		if (trees[i].fd >= 0)
			close(trees[i].fd);
	}
	return status;
}
