/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mailbox.h - register accesses by shared memory, without a system call
 */
#ifndef RING3_PROXY_MAILBOX_H
#define RING3_PROXY_MAILBOX_H

#include <stdbool.h>

#include "proxy/decode.h"

void mailbox_init(void);
int mailbox_new(struct device *dev);
void mailbox_free(struct device *dev);
int mailbox_grant(struct device *dev, int *fd);
void mailbox_revoke(struct device *dev);
bool mailbox_drain(struct device *dev, const struct decode_limits *limits);
void mailbox_heard(struct device *dev, bool access);
void mailbox_interrupted(struct device *dev);
void mailbox_rest(void);
void mailbox_stay(void);
bool mailbox_poll(void);

#endif
