// SPDX-License-Identifier: GPL-2.0
/*
 * example.c - a device driven by a program: registers, memory, an interrupt
 *
 *   example [SPEC]	QEMU's edu device ("qemu:edu", the default), or "testdev"
 *
 *   cc example.c $(pkg-config --cflags --libs libring3)
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ring3.h>

#define EDU_IDS		0x11e81234	/* device and vendor */
#define TESTDEV_IDS	0x72331234

#define TEXT		"through the device and back"

static void check(int err)
{
	if (err >= 0)
		return;
	fprintf(stderr, "example: %s\n", ring3_error());
	exit(1);
}

static uint64_t get(struct ring3_device *dev, unsigned int bar, uint64_t offset, unsigned int width)
{
	uint64_t value;

	check(ring3_read(dev, bar, offset, width, &value));
	return value;
}

static void set(struct ring3_device *dev, unsigned int bar, uint64_t offset, unsigned int width,
		uint64_t value)
{
	check(ring3_write(dev, bar, offset, width, value));
}

static void wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t count;

	if (poll(&p, 1, 10000) != 1 || read(fd, &count, sizeof(count)) != sizeof(count)) {
		fprintf(stderr, "example: no interrupt within 10 s\n");
		exit(1);
	}
}

/* edu's registers: QEMU, docs/specs/edu.rst.  Its interrupt is raised until it is acknowledged. */
static void edu_dma(struct ring3_device *dev, int irq, uint64_t from, uint64_t to, size_t n, int command)
{
	set(dev, 0, 0x80, 8, from);
	set(dev, 0, 0x88, 8, to);
	set(dev, 0, 0x90, 8, n);
	set(dev, 0, 0x98, 8, command);
	wait_for(irq);
	set(dev, 0, 0x64, 4, get(dev, 0, 0x24, 4));
}

static void edu(struct ring3_device *dev)
{
	static char mine[] = TEXT;
	struct ring3_segment piece;
	uint64_t address;
	void *memory;
	int irq;

	printf("identification 0x%08" PRIx64 "\n", get(dev, 0, 0, 4));
	check(ring3_irq_enable(dev, RING3_MSI, 1, &irq));
	set(dev, 0, 0x20, 4, 0x80);	/* interrupt when done */
	set(dev, 0, 8, 4, 10);
	wait_for(irq);
	set(dev, 0, 0x64, 4, get(dev, 0, 0x24, 4));
	printf("factorial of 10 is %" PRIu64 "\n", get(dev, 0, 8, 4));

	check(ring3_dma_map(dev, mine, sizeof(mine), RING3_TO_DEVICE, &piece, 1));
	edu_dma(dev, irq, piece.address, 0x40000, sizeof(mine), 1 | 4);
	check(ring3_dma_unmap(dev, mine));
	check(ring3_dma_alloc(dev, sizeof(mine), &memory, &address));
	edu_dma(dev, irq, 0x40000, address, sizeof(mine), 1 | 2 | 4);
	printf("%s\n", (char *)memory);
}

/* proxy/testdev.h has its registers. */
static void testdev(struct ring3_device *dev)
{
	static char mine[sizeof(TEXT)];
	struct ring3_segment piece;
	volatile void *bar4;
	uint64_t address;
	void *memory;
	int irq;

	printf("identification 0x%08" PRIx64 "\n", get(dev, 1, 0, 4));
	check(ring3_irq_enable(dev, RING3_MSIX, 1, &irq));
	set(dev, 1, 0x3c, 4, 0);	/* an interrupt at the end of each transfer: vector 0 */

	check(ring3_dma_alloc(dev, sizeof(TEXT), &memory, &address));
	memcpy(memory, TEXT, sizeof(TEXT));
	set(dev, 1, 0x20, 8, address);
	set(dev, 1, 0x28, 8, 0);
	set(dev, 1, 0x30, 4, sizeof(TEXT));
	set(dev, 1, 0x34, 4, 2);	/* to the device's memory, BAR 4 */
	wait_for(irq);
	check(ring3_map(dev, 4, 0, 4096, &bar4));
	printf("mapped: %.*s\n", (int)sizeof(TEXT) - 1, (const char *)(uintptr_t)bar4);

	check(ring3_dma_map(dev, mine, sizeof(mine), RING3_FROM_DEVICE, &piece, 1));
	set(dev, 1, 0x20, 8, 0);
	set(dev, 1, 0x28, 8, piece.address);
	set(dev, 1, 0x34, 4, 3);
	wait_for(irq);
	check(ring3_dma_unmap(dev, mine));
	printf("%s\n", mine);
}

int main(int argc, char **argv)
{
	const char *spec = argc > 1 ? argv[1] : "qemu:edu";
	struct ring3_device *dev;
	uint64_t ids;

	/* Both reach 32 bits of addresses, and more. */
	check(ring3_open(spec, 0xffffffff, &dev));
	ids = get(dev, RING3_CONFIG, 0, 4);
	if (ids == EDU_IDS) {
		edu(dev);
	} else if (ids == TESTDEV_IDS) {
		testdev(dev);
	} else {
		fprintf(stderr, "example: %04" PRIx64 ":%04" PRIx64 " is neither edu nor testdev\n",
			ids & 0xffff, ids >> 16);
		return 1;
	}
	ring3_close(dev);
	return 0;
}
