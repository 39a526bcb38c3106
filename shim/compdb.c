// SPDX-License-Identifier: GPL-2.0
/* compdb.c - compile_commands.json; see compdb.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <json-c/json.h>

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

/* The command by which kbuild says it has made @object, to free: what is behind ":=" in .NAME.o.cmd. */
static char *made_by(const char *object)
{
	const char *name = strrchr(object, '/');
	_cleanup_free_ char *path = NULL, *text = NULL;
	char *command;

	name = name ? name + 1 : object;
	path = xasprintf("%.*s.%s.cmd", (int)(name - object), object, name);
	text = read_text(path);
	command = text ? strstr(text, " := ") : NULL;
	if (!command)
		return NULL;
	command += strlen(" := ");
	command[strcspn(command, "\n")] = '\0';
	return xstrdup(command);
}

/* An entry's command ends with the source's name; kbuild's may go on. */
static bool has_entry(struct json_object *entries, const char *command)
{
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *own;
		const char *text;

		if (!json_object_object_get_ex(json_object_array_get_idx(entries, i), "command", &own))
			return false;
		text = json_object_get_string(own);
		if (!strncmp(command, text, strlen(text)) && strchr(" ;", command[strlen(text)]))
			return true;
	}
	return false;
}

/* Counts the objects of the module @ko that have been made by the same command as ever, or returns false. */
static bool same_module(struct json_object *entries, const char *ko, size_t *n)
{
	_cleanup_free_ char *list = xasprintf("%.*s.mod", (int)(strlen(ko) - strlen(".ko")), ko);
	_cleanup_free_ char *objects = read_text(list);
	char *rest = objects, *object;

	while (objects && (object = strsep(&rest, "\n"))) {
		_cleanup_free_ char *command = *object == '/' ? made_by(object) : NULL;

		if (!*object)
			continue;
		if (!command || !has_entry(entries, command))
			return false;
		++*n;
	}
	return objects;
}

/* Most often a source was edited and is compiled as before: that needs no python. */
static bool same_commands(const char *path, const struct strv *modules)
{
	struct json_object *entries = json_object_from_file(path);
	bool same = json_object_is_type(entries, json_type_array);
	size_t n = 0;

	for (size_t i = 0; same && i < modules->n; i++)
		same = same_module(entries, modules->v[i], &n);
	same = same && n == json_object_array_length(entries);
	json_object_put(entries);
	return same;
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

/* Newer than the modules, so that nobody asks again. */
static void confirm(const char *path)
{
	utimensat(AT_FDCWD, path, NULL, 0);
}

static void replace(const char *path, const char *new)
{
	_cleanup_free_ char *have = read_text(path), *want = read_text(new);

	if (have && want && !strcmp(have, want)) {
		unlink(new);
		confirm(path);
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
	if (same_commands(path, modules)) {
		confirm(path);
		return;
	}
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
