// SPDX-License-Identifier: GPL-2.0
/* status.c - the state of a run as others see it */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shim/status.h"

#define TAIL_BYTES (16 * 1024)

static void show_line(struct run *run, enum show_file file, const char *text)
{
	_cleanup_free_ char *line = xasprintf("%s\n", text);

	show_text(&run->show, file, line);
}

static void show_cmdline(struct run *run)
{
	const struct strv *argv = &run->plans[run->jail.scratch].kernel_argv;
	struct buffer text = { 0 };

	for (size_t i = 1; i < argv->n; i++) {
		if (i > 1)
			buffer_add(&text, " ", 1);
		buffer_add(&text, argv->v[i], strlen(argv->v[i]));
	}
	buffer_add(&text, "\n", 2);
	show_text(&run->show, SHOW_CMDLINE, text.data);
	buffer_free(&text);
}

void status_started(struct run *run)
{
	show_cmdline(run);
	show_line(run, SHOW_RELEASE, run->kernel.version);
	show_line(run, SHOW_STATE, "booting");
	instance_modules(&run->instance, &run->drivers.seen);
	instance_started(&run->instance, run->proxy.pid, jail_kernel(&run->jail));
}

void status_set(struct run *run, const char *fmt, ...)
{
	char state[sizeof(run->state)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(state, sizeof(state), fmt, args);
	va_end(args);
	if (!strcmp(state, run->state))
		return;
	memcpy(run->state, state, sizeof(state));
	show_line(run, SHOW_STATE, state);
	/* Without --hold the entry is about to go. */
	if (strncmp(state, "ended", 5) || run->opts->hold)
		instance_state(&run->instance, state);
}

void status_over(struct run *run)
{
	bool told = !strcmp(run->state, "panicked") || !strcmp(run->state, "crashed") ||
		    !strncmp(run->state, "killed", 6);

	if (!told && run->status >= 0)
		status_set(run, "ended %d", run->status);
}

/* The last lines, not more than so many bytes. */
static const char *tail(const char *log)
{
	size_t len = strlen(log);
	const char *line;

	if (len <= TAIL_BYTES)
		return log;
	log += len - TAIL_BYTES;
	line = strchr(log, '\n');
	return line ? line + 1 : log;
}

void status_crash(struct run *run, const char *reason, const char *stack, const char *log)
{
	/* The reason last: where it is, the rest is too. */
	show_text(&run->show, SHOW_CRASH_LOG, tail(log));
	show_text(&run->show, SHOW_CRASH_STACK, stack ? stack : "");
	show_line(run, SHOW_CRASH_REASON, reason);
}
