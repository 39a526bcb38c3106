// SPDX-License-Identifier: GPL-2.0
/*
 * stub.c - a hosted process whose host process was killed is killed; init: panic
 */
#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "ring3.h"

static void killed(struct task_struct *p)
{
	if (is_global_init(p))	/* which no signal ends */
		panic("ring3: the host process of init was killed");
	pr_warn("ring3: the host process of %s[%d] was killed\n", p->comm, p->pid);
}

/**
 * ring3_fatal_signal() - why UML cannot run the current process any longer
 *
 * Return: SIGKILL if its host process has been killed, else SIGSEGV.
 * Context: the process itself.
 */
int ring3_fatal_signal(void)
{
	if (!current->mm || !ring3_stub_gone(ring3_stub_pid(current->mm)))
		return SIGSEGV;
	killed(current);
	return SIGKILL;
}

/**
 * ring3_stub_check() - end the hosted processes whose stubs have died
 *
 * Those that UML ends by itself are not looked at: their memory has gone already.
 *
 * Context: interrupt.
 */
void ring3_stub_check(void)
{
	struct task_struct *p;

	/* Going down, UML kills them all itself. */
	if (!ring3_stub_lost() || system_state != SYSTEM_RUNNING)
		return;
	rcu_read_lock();
	for_each_process(p) {
		struct mm_struct *mm = READ_ONCE(p->mm);

		if (!mm || p->flags & PF_EXITING || !ring3_stub_dead(ring3_stub_pid(mm)))
			continue;
		killed(p);
		send_sig(SIGKILL, p, 1);
	}
	rcu_read_unlock();
}
