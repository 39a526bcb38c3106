/* SPDX-License-Identifier: GPL-2.0 */
/* shim-test.h - what the unit tests of the shim share */
#ifndef RING3_SHIM_TEST_H
#define RING3_SHIM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail	/* cmocka's macro; the shim has a function of that name */

#define N_ROWS(table) (sizeof(table) / sizeof(*(table)))

#endif
