// SPDX-License-Identifier: GPL-2.0
/* cmd-build.c - ring3 build: an out-of-tree driver for the hosted kernel */
#include <stdio.h>

#include "shim/cmd.h"
#include "shim/kbuild.h"
#include "shim/options.h"
#include "shim/process.h"

struct build_options {
	const char *dir;
	enum kernel_flavor flavor;
};

static const struct argp_option build_table[] = {
	{ "flavor", 'f', "FLAVOR", 0, "Build for this hosted kernel: default or debug", 0 },
	{ "verbose", 'v', NULL, 0, "Show the commands", 0 },
	{ "quiet", 'q', NULL, 0, "Say nothing on success", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_build(int key, char *arg, struct argp_state *state)
{
	struct build_options *opts = state->input;

	switch (key) {
	case 'f':
		return flavor_parse(arg, &opts->flavor);
	case 'v':
		verbosity = 1;
		return 0;
	case 'q':
		verbosity = -1;
		return 0;
	case ARGP_KEY_ARG:
		if (opts->dir)
			return fail("one directory at a time, not '%s' and '%s'", opts->dir, arg);
		opts->dir = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp build_argp = {
	build_table, parse_build, "DIR",
	"Build the kernel modules of DIR, which has a Kbuild, for the hosted kernel.", NULL, NULL,
	NULL,
};

int cmd_build(int argc, char **argv)
{
	struct hosted_kernel kernel = { 0 };
	struct strv modules = { 0 };
	struct build_options opts = { 0 };
	int status = options_parse(&build_argp, "ring3 build", argc, argv, &opts);

	if (status >= 0)
		return status;
	if (!opts.dir)
		return fail("which directory? See 'ring3 build --help'");
	status = process_init();
	if (!status)
		status = kernel_find(&kernel, opts.flavor);
	if (!status)
		status = kbuild_run(&kernel, opts.dir, 0, &modules);
	for (size_t i = 0; !status && verbosity >= 0 && i < modules.n; i++)
		printf("%s for %s\n", modules.v[i], kernel.version);
	strv_free(&modules);
	kernel_free(&kernel);
	return status;
}
