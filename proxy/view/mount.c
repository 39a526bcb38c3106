// SPDX-License-Identifier: GPL-2.0
/*
 * mount.c - mount the view and answer the kernel's requests, in a thread of its own
 */
#define FUSE_USE_VERSION 34
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/util.h"
#include "proxy/view/view.h"

/* How long the kernel may remember, in seconds. */
#define FOREVER		3600.0		/* what never changes */
#define PLACE		1.0		/* a device's address, which may be told after a moment */
#define DEFAULT_SIZE	0		/* of text that is made when it is read, as procfs says */
#define FUSE_MAGIC	0x65735546	/* linux/magic.h: FUSE_SUPER_MAGIC */

static struct {
	struct fuse_session *session;
	pthread_t thread;
	bool running;
	int stop;			/* eventfd that ends the thread */
	time_t born;
} mounted;

static off_t size_of(const struct view_node *node)
{
	const struct view_file *file = view_file_of(node);
	struct stat st;

	if (node->kind == VIEW_SHOWN)
		return fstat(view.shown[node->index].fd, &st) ? 0 : st.st_size;
	if (file && file->size && node->kind == VIEW_FILE)
		return file->size(view_device_of(node), file->arg);
	return DEFAULT_SIZE;
}

static mode_t mode_of(const struct view_node *node)
{
	const struct view_file *file = view_file_of(node);

	if (view_is_dir(node))
		return S_IFDIR | 0555;
	if (view_is_link(node))
		return S_IFLNK | 0777;
	return S_IFREG | (file && node->kind == VIEW_FILE ? file->mode : 0444);
}

static bool fill(uint64_t ino, struct stat *st)
{
	struct view_node node;

	if (!view_node(ino, &node) || (node.kind == VIEW_SHOWN && node.index >= view.nr_shown) ||
	    ((node.kind == VIEW_FILE || node.kind == VIEW_JSON) && !view_file_of(&node)))
		return false;
	*st = (struct stat) {
		.st_ino = ino, .st_mode = mode_of(&node), .st_nlink = view_is_dir(&node) ? 2 : 1,
		.st_uid = geteuid(), .st_gid = getegid(), .st_blksize = 4096,
		.st_size = view_is_dir(&node) || view_is_link(&node) ? 0 : size_of(&node),
		.st_atime = mounted.born, .st_mtime = mounted.born, .st_ctime = mounted.born,
	};
	return true;
}

static double name_lasts(const struct view_node *node)
{
	switch (node->kind) {
	case VIEW_DEVICE:
		return PLACE;
	case VIEW_IRQS:
	case VIEW_IRQ:
	case VIEW_DRIVER:
	case VIEW_DRIVER_LINK:
	case VIEW_DEVICE_LINK:
		return 0;
	default:
		return FOREVER;
	}
}

/* All but the size of a file that grows. */
static double attributes_last(const struct view_node *node)
{
	const struct view_file *file = view_file_of(node);

	return node->kind == VIEW_SHOWN || (file && file->grows) ? 0 : FOREVER;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = { 0 };
	struct view_node dir, child;
	char have[VIEW_NAME];

	if (!view_node(parent, &dir) || !view_is_dir(&dir)) {
		fuse_reply_err(req, ENOTDIR);
		return;
	}
	for (size_t n = 0; view_child(&dir, n, &child, have); n++) {
		if (strcmp(have, name))
			continue;
		entry.ino = view_ino(&child);
		entry.entry_timeout = name_lasts(&child);
		entry.attr_timeout = attributes_last(&child);
		if (fill(entry.ino, &entry.attr))
			fuse_reply_entry(req, &entry);
		else
			fuse_reply_err(req, ENOENT);
		return;
	}
	fuse_reply_err(req, ENOENT);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct view_node node;
	struct stat st;

	(void)fi;
	if (fill(ino, &st) && view_node(ino, &node))
		fuse_reply_attr(req, &st, attributes_last(&node));
	else
		fuse_reply_err(req, ENOENT);
}

/* O_TRUNC, which a shell's '>' does, changes nothing. */
static void do_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
		       struct fuse_file_info *fi)
{
	(void)attr;
	if (to_set & ~FUSE_SET_ATTR_SIZE)
		fuse_reply_err(req, EPERM);
	else
		do_getattr(req, ino, fi);
}

static void do_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct view_node node;
	char target[128];

	if (view_node(ino, &node) && view_is_link(&node) &&
	    view_link(&node, target, sizeof(target)))
		fuse_reply_readlink(req, target);
	else
		fuse_reply_err(req, ENOENT);
}

struct listing {
	char *data;
	size_t len;
};

static bool list_add(fuse_req_t req, struct listing *l, const char *name, uint64_t ino, mode_t mode)
{
	const struct stat st = { .st_ino = ino, .st_mode = mode };
	size_t need = fuse_add_direntry(req, NULL, 0, name, NULL, 0);
	char *data = realloc(l->data, l->len + need);

	if (!data)
		return false;
	l->data = data;
	fuse_add_direntry(req, data + l->len, need, name, &st, l->len + need);
	l->len += need;
	return true;
}

static void do_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = calloc(1, sizeof(*l));
	struct view_node dir, child;
	char name[VIEW_NAME];
	bool ok = l && view_node(ino, &dir) && view_is_dir(&dir) &&
		  list_add(req, l, ".", ino, S_IFDIR) && list_add(req, l, "..", FUSE_ROOT_ID, S_IFDIR);

	for (size_t n = 0; ok && view_child(&dir, n, &child, name); n++)
		ok = list_add(req, l, name, view_ino(&child), mode_of(&child));
	fi->fh = (uintptr_t)l;
	if (ok && fuse_reply_open(req, fi) != -ENOENT)
		return;
	if (!ok)
		fuse_reply_err(req, ENOMEM);
	if (l)
		free(l->data);
	free(l);
}

/* As the kernel has it, struct fuse_dirent. */
struct entry {
	uint64_t ino, off;
	uint32_t namelen, type;
};

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	const struct listing *l = (void *)(uintptr_t)fi->fh;
	size_t at = off, end = off, next;

	(void)ino;
	/* Whole entries only; each is as long as its name makes it. */
	while (l->len - end >= sizeof(struct entry) && end < l->len) {
		const struct entry *d = (const void *)(l->data + end);

		next = end + ((sizeof(*d) + d->namelen + 7) & ~7ul);
		/* An offset that is none of ours may be in the middle of one. */
		if (next - at > size || next > l->len)
			break;
		end = next;
	}
	if (end > at)
		fuse_reply_buf(req, l->data + at, end - at);
	else
		fuse_reply_buf(req, NULL, 0);
}

static void do_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct listing *l = (void *)(uintptr_t)fi->fh;

	(void)ino;
	free(l->data);
	free(l);
	fuse_reply_err(req, 0);
}

/* Text as it was when the file was opened. */
struct text {
	size_t len;
	char *data;
};

static bool has_text(const struct view_node *node)
{
	const struct view_file *file = view_file_of(node);

	if (node->kind == VIEW_IRQ)
		return true;
	return file && (file->table || file->text) && !(file->read && view_followed());
}

static void do_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct text *text = NULL;
	struct view_node node;

	if (!view_node(ino, &node) || (node.kind != VIEW_SHOWN && node.kind != VIEW_IRQ &&
				       !view_file_of(&node))) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	if (has_text(&node) && (fi->flags & O_ACCMODE) != O_WRONLY) {
		text = calloc(1, sizeof(*text));
		if (text)
			text->data = view_render(&node, &text->len);
		if (!text || !text->data) {
			free(text);
			fuse_reply_err(req, ENOMEM);
			return;
		}
	}
	fi->fh = (uintptr_t)text;
	/* What is read is what is true now, not what the kernel has in its cache. */
	fi->direct_io = 1;
	if (fuse_reply_open(req, fi) == -ENOENT && text) {
		free(text->data);
		free(text);
	}
}

static void do_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct text *text = (void *)(uintptr_t)fi->fh;

	(void)ino;
	if (text)
		free(text->data);
	free(text);
	fuse_reply_err(req, 0);
}

static void reply_result(fuse_req_t req, const char *buf, ssize_t n)
{
	if (n < 0)
		fuse_reply_err(req, -n);
	else
		fuse_reply_buf(req, buf, n);
}

static void do_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	const struct text *text = (void *)(uintptr_t)fi->fh;
	const struct view_file *file;
	struct view_node node;
	uint64_t small[8];
	char *buf = (char *)small;
	ssize_t n = -EIO;

	if (text) {
		size_t from = (size_t)off < text->len ? (size_t)off : text->len;

		fuse_reply_buf(req, text->data + from,
			       text->len - from < size ? text->len - from : size);
		return;
	}
	if (size > sizeof(small))
		buf = malloc(size);
	view_node(ino, &node);
	file = view_file_of(&node);
	if (!buf)
		n = -ENOMEM;
	else if (node.kind == VIEW_SHOWN)
		n = pread(view.shown[node.index].fd, buf, size, off);
	else if (file && file->read)
		n = file->read(view_device_of(&node), file->arg, buf, size, off);
	reply_result(req, buf, n);
	if (buf != (char *)small)
		free(buf);
}

static void do_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	const struct view_file *file;
	struct view_node node;
	ssize_t n;

	(void)fi;
	file = view_node(ino, &node) ? view_file_of(&node) : NULL;
	if (!file || !file->write || node.kind != VIEW_FILE) {
		fuse_reply_err(req, EPERM);
		return;
	}
	n = file->write(view_device_of(&node), file->arg, buf, size, off);
	if (n < 0)
		fuse_reply_err(req, -n);
	else
		fuse_reply_write(req, n);
}

static void do_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs st = { .f_bsize = 4096, .f_frsize = 4096, .f_namemax = VIEW_NAME - 1 };

	(void)ino;
	fuse_reply_statfs(req, &st);
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = do_lookup,
	.getattr = do_getattr,
	.setattr = do_setattr,
	.readlink = do_readlink,
	.opendir = do_opendir,
	.readdir = do_readdir,
	.releasedir = do_releasedir,
	.open = do_open,
	.release = do_release,
	.read = do_read,
	.write = do_write,
	.statfs = do_statfs,
};

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
	mounted.born = time(NULL);
	mounted.session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	fuse_opt_free_args(&args);
	if (!mounted.session)
		return fail("--view %s: %s", where, last_words);
	if (fuse_session_mount(mounted.session, where)) {
		fuse_session_destroy(mounted.session);
		mounted.session = NULL;
		return fail("--view %s: cannot mount: %s", where, *last_words ? last_words : "see above");
	}
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
 * should not take that from them.
 *
 * Return: 0, or -1 with fail().
 */
int view_start(pid_t launcher)
{
	sigset_t all, old;
	cpu_set_t cpus;
	int err;

	if (!mounted.session)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &view.since);
	mounted.stop = eventfd(0, EFD_CLOEXEC);
	if (mounted.stop < 0)
		return fail("cannot start the view's thread: %m");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&mounted.thread, NULL, serve, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return fail("cannot start the view's thread: %s", strerror(err));
	mounted.running = true;
	if (launcher && !sched_getaffinity(launcher, sizeof(cpus), &cpus))
		pthread_setaffinity_np(mounted.thread, sizeof(cpus), &cpus);
	return 0;
}

/**
 * view_stop() - unmount
 *
 * Files that somebody has open read as errors from now on.
 */
void view_stop(void)
{
	if (!mounted.session)
		return;
	if (mounted.running) {
		eventfd_write(mounted.stop, 1);
		pthread_join(mounted.thread, NULL);
		close(mounted.stop);
	}
	fuse_session_unmount(mounted.session);
	fuse_session_destroy(mounted.session);
	memset(&mounted, 0, sizeof(mounted));
}
