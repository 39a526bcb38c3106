// SPDX-License-Identifier: GPL-2.0
/* main.c - the ring3 command */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "shim/cmd.h"
#include "shim/near.h"
#include "shim/util.h"

#ifndef RING3_VERSION
#error "the Makefile says which version this is"
#endif

static const struct command commands[] = {
	{ "run", "[OPTION...] [-- CMD ARG...]", "host drivers, run CMD inside, exit with its status",
	  cmd_run },
	{ "debug", "[OPTION...] [-- CMD ARG...]", "the same under gdb", cmd_debug },
	{ "attach", "[NAME]", "gdb on a running instance", cmd_attach },
	{ "build", "[OPTION...] DIR", "build an out-of-tree driver for the hosted kernel",
	  cmd_build },
	{ "proxy", "--device SPEC... --listen SOCK", "only the device side", cmd_proxy },
	{ "trace", "[OPTION...] FILE", "summarise or convert a trace of run --trace", cmd_trace },
	{ "ps", "[-j]", "list the running instances", cmd_ps },
	{ "exec", "[NAME] -- CMD [ARG...]", "run another command in a running instance", cmd_exec },
	{ "kill", "NAME...", "end running instances", cmd_kill },
	{ "bar", "read|write|dump DEV BAR [OFFSET [COUNT]] [-w 1|2|4|8]",
	  "read and write registers with exactly one width", cmd_bar },
	{ "bind", "[OPTION...] BDF...", "hand real devices to VFIO", cmd_bind },
	{ "unbind", "[OPTION...] BDF...", "give them back to their drivers", cmd_unbind },
	{ "status", "[-j] [BDF]", "list real devices and who has them", cmd_status },
};

static int usage(void)
{
	printf("Usage: ring3 COMMAND [ARG...]\n"
	       "Host unmodified Linux PCI drivers in a process.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  ring3 %s %s\n        %s\n", commands[i].name, commands[i].usage,
		       commands[i].help);
	printf("\n  --help       print this help; 'ring3 COMMAND --help' says more\n"
	       "  --version    print the version\n");
	return fflush(stdout) ? fail("cannot write the help: %s", strerror(errno)) : 0;
}

static int unknown(const char *name)
{
	struct strv names = { 0 };
	_cleanup_free_ char *hint = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		strv_add(&names, commands[i].name);
	hint = near_names(name, &names);
	strv_free(&names);
	return fail("unknown command '%s'%s See 'ring3 --help'", name, *hint ? hint : ".");
}

/*
 * A closed stdin, stdout or stderr would be replaced by the next file we open.  Reading or
 * writing fails as it did: EBADF.
 */
static void occupy_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Each device and each interrupt vector takes a descriptor. */
static void allow_all_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		info("the limit of open files stays: %s", strerror(errno));
}

/* A front end takes us for gdb and puts its own option in front of those it was told. */
static void front_end_first(int argc, char **argv)
{
	char *word = argv[1];

	if (argc < 3 || strncmp(word, "--interpreter=", 14))
		return;
	argv[1] = argv[2];
	argv[2] = word;
}

int main(int argc, char **argv)
{
	occupy_stdio();
	allow_all_files();
	if (argc < 2)
		return fail("which command? See 'ring3 --help'");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage();
	if (!strcmp(argv[1], "--version")) {
		printf("ring3 %s\n", RING3_VERSION);
		return fflush(stdout) ? RING3_EXIT_SETUP : 0;
	}
	front_end_first(argc, argv);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	}
	return unknown(argv[1]);
}
