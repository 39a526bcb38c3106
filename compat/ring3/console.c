// SPDX-License-Identifier: GPL-2.0
/*
 * console.c - the kernel log on file descriptor 2, from the first line to the last
 *
 * UML's own stderr console is unregistered when boot is over; a supervisor wants the
 * words that a driver dies with.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <os.h>

static void console_write(struct console *con, const char *text, unsigned int len)
{
	os_write_file(2, text, len);
}

static struct console ring3_console = {
	.name = "ring3",
	.write = console_write,
	.flags = CON_PRINTBUFFER | CON_ENABLED,	/* whatever console= says */
	.index = -1,
};

static int __init ring3_console_init(void)
{
	register_console(&ring3_console);
	return 0;
}
console_initcall(ring3_console_init);
