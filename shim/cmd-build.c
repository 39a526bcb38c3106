// SPDX-License-Identifier: GPL-2.0
/* cmd-build.c - ring3 build: an out-of-tree driver for the hosted kernel */
#include <stdio.h>

#include "shim/cmd.h"
#include "shim/kbuild.h"
#include "shim/options.h"
#include "shim/process.h"

static const struct argp_option build_table[] = {
	{ "verbose", 'v', NULL, 0, "Show the commands", 0 },
	{ "quiet", 'q', NULL, 0, "Say nothing on success", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_build(int key, char *arg, struct argp_state *state)
{
	const char **dir = state->input;

	switch (key) {
	case 'v':
		verbosity = 1;
		return 0;
	case 'q':
		verbosity = -1;
		return 0;
	case ARGP_KEY_ARG:
		if (*dir)
			return fail("one directory at a time, not '%s' and '%s'", *dir, arg);
		*dir = arg;
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
	const char *dir = NULL;
	int status = options_parse(&build_argp, "ring3 build", argc, argv, &dir);

	if (status >= 0)
		return status;
	if (!dir)
		return fail("which directory? See 'ring3 build --help'");
	status = process_init();
	if (!status)
		status = kernel_find(&kernel);
	if (!status)
		status = kbuild_run(&kernel, dir, false, &modules);
	for (size_t i = 0; !status && verbosity >= 0 && i < modules.n; i++)
		printf("%s for %s\n", modules.v[i], kernel.version);
	strv_free(&modules);
	kernel_free(&kernel);
	return status;
}
