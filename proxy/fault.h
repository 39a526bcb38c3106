/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fault.h - accesses of a device to memory that it may not have
 */
#ifndef RING3_PROXY_FAULT_H
#define RING3_PROXY_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/vfio_user.h"

#define FAULTS_KEPT	64	/* until the client asks */
#define GONE_KEPT	1024	/* mappings that are remembered when they are gone */

/* A mapping that is none any more. */
struct gone {
	uint64_t iova, size;	/* size 0: none */
	uint64_t ns;		/* since when, CLOCK_MONOTONIC */
};

struct faults {
	uint64_t count;		/* of all; read by others */
	uint64_t said;		/* in the log */
	uint64_t second_ns;	/* when the second began in which … */
	uint32_t in_second;	/* … so many were said */
	struct vfio_user_ring3_fault kept[FAULTS_KEPT];
	uint32_t first, nr;
	uint32_t lost;
	struct gone gone[GONE_KEPT];
	uint32_t next_gone;
};

struct device;

void fault_report(struct device *dev, uint64_t iova, bool write);
int fault_take(struct device *dev, struct vfio_user_ring3_fault *fault);
void fault_unmapped(struct device *dev, uint64_t iova, uint64_t size);
void fault_forget(struct device *dev);

#endif
