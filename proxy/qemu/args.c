// SPDX-License-Identifier: GPL-2.0
/*
 * args.c - QEMU's argument list
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"

static int append(struct qemu_args *args, char *arg)
{
	char **argv = reallocarray(args->argv, args->nr + 2, sizeof(*argv));

	if (!arg || !argv) {
		free(arg);
		return fail("out of memory");
	}
	args->argv = argv;
	argv[args->nr++] = arg;
	argv[args->nr] = NULL;
	return 0;
}

/**
 * args_add() - append one argument
 * @args: list
 * @fmt: printf style
 *
 * Return: 0, or -1 with fail().
 */
int args_add(struct qemu_args *args, const char *fmt, ...)
{
	char *arg = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&arg, fmt, ap) < 0)
		arg = NULL;
	va_end(ap);
	return append(args, arg);
}

/* One word, quotes and backslashes undone; *at moves behind it.  NULL: a quote is open. */
static char *next_word(const char **at)
{
	const char *p = *at;
	char *word = malloc(strlen(p) + 1), *q = word, quote = 0;

	for (; word && *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (*p == quote)
			quote = 0;
		else if (!quote && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			*q++ = *++p;
		else
			*q++ = *p;
	}
	if (!word || quote) {
		free(word);
		return NULL;
	}
	*q = 0;
	*at = p;
	return word;
}

/**
 * args_split() - append what a shell would make of a text
 * @args: list
 * @text: words with '...', "..." and \ as in a shell, but no expansion
 *
 * Return: 0, or -1 with fail().
 */
int args_split(struct qemu_args *args, const char *text)
{
	const char *at = text;

	for (;;) {
		char *word;

		while (isspace((unsigned char)*at))
			at++;
		if (!*at)
			return 0;
		word = next_word(&at);
		if (!word)
			return fail("--qemu '%s': a quote is not closed", text);
		if (append(args, word))
			return -1;
	}
}

/**
 * args_free() - release a list
 * @args: list
 */
void args_free(struct qemu_args *args)
{
	for (size_t i = 0; i < args->nr; i++)
		free(args->argv[i]);
	free(args->argv);
	args->argv = NULL;
	args->nr = 0;
}

/**
 * args_escape() - a value as QEMU wants it inside an option: commas twice
 * @value: plain
 *
 * Return: to be freed; NULL if there is no memory.
 */
char *args_escape(const char *value)
{
	char *out = malloc(2 * strlen(value) + 1), *q = out;

	for (; out && *value; value++) {
		if (*value == ',')
			*q++ = ',';
		*q++ = *value;
	}
	if (out)
		*q = 0;
	return out;
}
