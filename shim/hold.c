// SPDX-License-Identifier: GPL-2.0
/* hold.c - --hold; see hold.h */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "shim/hold.h"

/*
 * A thread may still be in a read() of the terminal for CMD: it ends with the next line,
 * which nobody takes any more.  If it has ended, we read.
 */
static int input(const struct run *run)
{
	struct pollfd relay = { .fd = run->stdin_done, .events = POLLIN };

	if (!isatty(STDIN_FILENO) || tcgetpgrp(STDIN_FILENO) != getpgrp())
		return -1;
	return run->stdin_relay.running && poll(&relay, 1, 0) == 0 ? relay.fd : STDIN_FILENO;
}

int hold_begin(struct run *run)
{
	const struct instance *inst = &run->instance;
	int fd = input(run);

	say("%s has ended and its devices are held; the view is %s%s; end it with %s'ring3 kill %s'",
	    inst->name, inst->view ? "at " : "nowhere", inst->view ? inst->view : "",
	    fd < 0 ? "SIGTERM or " : "Enter, Ctrl-C or ", inst->name);
	instance_held(&run->instance);
	return fd;
}

bool hold_typed(int fd)
{
	char line[256];
	ssize_t n;

	if (fd != STDIN_FILENO)
		return true;
	n = read(fd, line, sizeof(line));
	return n >= 0 || (errno != EINTR && errno != EAGAIN);
}
