// SPDX-License-Identifier: GPL-2.0
/* symbols.c - the debug information of all that a log of the hosted kernel may speak of */
#include <string.h>

#include "shim/symbols.h"

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

/* A module that CMD has loaded from the working directory without naming it to us. */
static void add_here(struct decode *decode, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s.ko", name);

	if (!strchr(name, '/') && !access(path, R_OK))
		decode_module(decode, path);
}

/* Modules that the log names and CMD may have loaded: the hosted kernel's own, or others. */
static void add_named(struct decode *decode, struct drivers *drivers, const char *log)
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
		else
			add_here(decode, ref.module);
	}
	strv_free(&done);
}

struct decode *symbols_open(struct drivers *drivers, char *const *command, const char *log)
{
	struct decode *decode = decode_open(drivers->kernel->image);
	struct strv seen = drivers_seen(drivers);

	for (size_t i = 0; i < seen.n; i++)
		add_module(decode, drivers->kernel, seen.v[i]);
	strv_free(&seen);
	add_words(decode, command);
	add_named(decode, drivers, log);
	return decode;
}
