// SPDX-License-Identifier: GPL-2.0
/* cmd-exec.c - ring3 exec: run another command in a running instance */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shim/cmd.h"
#include "shim/exec-client.h"
#include "shim/options.h"
#include "shim/registry.h"

static const struct argp_option exec_table[] = {
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_exec(int key, char *arg, struct argp_state *state)
{
	const char **name = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (*name)
		return fail("'%s' is one name too many; the command stands behind --: ring3 exec %s "
			    "-- CMD [ARG...]", arg, *name);
	*name = arg;
	return 0;
}

static const struct argp exec_argp = {
	exec_table, parse_exec, "[NAME] -- CMD [ARG...]",
	"Run another command in a running instance, beside its own and with the same files, and "
	"exit with its status. Without NAME it is the only instance there is.", NULL, NULL, NULL,
};

static int say_why(const struct run_entry *run, const char *dir, int err)
{
	if (err == ENOENT)
		fail("run '%s' is not up yet; try again when 'ring3 ps' says running", run->name);
	else if (err == ECONNREFUSED)
		fail("run '%s' is just ending; 'ring3 ps' shows what is there", run->name);
	else
		fail("cannot reach run '%s' at %s/" RUN_EXEC ": %s; is the run your own?", run->name, dir,
		     strerror(err));
	return -1;
}

/* Returns the connection, or -1 after a message. */
static int connect_run(const struct run_entry *run)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *path = NULL;
	struct runtime rt;
	int fd, err;

	if (runtime_open(&rt, false, NULL) < 0)
		return say_why(run, NULL, ECONNREFUSED);
	path = xasprintf("%s/%s", rt.path, run->name);
	runtime_close(&rt);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return say_why(run, path, errno == ENOENT ? ECONNREFUSED : errno);
	/* The path itself may be longer than a socket's can be. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" RUN_EXEC, dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return fd;
	err = errno;
	if (fd >= 0)
		close(fd);
	return say_why(run, path, err);
}

static int execute(const struct run_list *list, const char *name, char **command)
{
	const struct run_entry *run = registry_choose(list, name);
	int fd;

	if (!run && name)
		return registry_unknown(list, name);
	if (!run)
		return list->n ? fail("which run? There are %zu, see 'ring3 ps'", list->n) :
				 fail("no run is there to execute anything in; 'ring3 run' starts one");
	fd = connect_run(run);
	return fd < 0 ? RING3_EXIT_SETUP : exec_client(run->name, fd, command);
}

/* The command begins behind the first --, whatever it looks like. */
static int split(int argc, char **argv, char ***command)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--"))
			continue;
		*command = argv + i + 1;
		return i;
	}
	return argc;
}

int cmd_exec(int argc, char **argv)
{
	char **command = NULL;
	const char *name = NULL;
	struct strv removed = { 0 };
	struct run_list list;
	int status = options_parse(&exec_argp, "ring3 exec", split(argc, argv, &command), argv,
				   &name);

	if (status >= 0)
		return status;
	if (!command || !*command)
		return fail("which command? It stands behind --: ring3 exec %s -- CMD [ARG...]",
			    name ? name : "NAME");
	registry_list(&list, &removed);
	status = execute(&list, name, command);
	registry_free(&list);
	strv_free(&removed);
	return status;
}
