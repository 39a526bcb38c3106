/* SPDX-License-Identifier: GPL-2.0 */
/*
 * td.h - what the files of the testdev driver share
 *
 * Theory of operation: the driver binds every testdev.  For each it makes a directory
 * /proc/ring3_testdev/BDF with one file per group of tests; reading such a file runs
 * the group and returns its result as KTAP.  `all` runs every group.  The
 * bench-* files print one "name value" a line.  A test is one row of its group's table.
 */
#ifndef TD_H
#define TD_H

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "../../proxy/testdev.h"

struct td;

/* One interrupt vector as its handler sees it. */
struct td_vec {
	struct td *td;
	unsigned int index;
	int irq;
	atomic_t count;
	u32 id;			/* TD_ID as read by the handler */
	u64 first_ns;		/* local_clock() at the handler's first line */
};

struct td {
	struct list_head node;
	struct pci_dev *pdev;
	void __iomem *bar0, *bar1, *bar3, *bar4;
	void __iomem *port_map;		/* BAR2 through pci_iomap() */
	unsigned long port;		/* BAR2 as a port number */
	struct proc_dir_entry *proc;
	struct mutex lock;		/* one group at a time */
	wait_queue_head_t wait;		/* woken by every handler */
	struct td_vec vec[TD_MSIX_VECTORS];
	unsigned int vectors;
	atomic_t intx_calls;		/* calls of the INTx handler that found us asserting */
	atomic_t intx_others;		/* calls that did not */
	int intx_hold;			/* calls to let pass before deasserting */
};

/* The state of one test. */
struct td_run {
	struct td *td;
	struct seq_file *out;
	unsigned int failures;
	const char *skip;		/* why the test could not be made */
};

struct td_case {
	const char *name;
	void (*run)(struct td_run *t);
};

struct td_group {
	const char *name;
	const struct td_case *cases;
	unsigned int nr;
};

#define TD_GROUP(id)						\
	const struct td_group td_group_##id = {			\
		.name = #id,					\
		.cases = id##_cases,				\
		.nr = ARRAY_SIZE(id##_cases),			\
	}

extern const struct td_group td_group_pci, td_group_mmio, td_group_map, td_group_port, td_group_irq,
	td_group_intx, td_group_dma;
extern struct list_head td_devices;

int td_bench_mmio(struct seq_file *m, void *unused);
int td_bench_dma(struct seq_file *m, void *unused);
int td_bench_trapped(struct seq_file *m, void *unused);
int td_bench_irq(struct seq_file *m, void *unused);
int td_bench_irq_poll(struct seq_file *m, void *unused);
int td_bench_irq_spin(struct seq_file *m, void *unused);

/* Interrupts, see irq.c */
int td_vectors_get(struct td *td, unsigned int nr, unsigned int type);
void td_vectors_put(struct td *td);
bool td_wait_count(struct td_vec *vec, int count);

void td_fail(struct td_run *t, const char *file, int line, const char *what, u64 got, u64 want);

/* Record a failure unless @got equals @want; true if it does. */
#define TD_EQ(t, got, want)						\
({									\
	u64 got_ = (u64)(got), want_ = (u64)(want);			\
									\
	if (got_ != want_)						\
		td_fail(t, __FILE__, __LINE__, #got, got_, want_);	\
	got_ == want_;							\
})
#define TD_OK(t, cond) TD_EQ(t, !!(cond), 1)

static inline u32 td_get(struct td *td, unsigned int reg)
{
	return readl(td->bar1 + reg);
}

static inline void td_set(struct td *td, unsigned int reg, u32 value)
{
	writel(value, td->bar1 + reg);
}

/* A reproducible byte for each (seed, position). */
static inline u8 td_byte(u32 seed, size_t pos)
{
	u32 x = seed * 2654435761U + (u32)pos * 40503U + (u32)(pos >> 8);

	return x >> 11 ^ x;
}

#endif
