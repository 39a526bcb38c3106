/* SPDX-License-Identifier: GPL-2.0 */
/* tty.h - the caller's terminal */
#ifndef RING3_TTY_H
#define RING3_TTY_H

#include <stdbool.h>
#include <stdint.h>

/**
 * tty_raw() - hand every key to the guest
 *
 * A small process is left to watch over the terminal: it puts it back if this one is
 * killed, and ends with it.
 *
 * Return: 0, or an exit status after a message.
 */
int tty_raw(void);

/**
 * tty_restore() - put the terminal back as it was, if tty_raw() changed it
 */
void tty_restore(void);

/**
 * tty_size() - the terminal's size
 * @rows: lines
 * @cols: columns
 *
 * Return: 0, or -1.
 */
int tty_size(uint32_t *rows, uint32_t *cols);

#endif
