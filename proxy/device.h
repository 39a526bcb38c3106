/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device.h - one PCI function as clients see it
 */
#ifndef RING3_PROXY_DEVICE_H
#define RING3_PROXY_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/config.h"
#include "proxy/dma.h"
#include "proxy/fault.h"
#include "proxy/irq.h"
#include "proxy/loop.h"
#include "proxy/policy.h"
#include "proxy/told.h"
#include "proxy/trace-place.h"
#include "proxy/vfio_user.h"

#define REGION_MAX_AREAS 16

enum region_kind {
	REGION_ABSENT,
	REGION_MEMORY,
	REGION_PORTS,
	REGION_ROM,
	REGION_CONFIG,
};

struct region {
	enum region_kind kind;
	uint64_t size;
	bool is_64, prefetch;
	int fd;				/* valid with nr_areas; owned by the backend */
	bool guarded;			/* fd is more than these areas: see server.c */
	uint64_t fd_offset;
	uint32_t nr_areas;		/* mappable parts, sorted */
	struct vfio_user_sparse_area areas[REGION_MAX_AREAS];
};

/* Written by the main thread alone; others read it as it stands. */
struct access_count {
	uint64_t reads[4], writes[4];	/* of 1, 2, 4 and 8 bytes */
	uint64_t block_bytes;		/* of runs of plain memory */
};

struct backend;
struct doorbell;
struct mailbox;
struct spec;

struct device {
	struct spec *spec;
	const struct backend *backend;
	void *priv;			/* the backend's */
	unsigned int index;		/* its number */
	int slot, function;		/* where it is while nobody tells */
	bool client;			/* somebody is connected */
	bool launched;			/* by the one who started the proxy, with its first code known */
	bool gone;			/* taken back: reads are all ones, writes are lost */
	bool trapped;			/* no page may be mapped */
	uint32_t caller;		/* of the next access, for the trace */
	uint64_t resets;
	struct access_count accesses[VFIO_USER_NUM_REGIONS];
	struct loop_src claim;		/* see claim.h; fd -1: none */
	struct told told;
	struct trace_places places;
	struct seen *seen;		/* its named registers, or NULL */
	struct mailbox *mailbox;	/* or NULL */
	struct doorbell *doorbell;	/* or NULL */
	bool posted_writes;		/* it bears that clients run on while it takes a write */
	struct region regions[VFIO_USER_NUM_REGIONS];
	struct config config;
	struct policy policy;
	struct irqs irqs;
	struct dma dma;
	struct faults faults;
};

struct device *device_new(struct spec *spec, const struct backend *backend);
void device_free(struct device *dev);
const char *device_name(const struct device *dev);
int device_setup(struct device *dev);
void device_trap(struct device *dev);
int device_region_access(struct device *dev, uint32_t region, uint64_t off, void *buf,
			 uint32_t len, bool write);
uint64_t device_bar_address(const struct device *dev, uint32_t region);
bool region_maps(const struct region *r, uint64_t off, uint64_t len);
int device_dma_map(struct device *dev, const struct dma_request *req, int *fd);
int device_dma_unmap(struct device *dev, uint64_t iova, uint64_t size, uint64_t *unmapped);
void device_dma_unmap_all(struct device *dev);
void device_reset(struct device *dev);
void device_quiesce(struct device *dev);
void device_wanted(struct device *dev);

#endif
