/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backend.h - where devices come from
 *
 * A backend is one file that ends in one struct backend; backend.c has the table.
 */
#ifndef RING3_PROXY_BACKEND_H
#define RING3_PROXY_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/device.h"
#include "proxy/spec.h"

struct backend_param {
	const char *name, *help;
};

/* What the command line says about all devices. */
struct backend_env {
	int ram_fd;			/* -1: none */
	char **qemu_args;		/* --qemu, NULL-terminated */
	bool strict;			/* devices reach what is mapped for them, not all of ram_fd */
};

struct backend {
	const char *name, *help;
	const struct backend_param *params;	/* ends with a NULL name */
	bool any_param;			/* others are passed on to the model */
	bool prompt;			/* its registers answer in microseconds */

	/* Look at the specification; dev->priv.  Return 0 or -1 with fail(). */
	int (*open)(struct device *dev);
	/* After every open(): make all devices work.  Optional; 0 or -1 with fail(). */
	int (*start)(const struct backend_env *env);
	/* Fill in dev->regions; config_read() must work from here on. */
	int (*setup)(struct device *dev);
	void (*close)(struct device *dev);
	/* After every close(); optional. */
	void (*stop)(void);
	/* Print the models, or with @model what that one takes.  Optional. */
	int (*list)(const char *model);

	/* One access of exactly @width bytes (1, 2, 4, 8), naturally aligned. */
	uint64_t (*region_read)(struct device *dev, uint32_t region, uint64_t off,
				unsigned int width);
	void (*region_write)(struct device *dev, uint32_t region, uint64_t off,
			     unsigned int width, uint64_t value);
	/* Some bytes of the ROM at once, with no width; 0 or -1.  Optional. */
	int (*rom_block)(struct device *dev, uint64_t off, uint8_t *buf, size_t len);
	uint32_t (*config_read)(struct device *dev, uint32_t off, unsigned int width);
	/* A run of bytes that nobody is waiting for; 0 or -1.  Optional. */
	int (*config_block)(struct device *dev, uint32_t off, uint8_t *buf, size_t len);
	void (*config_write)(struct device *dev, uint32_t off, unsigned int width,
			     uint32_t value);
	/* The client's COMMAND register changed: bus mastering and INTX_DISABLE. */
	void (*command)(struct device *dev, uint16_t command);
	/* Interrupt types were enabled or disabled, vectors armed or disarmed.  Optional. */
	void (*irq_update)(struct device *dev);
	/* Take what was signalled up to now; before pending bits are read.  Optional. */
	void (*irq_sync)(struct device *dev);
	/* A storm: look again at interrupts that have been left alone.  Optional. */
	void (*irq_release)(struct device *dev);
	/* Sample INTx; called before it is unmasked.  Optional. */
	bool (*intx_level)(struct device *dev);
	/* May this memory be mapped?  Optional; 0 or a negative errno. */
	int (*dma_map)(struct device *dev, const struct dma_request *req, int fd);
	/* It is mapped no more; called for each mapping, before the table loses it.  Optional. */
	void (*dma_unmap)(struct device *dev, uint64_t iova, uint64_t size);
	/* A client has connected and nothing was asked yet.  Optional. */
	void (*arriving)(struct device *dev);
	/* The client has gone; what follows must be done soon.  Optional. */
	void (*leaving)(struct device *dev);
	/* Take what answers for its devices to this processor.  Optional. */
	void (*move)(int cpu);
	/* Reset the function; bus mastering is off afterwards. */
	void (*reset)(struct device *dev);
};

extern const struct backend *const backends[];
extern const struct backend backend_testdev, backend_qemu, backend_vfio, backend_vfio_user;

const struct backend *backend_find(const char *name);
int backend_check_params(const struct backend *be, const struct spec *spec);
int backend_help(const struct spec *spec);

#endif
