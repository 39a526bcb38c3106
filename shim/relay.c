// SPDX-License-Identifier: GPL-2.0
/* relay.c - CMD's standard streams; see relay.h */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "shim/relay.h"
#include "shim/util.h"

#define CHUNK (256 * 1024)
#define CTRL_C 3
#define ESCAPE_KEYS 3
#define ESCAPE_MS 2000

/* A descriptor of the caller's may be in non-blocking mode: then waiting is up to us. */
static bool wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return errno == EINTR || (errno == EAGAIN && poll(&p, 1, -1) >= 0);
}

static ssize_t read_some(int fd, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(fd, data, len);
	while (n < 0 && wait_for(fd, POLLIN));
	return n;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && wait_for(fd, POLLOUT))
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= n;
	}
	return true;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * The way out of a guest that hangs: in raw mode Ctrl-C is a key like others.  Three within
 * two seconds, to which no output answers, end the run.
 */
static void relay_keys(struct relay *relay, const char *data, ssize_t n)
{
	static long long first;
	uint64_t one = 1;

	for (ssize_t i = 0; i < n; i++) {
		if (data[i] != CTRL_C) {
			atomic_store(relay->silent_keys, 0);
			continue;
		}
		if (!atomic_load(relay->silent_keys) || now_ms() - first > ESCAPE_MS) {
			first = now_ms();
			atomic_store(relay->silent_keys, 0);
		}
		if (atomic_fetch_add(relay->silent_keys, 1) + 1 == ESCAPE_KEYS &&
		    write(relay->escape, &one, sizeof(one)) < 0)
			errno = 0;	/* an eventfd takes a one */
	}
}

static void carry(struct relay *relay, char *data)
{
	ssize_t n;

	while ((n = read_some(relay->from, data, CHUNK)) > 0) {
		if (relay->escape >= 0)
			relay_keys(relay, data, n);
		else if (relay->silent_keys)
			atomic_store(relay->silent_keys, 0);
		if (write_all(relay->to, data, n))
			continue;
		if (!relay->input && errno != EPIPE)
			relay->error = errno;
		return;
	}
}

static void *relay_main(void *arg)
{
	struct relay *relay = arg;
	char *data = xrealloc(NULL, CHUNK);
	uint64_t one = 1;

	carry(relay, data);
	free(data);
	/*
	 * At the end of the caller's input CMD reads end of file.  When the caller's reader
	 * has gone, or takes no more, CMD gets EPIPE.
	 */
	shutdown(relay->socket, relay->input ? SHUT_WR : SHUT_RDWR);
	if (relay->done >= 0 && write(relay->done, &one, sizeof(one)) < 0)
		errno = 0;	/* an eventfd takes a one */
	return NULL;
}

int relay_start(struct relay *relay)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, relay_main, relay);

	if (err)
		return fail("cannot start a thread: %s", strerror(err));
	pthread_detach(thread);
	return 0;
}
