// SPDX-License-Identifier: GPL-2.0
/* debug.c - gdb on the hosted kernel; see debug.h */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>

#include "shim/debug.h"

int debug_check(void)
{
	return program_exists("gdb") ? 0 : fail("gdb is missing: apt-get install gdb");
}

static void add_pair(struct strv *argv, const char *option, const char *value)
{
	strv_add(argv, option);
	strv_add(argv, value);
}

/* @begin is a Python expression that brings gdb to the process. */
static int make_argv(struct strv *argv, const struct debug_options *opts, const char *begin)
{
	_cleanup_free_ char *script = own_file("gdb/ring3.py");

	if (!script)
		return RING3_EXIT_SETUP;
	strv_add(argv, "gdb");
	strv_add(argv, "-q");
	if (opts->batch)
		strv_add(argv, "-batch");
	if (opts->tui)
		strv_add(argv, "-tui");
	if (opts->interpreter) {
		strv_addf(argv, "--interpreter=%s", opts->interpreter);
		/* It cannot be changed later: a front end finds a process. */
		add_pair(argv, "-iex", "set mi-async on");
	}
	/* The hosted kernel's threads are not libc's, and its PID namespace is its own. */
	add_pair(argv, "-iex", "set libthread-db-search-path /nowhere");
	add_pair(argv, "-iex", "set exec-file-mismatch off");
	/* Its mount namespace is, too: the files are the same, and not every user may enter it. */
	add_pair(argv, "-iex", "set sysroot /");
	/* What the hosted kernel holds may be a driver's, and is not executed; its own scripts are read by ours. */
	add_pair(argv, "-iex", "set auto-load python-scripts off");
	add_pair(argv, "-iex", "set auto-load gdb-scripts off");
	add_pair(argv, "-iex", "set auto-load libthread-db off");
	add_pair(argv, "-x", script);
	strv_add(argv, "-ex");
	strv_addf(argv, "python %s", begin);
	for (size_t i = 0; i < opts->words.n; i++)
		strv_add(argv, opts->words.v[i]);
	return 0;
}

static void make_environment(const struct debug_options *opts, const struct debug_places *places)
{
	struct buffer modules = { 0 };

	for (size_t i = 0; places->modules && i < places->modules->n; i++) {
		buffer_add(&modules, places->modules->v[i], strlen(places->modules->v[i]));
		buffer_add(&modules, "\n", 1);
	}
	buffer_add(&modules, "", 1);
	if (opts->go_on)
		setenv("RING3_GDB_GO_ON", "1", 1);
	else
		unsetenv("RING3_GDB_GO_ON");
	setenv("RING3_GDB_KERNEL", places->kernel->dir, 1);
	setenv("RING3_GDB_VIEW", places->view ? places->view : "", 1);
	setenv("RING3_GDB_MODULES", modules.data, 1);
	setenv("RING3_GDB_INTERPRETER", opts->interpreter ? opts->interpreter : "", 1);
	buffer_free(&modules);
}

int debug_output(const struct debug_options *opts, int own)
{
	int fd;

	if (!opts->tty)
		return opts->interpreter ? STDERR_FILENO : own;
	fd = open(opts->tty, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fail("--tty %s: %s", opts->tty, strerror(errno));
	return fd;
}

static struct termios saved;
static bool has_saved;

void debug_restore(void)
{
	if (has_saved)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

/* What gdb leaves when it crashes is for its own developers. */
static int start_without_core(struct child *gdb, char **argv)
{
	struct rlimit old, none;
	int status;

	getrlimit(RLIMIT_CORE, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &none);
	status = process_start(gdb, argv, NULL, 0, false);
	setrlimit(RLIMIT_CORE, &old);
	return status;
}

int debug_start(struct child *gdb, const struct debug_options *opts,
		const struct debug_places *places, pid_t kernel)
{
	_cleanup_free_ char *begin = xasprintf("ring3_begin.new(%d)", kernel);
	struct strv argv = { 0 };
	int status = make_argv(&argv, opts, begin);

	make_environment(opts, places);
	has_saved = !tcgetattr(STDIN_FILENO, &saved);
	if (!status)
		status = start_without_core(gdb, argv.v);
	strv_free(&argv);
	return status;
}

int debug_attach(const struct debug_options *opts, const struct debug_places *places,
		 pid_t kernel)
{
	_cleanup_free_ char *begin = xasprintf("ring3_begin.running(%d)", kernel);
	struct strv argv = { 0 };
	int status = make_argv(&argv, opts, begin);

	make_environment(opts, places);
	if (!status) {
		execvp(argv.v[0], argv.v);
		status = fail("cannot execute gdb: %s", strerror(errno));
	}
	strv_free(&argv);
	return status;
}
