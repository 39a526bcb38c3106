// SPDX-License-Identifier: GPL-2.0
/* crash.c - what a crash of the hosted kernel looks like to the user */
#include <string.h>

#include "shim/crash.h"
#include "shim/symbols.h"

/* Lines shown before the one that tells of the crash. */
#define LINES_BEFORE 12
/* A report is a screen or two; what a driver writes beyond that is not looked up in its symbols. */
#define LINES_MAX 300

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

void crash_report(FILE *out, const char *log, struct drivers *drivers, char *const *command)
{
	const char *start = strstr(log, panic_mark);
	_cleanup_free_ char *copy = NULL;
	struct decode *decode;
	unsigned int lines = 0;
	char *rest, *line;

	start = lines_back(log, start ? start : log + strlen(log), LINES_BEFORE);
	decode = symbols_open(drivers, command, start);
	copy = xstrdup(start);
	rest = copy;
	while (lines++ < LINES_MAX && (line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *place = decode_line(decode, line);

		if (*line || rest)
			fprintf(out, place ? "%s  %s\n" : "%s\n", line, place);
	}
	if (rest && *rest)
		fprintf(out, "(further lines are in the log alone)\n");
	decode_close(decode);
}
