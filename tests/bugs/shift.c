// SPDX-License-Identifier: GPL-2.0
/* shift.c - shifts by the width of the type */
#include "bug.h"

static int __init shift_init(void)
{
	unsigned int by = fixed ? 31 : 32;
	u32 value = 1;

	OPTIMIZER_HIDE_VAR(by);
	value = value << by; /* bug */
	pr_debug("%u\n", value);
	return 0;
}
module_init(shift_init);

static void __exit shift_exit(void)
{
}
module_exit(shift_exit);

MODULE_DESCRIPTION("Shifts too far");
