// SPDX-License-Identifier: GPL-2.0
/*
 * mount.c - mount the view, and the thread that answers for it
 */
#define FUSE_USE_VERSION 34
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/keeper.h"
#include "proxy/view/view.h"

#define TEXTS		(16 << 20)	/* memory that is kept for the next text */
#define FUSE_MAGIC	0x65735546	/* linux/magic.h: FUSE_SUPER_MAGIC */

static struct {
	struct fuse_session *session;
	pthread_t thread;
	bool running;
	int stop;			/* eventfd that ends the thread */
} mounted;

/* For the keeper. */
static struct {
	const char *where;
	uint64_t id;			/* of the mount, 0: not known */
} place;

static char last_words[160];

static void on_log(enum fuse_log_level level, const char *fmt, va_list ap)
{
	(void)level;
	vsnprintf(last_words, sizeof(last_words), fmt, ap);
	last_words[strcspn(last_words, "\n")] = 0;
}

static bool is_empty(const char *where)
{
	DIR *dir = opendir(where);
	const struct dirent *d;
	bool empty = true;

	while (dir && empty && (d = readdir(dir)))
		empty = !strcmp(d->d_name, ".") || !strcmp(d->d_name, "..");
	if (dir)
		closedir(dir);
	return empty;
}

/* A FUSE file system that nobody serves any more cannot be looked at, only detached. */
static int check_place(const char *where)
{
	char up[4096];
	struct stat st, above;
	struct statfs fs;

	if (stat(where, &st)) {
		if (errno == ENOTCONN)
			return fail("--view %s: a view whose proxy was killed is still mounted there; run: fusermount3 -u %s",
				    where, where);
		return fail("--view %s: %m%s", where,
			    errno == ENOENT ? "; create the directory first" : "");
	}
	if (!S_ISDIR(st.st_mode))
		return fail("--view %s: not a directory; name an empty one", where);
	if (snprintf(up, sizeof(up), "%s/..", where) >= (int)sizeof(up))
		return fail("--view %s: the path is too long", where);
	if (!stat(up, &above) && above.st_dev != st.st_dev)
		return fail("--view %s: %s is mounted there already; name another directory", where,
			    !statfs(where, &fs) && fs.f_type == FUSE_MAGIC ? "a FUSE file system"
									   : "a file system");
	if (!is_empty(where))
		return fail("--view %s: the directory is not empty; name an empty one", where);
	return access(where, W_OK) && geteuid()
		       ? fail("--view %s: %m; a user mounts on directories of his own only", where)
		       : 0;
}

/* Without a question to whoever serves what is mounted there. */
static uint64_t mount_id(const char *where)
{
	struct statx st;

	if (statx(AT_FDCWD, where, AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) ||
	    !(st.stx_mask & STATX_MNT_ID))
		return 0;
	return st.stx_mnt_id;
}

/* In the keeper: users need the helper that mounted it. */
static void unmount(void)
{
	pid_t pid;

	if (place.id && mount_id(place.where) != place.id)
		return;
	if (!umount2(place.where, MNT_DETACH | UMOUNT_NOFOLLOW) || errno != EPERM)
		return;
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execlp("fusermount3", "fusermount3", "-u", "-q", "-z", "--", place.where, NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int check_fuse(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return fail("--view: /dev/fuse: %m; load the module 'fuse', or make the device accessible");
	close(fd);
	if (geteuid() && access("/usr/bin/fusermount3", X_OK) && access("/bin/fusermount3", X_OK))
		return fail("--view: there is no fusermount3, by which users mount; run: apt-get install fuse3");
	return 0;
}

/**
 * view_mount() - mount the view
 * @where: an empty directory
 * @launcher: the process that will look after the mount, or 0
 *
 * Return: 0, or -1 with fail().
 */
int view_mount(const char *where, pid_t launcher)
{
	char options[96];
	char *argv[] = { "ring3-proxy", "-o", options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);

	if (check_place(where) || check_fuse())
		return -1;
	/* auto_unmount is fusermount3's; by the name a launcher knows its own mount. */
	snprintf(options, sizeof(options), "default_permissions,%sfsname=ring3-%s%d,subtype=ring3",
		 access("/usr/bin/fusermount3", X_OK) ? "" : "auto_unmount,",
		 launcher ? "" : "proxy-", launcher ? launcher : getpid());
	fuse_set_log_func(on_log);
	view.born = time(NULL);
	mounted.session = fuse_session_new(&args, &view_ops, sizeof(view_ops), NULL);
	fuse_opt_free_args(&args);
	if (!mounted.session)
		return fail("--view %s: %s", where, last_words);
	if (fuse_session_mount(mounted.session, where)) {
		fuse_session_destroy(mounted.session);
		mounted.session = NULL;
		return fail("--view %s: cannot mount: %s", where, *last_words ? last_words : "see above");
	}
	place.where = where;
	place.id = mount_id(where);
	keeper_at_end(unmount);
	return 0;
}

/*
 * As fuse_session_loop(), but it can be told to end: closing or unmounting does not wake a
 * thread that waits for a request as long as somebody has a file open.
 */
static void *serve(void *arg)
{
	struct pollfd fds[2] = {
		{ .fd = fuse_session_fd(mounted.session), .events = POLLIN },
		{ .fd = mounted.stop, .events = POLLIN },
	};
	struct fuse_buf buf = { .mem = NULL };

	(void)arg;
	while (!fuse_session_exited(mounted.session)) {
		int n;

		view_pace(fds, 2);
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			break;
		n = fuse_session_receive_buf(mounted.session, &buf);
		if (n > 0)
			fuse_session_process_buf(mounted.session, &buf);
		else if (n != -EINTR && n != -EAGAIN)
			break;		/* unmounted by somebody else */
	}
	free(buf.mem);
	return NULL;
}

/**
 * view_start() - answer from now on; does nothing if nothing is mounted
 * @launcher: the process whose CPUs the view may use, or 0
 *
 * A run's processes share one CPU and hand work over to each other; whoever reads the view
 * should not take that from them: it has the others, if there are any.
 *
 * Return: 0, or -1 with fail().
 */
int view_start(pid_t launcher)
{
	sigset_t all, old;
	cpu_set_t cpus, ours, others;
	int err;

	if (!mounted.session)
		return 0;
	/* Unmapping a text's memory would stop the main thread's CPU, too, to flush its TLB. */
	mallopt(M_MMAP_THRESHOLD, TEXTS);
	mallopt(M_TRIM_THRESHOLD, TEXTS);
	clock_gettime(CLOCK_BOOTTIME, &view.since);
	mounted.stop = eventfd(0, EFD_CLOEXEC);
	if (mounted.stop < 0)
		return fail("cannot start the view's thread: %m");
	sigfillset(&all);
	sigdelset(&all, SIGSYS);	/* sandbox.c */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&mounted.thread, NULL, serve, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return fail("cannot start the view's thread: %s", strerror(err));
	mounted.running = true;
	if (!launcher || sched_getaffinity(launcher, sizeof(cpus), &cpus) ||
	    sched_getaffinity(0, sizeof(ours), &ours))
		return 0;
	CPU_XOR(&others, &cpus, &ours);
	CPU_AND(&others, &others, &cpus);
	pthread_setaffinity_np(mounted.thread, sizeof(cpus), CPU_COUNT(&others) ? &others : &cpus);
	return 0;
}

/**
 * view_stop() - stop serving the view; the keeper unmounts it, and then comes view_close()
 */
void view_stop(void)
{
	if (!mounted.session)
		return;
	if (mounted.running) {
		eventfd_write(mounted.stop, 1);
		pthread_join(mounted.thread, NULL);
		close(mounted.stop);
		mounted.running = false;
	}
}

/**
 * view_close() - release the view; before it is unmounted, users would find a broken mount
 */
void view_close(void)
{
	if (!mounted.session)
		return;
	/* It frees the name of the place, but may also try what the sandbox forbids. */
#ifdef __SANITIZE_ADDRESS__
	fuse_session_unmount(mounted.session);
#endif
	fuse_session_destroy(mounted.session);
	memset(&mounted, 0, sizeof(mounted));
}
