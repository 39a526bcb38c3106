/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring3.h - libring3: PCI devices in an ordinary program
 *
 * A device comes from a ring3-proxy, which the library starts, or connects to: real hardware, a
 * device model of QEMU, another vfio-user server.  The program sees registers, memory that the
 * device reaches, and interrupts as file descriptors.  Everything is undone when the device is closed
 * or the process ends, however it ends: bus mastering off, interrupts off, memory unmapped, reset.
 *
 * Every function that can fail returns a negative errno; ring3_error() then is the sentence for the
 * user.  All functions may be called from any thread, at the same time for the same device
 * too, but for ring3_close(), which must be the last.  None may be called from a signal handler.
 *
 * See libring3(3).
 */
#ifndef RING3_H
#define RING3_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RING3_API __attribute__((visibility("default")))
#else
#define RING3_API
#endif

/** struct ring3_device - an open device */
struct ring3_device;

/** enum ring3_bar - what has registers, beside BAR 0 to 5 */
enum ring3_bar {
	RING3_ROM = 6,
	RING3_CONFIG = 7,
};

/** enum ring3_irq - kinds of interrupts */
enum ring3_irq {
	RING3_INTX = 0,
	RING3_MSI = 1,
	RING3_MSIX = 2,
};

/** enum ring3_direction - which way data go */
enum ring3_direction {
	RING3_TO_DEVICE = 1,
	RING3_FROM_DEVICE = 2,
	RING3_BOTH = 3,
};

/**
 * struct ring3_bar_info - a BAR
 * @size: bytes; 0: there is none
 * @ports: it is of I/O ports
 * @mappable: parts of it can be mapped with ring3_map()
 */
struct ring3_bar_info {
	uint64_t size;
	int ports;
	int mappable;
};

/**
 * struct ring3_segment - a piece of memory as the device sees it
 * @address: on the bus
 * @length: bytes
 */
struct ring3_segment {
	uint64_t address;
	uint64_t length;
};

#define RING3_ANY_MASK UINT64_MAX	/* a device that reaches 64 bits of addresses */

RING3_API const char *ring3_error(void);

RING3_API int ring3_open(const char *spec, uint64_t dma_mask, struct ring3_device **device);
RING3_API void ring3_close(struct ring3_device *device);
RING3_API int ring3_reset(struct ring3_device *device);

RING3_API int ring3_bar_info(struct ring3_device *device, unsigned int bar,
			     struct ring3_bar_info *info);
RING3_API int ring3_read(struct ring3_device *device, unsigned int bar, uint64_t offset,
			 unsigned int width, uint64_t *value);
RING3_API int ring3_write(struct ring3_device *device, unsigned int bar, uint64_t offset,
			  unsigned int width, uint64_t value);
RING3_API int ring3_map(struct ring3_device *device, unsigned int bar, uint64_t offset,
			size_t length, volatile void **address);
RING3_API int ring3_unmap(struct ring3_device *device, volatile void *address);

RING3_API int ring3_dma_alloc(struct ring3_device *device, size_t size, void **memory,
			      uint64_t *address);
RING3_API int ring3_dma_free(struct ring3_device *device, void *memory);
RING3_API int ring3_dma_map(struct ring3_device *device, void *memory, size_t size,
			    enum ring3_direction direction, struct ring3_segment *segments,
			    size_t max);
RING3_API int ring3_dma_sync(struct ring3_device *device, void *memory,
			     enum ring3_direction direction);
RING3_API int ring3_dma_unmap(struct ring3_device *device, void *memory);

RING3_API int ring3_irq_count(struct ring3_device *device, enum ring3_irq kind);
RING3_API int ring3_irq_enable(struct ring3_device *device, enum ring3_irq kind,
			       unsigned int count, int *fds);
RING3_API int ring3_irq_done(struct ring3_device *device);
RING3_API int ring3_irq_disable(struct ring3_device *device);

#ifdef __cplusplus
}
#endif

#endif
