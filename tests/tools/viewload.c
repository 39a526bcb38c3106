// SPDX-License-Identifier: GPL-2.0
/*
 * viewload.c - read files over and over, from several threads, and tell how long it took
 *
 *   viewload [-n READS] [-j READERS] [-s] FILE...
 *
 * Each read is open(), read() to the end and close() of the next file; with -s a stat() as well.
 * Prints "reads N errors N p50 US p99 US max US seconds S"; status 1 if there were errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct reader {
	pthread_t thread;
	unsigned long first, n, errors;
	uint32_t *ns;
};

static char **files;
static int nr_files;
static bool with_stat;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static bool read_one(const char *path)
{
	static _Thread_local char buf[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		;
	close(fd);
	return !n && (!with_stat || !stat(path, &st));
}

static void *run(void *arg)
{
	struct reader *r = arg;

	for (unsigned long i = 0; i < r->n; i++) {
		const char *path = files[(r->first + i) % nr_files];
		uint64_t start = now(), took;

		if (!read_one(path) && !r->errors++)
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
		took = now() - start;
		r->ns[i] = took < UINT32_MAX ? took : UINT32_MAX;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	unsigned long total = 100000, readers = 1, errors = 0;
	struct reader *r;
	uint32_t *ns;
	uint64_t start;
	int c;

	while ((c = getopt(argc, argv, "n:j:s")) != -1) {
		if (c == 'n')
			total = strtoul(optarg, NULL, 0);
		else if (c == 'j')
			readers = strtoul(optarg, NULL, 0);
		else if (c == 's')
			with_stat = true;
		else
			return 2;
	}
	files = argv + optind;
	nr_files = argc - optind;
	if (!nr_files || !readers || total < readers)
		return 2;
	total -= total % readers;
	r = calloc(readers, sizeof(*r));
	ns = calloc(total, sizeof(*ns));
	if (!r || !ns)
		return 2;
	start = now();
	for (unsigned long i = 0; i < readers; i++) {
		r[i] = (struct reader){ .first = i, .n = total / readers, .ns = ns + i * (total / readers) };
		if (pthread_create(&r[i].thread, NULL, run, &r[i]))
			return 2;
	}
	for (unsigned long i = 0; i < readers; i++) {
		pthread_join(r[i].thread, NULL);
		errors += r[i].errors;
	}
	start = now() - start;
	qsort(ns, total, sizeof(*ns), compare);
	printf("reads %lu errors %lu p50 %.1f p99 %.1f max %.1f seconds %.2f\n", total, errors,
	       ns[total / 2] / 1e3, ns[total * 99 / 100] / 1e3, ns[total - 1] / 1e3, start / 1e9);
	return errors != 0;
}
