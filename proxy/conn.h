/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn.h - a client's socket: bytes in, whole messages out, and back
 */
#ifndef RING3_PROXY_CONN_H
#define RING3_PROXY_CONN_H

#include "proxy/device.h"

struct conn;

/* Called when the client has gone or was dropped; the connection is freed after it. */
typedef void (*conn_closed_fn)(struct conn *conn, void *arg);

struct conn *conn_new(int fd, struct device *dev, conn_closed_fn closed, void *arg);
void conn_free(struct conn *conn);

#endif
