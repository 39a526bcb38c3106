/* SPDX-License-Identifier: GPL-2.0 */
/* crash.h - what a crash of the hosted kernel looks like to the user */
#ifndef RING3_CRASH_H
#define RING3_CRASH_H

#include <stdio.h>

#include "shim/drivers.h"

/**
 * crash_reason() - find the reason in the kernel's log
 * @log: the log
 *
 * Return: the rest of the line "Kernel panic - not syncing: …" or what init said, to
 * free, or NULL.
 */
char *crash_reason(const char *log);

/**
 * crash_tail() - print the end of the log
 * @out: where
 * @log: the log
 * @lines: how many lines
 */
void crash_tail(FILE *out, const char *log, unsigned int lines);

/**
 * crash_report() - print the end of the log, with the stack as file:line
 * @out: where
 * @log: the log
 * @drivers: which modules there may be
 * @command: CMD, which may name modules that it has loaded
 */
void crash_report(FILE *out, const char *log, struct drivers *drivers, char *const *command);

#endif
