// SPDX-License-Identifier: GPL-2.0
/*
 * note.c - what the hosted kernel tells the proxy about itself
 *
 * So that the proxy can show where a device sits, which driver has it and, when a trace is
 * taken, which function makes an access, without ever asking this kernel.  Nothing depends on
 * a note: a proxy that takes none gets none.
 */
#include <linux/irqflags.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/thread_info.h>
#include <linux/version.h>

#include "ring3.h"

#define MAX_FRAMES	32
#define MAX_TEXT	256

static void note(const struct ring3_dev *dev, enum ring3_note kind, u64 a, u64 b, u64 c,
		 const char *text)
{
	unsigned long flags;

	local_irq_save(flags);
	ring3_link_note(dev->index, kind, a, b, c, text, text ? strlen(text) : 0);
	local_irq_restore(flags);
}

/*
 * Who asked for this access: the innermost function of a module, or else the one @depth calls
 * further out.  Frame pointers, as this runs for every access.
 */
static __always_inline unsigned long find_caller(int depth)
{
	unsigned long *frame = __builtin_frame_address(0), first = 0;
	unsigned long page = (unsigned long)frame & ~(THREAD_SIZE - 1);
	int i;

	for (i = 0; i < MAX_FRAMES; i++) {
		unsigned long *next = (unsigned long *)frame[0], pc = frame[1];

		if (is_module_text_address(pc))
			return pc;
		if (!__kernel_text_address(pc))
			break;
		if (i == depth)
			first = pc;
		if (next <= frame || ((unsigned long)next & ~(THREAD_SIZE - 1)) != page)
			break;
		frame = next;
	}
	return first;
}

/**
 * ring3_callers() - where this was called from
 * @stack: receives program counters, innermost first
 * @max: so many at most
 *
 * Frame pointers, as this may run for every buffer; it ends where the stack does, so at the
 * beginning of an interrupt.
 *
 * Return: how many there are.  Context: any.
 */
noinline unsigned int ring3_callers(unsigned long *stack, unsigned int max)
{
	unsigned long *frame = __builtin_frame_address(0);
	unsigned long page = (unsigned long)frame & ~(THREAD_SIZE - 1);
	unsigned int n;

	for (n = 0; n < max; n++) {
		unsigned long *next = (unsigned long *)frame[0];

		if (!__kernel_text_address(frame[1]))
			break;
		stack[n] = frame[1];
		if (next <= frame || ((unsigned long)next & ~(THREAD_SIZE - 1)) != page) {
			n++;
			break;
		}
		frame = next;
	}
	return n;
}

static void note_with_caller(const struct ring3_dev *dev, enum ring3_note kind, u64 a, u64 b,
			     u64 c, unsigned long pc)
{
	char text[MAX_TEXT];

	/* %pS asks for symbols; a return address may be that of the next function. */
	if (pc)
		snprintf(text, sizeof(text), "%pB", (void *)pc);
	note(dev, kind, a, b, c, pc ? text : NULL);
}

/**
 * ring3_note_caller() - tell who makes the next access
 * @dev: device that is accessed
 * @depth: how many calls further out than this function's caller it comes from, where that is
 *	not a module
 *
 * Context: any.
 */
noinline void ring3_note_caller(const struct ring3_dev *dev, int depth)
{
	unsigned long pc;

	if (likely(!dev->traced))
		return;
	pc = find_caller(depth);
	note_with_caller(dev, RING3_NOTE_CALLER, pc, 0, 0, pc);
}

/**
 * ring3_note_caller_at() - tell who makes the next access
 * @dev: device that is accessed
 * @pc: address of the code that does
 *
 * Context: any.
 */
void ring3_note_caller_at(const struct ring3_dev *dev, unsigned long pc)
{
	if (unlikely(dev->traced))
		note_with_caller(dev, RING3_NOTE_CALLER, pc, 0, 0, pc);
}

/**
 * ring3_note_own() - tell that the next access is ours and nobody's in particular
 * @dev: device that is accessed
 *
 * Context: any.
 */
void ring3_note_own(const struct ring3_dev *dev)
{
	if (unlikely(dev->traced))
		note(dev, RING3_NOTE_CALLER, 0, 0, 0, "(bus)");
}

/**
 * ring3_note_dma() - tell that a buffer was mapped or unmapped, and by whom
 * @dev: device that may reach it
 * @kind: RING3_NOTE_DMA_MAP or RING3_NOTE_DMA_UNMAP
 * @iova: bus address
 * @size: bytes
 * @direction: enum dma_data_direction
 *
 * Context: any.
 */
noinline void ring3_note_dma(const struct ring3_dev *dev, enum ring3_note kind, u64 iova,
			     u64 size, unsigned int direction)
{
	note_with_caller(dev, kind, iova, size, direction, find_caller(3));
}

/**
 * ring3_note_vector() - tell which interrupt of Linux a message vector is
 * @dev: device
 * @vector: of MSI or MSI-X
 * @virq: the interrupt, 0: none any more
 *
 * Context: any.
 */
void ring3_note_vector(struct ring3_dev *dev, unsigned int vector, unsigned int virq)
{
	if (dev->notes)
		note(dev, RING3_NOTE_VECTOR, vector, virq, 0, NULL);
}

static void note_driver(const struct ring3_dev *dev, const struct device_driver *drv)
{
	const struct module *owner = drv->owner;
	char text[MAX_TEXT];

	snprintf(text, sizeof(text), "%s %s %s", drv->name, owner ? owner->name : "-",
		 owner && owner->version ? owner->version : "-");
	note(dev, RING3_NOTE_DRIVER, 0, 0, 0, text);
}

static void note_place(const struct ring3_dev *dev, const struct pci_dev *pdev)
{
	note(dev, RING3_NOTE_PLACE, pdev->irq, pci_resource_start(pdev, PCI_ROM_RESOURCE), 0,
	     pci_name(pdev));
}

static int on_bus_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct ring3_dev *dev = ring3_dev_on(pdev->bus, pdev->devfn);

	if (!dev || !dev->notes)
		return NOTIFY_DONE;
	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		note_place(dev, pdev);
		if (dev->traced && !ring3_dma_strict())
			ring3_dmatrace(&pdev->dev);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		/* Its interrupt and its addresses have been assigned by now. */
		note_place(dev, pdev);
		note_driver(dev, pdev->dev.driver);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		note(dev, RING3_NOTE_DRIVER, 0, 0, 0, NULL);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		note(dev, RING3_NOTE_PLACE, 0, 0, 0, NULL);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block bus_events = { .notifier_call = on_bus_event };

#ifdef CONFIG_MODULES
static int on_module_event(struct notifier_block *nb, unsigned long state, void *data)
{
	const struct module *mod = data;
	char text[MAX_TEXT];
	u64 base, size;

	if (state != MODULE_STATE_LIVE && state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	base = (unsigned long)mod->mem[MOD_TEXT].base;
	size = mod->mem[MOD_TEXT].size;
#else
	base = (unsigned long)mod->core_layout.base;
	size = mod->core_layout.size;
#endif
	snprintf(text, sizeof(text), "%s %s", mod->name, mod->version ?: "-");
	note(ring3_devs[0], RING3_NOTE_MODULE, base, state == MODULE_STATE_LIVE ? size : 0, 0, text);
	return NOTIFY_DONE;
}

static struct notifier_block module_events = { .notifier_call = on_module_event };
#endif

/* Devices without a driver have their addresses when the bus has been scanned. */
static int __init note_places(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		struct ring3_dev *dev = ring3_dev_on(pdev->bus, pdev->devfn);

		if (dev && dev->notes)
			note_place(dev, pdev);
	}
	return 0;
}
late_initcall(note_places);

/**
 * ring3_note_init() - see to it that what happens is told
 *
 * Return: 0 or a negative errno.  Context: boot, before the bus is scanned.
 */
int __init ring3_note_init(void)
{
	unsigned int i;
	bool any = false;

	for (i = 0; i < ring3_nr_devs; i++) {
		ring3_devs[i]->notes = ring3_link_notes(i) > 0;
		ring3_devs[i]->traced = ring3_link_notes(i) > 1;
		any |= ring3_devs[i]->notes;
	}
	if (!any)
		return 0;
#ifdef CONFIG_MODULES
	if (ring3_devs[0]->notes)
		register_module_notifier(&module_events);
#endif
	return bus_register_notifier(&pci_bus_type, &bus_events);
}
