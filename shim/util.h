/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h - messages, strings and cleanup that every part of the shim uses
 */
#ifndef RING3_UTIL_H
#define RING3_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/* Exit statuses of ring3 run (docs/man/ring3-run.1). */
enum {
	RING3_EXIT_TIMEOUT = 124,
	RING3_EXIT_SETUP = 125,
	RING3_EXIT_NOT_RUNNABLE = 126,
	RING3_EXIT_NOT_FOUND = 127,
	RING3_EXIT_SIGNAL = 128,
	RING3_EXIT_CRASH = 255,
};

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_ __attribute__((cleanup(cleanup_free)))
#define _cleanup_close_ __attribute__((cleanup(cleanup_close)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* -1 with -q, 0, 1 with -v: how much message_*() say. */
extern int verbosity;

/* In raw mode a line needs its carriage return. */
extern bool terminal_raw;

/**
 * fail() - print the reason why ring3 cannot go on
 * @fmt: what, why, and what to do next, without prefix and newline
 *
 * Return: RING3_EXIT_SETUP, for the caller to return.
 */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * warn() - print a warning, unless -q
 * @fmt: text without prefix and newline
 */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * say() - print a line that is no failure
 * @fmt: text without prefix and newline
 */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * info() - print something only -v asks for
 * @fmt: text without prefix and newline
 */
void info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * printable() - make text from an untrusted source fit for a terminal
 * @text: changed in place: control characters, and those that turn the direction of text, become '?'
 *
 * Return: @text.
 */
char *printable(char *text);

/* A growing, NULL-ended list of strings that it owns. */
struct strv {
	char **v;
	size_t n;
};

void strv_add(struct strv *list, const char *text);
void strv_addf(struct strv *list, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_contains(const struct strv *list, const char *text);
void strv_free(struct strv *list);

/* A growing byte buffer. */
struct buffer {
	char *data;
	size_t len;
	size_t size;
};

void buffer_add(struct buffer *buf, const void *data, size_t len);
void buffer_drop(struct buffer *buf, size_t len);
void buffer_free(struct buffer *buf);

/* These end the program when there is no memory: nothing sensible could follow. */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * shell_quote() - quote a word so that a shell reads it back unchanged
 * @word: any string
 *
 * Return: a string to free.
 */
char *shell_quote(const char *word);

/**
 * read_text() - read a small file, of /proc for example
 * @path: the file
 *
 * Return: its text to free, or NULL with errno set.
 */
char *read_text(const char *path);

/**
 * find_program() - where is the program of this name in PATH?
 * @name: its name
 *
 * Return: its path to free, or NULL.
 */
char *find_program(const char *name);

/**
 * program_exists() - is there a program of this name in PATH?
 * @name: its name
 */
bool program_exists(const char *name);

#endif
