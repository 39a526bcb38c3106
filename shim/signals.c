// SPDX-License-Identifier: GPL-2.0
/* signals.c - the signals of a run */
#include <pthread.h>
#include <stddef.h>

#include "shim/signals.h"
#include "shim/util.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };

void signals_set(sigset_t *set)
{
	struct sigaction old;

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signals[i] != SIGHUP || sigaction(SIGHUP, NULL, &old) ||
		    old.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
	}
}

void signals_block(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signals_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}
