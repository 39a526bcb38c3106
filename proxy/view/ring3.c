// SPDX-License-Identifier: GPL-2.0
/*
 * ring3.c - devices/BDF/ring3/: what sysfs does not show
 */
#include "proxy/view/view.h"

#define BAR(n) { .name = "bar" #n, .mode = 0600, .read = view_bar_read, .write = view_bar_write, \
		 .arg = n, .there = view_bar_there, .size = view_bar_size }

const struct view_file view_ring3_files[] = {
	{ .name = "state", .mode = 0444, .table = view_state },
	{ .name = "bars", .mode = 0444, .table = view_bars },
	{ .name = "interrupts", .mode = 0444, .table = view_interrupts },
	{ .name = "dma", .mode = 0444, .table = view_dma },
	{ .name = "registers", .mode = 0444, .table = view_registers, .there = view_registers_there },
	{ .name = "stats", .mode = 0444, .table = view_stats },
	{ .name = "trace", .mode = 0444, .text = view_trace_text,
	  .read = view_trace_read, .size = view_trace_size, .grows = true },
	BAR(0), BAR(1), BAR(2), BAR(3), BAR(4), BAR(5),
	{ .name = "rom", .mode = 0400, .read = view_bar_read, .arg = VFIO_USER_ROM,
	  .there = view_bar_there, .size = view_bar_size },
	{ 0 },
};
