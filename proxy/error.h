/* SPDX-License-Identifier: GPL-2.0 */
/*
 * error.h - one place for the sentence that tells the user what went wrong
 */
#ifndef RING3_PROXY_ERROR_H
#define RING3_PROXY_ERROR_H

int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *fail_text(void);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
