// SPDX-License-Identifier: GPL-2.0
/*
 * trace-file.c - a thread that writes the trace as it grows
 *
 * All of it goes to the user's file, and each device's own part to a memory file, which the
 * view shows while it grows.  The latter begins anew when it has KEEP bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/trace-file.h"
#include "proxy/trace-text.h"

#define KEEP	(32 << 20)
#define BATCH	4096		/* events between two flushes, at most */

struct stream {
	struct trace_text text;
	FILE *out;
	bool dirty;
};

static struct {
	int fd;				/* of the user's file */
	char *path;
	struct stream all, *each;
	size_t nr;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	_Atomic uint64_t lost;
	bool failed;
} file = { .fd = -1 };

/**
 * trace_file_open() - create the file
 * @path: the user's; an existing file is replaced
 *
 * Return: 0, or -1 with fail().
 */
int trace_file_open(const char *path)
{
	/* A FIFO that nobody reads would hold up everything. */
	file.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (file.fd < 0)
		return fail("--trace %s: %m; %s", path,
			    errno == ENXIO ? "start its reader first" : "choose another place");
	fcntl(file.fd, F_SETFL, 0);
	file.path = strdup(path);
	return 0;
}

static void flush_stream(struct stream *s, const char *path)
{
	if (!s->dirty)
		return;
	s->dirty = false;
	if (!fflush(s->out) || !path || file.failed)
		return;
	file.failed = true;
	warn("--trace %s: %m; the rest of the trace is lost", path);
}

static void flush_all(void)
{
	flush_stream(&file.all, file.path);
	for (size_t i = 0; i < file.nr; i++)
		flush_stream(&file.each[i], NULL);
}

static void begin_anew(struct stream *s)
{
	fflush(s->out);
	if (ftruncate(fileno(s->out), 0))
		return;
	rewind(s->out);
	trace_text_header(s->out, &s->text);
	fprintf(s->out, "# what was here is in the file of --trace; this goes on from here\n");
}

static void put(const struct trace_event *e)
{
	struct stream *own = e->device < file.nr ? &file.each[e->device] : NULL;

	trace_text_event(file.all.out, &file.all.text, e);
	file.all.dirty = true;
	if (!own)
		return;
	if (ftell(own->out) > KEEP)
		begin_anew(own);
	trace_text_event(own->out, &own->text, e);
	own->dirty = true;
}

static void put_lost(uint64_t ns, uint64_t lost)
{
	file.lost += lost;
	trace_text_lost(file.all.out, ns, lost);
	for (size_t i = 0; i < file.nr; i++) {
		trace_text_lost(file.each[i].out, ns, lost);
		file.each[i].dirty = true;
	}
}

/* Events from number @at on that are there now; returns the number of the next. */
static uint64_t drain(uint64_t at, uint64_t end)
{
	uint64_t lost = 0;
	struct trace_event e;

	for (unsigned int n = 0; at < end && n < BATCH; at++) {
		if (!trace_get(at, &e)) {
			/* Go on where it is not overtaken again at once. */
			uint64_t next = trace_head() - trace_capacity() / 2;

			lost += next - at;
			at = next - 1;
			continue;
		}
		if (lost)
			put_lost(e.ns, lost);
		lost = 0;
		put(&e);
		n++;
	}
	if (lost)
		put_lost(e.ns, lost);
	return at;
}

static void *run(void *arg)
{
	uint64_t at = 0;

	(void)arg;
	for (;;) {
		bool last = file.stop;
		uint64_t end = trace_head();

		if (at < end) {
			at = drain(at, end);
			if (at >= trace_head())
				flush_all();
			continue;
		}
		flush_all();
		if (last)
			return NULL;
		trace_wait(at, &file.stop);
	}
}

static int stream_open(struct stream *s, int fd, struct device **devices, size_t nr)
{
	if (fd < 0)
		return -1;
	s->out = fdopen(fd, "w");
	if (!s->out) {
		close(fd);
		return -1;
	}
	setvbuf(s->out, NULL, _IOFBF, 1 << 16);
	s->text.devices = devices;
	s->text.nr_devices = nr;
	trace_text_header(s->out, &s->text);
	fflush(s->out);
	return 0;
}

/**
 * trace_file_start() - write from now on
 * @devices: all of them, set up; must stay until trace_file_stop()
 * @nr: how many
 *
 * Does nothing without a file.
 *
 * Return: 0, or -1 with fail().
 */
int trace_file_start(struct device **devices, size_t nr)
{
	sigset_t all, old;
	int err;

	if (file.fd < 0)
		return 0;
	if (stream_open(&file.all, file.fd, devices, nr))
		return fail("out of memory for the trace");
	file.each = calloc(nr, sizeof(*file.each));
	for (; file.each && file.nr < nr; file.nr++) {
		struct stream *s = &file.each[file.nr];

		if (stream_open(s, memfd_create("trace", MFD_CLOEXEC), &devices[file.nr], 1))
			break;
		s->text.devices = devices;
		s->text.nr_devices = nr;
	}
	if (file.nr < nr)
		return fail("out of memory for the trace");
	sigfillset(&all);
	sigdelset(&all, SIGSYS);	/* sandbox.c */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&file.thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return fail("cannot start the trace's thread: %s", strerror(err));
	file.running = true;
	return 0;
}

/**
 * trace_file_stop() - write what is left and close the file
 *
 * Nothing is traced any more.
 */
void trace_file_stop(void)
{
	if (file.running) {
		file.stop = true;
		trace_wake();
		pthread_join(file.thread, NULL);
	}
	for (size_t i = 0; i < file.nr; i++)
		fclose(file.each[i].out);
	if (file.all.out)
		fclose(file.all.out);
	free(file.each);
	free(file.path);
	memset(&file, 0, sizeof(file));
	file.fd = -1;
}

/**
 * trace_file_running() - is a trace being written?
 *
 * Return: true if so.  Context: any thread.
 */
bool trace_file_running(void)
{
	return file.running;
}

/**
 * trace_file_read() - a device's part of the trace
 * @dev: device
 * @buf: for the text
 * @len: at most so many bytes
 * @off: from here
 *
 * Return: bytes, or a negative errno; -ENODATA if no trace is taken.  Context: any thread.
 */
ssize_t trace_file_read(const struct device *dev, void *buf, size_t len, off_t off)
{
	ssize_t n;

	if (!file.running)
		return -ENODATA;
	n = pread(fileno(file.each[dev->index].out), buf, len, off);
	return n < 0 ? -errno : n;
}

/**
 * trace_file_size() - how much of it there is
 * @dev: device
 *
 * Return: bytes, 0 if no trace is taken.  Context: any thread.
 */
off_t trace_file_size(const struct device *dev)
{
	struct stat st;

	return file.running && !fstat(fileno(file.each[dev->index].out), &st) ? st.st_size : 0;
}

/**
 * trace_file_lost() - events that came too fast
 *
 * Return: how many.  Context: any thread.
 */
uint64_t trace_file_lost(void)
{
	return file.lost;
}
