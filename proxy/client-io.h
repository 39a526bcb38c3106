/* SPDX-License-Identifier: GPL-2.0 */
/*
 * client-io.h - between the client's requests and the wire
 */
#ifndef RING3_CLIENT_IO_H
#define RING3_CLIENT_IO_H

#include "client.h"

/* A piece of an outgoing message behind its header. */
struct vfu_part {
	const void *data;
	size_t len;
};

int vfu_give_up(struct vfu_client *c, int err);
int vfu_transact(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
		 unsigned int nr_parts, const int *fds, unsigned int nr_fds, size_t min,
		 size_t *got);
int vfu_post(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
	     unsigned int nr_parts);

#endif
