// SPDX-License-Identifier: GPL-2.0
/*
 * error.c - the last set-up error as text, and warnings while running
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

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

#define BURST		20	/* messages at once, */
#define INTERVAL_S	1	/* and one more in this time */

/* May another message be printed?  *left_out: how many were not, to be told first. */
static bool may_speak(unsigned long *left_out)
{
	static unsigned long held_back;
	static unsigned int room = BURST;
	static time_t last;
	struct timespec now;
	unsigned long earned;

	clock_gettime(CLOCK_MONOTONIC, &now);
	earned = (now.tv_sec - last) / INTERVAL_S;
	if (earned) {
		room = earned < BURST - room ? room + earned : BURST;
		last = now.tv_sec;
	}
	*left_out = 0;
	if (!room) {
		held_back++;
		return false;
	}
	room--;
	*left_out = held_back;
	held_back = 0;
	return true;
}

/**
 * warn() - tell the user about something while the proxy keeps running
 * @fmt: printf style, no newline at the end
 *
 * A client that causes one warning after the other does not flood the terminal: what
 * is too much is counted, and told with the next one.
 */
void warn(const char *fmt, ...)
{
	unsigned long left_out;
	va_list ap;

	if (!may_speak(&left_out))
		return;
	flockfile(stderr);
	if (left_out)
		fprintf(stderr, "ring3-proxy: %lu messages were left out\n", left_out);
	fputs("ring3-proxy: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
}
