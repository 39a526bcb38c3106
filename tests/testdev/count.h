/* SPDX-License-Identifier: GPL-2.0 */
/*
 * count.h - the device's access counters: take them, and compare
 */
#ifndef TD_COUNT_H
#define TD_COUNT_H

#include "td.h"

struct td_counts {
	u32 n[6][2][4];		/* BAR, write, log2 of the width */
};

/* Reading counters is not counted. */
static inline void td_counts_read(struct td *td, struct td_counts *counts)
{
	unsigned int bar, write, width;

	for (bar = 0; bar < 6; bar++)
		for (write = 0; write < 2; write++)
			for (width = 0; width < 4; width++)
				counts->n[bar][write][width] =
					td_get(td, TD_COUNTER(bar, write, width));
}

static inline void td_counts_expect(struct td_run *t, const struct td_counts *want)
{
	unsigned int bar, write, width;
	struct td_counts got;

	td_counts_read(t->td, &got);
	for (bar = 0; bar < 6; bar++)
		for (write = 0; write < 2; write++)
			for (width = 0; width < 4; width++)
				if (!TD_EQ(t, got.n[bar][write][width], want->n[bar][write][width]))
					seq_printf(t->out, "# (BAR%u, %s of %u bytes)\n", bar,
						   write ? "writes" : "reads", 1 << width);
}

#endif
