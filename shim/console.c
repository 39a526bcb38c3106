// SPDX-License-Identifier: GPL-2.0
/* console.c - the hosted kernel's log */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/console.h"
#include "shim/report.h"

#define KEEP (256 * 1024)

/* Show one complete line; the guest has no business with our terminal's escapes. */
static void show_line(const char *line, size_t len)
{
	_cleanup_free_ char *text = xasprintf("%.*s", (int)len, line), *shown = NULL;

	shown = xasprintf("%s%s", printable(text), terminal_raw ? "\r\n" : "\n");
	if (write(STDERR_FILENO, shown, strlen(shown)) < 0)
		errno = 0;	/* nobody listens */
}

static void plain_line(void *arg, const char *line)
{
	const struct console *console = arg;

	if (console->live)
		show_line(line, strlen(line));
}

static void found_report(void *arg, const char *title, const char *text)
{
	struct console *console = arg;

	reports_add(&console->reports, title, text);
}

/* A line may have anything in it. */
static void take_line(struct report_finder *finder, const char *data, size_t len)
{
	_cleanup_free_ char *line = xasprintf("%.*s", (int)len, data);

	report_line(finder, line);
}

static void take_lines(struct report_finder *finder, struct buffer *partial, const char *data,
		       size_t len)
{
	char *end;

	buffer_add(partial, data, len);
	while ((end = memchr(partial->data, '\n', partial->len))) {
		size_t n = end - partial->data;

		take_line(finder, partial->data, n && end[-1] == '\r' ? n - 1 : n);
		buffer_drop(partial, n + 1);
	}
	/* A guest that never ends its line shall not fill our memory. */
	if (partial->len > 4096) {
		take_line(finder, partial->data, partial->len);
		partial->len = 0;
	}
}

/* Wait for more.  The end of a report may be that nothing follows. */
static void wait_log(const struct console *console, struct report_finder *finder)
{
	struct pollfd in = { .fd = console->in, .events = POLLIN };

	if (report_open(finder) && !poll(&in, 1, report_patience(finder)))
		report_pause(finder);
}

static void keep(struct console *console, const char *data, size_t len)
{
	pthread_mutex_lock(&console->lock);
	buffer_add(&console->log, data, len);
	if (console->log.len > 2 * KEEP)
		buffer_drop(&console->log, console->log.len - KEEP);
	pthread_mutex_unlock(&console->lock);
}

static void *console_main(void *arg)
{
	struct console *console = arg;
	struct report_finder finder = { .sink = { plain_line, found_report, console } };
	struct buffer partial = { 0 };
	char data[4096];
	ssize_t n;

	while ((n = read(console->in, data, sizeof(data))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		keep(console, data, n);
		show_log(console->show, data, n);
		take_lines(&finder, &partial, data, n);
		wait_log(console, &finder);
	}
	if (partial.len)
		take_line(&finder, partial.data, partial.len);
	report_pause(&finder);
	report_free(&finder);
	buffer_free(&partial);
	pthread_mutex_lock(&console->lock);
	console->end = true;
	pthread_cond_signal(&console->ended);
	pthread_mutex_unlock(&console->lock);
	reports_end(&console->reports);
	return NULL;
}

int console_start(struct console *console)
{
	pthread_t thread;
	int err;

	pthread_mutex_init(&console->lock, NULL);
	pthread_cond_init(&console->ended, NULL);
	reports_init(&console->reports);
	err = pthread_create(&thread, NULL, console_main, console);
	if (err)
		return fail("cannot start a thread: %s", strerror(err));
	pthread_detach(thread);
	return 0;
}

void console_finish(struct console *console)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&console->lock);
	while (!console->end && !err)
		err = pthread_cond_timedwait(&console->ended, &console->lock, &until);
	pthread_mutex_unlock(&console->lock);
}

char *console_text(struct console *console)
{
	struct buffer copy = { 0 };

	pthread_mutex_lock(&console->lock);
	buffer_add(&copy, console->log.data, console->log.len);
	pthread_mutex_unlock(&console->lock);
	buffer_add(&copy, "", 1);
	/* A NUL in the log would hide what follows. */
	for (size_t i = 0; i + 1 < copy.len; i++) {
		if (!copy.data[i] || copy.data[i] == '\r')
			copy.data[i] = ' ';
	}
	return printable(copy.data);
}
