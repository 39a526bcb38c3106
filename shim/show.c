// SPDX-License-Identifier: GPL-2.0
/* show.c - what the view shows and only the shim knows; see show.h */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "shim/show.h"
#include "shim/util.h"

#define MAX_LOG (16 << 20)

static const char full[] = "ring3: the log has 16 MiB; what follows is not kept here\n";

static const char *const paths[] = {
	[SHOW_LOG] = "kernel/log",
	[SHOW_STATE] = "kernel/state",
	[SHOW_CMDLINE] = "kernel/cmdline",
	[SHOW_RELEASE] = "kernel/release",
	[SHOW_CRASH_REASON] = "crash/reason",
	[SHOW_CRASH_STACK] = "crash/stack",
	[SHOW_CRASH_LOG] = "crash/log",
};
static_assert(ARRAY_SIZE(paths) == SHOW_FILES, "every file has a path");

const char *show_path(enum show_file file)
{
	return paths[file];
}

int show_open(struct show *show)
{
	*show = SHOW_NOTHING;
	for (int i = 0; i < SHOW_FILES; i++) {
		show->fd[i] = memfd_create(paths[i], MFD_CLOEXEC);
		if (show->fd[i] < 0) {
			int status = fail("cannot make a file for the view: %s", strerror(errno));

			show_close(show);
			return status;
		}
	}
	return 0;
}

/* Nobody is helped by a run that ends because memory for its view is short. */
static void put(int fd, const char *data, size_t len, uint64_t at)
{
	if (pwrite(fd, data, len, at) < 0)
		errno = 0;
}

void show_text(const struct show *show, enum show_file file, const char *text)
{
	size_t len = strlen(text);

	if (show->fd[file] < 0)
		return;
	put(show->fd[file], text, len, 0);
	/* Only the state gets shorter. */
	if (ftruncate(show->fd[file], len) < 0)
		errno = 0;
}

void show_log(struct show *show, const char *data, size_t len)
{
	_cleanup_free_ char *copy = NULL;

	if (show->fd[SHOW_LOG] < 0 || show->log_full)
		return;
	if (show->log_len + len > MAX_LOG) {
		show->log_full = true;
		data = full;
		len = strlen(full);
	}
	copy = xrealloc(NULL, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = data[i];

		copy[i] = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f ? '?' : c;
	}
	put(show->fd[SHOW_LOG], copy, len, show->log_len);
	show->log_len += len;
}

void show_close(struct show *show)
{
	for (int i = 0; i < SHOW_FILES; i++) {
		if (show->fd[i] >= 0)
			close(show->fd[i]);
	}
	*show = SHOW_NOTHING;
}
