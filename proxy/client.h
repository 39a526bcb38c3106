/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client.h - a vfio-user client without allocation, for hosted kernel and tools
 *
 * The hosted kernel calls these functions with interrupts off and from interrupt
 * handlers, so they allocate nothing, take no lock and never wait longer than
 * the deadline.  The caller sees to it that one thread at a time uses a client.
 * Every function returns 0 or a negative errno: the server's own error, or
 *   -ETIMEDOUT  no answer within the deadline (the server is stopped or hung)
 *   -EPIPE      the connection is gone; every later call fails the same way
 *   -EPROTO     the server's answer makes no sense; the connection is given up
 */
#ifndef RING3_CLIENT_H
#define RING3_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vfio_user.h"

#define VFU_CLIENT_BUF		4096	/* largest answer taken, header included */
#define VFU_CLIENT_DEADLINE_MS	5000
#define VFU_CLIENT_PIN_MS	60000	/* of a mapping so large that to lock its pages takes long: */
#define VFU_CLIENT_PIN_SIZE	(16u << 20)	/* bytes */
#define VFU_CLIENT_HUNG_MS	5	/* deadline while the last answer is still owed */

struct vfu_client {
	int fd;
	uint16_t last_id;
	unsigned int owed;		/* answers that came too late, or not yet */
	int stuck;			/* the server did not take the last request */
	int blocking;			/* fd has SO_RCVTIMEO, and a receive may wait */
	int64_t patience_ms;		/* for the next request; 0: the usual deadline */
	int dead;			/* 0, or the errno of every further call */
	int posted_writes;		/* the server's devices bear them */
	int notes;			/* the server takes notes … */
	int callers;			/* … of every access, too */
	struct vfio_user_mailbox *mailbox;	/* or NULL, see client-mailbox.c */
	uint32_t left, room;		/* number of the last slot used, and of those known to be free */
	int posted;			/* a message without an answer may not have been carried out */
	uint32_t max_fds;		/* per message, as negotiated */
	size_t have;			/* bytes of the current message in buf */
	int answered;			/* … which is the last answer, complete */
	int rx_fd;			/* descriptor that came with it, or -1 */
	uint64_t messages;		/* round trips made */
	uint64_t buf[VFU_CLIENT_BUF / 8];
};

struct vfu_region {
	uint64_t size;			/* bytes, 0: there is no such region */
	uint32_t flags;			/* VFIO_USER_REGION_* */
	int fd;				/* maps the areas, the caller closes it; -1: none */
	uint64_t fd_offset;		/* of the region's first byte in fd */
	unsigned int nr_areas;
	struct vfio_user_sparse_area areas[64];
};

int vfu_client_start(struct vfu_client *c, int fd);
int vfu_device_info(struct vfu_client *c, struct vfio_user_device_info *info);
int vfu_region_info(struct vfu_client *c, uint32_t index, struct vfu_region *r);
int vfu_irq_info(struct vfu_client *c, uint32_t index, struct vfio_user_irq_info *info);
int vfu_set_irqs(struct vfu_client *c, uint32_t index, uint32_t flags, uint32_t start,
		 uint32_t count, const int *fds, unsigned int nr_fds);
int vfu_read(struct vfu_client *c, uint32_t region, uint64_t offset, void *data, uint32_t count);
int vfu_write(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
	      uint32_t count);
int vfu_write_posted(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
		     uint32_t count);
int vfu_note(struct vfu_client *c, const struct vfio_user_ring3_note *note, const char *text);
int vfu_dma_map(struct vfu_client *c, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		uint32_t flags);
int vfu_dma_unmap(struct vfu_client *c, uint64_t iova, uint64_t size);
int vfu_fault(struct vfu_client *c, struct vfio_user_ring3_fault *fault);
int vfu_reset(struct vfu_client *c);

void vfu_mailbox_start(struct vfu_client *c);
int vfu_doorbell_start(struct vfu_client *c, struct vfio_user_events **events);
int vfu_mailbox_usable(const struct vfu_client *c, uint32_t region, uint32_t count);
int vfu_mailbox_settle(struct vfu_client *c, uint32_t region, uint32_t count);
int vfu_mailbox_read(struct vfu_client *c, uint32_t region, uint64_t offset, void *data,
		     uint32_t count);
int vfu_mailbox_write(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
		      uint32_t count, int posted);

#endif
