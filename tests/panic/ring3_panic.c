// SPDX-License-Identifier: GPL-2.0
/*
 * ring3_panic.c - a module that calls panic() as it loads, a few calls deep; or reads where
 * nothing is, or never comes back
 *
 * tests/integration/03-panic.t looks for the functions' names and for this file's lines in
 * the decoded stack; the lines are found by the "step" comments.
 */
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/vmalloc.h>

static bool beyond;
module_param(beyond, bool, 0);
MODULE_PARM_DESC(beyond, "Read behind the end of a vmalloc area instead");

static bool spin;
module_param(spin, bool, 0);
MODULE_PARM_DESC(spin, "Loop for ever with interrupts off instead");

static noinline int ring3_panic_inner(int depth)
{
	if (depth >= 0)
		panic("ring3_panic: on purpose, depth %d", depth); /* step inner */
	return depth;
}

static noinline int ring3_panic_middle(int depth)
{
	return ring3_panic_inner(depth + 1) + 1; /* step middle */
}

static noinline int ring3_panic_outer(int depth)
{
	return ring3_panic_middle(depth + 1) + 1; /* step outer */
}

static noinline int ring3_panic_beyond(void)
{
	char *area = vmalloc(PAGE_SIZE);

	return area ? READ_ONCE(area[PAGE_SIZE]) : -ENOMEM; /* step beyond */
}

static int __init ring3_panic_init(void)
{
	if (spin) {
		local_irq_disable();
		for (;;)
			cpu_relax();
	}
	if (beyond)
		return ring3_panic_beyond();
	return ring3_panic_outer(0) > 0 ? 0 : -EINVAL;
}
module_init(ring3_panic_init);

MODULE_DESCRIPTION("Crashes when loaded");
MODULE_LICENSE("GPL");
