// SPDX-License-Identifier: GPL-2.0
/*
 * leftover.c - interrupt handlers that a module has not given back when it is unloaded
 *
 * The next interrupt would execute memory that is gone.  Nothing else in the kernel looks: what
 * is known of a handler is its address.
 */
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irqdesc.h>
#include <linux/irqnr.h>
#include <linux/module.h>
#include <linux/notifier.h>

static bool is_of(const void *function, const struct module *mod)
{
	return function && within_module((unsigned long)function, mod);
}

/* A handler of the module for this interrupt, or NULL.  The name is the driver's memory: copied. */
static const void *find_handler(struct irq_desc *desc, const struct module *mod, char *name,
				size_t size)
{
	const struct irqaction *action;
	const void *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&desc->lock, flags);
	for (action = desc->action; action && !found; action = action->next) {
		if (is_of(action->handler, mod))
			found = action->handler;
		else if (is_of(action->thread_fn, mod))
			found = action->thread_fn;
		if (found)
			strscpy(name, action->name ?: "?", size);
	}
	raw_spin_unlock_irqrestore(&desc->lock, flags);
	return found;
}

static int module_event(struct notifier_block *nb, unsigned long state, void *module)
{
	const struct module *mod = module;
	struct irq_desc *desc;
	unsigned int irq;

	if (state != MODULE_STATE_GOING)
		return NOTIFY_OK;
	for_each_irq_desc(irq, desc) {
		char name[32];
		const void *handler = find_handler(desc, mod, name, sizeof(name));

		WARN(handler, "ring3: module %s ends without free_irq() of interrupt %u (%s), handler %pS\n",
		     mod->name, irq, name, handler);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = {
	.notifier_call = module_event,
};

static int __init ring3_leftover_init(void)
{
	return register_module_notifier(&module_notifier);
}
subsys_initcall(ring3_leftover_init);
