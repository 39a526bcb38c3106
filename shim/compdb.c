// SPDX-License-Identifier: GPL-2.0
/* compdb.c - compile_commands.json; see compdb.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/compdb.h"
#include "shim/process.h"

static bool newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Whatever is compiled anew is linked anew, too. */
static bool up_to_date(const char *path, const struct strv *modules)
{
	struct stat own, module;

	if (stat(path, &own) < 0)
		return false;
	for (size_t i = 0; i < modules->n; i++) {
		if (stat(modules->v[i], &module) < 0 || newer(&module.st_mtim, &own.st_mtim))
			return false;
	}
	return true;
}

/* Where make was when it called the compiler: since Linux 6.13 in the driver's directory. */
static char *build_place(const struct hosted_kernel *kernel, const char *dir, const char *order)
{
	_cleanup_free_ char *text = read_text(order);

	return text && *text != '/' ? xstrdup(dir) : realpath(kernel->build, NULL);
}

/* Returns the program's status as wait(2) gives it. */
static int generate(const char *script, const char *place, const char *order, const char *out)
{
	char *argv[] = { "python3", (char *)script, "-a", "ar", "-d", (char *)place,
			 "-o",	    (char *)out,    (char *)order, NULL };
	struct child child;

	if (process_start(&child, argv, NULL, 0, false))
		return -1;
	return process_wait(&child);
}

static void replace(const char *path, const char *new)
{
	_cleanup_free_ char *have = read_text(path), *want = read_text(new);

	if (have && want && !strcmp(have, want)) {
		unlink(new);
		/* Newer than the modules, so that nobody asks again. */
		utimensat(AT_FDCWD, path, NULL, 0);
	} else if (rename(new, path) < 0) {
		warn("cannot write %s: %s", path, strerror(errno));
		unlink(new);
	}
}

void compdb_write(const struct hosted_kernel *kernel, const char *dir,
		  const struct strv *modules)
{
	_cleanup_free_ char *path = xasprintf("%s/compile_commands.json", dir);
	_cleanup_free_ char *new = xasprintf("%s/.compile_commands.json.new", dir);
	_cleanup_free_ char *order = xasprintf("%s/modules.order", dir);
	_cleanup_free_ char *script = xasprintf("%s/scripts/clang-tools/gen_compile_commands.py",
						kernel->build);
	_cleanup_free_ char *place = NULL;
	int status;

	if (access(script, R_OK) || up_to_date(path, modules))
		return;
	place = build_place(kernel, dir, order);
	if (!place)
		return;
	status = generate(script, place, order, new);
	if (!status) {
		replace(path, new);
		return;
	}
	warn("no %s: python3 %s: %s", path, script, process_describe(status));
	unlink(new);
}
