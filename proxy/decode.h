/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decode.h - everything that a client says, checked in one place
 */
#ifndef RING3_PROXY_DECODE_H
#define RING3_PROXY_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/device.h"
#include "proxy/vfio_user.h"

#define DECODE_MAX_MULTI 256

/* What the checks need to know about the device; never the device itself. */
struct decode_limits {
	bool negotiated;		/* VERSION went through */
	const struct region *regions;	/* VFIO_USER_NUM_REGIONS of them */
	const uint32_t *irq_count;	/* VFIO_USER_NUM_IRQS of them */
};

struct access_request {
	uint64_t offset;
	uint32_t region, count;
	const uint8_t *data;		/* of a write; not aligned */
};

struct request {
	uint16_t cmd;
	union {
		struct vfio_user_version version;
		struct dma_request dma_map;
		struct {
			bool all;
			uint64_t iova, size;
		} dma_unmap;
		struct {
			uint32_t argsz, index;
		} info;			/* GET_INFO, GET_REGION_INFO, GET_IRQ_INFO */
		struct irq_request irqs;
		struct access_request access;
		struct told_note note;
		struct {
			uint32_t nr;
			const uint8_t *writes;	/* struct vfio_user_write_one, not aligned */
		} multi;
	};
};

int decode_header(const struct vfio_user_hdr *hdr);
int decode_request(const struct decode_limits *limits, const struct vfio_user_hdr *hdr,
		   const uint8_t *payload, unsigned int nfds, struct request *req);
int decode_slot(const struct decode_limits *limits, const struct vfio_user_mailbox_slot *slot,
		struct access_request *access);
int decode_write_one(const struct decode_limits *limits, const uint8_t *at,
		     struct access_request *access);

#endif
