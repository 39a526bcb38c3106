// SPDX-License-Identifier: GPL-2.0
/* options.c - options of ring3 run; see options.h */
#include <errno.h>
#include <string.h>

#include "shim/options-run.h"
#include "shim/size.h"
#include "shim/view.h"

enum {
	OPT_DEVICE = 256,
	OPT_DRIVER,
	OPT_QEMU,
	OPT_NAME,
	OPT_MEM,
	OPT_KERNEL_ARGS,
	OPT_TIMEOUT,
	OPT_RW,
	OPT_VIEW,
	OPT_TRACE,
	OPT_TRACE_MAPPED,
	OPT_COVERAGE,
	OPT_DMA,
	OPT_HOLD,
	OPT_FLAVOR,
	OPT_FATAL_REPORTS,
	OPT_NO_SANDBOX,
	OPT_DRY_RUN,
};

const struct argp_option options_run_table[] = {
	{ "device", OPT_DEVICE, "SPEC", 0,
	  "Host this device: qemu:MODEL[,prop=value...]; repeatable. "
	  "'help' and 'qemu:help' list what there is", 0 },
	{ "qemu", OPT_QEMU, "ARGS", 0, "Raw arguments for QEMU; repeatable", 0 },
	{ "driver", OPT_DRIVER, "DRIVER", 0,
	  "Load this driver: a module's name, the path of a .ko, or a directory with a Kbuild "
	  "(built on the fly); 'DRIVER param=value' sets parameters; repeatable. "
	  "Devices that none of them is for, and all without this option, get their modules "
	  "by alias, like udev does", 0 },
	{ "flavor", OPT_FLAVOR, "FLAVOR", 0,
	  "The hosted kernel: default, or debug, which looks for mistakes of the driver (KASAN, lockdep, "
	  "DMA API, kmemleak and others) and is slower", 0 },
	{ "fatal-reports", OPT_FATAL_REPORTS, NULL, 0,
	  "End the run with status 255 when the hosted kernel reports a mistake of the driver", 0 },
	{ "name", OPT_NAME, "NAME", 0, "Name of this instance", 0 },
	{ "mem", OPT_MEM, "SIZE", 0, "Memory of the hosted kernel, 64M to 1G (256M; 512M with --flavor debug)", 0 },
	{ "kernel-args", OPT_KERNEL_ARGS, "ARGS", 0,
	  "Words for the hosted kernel's command line; repeatable", 0 },
	{ "timeout", OPT_TIMEOUT, "SECONDS", 0, "End the run after so long, with status 124", 0 },
	{ "rw", OPT_RW, "PATH", 0, "Make this path of the host writable inside; repeatable", 0 },
	{ "view", OPT_VIEW, "DIR", 0,
	  "Mount the view of devices, driver and hosted kernel on this empty directory "
	  "(default: one of the run's own, shown by 'ring3 ps')", 0 },
	{ "trace", OPT_TRACE, "FILE", 0,
	  "Write the trace of register, config, interrupt and DMA accesses", 0 },
	{ "trace-mapped", OPT_TRACE_MAPPED, NULL, 0,
	  "Map no register into the driver, so that every access is traced; slower", 0 },
	{ "dma", OPT_DMA, "MODE", 0,
	  "What devices reach: static, all memory of the hosted kernel (default), or strict, what the driver has "
	  "mapped for them at that moment; the rest is stopped and reported", 0 },
	{ "coverage", OPT_COVERAGE, "FILE", 0,
	  "Build the named drivers so that they count what they execute, and write that after "
	  "CMD's end, for lcov", 0 },
	{ "hold", OPT_HOLD, NULL, 0,
	  "After CMD's end or a crash keep the devices and the view until Enter on the terminal, "
	  "SIGINT, SIGTERM or 'ring3 kill'", 0 },
	{ "no-sandbox", OPT_NO_SANDBOX, NULL, 0,
	  "Let the driver process do all that you may do; for drivers you trust", 0 },
	{ "dry-run", OPT_DRY_RUN, NULL, 0, "Print the commands instead of running them", 0 },
	{ "verbose", 'v', NULL, 0, "Show the hosted kernel's log on stderr", 0 },
	{ "quiet", 'q', NULL, 0, "No warnings", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static int add_device(struct run_options *opts, const char *arg)
{
	if (!spec_is_help(arg))
		return device_list_add(&opts->devices, arg);
	free(opts->device_help);
	opts->device_help = xstrdup(arg);
	return 0;
}

static int add_words(struct strv *list, const char *arg)
{
	_cleanup_free_ char *copy = xstrdup(arg);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " \t\n"))) {
		if (*word)
			strv_add(list, word);
	}
	return 0;
}

static int set_mem(struct run_options *opts, const char *arg)
{
	if (parse_size(arg, &opts->mem) < 0)
		return fail("--mem '%s' is not a size; use a number and K, M or G, like 256M", arg);
	if (opts->mem < RING3_MEM_MIN || opts->mem > RING3_MEM_MAX)
		return fail("--mem %s is out of range; use 64M to 1G", arg);
	if (opts->mem % (1 << 20))
		return fail("--mem %s is not a multiple of 1M; round it up", arg);
	return 0;
}

static int set_name(struct run_options *opts, const char *arg)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-";
	size_t len = strlen(arg);

	if (!len || len > 63 || *arg == '.' || *arg == '-' || strspn(arg, good) != len)
		return fail("--name '%s' is no name; use up to 63 letters, digits, '_', '.' and "
			    "'-', a letter or digit first", arg);
	free(opts->name);
	opts->name = xstrdup(arg);
	return 0;
}

static int set_timeout(struct run_options *opts, const char *arg)
{
	if (parse_seconds(arg, &opts->timeout_ms) < 0)
		return fail("--timeout '%s' is not a number of seconds above 0, like 30 or 0.5", arg);
	return 0;
}

/* The parts of the tree that the hosted system has of its own. */
static bool is_own_tree(const char *path)
{
	static const char *const own[] = { "/proc", "/sys", "/dev" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		size_t n = strlen(own[i]);

		if (!strncmp(path, own[i], n) && (!path[n] || path[n] == '/') &&
		    strncmp(path, "/dev/shm/", 9))
			return true;
	}
	return !strcmp(path, "/");
}

static int set_dma(struct run_options *opts, const char *arg)
{
	opts->strict = !strcmp(arg, "strict");
	if (opts->strict || !strcmp(arg, "static"))
		return 0;
	return fail("--dma '%s' is none; there are static and strict", arg);
}

static int add_rw(struct run_options *opts, const char *arg)
{
	_cleanup_free_ char *path = realpath(arg, NULL);

	if (!path)
		return fail("--rw %s: %s; name an existing file or directory", arg,
			    strerror(errno));
	if (is_own_tree(path))
		return fail("--rw %s: the hosted system has its own %s; name a directory "
			    "elsewhere", arg, path);
	strv_add(&opts->rw, path);
	return 0;
}

static int add_driver(struct run_options *opts, const char *arg)
{
	if (!arg[strspn(arg, " \t")])
		return fail("--driver needs a module's name, the path of a .ko or a directory");
	strv_add(&opts->drivers, arg);
	return 0;
}

error_t options_run_key(int key, char *arg, struct argp_state *state)
{
	struct run_options *opts = state->input;

	switch (key) {
	case OPT_DEVICE:
		return add_device(opts, arg);
	case OPT_DRIVER:
		return add_driver(opts, arg);
	case OPT_QEMU:
		strv_add(&opts->qemu, arg);
		return 0;
	case OPT_NAME:
		return set_name(opts, arg);
	case OPT_MEM:
		return set_mem(opts, arg);
	case OPT_KERNEL_ARGS:
		return add_words(&opts->kernel_args, arg);
	case OPT_TIMEOUT:
		return set_timeout(opts, arg);
	case OPT_RW:
		return add_rw(opts, arg);
	case OPT_VIEW:
		return view_check(arg, &opts->view);
	case OPT_TRACE:
		return file_check("--trace", arg, &opts->trace);
	case OPT_COVERAGE:
		return file_check("--coverage", arg, &opts->coverage);
	case OPT_TRACE_MAPPED:
		opts->trace_mapped = true;
		return 0;
	case OPT_DMA:
		return set_dma(opts, arg);
	case OPT_FLAVOR:
		return flavor_parse(arg, &opts->flavor);
	case OPT_FATAL_REPORTS:
		opts->fatal_reports = true;
		return 0;
	case OPT_HOLD:
		opts->hold = true;
		return 0;
	case OPT_NO_SANDBOX:
		opts->no_sandbox = true;
		return 0;
	case OPT_DRY_RUN:
		opts->dry_run = true;
		return 0;
	case 'v':
		verbosity = 1;
		return 0;
	case 'q':
		verbosity = -1;
		return 0;
	case ARGP_KEY_ARG:
		opts->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp run_argp = {
	options_run_table, options_run_key, "[-- CMD ARG...]",
	"Host drivers for the given devices, run CMD inside and exit with its status. "
	"Without CMD: an interactive shell.\v"
	"Exit status: CMD's own; 255 the hosted kernel crashed; 125 ring3 could not set up; "
	"126, 127 CMD not runnable, not found; 124 --timeout.",
	NULL, NULL, NULL,
};

/* The proxy's work: without a device there is none. */
static int check_device_options(const struct run_options *opts)
{
	const char *option = opts->view	       ? "--view" :
			     opts->trace       ? "--trace" :
			     opts->trace_mapped ? "--trace-mapped" :
			     opts->hold	       ? "--hold" : NULL;

	if (opts->coverage && !opts->drivers.n)
		return fail("--coverage of what? Name the driver with --driver");
	if (!option || opts->devices.n)
		return 0;
	return fail("%s is about devices, and there is none; add --device SPEC", option);
}

int options_parse_and_check(const struct argp *argp, const char *name, int argc, char **argv,
			    struct run_options *opts)
{
	static char *no_command[] = { NULL };
	int status;

	*opts = (struct run_options){ .command = no_command };
	status = options_parse(argp, name, argc, argv, opts);
	if (!opts->mem)
		opts->mem = opts->flavor == FLAVOR_DEBUG ? RING3_MEM_DEBUG : RING3_MEM_DEFAULT;
	if (status >= 0 || opts->device_help)
		return status;
	status = device_list_place(&opts->devices);
	if (!status)
		status = check_device_options(opts);
	return status ? status : -1;
}

int options_parse_run(int argc, char **argv, struct run_options *opts)
{
	return options_parse_and_check(&run_argp, "ring3 run", argc, argv, opts);
}

void run_options_free(struct run_options *opts)
{
	device_list_free(&opts->devices);
	strv_free(&opts->qemu);
	strv_free(&opts->drivers);
	strv_free(&opts->rw);
	strv_free(&opts->kernel_args);
	strv_free(&opts->debug.words);
	free(opts->device_help);
	free(opts->view);
	free(opts->trace);
	free(opts->coverage);
	free(opts->name);
}
