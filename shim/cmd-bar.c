// SPDX-License-Identifier: GPL-2.0
/* cmd-bar.c - ring3 bar: read and write registers with exactly one width */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shim/bar.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/size.h"

#define DUMP_BYTES 256		/* without COUNT */
#define LINE_BYTES 16		/* of bar_print()'s table */
#define DEFAULT_WIDTH 4
#define PIECE 4096		/* values read before they are printed */

enum { OPT_RAW = 256, OPT_VALUE };

struct bar_options {
	struct strv args;	/* ACTION DEV BAR ... */
	struct strv values;
	const char *run;
	unsigned int width;
	bool raw;
	bool json;
};

static const struct argp_option bar_table[] = {
	{ "width", 'w', "BYTES", 0, "Width of each access: 1, 2, 4 or 8 (4)", 0 },
	{ "name", 'n', "NAME", 0, "The instance, where several have such a device", 0 },
	{ "value", OPT_VALUE, "VALUE", 0, "write: this value, COUNT times", 0 },
	{ "raw", OPT_RAW, NULL, 0,
	  "Bytes instead of numbers, least significant first: on standard output, or for write "
	  "from standard input", 0 },
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_bar(int key, char *arg, struct argp_state *state)
{
	struct bar_options *opts = state->input;

	switch (key) {
	case 'w':
		return bar_parse_width(arg, &opts->width);
	case 'n':
		opts->run = arg;
		return 0;
	case OPT_VALUE:
		if (opts->values.n)
			return fail("--value is given twice; use 'write DEV BAR OFFSET VALUE VALUE...'");
		strv_add(&opts->values, arg);
		return 0;
	case OPT_RAW:
		opts->raw = true;
		return 0;
	case 'j':
		opts->json = true;
		return 0;
	case ARGP_KEY_ARG:
		strv_add(&opts->args, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp bar_argp = {
	bar_table, parse_bar,
	"read DEV BAR [OFFSET [COUNT]]\n"
	"dump DEV BAR [OFFSET [COUNT]]\n"
	"write DEV BAR OFFSET VALUE...",
	"Read and write the registers of a device, each access of exactly one width."
	"\vDEV is a device of a running instance, 0000:00:01.0, 1.0 or NAME/1.0; or one that nobody "
	"drives, given as to 'ring3 run': testdev, qemu:edu. BAR is 0 to 5 or rom. OFFSET is in "
	"bytes, or a register's name (see ring3-registers(5)); COUNT is in accesses: read makes one, "
	"dump goes on for 256 bytes. "
	"Reading a register may change the device.",
	NULL, NULL, NULL,
};

/* A number, or the name of a register. */
static int resolve_offset(struct bar_device *dev, const char *text, struct bar_range *range)
{
	if (!parse_number(text, &range->offset))
		return 0;
	if (*text >= '0' && *text <= '9')
		return fail("OFFSET '%s' is not a number: use bytes, like 16 or 0x10", text);
	return bar_find_name(dev, text, range);
}

static int resolve_count(const char *text, uint64_t *count)
{
	if (!parse_number(text, count))
		return 0;
	return fail("COUNT '%s' is not a number", text);
}

static unsigned int width_of(const struct bar_range *range)
{
	return range->width ? range->width : DEFAULT_WIDTH;
}

/* OFFSET and COUNT as far as they are given. */
static int parse_range(struct bar_device *dev, const struct bar_options *opts,
		       struct bar_range *range)
{
	const struct strv *args = &opts->args;
	int status = 0;

	if (args->n > 3)
		status = resolve_offset(dev, args->v[3], range);
	if (!status && args->n > 4)
		status = resolve_count(args->v[4], &range->count);
	range->width = width_of(range);
	if (!status && args->n > 5)
		status = fail("'%s' is one word too many; see 'ring3 bar --help'", args->v[5]);
	return status;
}

/* A piece that is read and then printed, up to the end of a line of the table. */
static uint64_t piece_of(const struct bar_range *range, enum bar_format format)
{
	uint64_t n = PIECE - range->offset % LINE_BYTES / range->width;

	return format == BAR_JSON || n > range->count ? range->count : n;
}

static int read_piece(struct bar_device *dev, struct bar_range piece, uint64_t *values,
		      enum bar_format format)
{
	uint64_t done = 0;
	int err = 0, status = 0;

	while (done < piece.count && !err) {
		err = dev->ops->read(dev, piece.bar, piece.offset + done * piece.width, piece.width,
				     &values[done]);
		done += !err;
	}
	piece.count = done;
	if (done == 1 && piece.reg && format == BAR_LINES)
		bar_print_register(&piece, values[0]);
	else if (done)
		status = bar_print(dev, &piece, values, format);
	return err ? bar_failed(dev, &piece, piece.offset + done * piece.width, false, err) : status;
}

static int do_read(struct bar_device *dev, const struct bar_options *opts,
		   struct bar_range *range, enum bar_format format)
{
	_cleanup_free_ uint64_t *values = NULL;
	int status;

	format = opts->raw ? BAR_RAW : opts->json ? BAR_JSON : format;
	if (opts->values.n)
		return fail("--value is for write");
	if (opts->raw && isatty(STDOUT_FILENO))
		return fail("--raw writes bytes that a terminal does not show; redirect standard "
			    "output");
	status = parse_range(dev, opts, range);
	if (!status)
		status = bar_check(dev, range);
	if (status)
		return status;
	values = xrealloc(NULL, (format == BAR_JSON ? range->count : PIECE) * sizeof(*values));
	while (!status && range->count) {
		struct bar_range piece = *range;

		piece.count = piece_of(range, format);
		status = read_piece(dev, piece, values, format);
		range->offset += piece.count * range->width;
		range->count -= piece.count;
	}
	return status;
}

static int cmd_read(struct bar_device *dev, const struct bar_options *opts,
		    struct bar_range *range)
{
	range->count = 1;
	return do_read(dev, opts, range, BAR_LINES);
}

static int cmd_dump(struct bar_device *dev, const struct bar_options *opts,
		    struct bar_range *range)
{
	uint64_t rest = dev->space[range->bar].size;

	if (opts->args.n > 3 && resolve_offset(dev, opts->args.v[3], range))
		return RING3_EXIT_SETUP;
	rest = range->offset < rest ? rest - range->offset : DUMP_BYTES;
	range->count = (rest < DUMP_BYTES ? rest : DUMP_BYTES) / width_of(range);
	return do_read(dev, opts, range, BAR_TABLE);
}

/* Whole values from standard input, no more than the BAR can take. */
static int raw_values(const struct bar_device *dev, const struct bar_range *range,
		      struct buffer *values)
{
	struct buffer bytes = { 0 };
	char chunk[4096];
	ssize_t n = 0;

	if (isatty(STDIN_FILENO))
		return fail("--raw reads bytes from standard input; redirect it");
	while (bytes.len <= dev->space[range->bar].size &&
	       (n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		buffer_add(&bytes, chunk, n);
	if (n < 0 || bytes.len % range->width || !bytes.len) {
		size_t len = bytes.len;

		buffer_free(&bytes);
		return n < 0 ? fail("cannot read standard input: %s", strerror(errno)) :
			       fail("standard input has %zu bytes: not one or more values of %u",
				    len, range->width);
	}
	for (size_t at = 0; at < bytes.len; at += range->width) {
		uint64_t value = 0;

		memcpy(&value, bytes.data + at, range->width);
		buffer_add(values, &value, sizeof(value));
	}
	buffer_free(&bytes);
	return 0;
}

static int word_values(const struct bar_options *opts, const struct bar_range *range,
		       struct buffer *values)
{
	uint64_t value;
	int status = 0;

	for (size_t i = 4; !status && i < opts->args.n; i++) {
		status = bar_parse_value(opts->args.v[i], range->width, &value);
		buffer_add(values, &value, sizeof(value));
	}
	if (!status && !values->len)
		status = fail("which value? Use 'ring3 bar write DEV BAR OFFSET VALUE...'");
	return status;
}

/* The value of --value is one, and COUNT says how often. */
static int repeated_value(struct bar_device *dev, const struct bar_options *opts,
			  struct bar_range *range, struct buffer *values)
{
	uint64_t value;
	int status = parse_range(dev, opts, range);

	if (!status)
		status = bar_parse_value(opts->values.v[0], range->width, &value);
	if (!status)
		buffer_add(values, &value, sizeof(value));
	return status;
}

static int collect_values(struct bar_device *dev, const struct bar_options *opts,
			  struct bar_range *range, struct buffer *values)
{
	int status;

	range->count = 1;
	if (opts->values.n)
		return repeated_value(dev, opts, range, values);
	if (opts->raw && opts->args.n > 4)
		return fail("--raw takes the values from standard input: leave '%s' out",
			    opts->args.v[4]);
	status = resolve_offset(dev, opts->args.v[3], range);
	range->width = width_of(range);
	if (!status)
		status = opts->raw ? raw_values(dev, range, values) :
				     word_values(opts, range, values);
	range->count = values->len / sizeof(uint64_t);
	return status;
}

/* Nothing is written before all has been found good. */
static int cmd_write(struct bar_device *dev, const struct bar_options *opts,
		     struct bar_range *range)
{
	struct buffer bytes = { 0 };
	int status, err = 0;
	uint64_t i = 0;

	if (opts->args.n < 4)
		return fail("where to? Use 'ring3 bar write DEV BAR OFFSET VALUE...'");
	if (opts->values.n && opts->raw)
		return fail("--raw and --value are two ways to give values; use one");
	if (opts->json)
		return fail("write prints nothing: leave --json out");
	if (range->bar == BAR_ROM)
		return fail("the ROM cannot be written");
	status = collect_values(dev, opts, range, &bytes);
	if (!status)
		status = bar_check(dev, range);
	for (; !status && !err && i < range->count; i += !err) {
		const uint64_t *values = (const uint64_t *)(const void *)bytes.data;

		err = dev->ops->write(dev, range->bar, range->offset + i * range->width,
				      range->width, values[opts->values.n ? 0 : i]);
	}
	if (err)
		status = bar_failed(dev, range, range->offset + i * range->width, true, err);
	buffer_free(&bytes);
	return status;
}

static const struct {
	const char *name;
	int (*run)(struct bar_device *dev, const struct bar_options *opts, struct bar_range *range);
} actions[] = {
	{ "read", cmd_read },
	{ "write", cmd_write },
	{ "dump", cmd_dump },
};

static int find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!strcmp(actions[i].name, name))
			return i;
	}
	return -1;
}

static int run_action(const struct bar_options *opts)
{
	const char *const *args = (const char *const *)opts->args.v;
	struct bar_range range = { .width = opts->width };
	struct bar_device dev = { 0 };
	int action, status;

	if (!opts->args.n)
		return fail("read, write or dump? See 'ring3 bar --help'");
	action = find_action(args[0]);
	if (action < 0)
		return fail("'%s' is none of read, write and dump; see 'ring3 bar --help'", args[0]);
	if (opts->args.n < 3)
		return fail("which %s? Use 'ring3 bar %s DEV BAR'", opts->args.n < 2 ? "device" : "BAR",
			    args[0]);
	status = bar_parse_name(args[2], &range.bar);
	if (!status)
		status = bar_open(&dev, args[1], opts->run);
	if (!status)
		status = bar_check_space(&dev, range.bar);
	if (!status)
		status = actions[action].run(&dev, opts, &range);
	bar_close(&dev);
	return status;
}

int cmd_bar(int argc, char **argv)
{
	struct bar_options opts = { 0 };
	int status = options_parse(&bar_argp, "ring3 bar", argc, argv, &opts);

	if (status < 0)
		status = run_action(&opts);
	strv_free(&opts.args);
	strv_free(&opts.values);
	return status;
}
