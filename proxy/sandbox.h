/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sandbox.h - what the proxy gives up when its devices are open
 */
#ifndef RING3_PROXY_SANDBOX_H
#define RING3_PROXY_SANDBOX_H

/* What is in use, and needs more than the rest. */
enum sandbox_user {
	SANDBOX_VFIO	= 1 << 0,
	SANDBOX_QEMU	= 1 << 1,
	SANDBOX_VIEW	= 1 << 2,
};

int sandbox_privileges(unsigned int users);
int sandbox_calls(unsigned int users);

#endif
