/* SPDX-License-Identifier: GPL-2.0 */
/* hold.h - --hold: devices and view stay after the end until the user has seen enough */
#ifndef RING3_HOLD_H
#define RING3_HOLD_H

#include "shim/run.h"

/**
 * hold_begin() - say what is held and how to end it
 * @run: the run; the terminal is as it was
 *
 * Return: a descriptor that is readable when the user has typed Enter, -1: there is no
 * terminal.
 */
int hold_begin(struct run *run);

/**
 * hold_typed() - the descriptor of hold_begin() is readable
 * @fd: that descriptor
 *
 * Return: true if the hold is over.
 */
bool hold_typed(int fd);

#endif
