/* SPDX-License-Identifier: GPL-2.0 */
/*
 * show.h - what the view shows and only the shim knows: files that the proxy reads
 *
 * Each is a memfd that the proxy has too.  They are written in place, in one piece, and a
 * reader never waits: a log only grows, the rest is written once, but for the state, whose
 * first line counts.
 */
#ifndef RING3_SHOW_H
#define RING3_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum show_file {
	SHOW_LOG,
	SHOW_STATE,
	SHOW_CMDLINE,
	SHOW_RELEASE,
	SHOW_CRASH_REASON,
	SHOW_CRASH_STACK,
	SHOW_CRASH_LOG,
	SHOW_FILES,
};

struct show {
	int fd[SHOW_FILES];	/* -1: nobody looks */
	uint64_t log_len;
	bool log_full;
};

#define SHOW_NOTHING ((struct show){ { -1, -1, -1, -1, -1, -1, -1 }, 0, false })

/**
 * show_path() - where a file is in the view
 * @file: the file
 *
 * Return: its path below the view's root.
 */
const char *show_path(enum show_file file);

/**
 * show_open() - make the files
 * @show: filled in, for show_close()
 *
 * Return: 0, or an exit status after a message.
 */
int show_open(struct show *show);

/**
 * show_text() - write a file
 * @show: the files
 * @file: which one; not SHOW_LOG
 * @text: its whole content
 */
void show_text(const struct show *show, enum show_file file, const char *text);

/**
 * show_log() - add to the log
 * @show: the files
 * @data: what the hosted kernel wrote; control characters are shown as '?'
 * @len: bytes
 *
 * Behind 16 MiB a line says that the rest is not kept.
 */
void show_log(struct show *show, const char *data, size_t len);

void show_close(struct show *show);

#endif
