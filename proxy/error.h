/* SPDX-License-Identifier: GPL-2.0 */
/*
 * error.h - one place for the sentence that tells the user what went wrong
 */
#ifndef RING3_PROXY_ERROR_H
#define RING3_PROXY_ERROR_H

#include "proxy/util.h"

__printf(1, 2)
int fail(const char *fmt, ...);
const char *fail_text(void);
__printf(1, 2)
void warn(const char *fmt, ...);

#endif
