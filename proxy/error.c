// SPDX-License-Identifier: GPL-2.0
/*
 * error.c - the last set-up error as text, and warnings while running
 */
#include <stdarg.h>
#include <stdio.h>

#include "proxy/error.h"

static char text[16384];

/**
 * fail() - remember why a set-up step failed
 * @fmt: what, why and what to do next; printf style, no newline at the end
 *
 * Return: -1, so that callers can write "return fail(...)".
 */
int fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return -1;
}

/**
 * fail_text() - the text of the last fail()
 *
 * Return: a string that the next fail() overwrites.
 */
const char *fail_text(void)
{
	return text;
}

/**
 * warn() - tell the user about something while the proxy keeps running
 * @fmt: printf style, no newline at the end
 */
void warn(const char *fmt, ...)
{
	va_list ap;

	flockfile(stderr);
	fputs("ring3-proxy: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}
