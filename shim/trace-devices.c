// SPDX-License-Identifier: GPL-2.0
/* trace-devices.c - the devices of a trace and the names of their registers */
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "shim/trace.h"
#include "shim/util.h"

/* PCIDEV has no domain: such a device is that of the first domain that is named with its number. */
static struct trace_device *find(struct trace *trace, int32_t domain, uint16_t bdf)
{
	struct trace_device *anywhere = NULL;

	for (unsigned int i = 0; i < trace->n_devices; i++) {
		struct trace_device *dev = trace->devices[i];

		if (dev->bdf != bdf)
			continue;
		if (dev->domain == domain || domain == TRACE_NO_DOMAIN)
			return dev;
		if (dev->domain == TRACE_NO_DOMAIN)
			anywhere = dev;
	}
	return anywhere;
}

static void name_device(struct trace_device *dev, int32_t domain)
{
	unsigned int slot = dev->bdf >> 3 & 0x1f, function = dev->bdf & 7;

	dev->domain = domain;
	if (domain == TRACE_NO_DOMAIN)
		snprintf(dev->name, sizeof(dev->name), "%02x:%02x.%u", dev->bdf >> 8, slot, function);
	else
		snprintf(dev->name, sizeof(dev->name), "%04x:%02x:%02x.%u", domain & 0xffff,
			 dev->bdf >> 8, slot, function);
}

static struct trace_device *add(struct trace *trace, uint16_t bdf)
{
	struct trace_device *dev;

	if (trace->n_devices == TRACE_MAX_DEVICES)
		return NULL;
	dev = xrealloc(NULL, sizeof(*dev));
	*dev = (struct trace_device){ .index = trace->n_devices, .bdf = bdf };
	trace->devices[trace->n_devices++] = dev;
	return dev;
}

/* The kernel's own traces do not say which device an address belongs to. */
static struct trace_device *find_address(struct trace *trace, uint64_t address)
{
	for (unsigned int i = 0; i < trace->n_devices; i++) {
		struct trace_device *dev = trace->devices[i];

		for (int bar = 0; bar < TRACE_BARS; bar++) {
			uint64_t start = dev->bar_address[bar] & PCI_BASE_ADDRESS_MEM_MASK;

			if (address >= start && address - start < dev->bar_size[bar])
				return dev;
		}
	}
	return NULL;
}

static void learn(struct trace_device *dev, const struct trace_event *ev)
{
	if (ev->kind == TRACE_CONFIG && !ev->write && ev->offset == PCI_CLASS_REVISION &&
	    ev->width == 4)
		dev->class = ev->value >> 8;
	if (ev->kind != TRACE_PCIDEV)
		return;
	dev->vendor = ev->vendor;
	dev->device = ev->device;
	snprintf(dev->driver, sizeof(dev->driver), "%s", ev->text);
	memcpy(dev->bar_address, ev->bar_address, sizeof(dev->bar_address));
	memcpy(dev->bar_size, ev->bar_size, sizeof(dev->bar_size));
}

int trace_device_of(struct trace *trace, const struct trace_event *ev, struct trace_device **dev)
{
	*dev = NULL;
	if (!ev->has_device) {
		if (ev->kind == TRACE_REGISTER)
			*dev = find_address(trace, ev->address);
		return 0;
	}
	*dev = find(trace, ev->domain, ev->bdf);
	if (!*dev)
		*dev = add(trace, ev->bdf);
	if (!*dev)
		return fail("more than %d devices: cut the trace up by device", TRACE_MAX_DEVICES);
	if (!*(*dev)->name || (*dev)->domain == TRACE_NO_DOMAIN)
		name_device(*dev, ev->domain);
	learn(*dev, ev);
	return 0;
}

/* Where the trace does not say the class of a device, a file may be named like its driver. */
static struct regs *load_by_driver(const char *dir, const char *driver)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-";
	_cleanup_free_ char *path = xasprintf("%s/%s.regs", dir, driver);
	char err[REGS_ERR_MAX];

	if (!*driver || driver[strspn(driver, good)] || access(path, R_OK))
		return NULL;
	return regs_load(path, err, sizeof(err));
}

static struct regs *load(const struct trace_device *dev)
{
	_cleanup_free_ char *dir = regs_default_dir();
	struct regs *regs;
	char err[REGS_ERR_MAX];

	if (!dir)
		return NULL;
	regs = regs_dir(dir, dev->vendor, dev->device, dev->class, err, sizeof(err));
	if (*err)
		warn("%s", err);
	return regs ? regs : load_by_driver(dir, dev->driver);
}

/* BAR and offset of an access whose line has only the address. */
static int locate(const struct trace_device *dev, const struct trace_event *ev, uint64_t *offset)
{
	*offset = ev->offset;
	if (ev->bar != TRACE_NO_BAR)
		return ev->bar;
	for (int bar = 0; dev && bar < TRACE_BARS; bar++) {
		uint64_t start = dev->bar_address[bar] & PCI_BASE_ADDRESS_MEM_MASK;

		*offset = ev->address - start;
		if (ev->address >= start && *offset < dev->bar_size[bar])
			return bar;
	}
	return TRACE_NO_BAR;
}

const struct reg *trace_register(struct trace_device *dev, const struct trace_event *ev)
{
	uint64_t offset;
	int bar;

	if (!dev || (ev->kind != TRACE_REGISTER && ev->kind != TRACE_PORT))
		return NULL;
	if (!dev->regs_sought)
		dev->regs = load(dev);
	dev->regs_sought = true;
	bar = locate(dev, ev, &offset);
	return dev->regs && bar >= 0 ? regs_at(dev->regs, bar, offset, ev->write) : NULL;
}

const struct reg *trace_place(struct trace_device *dev, const struct trace_event *ev, char *buf,
			      size_t size)
{
	const struct reg *reg = trace_register(dev, ev);
	uint64_t offset;
	int bar = locate(dev, ev, &offset);

	if (reg && reg->offset == offset) {
		snprintf(buf, size, "%s", reg->name);
		return reg->width == ev->width ? reg : NULL;
	}
	if (reg)
		snprintf(buf, size, "%s+0x%" PRIx64, reg->name, offset - reg->offset);
	else if (ev->kind == TRACE_CONFIG)
		snprintf(buf, size, "0x%" PRIx64, ev->offset);
	else if (bar >= 0)
		snprintf(buf, size, "BAR%d+0x%" PRIx64, bar, offset);
	else
		snprintf(buf, size, "0x%" PRIx64, ev->address);
	return NULL;
}

void trace_free(struct trace *trace)
{
	for (unsigned int i = 0; i < trace->n_devices; i++) {
		regs_free(trace->devices[i]->regs);
		free(trace->devices[i]);
	}
	trace->n_devices = 0;
}
