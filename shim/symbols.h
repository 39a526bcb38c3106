/* SPDX-License-Identifier: GPL-2.0 */
/* symbols.h - the debug information of all that a log of the hosted kernel may speak of */
#ifndef RING3_SYMBOLS_H
#define RING3_SYMBOLS_H

#include "shim/decode.h"
#include "shim/drivers.h"

/**
 * symbols_open() - prepare to decode a part of the log
 * @drivers: which modules there may be
 * @command: CMD, which may name modules that it has loaded
 * @log: the part
 *
 * Context: any thread.
 *
 * Return: state for decode_close().
 */
struct decode *symbols_open(struct drivers *drivers, char *const *command, const char *log);

#endif
