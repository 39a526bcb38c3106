/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - what the command line of ring3-proxy says
 */
#ifndef RING3_PROXY_OPTIONS_H
#define RING3_PROXY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/view/view.h"

#define MAX_DEVICES 256
#define MAX_QEMU_ARGS 64
#define MAX_FILES 65536
#define MAX_SHOWN 16
#define EXIT_SETUP 125

struct device_option {
	const char *spec;
	int client_fd;
};

struct options {
	struct device_option devices[MAX_DEVICES];
	size_t nr;
	const char *listen;
	int ram_fd, ready_fd;
	int until;			/* process, 0: none */
	char *qemu_args[MAX_QEMU_ARGS + 1];
	size_t nr_qemu_args;
	const char *view, *trace;
	bool view_optional, trace_mapped, stay, callers, no_sandbox, strict;
	struct view_shown shown[MAX_SHOWN];
	size_t nr_shown;
};

extern struct options options;

void options_parse(int argc, char **argv);

#endif
