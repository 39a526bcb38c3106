// SPDX-License-Identifier: GPL-2.0
/* trace-run.c - read a trace line by line and hand it to an output */
#include <errno.h>
#include <string.h>

#include "shim/trace.h"
#include "shim/util.h"

/* Room for more behind what is left; 0, or an exit status. */
static int fill(struct trace_reader *reader)
{
	ssize_t n;

	memmove(reader->buf, reader->buf + reader->at, reader->len - reader->at);
	reader->len -= reader->at;
	reader->at = 0;
	if (reader->len == sizeof(reader->buf))
		return fail("%s:%lu: a line of more than %zu bytes: this is no trace", reader->name,
			    reader->line + 1, sizeof(reader->buf));
	do
		n = read(reader->fd, reader->buf + reader->len, sizeof(reader->buf) - reader->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail("cannot read %s: %s", reader->name, strerror(errno));
	reader->end = !n;
	reader->len += n;
	return 0;
}

int trace_next(struct trace_reader *reader, const char **line)
{
	char *start, *newline;
	size_t searched = 0;

	for (;;) {
		int status;

		start = reader->buf + reader->at;
		newline = memchr(start + searched, '\n', reader->len - reader->at - searched);
		if (newline)
			break;
		if (reader->end)
			return reader->at < reader->len ? -1 : 0;
		searched = reader->len - reader->at;
		status = fill(reader);
		if (status)
			return status;
	}
	*newline = '\0';
	for (char *c = start; c < newline; c++) {
		if ((*c < ' ' && *c != '\t') || *c > '~')
			*c = '?';
	}
	reader->at = newline + 1 - reader->buf;
	reader->line++;
	*line = start;
	return 1;
}

static void count(struct trace *trace, const struct trace_event *ev)
{
	if (ev->kind == TRACE_LOST)
		trace->lost += ev->lost;
	if (ev->kind == TRACE_VERSION || ev->kind == TRACE_PCIDEV || ev->kind == TRACE_NOTHING)
		return;
	if (!trace->events++)
		trace->first_us = trace->last_us = ev->us;
	if (ev->us < trace->first_us)
		trace->first_us = ev->us;
	if (ev->us > trace->last_us)
		trace->last_us = ev->us;
}

static int convert(struct trace *trace, const struct trace_reader *reader,
		   const struct trace_output *output, const char *line)
{
	struct trace_device *dev;
	struct trace_event ev;
	const char *wrong = trace_parse(line, &ev);
	int status;

	if (reader->line == 1 && (wrong || ev.kind != TRACE_VERSION))
		return fail("%s:1: not a trace: 'VERSION %d' is not its first line", reader->name,
			    TRACE_FORMAT);
	if (wrong)
		return fail("%s:%lu: %s", reader->name, reader->line, wrong);
	if (reader->line == 1)
		output->begin(trace);
	if (ev.kind == TRACE_NOTHING || ev.kind == TRACE_VERSION)
		return 0;
	status = trace_device_of(trace, &ev, &dev);
	if (status)
		return status;
	count(trace, &ev);
	output->event(trace, dev, &ev);
	return ferror(trace->out) ? fail("cannot write: %s", strerror(errno)) : 0;
}

int trace_run(struct trace *trace, struct trace_reader *reader, const struct trace_output *output)
{
	const char *line;
	int status = 0, got = 0;

	while (!status && (got = trace_next(reader, &line)) == 1)
		status = convert(trace, reader, output, line);
	if (!status && got > 1)
		status = got;
	trace->truncated = !status && got < 0;
	if (!reader->line || (status && reader->line == 1))
		return status ? status : fail("%s is no trace: not one line is in it", reader->name);
	if (trace->truncated)
		warn("%s:%lu: the last line is not complete and was left out: who wrote it was "
		     "stopped", reader->name, reader->line + 1);
	output->end(trace);
	if (fflush(trace->out) && !status)
		status = fail("cannot write: %s", strerror(errno));
	return status;
}
