// SPDX-License-Identifier: GPL-2.0
/* shim-options.c - unit tests of the options of ring3 run */
#include "tests/unit/shim-test.h"

#include <string.h>

#include "shim/options.h"

/* Parse "run" and words up to NULL. */
static int parse(struct run_options *opts, ...)
{
	static char words[32][64];
	static char *argv[33];
	const char *word;
	va_list args;
	int argc = 1;

	argv[0] = "run";
	va_start(args, opts);
	while ((word = va_arg(args, const char *))) {
		assert_true(argc < 32 && strlen(word) < sizeof(words[0]));
		argv[argc] = strcpy(words[argc], word);
		argc++;
	}
	va_end(args);
	argv[argc] = NULL;
	verbosity = 0;
	return options_parse_run(argc, argv, opts);
}

static void defaults(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, NULL), -1);
	assert_true(opts.mem == 256ULL << 20);
	assert_true(opts.timeout_ms == 0);
	assert_int_equal(opts.devices.n, 0);
	assert_null(opts.command[0]);
	assert_null(opts.name);
	run_options_free(&opts);
}

static void flavors(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, "--flavor", "default", NULL), -1);
	assert_int_equal(opts.flavor, FLAVOR_DEFAULT);
	assert_false(opts.fatal_reports);
	assert_true(opts.mem == 256ULL << 20);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--flavor", "debug", "--fatal-reports", NULL), -1);
	assert_int_equal(opts.flavor, FLAVOR_DEBUG);
	assert_true(opts.fatal_reports);
	assert_true(opts.mem == 512ULL << 20);
	run_options_free(&opts);
	/* Whatever the order. */
	assert_int_equal(parse(&opts, "--mem", "128M", "--flavor", "debug", NULL), -1);
	assert_true(opts.mem == 128ULL << 20);
	run_options_free(&opts);
}

static void for_the_proxy(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, "--device", "testdev", "--trace", "/tmp/../tmp/t.bin",
			       "--trace-mapped", "--hold", NULL), -1);
	assert_string_equal(opts.trace, "/tmp/t.bin");
	assert_true(opts.trace_mapped && opts.hold);
	assert_null(opts.view);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--hold", NULL), RING3_EXIT_SETUP);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--device", "testdev", "--trace", "/no/such/place", NULL),
			 RING3_EXIT_SETUP);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--device", "testdev", "--view", "/no/such/place", NULL),
			 RING3_EXIT_SETUP);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--device", "testdev", "--view", "/proc", NULL),
			 RING3_EXIT_SETUP);
	run_options_free(&opts);
}

static void everything(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, "--device", "qemu:e1000e", "--device=qemu:nvme,addr=5.0",
			       "--driver", "e1000e IntMode=0", "--mem=64M", "--timeout", "1.5",
			       "--name", "lab-1", "-v", "--kernel-args", "a=1  b", "--", "ls", "-v",
			       NULL), -1);
	assert_int_equal(opts.devices.n, 2);
	assert_int_equal(opts.devices.v[0].at.slot, 1);
	assert_int_equal(opts.devices.v[1].at.slot, 5);
	assert_string_equal(opts.drivers.v[0], "e1000e IntMode=0");
	assert_true(opts.mem == 64ULL << 20);
	assert_true(opts.timeout_ms == 1500);
	assert_string_equal(opts.name, "lab-1");
	assert_int_equal(verbosity, 1);
	assert_int_equal(opts.kernel_args.n, 2);
	assert_string_equal(opts.kernel_args.v[1], "b");
	assert_string_equal(opts.command[0], "ls");
	assert_string_equal(opts.command[1], "-v");
	assert_null(opts.command[2]);
	run_options_free(&opts);
}

static void command_without_dashes(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, "-q", "ls", "--mem", "x", NULL), -1);
	assert_int_equal(verbosity, -1);
	assert_string_equal(opts.command[0], "ls");
	assert_string_equal(opts.command[2], "x");
	run_options_free(&opts);
}

static void rejects(void **state)
{
	static const char *const rows[][2] = {
		{ "--mem", "63M" },	   { "--mem", "2G" },	       { "--mem", "" },
		{ "--mem", "1048577" },	   { "--mem", "67108865" },    { "--timeout", "0" },
		{ "--timeout", "never" },  { "--name", "" },	       { "--name", "a/b" },
		{ "--name", "-a" },	   { "--rw", "/no/such" },     { "--rw", "/" },
		{ "--rw", "/proc/self" },  { "--driver", " " },	       { "--device", "" },
		{ "--device", "a,addr=x" }, { "--no-such-option", "" }, { "-x", "" },
		{ "--flavor", "" },	   { "--flavor", "debu" },
	};
	struct run_options opts;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(parse(&opts, rows[i][0], rows[i][1], NULL), RING3_EXIT_SETUP);
		run_options_free(&opts);
	}
	assert_int_equal(parse(&opts, "--device", NULL), RING3_EXIT_SETUP);
	run_options_free(&opts);
	assert_int_equal(parse(&opts, "--dry-run=1", NULL), RING3_EXIT_SETUP);
	run_options_free(&opts);
}

static void device_help(void **state)
{
	struct run_options opts;

	(void)state;
	assert_int_equal(parse(&opts, "--device", "qemu:help", NULL), -1);
	assert_string_equal(opts.device_help, "qemu:help");
	run_options_free(&opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(flavors),
		cmocka_unit_test(for_the_proxy),
		cmocka_unit_test(everything),
		cmocka_unit_test(command_without_dashes),
		cmocka_unit_test(rejects),
		cmocka_unit_test(device_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
