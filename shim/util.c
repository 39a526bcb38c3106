// SPDX-License-Identifier: GPL-2.0
/* util.c - messages, strings and buffers */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shim/util.h"

int verbosity;
bool terminal_raw;

/* One write() per message, so that lines of several processes do not mix. */
static void message(const char *kind, const char *fmt, va_list args)
{
	_cleanup_free_ char *text = NULL, *line = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		return;
	line = xasprintf("ring3: %s%s%s", kind, text, terminal_raw ? "\r\n" : "\n");
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		errno = 0;	/* stderr is gone: there is nowhere else to say so */
}

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message("", fmt, args);
	va_end(args);
	return RING3_EXIT_SETUP;
}

void warn(const char *fmt, ...)
{
	va_list args;

	if (verbosity < 0)
		return;
	va_start(args, fmt);
	message("warning: ", fmt, args);
	va_end(args);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message("", fmt, args);
	va_end(args);
}

void info(const char *fmt, ...)
{
	va_list args;

	if (verbosity < 1)
		return;
	va_start(args, fmt);
	message("", fmt, args);
	va_end(args);
}

/* U+061C, U+200E and on, U+2028 to U+202E, U+2066 to U+2069: what follows is shown elsewhere. */
static bool turns(const unsigned char *c)
{
	if (c[0] == 0xd8)
		return c[1] == 0x9c;
	if (c[0] != 0xe2 || (c[1] != 0x80 && c[1] != 0x81))
		return false;
	return c[1] == 0x80 ? c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae) :
			      c[2] >= 0xa6 && c[2] <= 0xa9;
}

/* Bytes of the character at @c in UTF-8, or 0: it is none, or one that terminals obey (C1, U+0080 on). */
static size_t character(const unsigned char *c)
{
	size_t n = *c >= 0xc2 && *c < 0xe0 ? 2 : *c >= 0xe0 && *c < 0xf0 ? 3 :
		   *c >= 0xf0 && *c < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((*c == 0xc2 && c[1] < 0xa0) || (*c == 0xe0 && c[1] < 0xa0) || (*c == 0xf0 && c[1] < 0x90) ||
	    turns(c))
		return 0;
	return n;
}

char *printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c;) {
		size_t n = *c < 0x80 ? 1 : character(c);

		if (!n || (*c < ' ' && *c != '\n' && *c != '\t') || *c == 0x7f)
			*c = '?';
		c += n ? n : 1;
	}
	return text;
}

void *xrealloc(void *p, size_t size)
{
	void *grown = realloc(p, size ? size : 1);

	if (!grown) {
		fail("out of memory");
		_exit(RING3_EXIT_SETUP);
	}
	return grown;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xrealloc(NULL, size), text, size);
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = xrealloc(NULL, SIZE_MAX / 2);
	va_end(args);
	return text;
}

void strv_add(struct strv *list, const char *text)
{
	list->v = xrealloc(list->v, (list->n + 2) * sizeof(*list->v));
	list->v[list->n++] = xstrdup(text);
	list->v[list->n] = NULL;
}

void strv_addf(struct strv *list, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	strv_add(list, text ? text : "");
}

bool strv_contains(const struct strv *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strcmp(list->v[i], text))
			return true;
	}
	return false;
}

void strv_free(struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strv){ 0 };
}

void buffer_add(struct buffer *buf, const void *data, size_t len)
{
	if (buf->len + len > buf->size) {
		buf->size = (buf->len + len) * 2;
		buf->data = xrealloc(buf->data, buf->size);
	}
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void buffer_drop(struct buffer *buf, size_t len)
{
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
}

void buffer_free(struct buffer *buf)
{
	free(buf->data);
	*buf = (struct buffer){ 0 };
}

char *shell_quote(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";
	struct buffer out = { 0 };

	if (*word && strspn(word, plain) == strlen(word))
		return xstrdup(word);
	buffer_add(&out, "'", 1);
	for (; *word; word++) {
		if (*word == '\'')
			buffer_add(&out, "'\\''", 4);
		else
			buffer_add(&out, word, 1);
	}
	buffer_add(&out, "'", 2);
	return out.data;
}

char *read_text(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buffer text = { 0 };
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return NULL;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_add(&text, chunk, n);
	buffer_add(&text, "", 1);
	return text.data;
}

char *find_program(const char *name)
{
	_cleanup_free_ char *path = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	char *rest = path, *dir;

	while ((dir = strsep(&rest, ":"))) {
		char *file = xasprintf("%s/%s", *dir ? dir : ".", name);

		if (!access(file, X_OK))
			return file;
		free(file);
	}
	return NULL;
}

bool program_exists(const char *name)
{
	_cleanup_free_ char *file = find_program(name);

	return file;
}
