// SPDX-License-Identifier: GPL-2.0
/* cmd-proxy.c - ring3 proxy: the device side alone, for any vfio-user client */
#include <errno.h>
#include <string.h>

#include "shim/cmd.h"
#include "shim/kernel.h"
#include "shim/util.h"

int cmd_proxy(int argc, char **argv)
{
	_cleanup_free_ char *proxy = own_file("ring3-proxy");

	if (!proxy)
		return RING3_EXIT_SETUP;
	if (argc < 2)
		return fail("which device? See 'ring3 proxy --help'");
	argv[0] = "ring3-proxy";
	execv(proxy, argv);
	return fail("cannot execute %s: %s", proxy, strerror(errno));
}
