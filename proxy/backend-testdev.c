// SPDX-License-Identifier: GPL-2.0
/*
 * backend-testdev.c - testdev, a synthetic device for tests and benchmarks
 *
 * Its programming model is in proxy/testdev.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/testdev/internal.h"

#define BAR4_MAX	(32ull << 30)
#define CAP_MSI		0x40
#define CAP_MSIX	0x60
#define CAP_EXPRESS	0x70

static void put16(struct testdev *td, uint32_t off, uint16_t value)
{
	memcpy(&td->config[off], &value, sizeof(value));
}

static void put32(struct testdev *td, uint32_t off, uint32_t value)
{
	memcpy(&td->config[off], &value, sizeof(value));
}

static void init_config(struct testdev *td)
{
	memset(td->config, 0, sizeof(td->config));
	put16(td, PCI_VENDOR_ID, TD_VENDOR);
	put16(td, PCI_DEVICE_ID, TD_DEVICE);
	put16(td, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(td, PCI_CLASS_REVISION, (uint32_t)TD_CLASS << 8 | TD_REVISION);
	put16(td, PCI_SUBSYSTEM_VENDOR_ID, TD_VENDOR);
	put16(td, PCI_SUBSYSTEM_ID, TD_DEVICE);
	td->config[PCI_CAPABILITY_LIST] = CAP_MSI;
	td->config[PCI_INTERRUPT_PIN] = 1;

	put16(td, CAP_MSI, PCI_CAP_ID_MSI | CAP_MSIX << 8);
	put16(td, CAP_MSI + PCI_MSI_FLAGS,
	      PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT | __builtin_ctz(TD_MSI_VECTORS) << 1);
	put16(td, CAP_MSIX, PCI_CAP_ID_MSIX | CAP_EXPRESS << 8);
	put16(td, CAP_MSIX + PCI_MSIX_FLAGS, TD_MSIX_VECTORS - 1);
	put32(td, CAP_MSIX + PCI_MSIX_TABLE, TD_MSIX_TABLE | TD_MSIX_TABLE_BAR);
	put32(td, CAP_MSIX + PCI_MSIX_PBA, TD_MSIX_PBA | TD_MSIX_TABLE_BAR);
	put16(td, CAP_EXPRESS, PCI_CAP_ID_EXP);
	put16(td, CAP_EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_RC_END << 4);
	put32(td, CAP_EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	if (td->all_caps)
		td_caps_init(td, CAP_EXPRESS + 1);
}

static uint32_t config_read_raw(struct device *dev, uint32_t off, unsigned int width)
{
	struct testdev *td = dev->priv;
	uint32_t value = 0;

	if (td->intx)
		td->config[PCI_STATUS] |= PCI_STATUS_INTERRUPT;
	else
		td->config[PCI_STATUS] &= ~PCI_STATUS_INTERRUPT;
	memcpy(&value, &td->config[off], width);
	return value;
}

static bool config_writable(const struct testdev *td, uint32_t off)
{
	return (td->all_caps && td_caps_writable(off)) || off == PCI_CACHE_LINE_SIZE || off == PCI_LATENCY_TIMER ||
	       off == CAP_EXPRESS + PCI_EXP_DEVCTL || off == CAP_EXPRESS + PCI_EXP_DEVCTL + 1;
}

static void config_write_raw(struct device *dev, uint32_t off, unsigned int width,
			     uint32_t value)
{
	struct testdev *td = dev->priv;

	for (unsigned int i = 0; i < width; i++)
		if (config_writable(td, off + i))
			td->config[off + i] = value >> (8 * i);
}

static void command(struct device *dev, uint16_t value)
{
	struct testdev *td = dev->priv;

	td->command = value;
	if (value & PCI_COMMAND_MASTER)
		td_hostile_used(td);
}

/* Sealed, so that a client cannot cut it short under our mapping. */
static int memory_new(struct td_memory *m, const char *name, uint64_t size)
{
	m->size = size;
	m->map = MAP_FAILED;
	m->fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->fd < 0 || ftruncate(m->fd, size) ||
	    fcntl(m->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fail("no memory for a testdev: %m");
	m->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	if (m->map == MAP_FAILED)
		return fail("cannot map the memory of a testdev: %m");
	return 0;
}

static void memory_free(struct td_memory *m)
{
	if (m->map && m->map != MAP_FAILED)
		munmap(m->map, m->size);
	if (m->map && m->fd >= 0)
		close(m->fd);
}

static void memory_clear(struct td_memory *m)
{
	fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, m->size);
}

static void later(struct loop_timer *timer)
{
	struct testdev *td = container_of(timer, struct testdev, later);

	td_signal(td, td->later_vector);
}

/* bar4=SIZE: bytes, or with K, M or G. */
static int bar4_size(const struct device *dev, uint64_t *size)
{
	static const char units[] = "KMG";
	const char *text = spec_get(dev->spec, "bar4"), *unit;
	unsigned long long n;
	char *end;

	*size = TD_BAR4_SIZE;
	if (!text)
		return 0;
	n = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit)
		end++;
	if (*text < '0' || *text > '9' || *end || n > BAR4_MAX)
		goto bad;
	if (unit)
		n <<= 10 * (unit - units + 1);
	if (n < TD_BAR4_SIZE || n > BAR4_MAX || n & (n - 1))
		goto bad;
	*size = n;
	return 0;
bad:
	return fail("device '%s': bar4=%s is no power of two from 64M to 32G", device_name(dev),
		    text);
}

static int open_testdev(struct device *dev)
{
	struct testdev *td;
	uint64_t size;

	if (dev->spec->model)
		return fail("device '%s': testdev has no models: write 'testdev'",
			    device_name(dev));
	if (bar4_size(dev, &size))
		return -1;
	td = calloc(1, sizeof(*td));
	if (!td)
		return fail("out of memory for '%s'", device_name(dev));
	dev->priv = td;
	dev->posted_writes = true;
	td->dev = dev;
	td->later.src.fd = td->malice.src.fd = -1;
	td->dma_vector = TD_VECTOR_NONE;
	td->all_caps = spec_get(dev->spec, "caps");
	init_config(td);
	if (memory_new(&td->bar0, "testdev-bar0", TD_BAR0_SIZE) ||
	    memory_new(&td->bar4, "testdev-bar4", size) ||
	    loop_timer_init(&td->later, later) || td_hostile_init(td))
		return -1;
	return 0;
}

static void close_testdev(struct device *dev)
{
	struct testdev *td = dev->priv;

	if (!td)
		return;
	loop_timer_exit(&td->later);
	loop_timer_exit(&td->malice);
	memory_free(&td->bar0);
	memory_free(&td->bar4);
	free(td);
}

static void map_area(struct region *r, uint64_t offset, uint64_t size)
{
	r->areas[r->nr_areas++] = (struct vfio_user_sparse_area){ offset, size };
}

static int setup(struct device *dev)
{
	const uint64_t after_hole = TD_BAR4_HOLE + 4096;
	struct testdev *td = dev->priv;
	struct region *r = dev->regions;

	r[0] = (struct region){ .kind = REGION_MEMORY, .size = TD_BAR0_SIZE, .fd = td->bar0.fd };
	map_area(&r[0], 0, TD_BAR0_SIZE);
	r[1] = (struct region){ .kind = REGION_MEMORY, .size = TD_BAR1_SIZE, .fd = -1 };
	r[2] = (struct region){ .kind = REGION_PORTS, .size = TD_BAR2_SIZE, .fd = -1 };
	r[3] = (struct region){ .kind = REGION_MEMORY, .size = TD_BAR3_SIZE, .fd = -1 };
	r[4] = (struct region){ .kind = REGION_MEMORY, .size = td->bar4.size, .fd = td->bar4.fd,
				.is_64 = true, .prefetch = true };
	map_area(&r[4], 0, TD_BAR4_HOLE);
	map_area(&r[4], after_hole, td->bar4.size - after_hole);
	r[VFIO_USER_CONFIG] = (struct region){ .kind = REGION_CONFIG, .size = CONFIG_MAX,
					       .fd = -1 };
	return 0;
}

static void count(struct testdev *td, uint32_t bar, bool write, uint64_t off,
		  unsigned int width)
{
	if (bar == TD_MSIX_TABLE_BAR ||
	    (bar == 1 && off >= TD_COUNTERS && off < TD_COUNTERS_END))
		return;
	td->counters[(TD_COUNTER(bar, write, __builtin_ctz(width)) - TD_COUNTERS) / 4]++;
}

static const struct td_memory *plain(const struct testdev *td, uint32_t bar)
{
	return bar == 0 ? &td->bar0 : bar == 4 ? &td->bar4 : NULL;
}

static uint64_t region_read(struct device *dev, uint32_t bar, uint64_t off, unsigned int width)
{
	struct testdev *td = dev->priv;
	const struct td_memory *m = plain(td, bar);
	uint64_t value = 0;

	count(td, bar, false, off, width);
	if (m)
		memcpy(&value, m->map + off, width);
	else if (bar == 1)
		value = td_regs_read(td, off, width);
	else if (bar == 2)
		value = td_ports_read(td, off, width);
	return td_garbage(td, value);
}

static void region_write(struct device *dev, uint32_t bar, uint64_t off, unsigned int width,
			 uint64_t value)
{
	struct testdev *td = dev->priv;
	const struct td_memory *m = plain(td, bar);

	count(td, bar, true, off, width);
	if (m)
		memcpy(m->map + off, &value, width);
	else if (bar == 1)
		td_regs_write(td, off, width, value);
	else if (bar == 2)
		td_ports_write(td, off, width, value);
}

/* Everything but the count of resets and what belongs to the process. */
static void reset(struct device *dev)
{
	struct testdev *td = dev->priv;
	struct testdev fresh = {
		.dev = dev, .bar0 = td->bar0, .bar4 = td->bar4, .later = td->later,
		.all_caps = td->all_caps, .hostile = td->hostile, .malice = td->malice,
		.resets = td->resets + 1, .dma_vector = TD_VECTOR_NONE,
	};

	loop_timer_arm(&td->later, 0);
	loop_timer_arm(&td->malice, 0);
	td_set_intx(td, false);
	*td = fresh;
	init_config(td);
	memory_clear(&td->bar0);
	memory_clear(&td->bar4);
}

static bool intx_level(struct device *dev)
{
	const struct testdev *td = dev->priv;

	return td->intx;
}

static const struct backend_param params[] = {
	{ "caps", "all: with more capabilities, whose registers keep what is written" },
	{ "hostile", "garbage | lengths | storm | vanish | all: what a bad device could do" },
	{ "bar4", "SIZE: of the 64-bit prefetchable BAR, 64M to 32G (64M)" },
	{ NULL, NULL },
};

const struct backend backend_testdev = {
	.name = "testdev",
	.prompt = true,
	.help = "synthetic device with every kind of BAR and interrupt, for tests",
	.params = params,
	.open = open_testdev,
	.setup = setup,
	.close = close_testdev,
	.region_read = region_read,
	.region_write = region_write,
	.config_read = config_read_raw,
	.config_write = config_write_raw,
	.command = command,
	.intx_level = intx_level,
	.reset = reset,
};
