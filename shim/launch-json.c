// SPDX-License-Identifier: GPL-2.0
/*
 * launch-json.c - `ring3 debug` for VS Code
 *
 * Its C/C++ extension (type cppdbg) starts a gdb with --interpreter=mi, the words of
 * miDebuggerArgs and --tty=TERMINAL, by a shell, in a directory of its own choice.  We are that gdb,
 * and its process is there already: there is nothing to set up, and the way to run it is to go on.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "shim/debug.h"

static void put(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

static void put_flag(struct json_object *to, const char *key, bool value)
{
	json_object_object_add(to, key, json_object_new_boolean(value));
}

/* A word for a shell, between double quotes: what starts programs without a shell knows those. */
static void add_word(struct buffer *line, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.,:/=+%@-";
	bool quote = !*word || word[strspn(word, plain)];

	if (line->len)
		buffer_add(line, " ", 1);
	if (quote)
		buffer_add(line, "\"", 1);
	for (; *word; word++) {
		if (strchr("\"\\$`", *word))
			buffer_add(line, "\\", 1);
		buffer_add(line, word, 1);
	}
	if (quote)
		buffer_add(line, "\"", 1);
}

static char *debugger_words(const char *cwd, int argc, char **argv)
{
	_cleanup_free_ char *cd = xasprintf("--cd=%s", cwd);
	struct buffer line = { 0 };
	int i;

	add_word(&line, argv[0]);
	add_word(&line, cd);
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		/* We are there by now. */
		if (!strcmp(argv[i], "--cd"))
			i++;
		/* The first may be abbreviated. */
		else if (strncmp(argv[i], "--p", 3) && strncmp(argv[i], "--cd=", 5))
			add_word(&line, argv[i]);
	}
	for (; i < argc; i++)
		add_word(&line, argv[i]);
	buffer_add(&line, "", 1);
	return line.data;
}

static struct json_object *setup_commands(void)
{
	struct json_object *list = json_object_new_array(), *one = json_object_new_object();

	put(one, "description", "Structures are shown by gdb's pretty printers");
	put(one, "text", "-enable-pretty-printing");
	put_flag(one, "ignoreFailures", true);
	json_object_array_add(list, one);
	return list;
}

static struct json_object *configuration(const struct hosted_kernel *kernel, const char *exe,
					 const char *cwd, const char *words)
{
	struct json_object *c = json_object_new_object();

	put(c, "name", "ring3 debug");
	put(c, "type", "cppdbg");
	put(c, "request", "launch");
	put(c, "program", kernel->image);
	json_object_object_add(c, "args", json_object_new_array());
	put(c, "cwd", cwd);
	put_flag(c, "stopAtEntry", false);
	put_flag(c, "externalConsole", false);
	put(c, "MIMode", "gdb");
	put(c, "miDebuggerPath", exe);
	put(c, "miDebuggerArgs", words);
	put(c, "targetArchitecture", "x64");
	json_object_object_add(c, "setupCommands", setup_commands());
	json_object_object_add(c, "customLaunchSetupCommands", json_object_new_array());
	put(c, "launchCompleteCommand", "exec-continue");
	return c;
}

int debug_launch_json(const struct hosted_kernel *kernel, int argc, char **argv)
{
	_cleanup_free_ char *exe = realpath("/proc/self/exe", NULL), *cwd = getcwd(NULL, 0);
	_cleanup_free_ char *words = NULL;
	struct json_object *file, *list;

	if (!exe || !cwd)
		return fail("cannot say where ring3 and the working directory are: %s",
			    strerror(errno));
	words = debugger_words(cwd, argc, argv);
	file = json_object_new_object();
	list = json_object_new_array();
	put(file, "version", "0.2.0");
	json_object_array_add(list, configuration(kernel, exe, cwd, words));
	json_object_object_add(file, "configurations", list);
	printf("%s\n", json_object_to_json_string_ext(file, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(file);
	return fflush(stdout) ? fail("cannot write: %s", strerror(errno)) : 0;
}
