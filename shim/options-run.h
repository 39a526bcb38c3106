/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options-run.h - what ring3 run's options share with those of ring3 debug
 */
#ifndef RING3_OPTIONS_RUN_H
#define RING3_OPTIONS_RUN_H

#include "shim/options.h"

/* Keys of ring3 run's options are below, and there are fewer of them. */
#define OPTIONS_RUN_END 512
#define OPTIONS_RUN_MOST 40

extern const struct argp_option options_run_table[];

/**
 * options_run_key() - argp's parser of ring3 run's options
 * @key: of the option
 * @arg: its value
 * @state: its input is a struct run_options
 *
 * Return: 0, ARGP_ERR_UNKNOWN, or an exit status after a message.
 */
error_t options_run_key(int key, char *arg, struct argp_state *state);

/**
 * options_parse_and_check() - parse options into a struct run_options
 * @argp: the parser
 * @name: "ring3 run"
 * @argc: number of arguments, the subcommand first
 * @argv: the arguments
 * @opts: filled in
 *
 * Return: -1 to go on, else an exit status.
 */
int options_parse_and_check(const struct argp *argp, const char *name, int argc, char **argv,
			    struct run_options *opts);

#endif
