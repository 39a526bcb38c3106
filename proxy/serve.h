/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serve.h - which client gets which device
 */
#ifndef RING3_PROXY_SERVE_H
#define RING3_PROXY_SERVE_H

#include "proxy/device.h"

int serve_client(struct device *dev, int fd);
int serve_listen(struct device *dev, const char *path);
void serve_stay(void);
void serve_end(void);

#endif
