// SPDX-License-Identifier: GPL-2.0
/* shim-trace.c - libFuzzer: a trace from anyone, through every output; JSON must be JSON */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/trace.h"
#include "shim/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(int fd, const struct trace_output *output, bool json)
{
	static struct trace_reader reader;
	struct trace trace = { 0 };
	struct json_object *parsed;
	size_t len;
	char *out;

	memset(&reader, 0, sizeof(reader));
	reader.fd = fd;
	reader.name = "t";
	if (lseek(fd, 0, SEEK_SET))
		abort();
	trace.out = open_memstream(&out, &len);
	trace_run(&trace, &reader, output);
	fclose(trace.out);
	parsed = json && len ? json_tokener_parse(out) : NULL;
	if (json && len && !parsed)
		abort();
	json_object_put(parsed);
	trace_free(&trace);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char first[] = "VERSION 20070824\n";
	static int fd = -1, messages = -1, nowhere = -1;

	if (fd < 0) {
		fd = memfd_create("trace", 0);
		/* Each input has its message: they go where nobody reads them. */
		messages = dup(STDERR_FILENO);
		nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		verbosity = -1;
		setenv("RING3_REGISTERS", "tests/fuzz/registers", 1);
	}
	if (ftruncate(fd, 0) || pwrite(fd, first, sizeof(first) - 1, 0) < 0 ||
	    pwrite(fd, data, size, sizeof(first) - 1) < 0)
		return 0;
	dup2(nowhere, STDERR_FILENO);
	run(fd, &trace_summary, false);
	run(fd, &trace_json, true);
	run(fd, &trace_perfetto, true);
	dup2(messages, STDERR_FILENO);
	return 0;
}
