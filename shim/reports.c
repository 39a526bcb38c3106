// SPDX-License-Identifier: GPL-2.0
/* reports.c - the reports of a run: decoded, and shown once each; see reports.h */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shim/report.h"
#include "shim/reports.h"
#include "shim/symbols.h"

#define MAX_WAITING 64		/* of a guest that reports faster than we can show it */
#define MAX_SHOWN 100

void reports_init(struct reports *r)
{
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
}

static void write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;		/* nobody listens */
		text += n;
		len -= n;
	}
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		errno = 0;	/* an eventfd takes a one */
}

/*
 * Where the stack begins on which the mistake was made: in front of it are those of others, of who
 * holds locks for example, behind it that of the memory's owner.  Memory that is mapped for ever was
 * mapped somewhere.
 */
static const char *stack_of(const char *title, const char *text)
{
	const char *mapped = strstr(title, "pending DMA allocations") ? strstr(text, "Mapped at:") : NULL;
	const char *trace = strstr(text, "Call Trace:");

	return mapped ? mapped : trace ? trace : text;
}

/*
 * The driver's line is that of the first function on the stack that is in a module.  What has
 * no debug information is told as it stands in the log.
 */
static char *driver_place(struct decode *decode, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *line;
	struct stack_ref ref;

	while ((line = strsep(&rest, "\n"))) {
		char *place;

		if (!decode_parse(line, &ref) || !*ref.module)
			continue;
		place = decode_line(decode, line);
		return place ? place : xasprintf("%s+%#llx [%s]", ref.symbol,
						 (unsigned long long)ref.offset, ref.module);
	}
	return NULL;
}

static char *decode_all(struct decode *decode, const char *head, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	const char *newline = terminal_raw ? "\r\n" : "\n";
	char *rest = copy, *line, *out = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&out, &len);

	if (!file)
		return NULL;
	fprintf(file, "ring3: report: %s%s", head, newline);
	while ((line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *place = decode_line(decode, line);

		if (*line || rest)
			fprintf(file, "%s%s%s%s", line, place ? "  " : "", place ? place : "", newline);
	}
	fclose(file);
	return out;
}

/* The title, and where; the place is left out if the title has it. */
static char *make_head(const char *title, const char *place)
{
	size_t len = strlen(title);

	if (!place || strstr(title, place))
		return xstrdup(title);
	return xasprintf("%s%s %s", title, len && title[len - 1] == ':' ? "" : ":", place);
}

static void show(struct reports *r, const char *title, const char *text)
{
	struct decode *decode = symbols_open(r->drivers, r->command, text);
	char *on_stack = driver_place(decode, stack_of(title, text));
	_cleanup_free_ char *place = on_stack ? on_stack : driver_place(decode, text);
	_cleanup_free_ char *head = make_head(title, place);
	_cleanup_free_ char *all = verbosity < 0 ? NULL : decode_all(decode, head, text);

	decode_close(decode);
	if (all)
		write_all(all, strlen(all));
	pthread_mutex_lock(&r->lock);
	strv_add(&r->heads, head);
	pthread_mutex_unlock(&r->lock);
	signal_fd(r->event);
}

/* Under the lock. */
static bool is_new(struct reports *r, const char *title, const char *text)
{
	_cleanup_free_ char *key = report_key(title, text);

	for (size_t i = 0; i < r->keys.n; i++) {
		if (!strcmp(r->keys.v[i], key)) {
			r->times[i]++;
			return false;
		}
	}
	if (r->keys.n == MAX_SHOWN)
		return false;
	strv_add(&r->keys, key);
	r->times = xrealloc(r->times, r->keys.n * sizeof(*r->times));
	r->times[r->keys.n - 1] = 1;
	return true;
}

static char *take_first(struct strv *list)
{
	char *first = list->v[0];

	memmove(list->v, list->v + 1, list->n * sizeof(*list->v));
	list->n--;
	return first;
}

static void tell_repeats(const struct reports *r)
{
	for (size_t i = 0; verbosity >= 0 && i < r->heads.n; i++) {
		if (r->times[i] > 1)
			say("reported %u times: %s", r->times[i], r->heads.v[i]);
	}
	if (r->keys.n == MAX_SHOWN)
		warn("only the first %d reports are shown", MAX_SHOWN);
}

static void *show_main(void *arg)
{
	struct reports *r = arg;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		_cleanup_free_ char *title = NULL, *text = NULL;

		while (!r->waiting.n && !r->ended)
			pthread_cond_wait(&r->more, &r->lock);
		if (!r->waiting.n)
			break;
		title = take_first(&r->waiting);
		text = take_first(&r->waiting);
		pthread_mutex_unlock(&r->lock);
		show(r, title, text);
		pthread_mutex_lock(&r->lock);
	}
	tell_repeats(r);
	pthread_mutex_unlock(&r->lock);
	signal_fd(r->done);
	return NULL;
}

/* Under the lock. */
static void start_thread(struct reports *r)
{
	pthread_t thread;

	if (r->running)
		return;
	r->running = !pthread_create(&thread, NULL, show_main, r);
	if (r->running)
		pthread_detach(thread);
}

void reports_add(struct reports *r, const char *title, const char *text)
{
	_cleanup_free_ char *one = printable(xstrdup(title)), *all = printable(xstrdup(text));

	pthread_mutex_lock(&r->lock);
	if (r->waiting.n < 2 * MAX_WAITING && is_new(r, one, all)) {
		strv_add(&r->waiting, one);
		strv_add(&r->waiting, all);
		start_thread(r);
		pthread_cond_signal(&r->more);
	}
	pthread_mutex_unlock(&r->lock);
}

void reports_end(struct reports *r)
{
	bool running;

	pthread_mutex_lock(&r->lock);
	r->ended = true;
	running = r->running;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	if (!running)
		signal_fd(r->done);
}

char *reports_first(struct reports *r)
{
	char *first;

	pthread_mutex_lock(&r->lock);
	first = r->heads.n ? xstrdup(r->heads.v[0]) : NULL;
	pthread_mutex_unlock(&r->lock);
	return first;
}
