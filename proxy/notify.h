/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify.h - signal a file descriptor that belongs to an untrusted client
 */
#ifndef RING3_PROXY_NOTIFY_H
#define RING3_PROXY_NOTIFY_H

#include <stdbool.h>

enum notify_kind {
	NOTIFY_NONE,		/* nobody listens */
	NOTIFY_EVENTFD,
	NOTIFY_SOCKET,
};

struct notify {
	int fd;
	enum notify_kind kind;
};


int notify_set(struct notify *n, int fd);
void notify_clear(struct notify *n);
void notify_signal(struct notify *n);

static inline bool notify_armed(const struct notify *n)
{
	return n->kind != NOTIFY_NONE;
}

#endif
