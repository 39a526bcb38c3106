/* SPDX-License-Identifier: GPL-2.0 */
/* cmd.h - subcommands: one file cmd-*.c and one row in main.c each */
#ifndef RING3_CMD_H
#define RING3_CMD_H

struct command {
	const char *name;
	const char *usage;	/* what follows the name */
	const char *help;	/* one line */
	int (*main)(int argc, char **argv);	/* argv[0] is the name */
};

int cmd_run(int argc, char **argv);
int cmd_debug(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_proxy(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_ps(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_bar(int argc, char **argv);
int cmd_bind(int argc, char **argv);
int cmd_unbind(int argc, char **argv);
int cmd_status(int argc, char **argv);

#endif
