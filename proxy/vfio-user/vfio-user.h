/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfio-user.h - what the parts of the backend for vfio-user servers share
 */
#ifndef RING3_PROXY_VFIO_USER_DEVICE_H
#define RING3_PROXY_VFIO_USER_DEVICE_H

#include "proxy/device.h"
#include "proxy/vfio-user/peer.h"

#define VU_NO_INDEX VFIO_USER_NUM_IRQS

struct vu_device;

/* An event of the server's. */
struct vu_event {
	struct loop_src src;		/* fd -1: none */
	struct vu_device *vu;
	uint32_t index, vector;
};

struct vu_device {
	struct device *dev;
	struct peer peer;
	uint64_t size[VFIO_USER_NUM_REGIONS];	/* what of a region the server has */
	uint16_t decode;			/* PCI_COMMAND_IO, _MEMORY: what it has */
	uint32_t irq_count[VFIO_USER_NUM_IRQS];
	bool intx_automasked;			/* so it says */
	bool intx_masked;			/* it waits for UNMASK */
	struct vu_event intx;
	struct vu_event *vectors;		/* nr_events of them */
	uint32_t nr_events;
	uint32_t armed_index, armed;		/* what the server has descriptors for, how many */
};

uint32_t vu_config_read(struct vu_device *vu, uint32_t off, unsigned int width);
void vu_config_write(struct vu_device *vu, uint32_t off, unsigned int width, uint32_t value);

int vu_setup(struct device *dev, int fd);
int vu_learn(struct vu_device *vu, struct region *regions);
void vu_forget(struct region *regions);
void vu_place(struct vu_device *vu);

void vu_irqs_init(struct vu_device *vu);
void vu_irqs_update(struct vu_device *vu);
void vu_irqs_off(struct vu_device *vu);
void vu_irqs_sync(struct vu_device *vu);
void vu_irqs_exit(struct vu_device *vu);
bool vu_intx_level(struct vu_device *vu);

#endif
