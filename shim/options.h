/* SPDX-License-Identifier: GPL-2.0 */
/* options.h - options of the subcommands */
#ifndef RING3_OPTIONS_H
#define RING3_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "shim/debug.h"
#include "shim/kernel.h"
#include "shim/spec.h"
#include "shim/util.h"

struct run_options {
	struct device_list devices;
	char *device_help;	/* "help" or "BACKEND:help", else NULL */
	struct strv qemu;
	struct strv drivers;
	struct strv rw;		/* absolute host paths */
	struct strv kernel_args;
	char *name;
	enum kernel_flavor flavor;
	bool fatal_reports;
	bool strict;		/* --dma */
	uint64_t mem;		/* bytes */
	uint64_t timeout_ms;	/* 0: none */
	char *view;		/* absolute, NULL: a default place, and not needed */
	char *trace;		/* absolute */
	char *coverage;		/* absolute */
	bool trace_mapped;
	bool hold;
	bool no_sandbox;
	bool dry_run;
	struct debug_options debug;
	char **command;		/* NULL ended, points into argv; empty: a shell */
};

/**
 * options_parse_run() - parse the options of ring3 run
 * @argc: number of arguments, "run" first
 * @argv: the arguments
 * @opts: filled in
 *
 * Return: -1 to go on, else an exit status (after --help or a message).
 */
int options_parse_run(int argc, char **argv, struct run_options *opts);

/**
 * options_parse_debug() - parse the options of ring3 debug: those of run, and gdb's
 *
 * As options_parse_run().
 */
int options_parse_debug(int argc, char **argv, struct run_options *opts);

/**
 * options_parse_gdb() - parse the arguments of ring3 attach: NAME, and gdb's options
 * @argc: number of arguments, "attach" first
 * @argv: the arguments
 * @opts: filled in
 * @name: the instance, NULL: not said
 *
 * Return: -1 to go on, else an exit status.
 */
int options_parse_gdb(int argc, char **argv, struct debug_options *opts, const char **name);

void run_options_free(struct run_options *opts);

/**
 * options_parse() - run argp with one-line errors
 * @argp: the parser; an option with key 'h' prints the help
 * @name: "ring3 run"
 * @argc: number of arguments, the subcommand first
 * @argv: the arguments
 * @input: for the parser
 *
 * Errors of the parser functions are exit statuses.
 *
 * Return: -1 to go on, else an exit status.
 */
int options_parse(const struct argp *argp, const char *name, int argc, char **argv,
		  void *input);

#endif
