// SPDX-License-Identifier: GPL-2.0
/*
 * unload.c - a module's memory stays until the devices that it removed are released
 *
 * The last reference to a device with device links is put by a work item, and in 6.1 the release
 * of a SCSI device looks into its driver's module.  On other machines the grace period
 * before a module is freed gives it the time; Tiny RCU does not wait.
 */
#include <linux/device.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>

/* Stable releases of 6.1 got it late. */
void __weak device_link_wait_removal(void)
{
}

static int module_event(struct notifier_block *nb, unsigned long state, void *module)
{
	if (state == MODULE_STATE_GOING)
		device_link_wait_removal();
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = {
	.notifier_call = module_event,
};

static int __init ring3_unload_init(void)
{
	return register_module_notifier(&module_notifier);
}
subsys_initcall(ring3_unload_init);
