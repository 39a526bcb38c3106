// SPDX-License-Identifier: GPL-2.0
/* options-debug.c - options of ring3 debug and ring3 attach: gdb's; see options.h */
#include <errno.h>
#include <string.h>

#include "shim/options-run.h"

enum {
	OPT_EX = OPTIONS_RUN_END,
	OPT_BATCH,
	OPT_TUI,
	OPT_GO_ON,
	OPT_TTY,
	OPT_CD,
	OPT_PRINT_LAUNCH,
};

/*
 * gdb has long options with one dash.  And a front end adds its --tty behind all that it was
 * told to pass on, which may be CMD.
 */
static void spell_gdb(int argc, char **argv)
{
	static const char *const gdb[][2] = {
		{ "-ex", "--ex" }, { "-batch", "--batch" }, { "-tui", "--tui" },
		{ "-command", "--command" }, { "-tty", "--tty" }, { "-cd", "--cd" },
	};
	bool mi = false;

	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		mi |= !strncmp(argv[i], "--interpreter=", 14);
		for (size_t k = 0; k < ARRAY_SIZE(gdb); k++) {
			if (!strcmp(argv[i], gdb[k][0]))
				argv[i] = (char *)gdb[k][1];
		}
	}
	if (mi && !strncmp(argv[argc - 1], "--tty=", 6)) {
		char *last = argv[argc - 1];

		memmove(argv + 2, argv + 1, (argc - 2) * sizeof(*argv));
		argv[1] = last;
	}
}

static error_t parse_gdb(int key, const char *arg, struct debug_options *opts)
{
	switch (key) {
	case OPT_EX:
		strv_add(&opts->words, "-ex");
		strv_add(&opts->words, arg);
		return 0;
	case 'x':
		strv_add(&opts->words, "-x");
		strv_add(&opts->words, arg);
		return 0;
	case OPT_BATCH:
		opts->batch = true;
		return 0;
	case OPT_TUI:
		opts->tui = true;
		return 0;
	case 'i':
		opts->interpreter = *arg == '=' ? arg + 1 : arg;
		return 0;
	case OPT_TTY:
		opts->tty = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_debug(int key, char *arg, struct argp_state *state)
{
	struct run_options *opts = state->input;

	if (!parse_gdb(key, arg, &opts->debug))
		return 0;
	switch (key) {
	case OPT_GO_ON:
		opts->debug.go_on = true;
		return 0;
	case OPT_PRINT_LAUNCH:
		opts->debug.print_launch = true;
		return 0;
	case OPT_CD:
		return chdir(arg) < 0 ? fail("--cd %s: %s", arg, strerror(errno)) : 0;
	}
	return options_run_key(key, arg, state);
}

static const struct argp_option gdb_table[] = {
	{ "ex", OPT_EX, "CMD", 0, "Have gdb execute this command; repeatable (also -ex)", 0 },
	{ "command", 'x', "FILE", 0, "Have gdb execute the commands of this file; repeatable", 0 },
	{ "batch", OPT_BATCH, NULL, 0, "gdb ends after the commands (also -batch)", 0 },
	{ "tui", OPT_TUI, NULL, 0, "gdb shows source and commands in windows", 0 },
	{ "interpreter", 'i', "NAME", 0,
	  "gdb talks to a program, an editor: 'mi' is the language of most (also -i=mi). "
	  "CMD then writes to standard error", 0 },
	{ "tty", OPT_TTY, "TTY", 0, "CMD writes to this terminal (also -tty)", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

#define N_GDB_OPTIONS 6		/* without --help and the end */

int options_parse_debug(int argc, char **argv, struct run_options *opts)
{
	static const struct argp_option more[] = {
		{ "go-on", OPT_GO_ON, NULL, 0, "The run goes on after gdb's end, until CMD ends", 0 },
		{ "cd", OPT_CD, "DIR", 0, "Start in this directory; what follows is seen from there "
		  "(also -cd)", 0 },
		{ "print-launch-json", OPT_PRINT_LAUNCH, NULL, 0,
		  "Print a launch.json with which VS Code starts this, and do nothing", 0 },
	};
	static struct argp_option table[N_GDB_OPTIONS + ARRAY_SIZE(more) + OPTIONS_RUN_MOST];
	static const struct argp argp = {
		table, parse_debug, "[-- CMD ARG...]",
		"Host drivers as 'ring3 run' does, under gdb: from the hosted kernel's first "
		"instruction, with the symbols of every module. Without CMD the run lasts as long as "
		"gdb.", NULL, NULL, NULL,
	};
	static char *wait[] = { "sleep", "infinity", NULL };
	int status;

	memcpy(table, gdb_table, N_GDB_OPTIONS * sizeof(*table));
	memcpy(table + N_GDB_OPTIONS, more, sizeof(more));
	for (size_t i = 0; i < OPTIONS_RUN_MOST - 1 && options_run_table[i].name; i++)
		table[N_GDB_OPTIONS + ARRAY_SIZE(more) + i] = options_run_table[i];
	spell_gdb(argc, argv);
	status = options_parse_and_check(&argp, "ring3 debug", argc, argv, opts);
	opts->debug.on = true;
	if (!opts->command[0])
		opts->command = wait;
	return status;
}

struct attach_input {
	struct debug_options *opts;
	const char **name;
};

static error_t parse_attach(int key, char *arg, struct argp_state *state)
{
	const struct attach_input *input = state->input;

	if (key != ARGP_KEY_ARG)
		return parse_gdb(key, arg, input->opts);
	if (*input->name)
		return fail("'%s' is one name too many; attach to one run", arg);
	*input->name = arg;
	return 0;
}

int options_parse_gdb(int argc, char **argv, struct debug_options *opts, const char **name)
{
	static const struct argp argp = {
		gdb_table, parse_attach, "[NAME]",
		"gdb on the hosted kernel of a running instance, which goes on when gdb detaches or "
		"ends.", NULL, NULL, NULL,
	};
	struct attach_input input = { opts, name };

	*name = NULL;
	spell_gdb(argc, argv);
	return options_parse(&argp, "ring3 attach", argc, argv, &input);
}
