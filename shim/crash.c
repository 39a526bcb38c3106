// SPDX-License-Identifier: GPL-2.0
/* crash.c - what a crash of the hosted kernel looks like to the user */
#include <string.h>

#include "shim/crash.h"
#include "shim/decode.h"

/* Lines shown before the one that tells of the crash. */
#define LINES_BEFORE 12

static const char panic_mark[] = "Kernel panic - not syncing: ";
static const char init_mark[] = "ring3 init: ";

static const char *find_last(const char *log, const char *mark)
{
	const char *found = NULL;

	for (const char *at = log; (at = strstr(at, mark)); at++)
		found = at;
	return found;
}

char *crash_reason(const char *log)
{
	const char *at = find_last(log, panic_mark);
	size_t skip = strlen(panic_mark);

	if (!at) {
		at = find_last(log, init_mark);
		skip = strlen(init_mark);
	}
	return at ? strndup(at + skip, strcspn(at + skip, "\n")) : NULL;
}

/* The start of the line @lines before the one that @at is in. */
static const char *lines_back(const char *log, const char *at, unsigned int lines)
{
	for (;;) {
		while (at > log && at[-1] != '\n')
			at--;
		if (at == log || !lines--)
			return at;
		at--;
	}
}

void crash_tail(FILE *out, const char *log, unsigned int lines)
{
	const char *end = log + strlen(log);

	while (end > log && end[-1] == '\n')
		end--;
	if (end > log)
		fprintf(out, "%.*s\n", (int)(end - lines_back(log, end, lines - 1)),
			lines_back(log, end, lines - 1));
}

/* Modules are installed without debug information; the build tree has the same with. */
static void add_module(struct decode *decode, const struct hosted_kernel *kernel, const char *path)
{
	_cleanup_free_ char *full = NULL;
	size_t n = strlen(kernel->modules);

	if (!strncmp(path, kernel->modules, n) && !strncmp(path + n, "/kernel/", 8))
		full = xasprintf("%s/%s", kernel->build, path + n + 8);
	decode_module(decode, full && !access(full, R_OK) ? full : path);
}

/* Files that CMD may have given to insmod: its words that end in .ko. */
static void add_words(struct decode *decode, char *const *command)
{
	for (; *command; command++) {
		_cleanup_free_ char *copy = xstrdup(*command);
		char *rest = copy, *word;

		while ((word = strsep(&rest, " \t\n;&|()'\""))) {
			size_t len = strlen(word);

			if (len > 3 && !strcmp(word + len - 3, ".ko") && !access(word, R_OK))
				decode_module(decode, word);
		}
	}
}

/* The hosted kernel's own modules that the log names and CMD may have loaded. */
static void add_named(struct decode *decode, const struct drivers *drivers, const char *log)
{
	struct strv done = { 0 };
	struct stack_ref ref;

	for (const char *line = log; line; line = strchr(line, '\n')) {
		_cleanup_free_ char *one = NULL, *path = NULL;

		line += strspn(line, "\n");
		one = strndup(line, strcspn(line, "\n"));
		if (!one || !decode_parse(one, &ref) || !*ref.module ||
		    strv_contains(&done, ref.module))
			continue;
		strv_add(&done, ref.module);
		path = drivers_path(drivers, ref.module);
		if (path)
			add_module(decode, drivers->kernel, path);
	}
	strv_free(&done);
}

void crash_report(FILE *out, const char *log, const struct drivers *drivers,
		  char *const *command)
{
	struct decode *decode = decode_open(drivers->kernel->image);
	const char *start = strstr(log, panic_mark);
	_cleanup_free_ char *copy = NULL;
	char *rest, *line;

	for (size_t i = 0; i < drivers->seen.n; i++)
		add_module(decode, drivers->kernel, drivers->seen.v[i]);
	add_words(decode, command);
	start = lines_back(log, start ? start : log + strlen(log), LINES_BEFORE);
	add_named(decode, drivers, start);
	copy = xstrdup(start);
	rest = copy;
	while ((line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *place = decode_line(decode, line);

		if (*line || rest)
			fprintf(out, place ? "%s  %s\n" : "%s\n", line, place);
	}
	decode_close(decode);
}
