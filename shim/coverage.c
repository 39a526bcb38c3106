// SPDX-License-Identifier: GPL-2.0
/* coverage.c - which lines of a driver were executed; see coverage.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "shim/coverage.h"
#include "shim/lcov.h"
#include "shim/process.h"
#include "shim/registry.h"

/* The counters of the largest driver of the kernel are a tenth of it. */
#define MAX_BYTES (64 << 20)
/* What a file takes besides its name and its data, about. */
#define FILE_BYTES 256

#define DATA_MAGIC 0x67636461	/* "gcda" */
#define NOTE_MAGIC 0x67636e6f	/* "gcno" */

struct coverage_file {
	char *path;
	struct buffer data;
};

int coverage_check(const struct hosted_kernel *kernel)
{
	_cleanup_free_ char *path = xasprintf("%s/include/config/auto.conf", kernel->build);
	_cleanup_free_ char *config = read_text(path);

	if (!config || !strstr(config, "\nCONFIG_GCOV_KERNEL=y\n"))
		return fail("--coverage: the hosted kernel %s cannot count (CONFIG_GCOV_KERNEL): "
			    "run 'make kernel'", kernel->dir);
	if (!program_exists("gcov"))
		return fail("--coverage: gcov is missing: apt-get install gcc");
	return 0;
}

void coverage_add(struct coverage *coverage, const char *path, const char *data, size_t len)
{
	struct coverage_file *last = coverage->n ? &coverage->v[coverage->n - 1] : NULL;

	bool new = !last || strcmp(last->path, path);

	coverage->bytes += len + (new ? strlen(path) + FILE_BYTES : 0);
	if (coverage->bytes > MAX_BYTES)
		return;
	if (new) {
		coverage->v = xrealloc(coverage->v, (coverage->n + 1) * sizeof(*coverage->v));
		last = &coverage->v[coverage->n++];
		*last = (struct coverage_file){ .path = xstrdup(path) };
	}
	buffer_add(&last->data, data, len);
}

static uint32_t word(const char *data, size_t at)
{
	uint32_t value;

	memcpy(&value, data + at, sizeof(value));
	return value;
}

/* "B22*" is gcc 12.2.  Since gcc 12 lengths are bytes, and there is a checksum in front. */
static bool since_12(uint32_t version)
{
	unsigned int tens = (version >> 24) - 'A', ones = (version >> 16 & 0xff) - '0';

	return tens * 10 + ones >= 12;
}

bool coverage_valid(const char *data, size_t len, const char notes[12])
{
	bool new = since_12(word(notes, 4));
	size_t at = new ? 16 : 12;

	if (len < at || word(data, 0) != DATA_MAGIC || word(notes, 0) != NOTE_MAGIC ||
	    word(data, 4) != word(notes, 4) || word(data, 8) != word(notes, 8))
		return false;
	while (len - at >= 8) {
		uint32_t tag = word(data, at), size = word(data, at + 4);

		/* A negative size stands for that many zeros, which are not there. */
		if (size >> 31)
			return false;
		if (!new && size > UINT32_MAX / 4)
			return false;
		if (!tag || size % (new ? 4 : 1))
			return false;
		size *= new ? 1 : 4;
		at += 8;
		if (len - at < size)
			return false;
		at += size;
	}
	return at == len;
}

/* The compiler's notes of an object that a driver of ours is built of, to free, or NULL. */
static char *notes_of(const char *path, const struct drivers *drivers)
{
	size_t len = strlen(path);
	char *notes = NULL;

	if (len < 5 || strcmp(path + len - 5, ".gcda") || strstr(path, "/../"))
		return NULL;
	for (size_t i = 0; !notes && i < drivers->objects.n; i++) {
		size_t n = strlen(drivers->objects.v[i]);

		if (!strncmp(path, drivers->objects.v[i], n) && path[n] == '/')
			notes = xasprintf("%.*s.gcno", (int)(len - 5), path);
	}
	return notes;
}

static bool valid(const struct coverage_file *file, const char *notes)
{
	_cleanup_close_ int fd = open(notes, O_RDONLY | O_CLOEXEC);
	char head[12];

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) &&
	       coverage_valid(file->data.data, file->data.len, head);
}

static int write_file(const char *path, const struct buffer *data)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, data->data, data->len) == (ssize_t)data->len ? 0 : -1;
}

/* Run gcov.  Its text, to free, or NULL after a message. */
static char *run_gcov(const char *counters)
{
	char *argv[] = { "gcov", "--branch-probabilities", "--json-format", "--stdout",
			 (char *)counters, NULL };
	_cleanup_close_ int out = memfd_create("ring3-gcov", MFD_CLOEXEC);
	_cleanup_free_ char *path = xasprintf("/proc/self/fd/%d", out);
	const struct fd_map map = { out, STDOUT_FILENO };
	struct child gcov;
	int status;

	if (process_start(&gcov, argv, &map, 1, false))
		return NULL;
	status = process_wait(&gcov);
	if (!status)
		return read_text(path);
	fail("--coverage: gcov: %s", process_describe(status));
	return NULL;
}

/* gcov wants both files beside each other, by the same name. */
static int add_object(struct lcov *lcov, const struct coverage_file *file, const char *notes,
		      const char *dir, const struct strv *sources)
{
	_cleanup_free_ char *counters = xasprintf("%s/" RUN_COUNTERS, dir);
	_cleanup_free_ char *link = xasprintf("%s/" RUN_NOTES, dir);
	_cleanup_free_ char *json = NULL;

	if (symlink(notes, link) < 0 || write_file(counters, &file->data) < 0)
		fail("--coverage: cannot write to %s: %s", dir, strerror(errno));
	else
		json = run_gcov(counters);
	unlink(counters);
	unlink(link);
	if (!json)
		return RING3_EXIT_SETUP;
	return lcov_add(lcov, json, sources) < 0 ?
	       fail("--coverage: gcov's words on %s are not understood", notes) : 0;
}

static int add_objects(struct lcov *lcov, const struct coverage *coverage,
		       const struct drivers *drivers, const char *dir)
{
	int status = 0;

	for (size_t i = 0; !status && i < coverage->n; i++) {
		const struct coverage_file *file = &coverage->v[i];
		_cleanup_free_ char *notes = notes_of(file->path, drivers);

		if (notes && valid(file, notes))
			status = add_object(lcov, file, notes, dir, &drivers->sources);
	}
	return status;
}

/* Without a run's own directory, which goes with the run however it ends. */
static int add_in_temporary(struct lcov *lcov, const struct coverage *coverage,
			    const struct drivers *drivers)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *dir = xasprintf("%s/ring3-coverage.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	int status;

	if (!mkdtemp(dir))
		return fail("--coverage: cannot make %s: %s; set TMPDIR", dir, strerror(errno));
	status = add_objects(lcov, coverage, drivers, dir);
	rmdir(dir);
	return status;
}

static int print(const struct lcov *lcov, const char *path)
{
	FILE *out = fopen(path, "we");
	int bad = !out;

	if (out) {
		lcov_print(lcov, out);
		bad = ferror(out);
		bad |= fclose(out);
	}
	return bad ? fail("--coverage: cannot write %s: %s", path, strerror(errno)) : 0;
}

int coverage_write(const struct coverage *coverage, const struct drivers *drivers,
		   const char *file, const char *dir)
{
	struct lcov lcov = { 0 };
	int status = dir ? add_objects(&lcov, coverage, drivers, dir) :
			   add_in_temporary(&lcov, coverage, drivers);

	if (!status && coverage->bytes > MAX_BYTES)
		status = fail("--coverage: the hosted kernel sent more than %d MiB of counters",
			      MAX_BYTES >> 20);
	if (!status && !lcov.n)
		status = fail("--coverage: nothing came from the driver; was it loaded, and did CMD "
			      "end before the hosted kernel?");
	if (!status)
		status = print(&lcov, file);
	lcov_free(&lcov);
	return status;
}

void coverage_free(struct coverage *coverage)
{
	for (size_t i = 0; i < coverage->n; i++) {
		free(coverage->v[i].path);
		buffer_free(&coverage->v[i].data);
	}
	free(coverage->v);
}
