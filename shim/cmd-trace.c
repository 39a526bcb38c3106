// SPDX-License-Identifier: GPL-2.0
/* cmd-trace.c - ring3 trace: convert what ring3 run --trace wrote */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/trace.h"

struct trace_options {
	const char *file, *out;
	const struct trace_output *output;
};

static const struct argp_option trace_table[] = {
	{ "json", 'j', NULL, 0, "One JSON document, an event a line", 0 },
	{ "perfetto", 'p', NULL, 0, "A file for ui.perfetto.dev", 0 },
	{ "output", 'o', "OUT", 0, "Write to OUT, not to standard output", 0 },
	{ "quiet", 'q', NULL, 0, "No warnings", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static int set_output(struct trace_options *opts, const struct trace_output *output)
{
	if (opts->output != &trace_summary && opts->output != output)
		return fail("--json or --perfetto, not both");
	opts->output = output;
	return 0;
}

static error_t parse_trace(int key, char *arg, struct argp_state *state)
{
	struct trace_options *opts = state->input;

	switch (key) {
	case 'j':
		return set_output(opts, &trace_json);
	case 'p':
		return set_output(opts, &trace_perfetto);
	case 'o':
		opts->out = arg;
		return 0;
	case 'q':
		verbosity = -1;
		return 0;
	case ARGP_KEY_ARG:
		if (opts->file)
			return fail("one trace at a time, not '%s' and '%s'", opts->file, arg);
		opts->file = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp trace_argp = {
	trace_table, parse_trace, "FILE",
	"Convert a trace that ring3 run wrote; '-' is standard input. "
	"Without an option: a summary for each device.", NULL, NULL, NULL,
};

static int open_input(const char *file, struct trace_reader *reader)
{
	bool is_stdin = !strcmp(file, "-");

	reader->name = is_stdin ? "standard input" : file;
	reader->fd = is_stdin ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		return fail("cannot open the trace %s: %s", file, strerror(errno));
	return 0;
}

static int open_output(const char *file, int input, FILE **out)
{
	struct stat in, old;

	*out = stdout;
	if (!file)
		return 0;
	if (!fstat(input, &in) && S_ISREG(in.st_mode) && !stat(file, &old) &&
	    in.st_dev == old.st_dev && in.st_ino == old.st_ino)
		return fail("-o %s is the trace itself: name another file", file);
	*out = fopen(file, "we");
	return *out ? 0 : fail("cannot write %s: %s", file, strerror(errno));
}

static int convert(const struct trace_options *opts, struct trace_reader *reader)
{
	struct trace trace = { 0 };
	int status = open_input(opts->file, reader);

	if (!status)
		status = open_output(opts->out, reader->fd, &trace.out);
	if (!status)
		status = trace_run(&trace, reader, opts->output);
	if (trace.out && trace.out != stdout && fclose(trace.out) && !status)
		status = fail("cannot write %s: %s", opts->out, strerror(errno));
	if (reader->fd > STDERR_FILENO)
		close(reader->fd);
	trace_free(&trace);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	struct trace_options opts = { .output = &trace_summary };
	int status = options_parse(&trace_argp, "ring3 trace", argc, argv, &opts);
	struct trace_reader *reader;

	if (status >= 0)
		return status;
	if (!opts.file)
		return fail("which trace? See 'ring3 trace --help'");
	/* Who reads our output has had enough: end, even where the caller ignores it. */
	signal(SIGPIPE, SIG_DFL);
	reader = xrealloc(NULL, sizeof(*reader));
	memset(reader, 0, sizeof(*reader));
	status = convert(&opts, reader);
	free(reader);
	return status;
}
