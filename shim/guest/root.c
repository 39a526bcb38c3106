// SPDX-License-Identifier: GPL-2.0
/*
 * root.c - the filesystem that CMD sees
 *
 * A tmpfs with read-only binds of the caller's system directories and working directory,
 * and the --rw paths writable on top.  All of them are parts of one hostfs mount of the
 * caller's "/", which itself stays out of CMD's sight.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/guest/guest.h"

static const char *const system_dirs[] = {
	"/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
};

static const struct guest_dir {
	const char *path;
	mode_t mode;
} plain_dirs[] = {
	{ "/tmp", 01777 },	{ "/run", 0755 },	{ "/run/lock", 01777 },
	{ "/run/ring3", 0755 }, { "/var", 0755 },	{ "/var/tmp", 01777 },
	{ "/var/lib", 0755 },	{ "/var/cache", 0755 }, { "/var/log", 0755 },
	{ "/proc", 0555 },	{ "/sys", 0555 },	{ "/dev", 0755 },
	{ "/mnt", 0755 },	{ "/root", 0700 },	{ "/home", 0755 },
};

static const struct guest_link {
	const char *path;
	const char *target;
} links[] = {
	{ "/new/var/run", "/run" },
	{ "/new/var/lock", "/run/lock" },
	{ "/new/dev/fd", "/proc/self/fd" },
	{ "/new/dev/stdin", "/proc/self/fd/0" },
	{ "/new/dev/stdout", "/proc/self/fd/1" },
	{ "/new/dev/stderr", "/proc/self/fd/2" },
};

int host_fd = -1;
static bool say_modules;	/* modprobe needs to be told where they are */

typedef char guest_path[PATH_MAX + 16];

static char *join(guest_path out, const char *prefix, const char *path)
{
	size_t n = strlen(prefix), len = strlen(path);

	if (n + len >= sizeof(guest_path))
		len = sizeof(guest_path) - n - 1;
	memcpy(out, prefix, n);
	memcpy(out + n, path, len);
	out[n + len] = '\0';
	return out;
}

static void mount_or_die(const char *source, const char *target, const char *type,
			 unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data) < 0)
		guest_die(target);
}

/*
 * There is no console: the kernel has opened the plain file that the initramfs has in its
 * place.  Here is something better for descriptors 0, 1 and 2.
 */
static void occupy_stdio(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/**
 * root_early() - mount what init itself needs
 */
void root_early(void)
{
	umask(0);
	mkdir("/proc", 0555);
	mkdir("/sys", 0555);
	mkdir("/dev", 0755);
	mkdir(GUEST_HOST, 0755);
	mkdir(GUEST_NEW, 0755);
	mount_or_die("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	occupy_stdio();
	mount_or_die("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_die("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* mkdir -p below the new root; directories of the host that exist are left alone. */
static int make_dirs(char *path)
{
	char *slash = path + strlen(GUEST_NEW);

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

static int make_mountpoint(char *target, bool directory)
{
	struct stat st;
	char *slash;
	int fd;

	if (!stat(target, &st))
		return 0;
	if (directory)
		return make_dirs(target);
	slash = strrchr(target, '/');
	*slash = '\0';
	make_dirs(target);
	*slash = '/';
	fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* Show a path of the host at its own place inside.  Return 0, or -1 with errno set. */
static int bind(const char *path, bool writable)
{
	guest_path source, target;
	struct stat st;

	join(source, GUEST_HOST, path);
	join(target, GUEST_NEW, path);
	if (stat(source, &st) < 0 || make_mountpoint(target, S_ISDIR(st.st_mode)) < 0)
		return -1;
	if (mount(source, target, NULL, MS_BIND, NULL) < 0)
		return -1;
	/* A bind inherits "read-only" from the mount it is taken of. */
	if (!writable)
		return 0;
	return mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID, NULL);
}

static void bind_system(const char *path)
{
	guest_path source, target, link;
	ssize_t n = readlink(join(source, GUEST_HOST, path), link, sizeof(link) - 1);

	if (n < 0) {
		bind(path, false);	/* not every system has /libx32 */
		return;
	}
	link[n] = '\0';
	symlink(link, join(target, GUEST_NEW, path));
}

static bool below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

/* Is the path there already, or never to be taken from the host? */
static bool covered(const char *path)
{
	if (!path[1] || below(path, "/proc") || below(path, "/sys"))
		return true;
	if (below(path, "/dev") && !below(path, "/dev/shm"))
		return true;
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(*system_dirs); i++) {
		if (below(path, system_dirs[i]))
			return true;
	}
	return false;
}

static void mount_devices(void)
{
	mkdir("/new/dev/pts", 0755);
	mount_or_die("devpts", "/new/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		     "mode=620,ptmxmode=666");
	mkdir("/new/dev/shm", 01777);
	mount_or_die("tmpfs", "/new/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* The hosted kernel's modules, for modprobe(8) and for the kernel's own requests. */
static void bind_modules(const char *dir)
{
	guest_path source, target;

	if (!dir || !strrchr(dir, '/'))
		return;
	mkdir("/new" GUEST_RUN "/lib", 0755);
	mkdir("/new" GUEST_RUN "/lib/modules", 0755);
	join(target, "/new" GUEST_RUN "/lib/modules", strrchr(dir, '/'));
	mkdir(target, 0755);
	if (mount(join(source, GUEST_HOST, dir), target, NULL, MS_BIND, NULL) < 0)
		ctl_warn("the hosted kernel's modules cannot be shown: ", dir, errno);
	if (make_mountpoint(join(target, "/new" GUEST_RUN, "/modprobe"), false) < 0 ||
	    mount("/init", target, NULL, MS_BIND, NULL) < 0)
		ctl_warn("cannot install ", "modprobe", errno);
}

static void bind_orders(struct guest_config *config)
{
	guest_path path;
	size_t at = 0;
	char *text;
	int tag;

	if (!covered(config->cwd) && bind(config->cwd, false) < 0)
		ctl_warn("the working directory cannot be shown: ", config->cwd, errno);
	while ((tag = record_next(config->records, config->size, &at, &text))) {
		if (tag == RING3_REC_MKDIR && !covered(text))
			make_dirs(join(path, GUEST_NEW, text));
		if (tag == RING3_REC_RW && bind(text, true) < 0)
			ctl_warn("--rw has no effect on ", text, errno);
	}
}

/**
 * root_build() - build CMD's root at /new
 * @config: the orders
 */
void root_build(struct guest_config *config)
{
	guest_path path;

	mount_or_die("hostfs", GUEST_HOST, "hostfs", 0, "/");
	/*
	 * A set-user-ID program would make CMD, which is root, the program's owner; for a caller in
	 * a user namespace that is "nobody".
	 */
	mount_or_die(NULL, GUEST_HOST, NULL,
		     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL);
	host_fd = open(GUEST_HOST, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mount_or_die("tmpfs", GUEST_NEW, "tmpfs", MS_NODEV, "mode=755");
	for (size_t i = 0; i < sizeof(plain_dirs) / sizeof(*plain_dirs); i++)
		mkdir(join(path, GUEST_NEW, plain_dirs[i].path), plain_dirs[i].mode);
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(*system_dirs); i++)
		bind_system(system_dirs[i]);
	mount_or_die("/proc", "/new/proc", NULL, MS_MOVE, NULL);
	mount_or_die("/sys", "/new/sys", NULL, MS_MOVE, NULL);
	mount_or_die("/dev", "/new/dev", NULL, MS_MOVE, NULL);
	mount_devices();
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		symlink(links[i].target, links[i].path);
	bind_modules(config->modules_dir);
	bind_orders(config);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		ctl_warn("cannot write to ", path, errno);
	if (fd >= 0)
		close(fd);
}

/**
 * root_environment() - add to a command's environment what it needs in this root
 * @envp: has a spare place
 */
void root_environment(char **envp)
{
	static char options[] = "MODPROBE_OPTIONS=-d " GUEST_RUN;

	while (say_modules && *envp)
		envp++;
	if (say_modules)
		*envp = options;
}

/* modprobe without -d looks below /lib/modules: put ours there, or say -d. */
static void point_modprobe(struct guest_config *config)
{
	write_file("/proc/sys/kernel/modprobe", GUEST_RUN "/modprobe");
	if (!mount(GUEST_RUN "/lib/modules", "/lib/modules", NULL, MS_BIND | MS_REC, NULL))
		return;
	say_modules = true;
	root_environment(config->envp);
}

/**
 * root_enter() - make the new root this process's and the kernel's
 * @config: the orders; its environment may gain MODPROBE_OPTIONS
 *
 * PID 1 shares its root with the kernel's threads, so what the kernel itself starts
 * (modprobe) sees the same.
 */
void root_enter(struct guest_config *config)
{
	if (chdir(GUEST_NEW) < 0)
		guest_die("cannot enter the new root");
	mount_or_die(".", "/", NULL, MS_MOVE, NULL);
	if (chroot(".") < 0)
		guest_die("cannot chroot");
	umask(022);
	if (chdir(config->cwd) < 0) {
		ctl_warn("CMD starts in / instead of ", config->cwd, errno);
		if (chdir("/") < 0)
			guest_die("no root directory");
	}
	if (config->modules_dir)
		point_modprobe(config);
}
