// SPDX-License-Identifier: GPL-2.0
/*
 * fuse.c - the kernel's requests to the view, one function each
 *
 * All of them run in the view's thread.
 */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/view/view.h"

/* How long the kernel may remember, in seconds. */
#define FOREVER		3600.0		/* what never changes */
#define PLACE		1.0		/* a device's address, which may be told after a moment */
#define DEFAULT_SIZE	0		/* of text that is made when it is read, as procfs says */

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
		.st_atime = view.born, .st_mtime = view.born, .st_ctime = view.born,
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

/* Where the entry at @at ends; each is as long as its name makes it. */
static size_t entry_end(const struct listing *l, size_t at)
{
	const struct entry *d = (const void *)(l->data + at);

	return at + ((sizeof(*d) + d->namelen + 7) & ~7ul);
}

static void do_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	const struct listing *l = (void *)(uintptr_t)fi->fh;
	size_t at = 0, end;

	(void)ino;
	/* A place that somebody made up goes for the next one that is ours. */
	while (at < l->len && at < (size_t)off)
		at = entry_end(l, at);
	for (end = at; end < l->len && entry_end(l, end) - at <= size;)
		end = entry_end(l, end);
	fuse_reply_buf(req, l->data + at, end - at);
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

const struct fuse_lowlevel_ops view_ops = {
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
