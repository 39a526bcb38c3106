/* SPDX-License-Identifier: GPL-2.0 */
/*
 * server.h - carry out what a client asks for
 */
#ifndef RING3_PROXY_SERVER_H
#define RING3_PROXY_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/device.h"
#include "proxy/vfio_user.h"

/* One client's conversation with one device. */
struct session {
	struct device *dev;
	bool negotiated;
	bool acted;		/* it has done more than ask what there is */
	uint32_t handed;	/* regions whose guarded descriptor it has had, a bit each */
};

struct reply {
	uint8_t *buf;		/* header first; malloc'ed, grows, belongs to the caller */
	size_t capacity;
	size_t len;		/* 0: nothing to send */
	int fd;			/* -1, or to be passed along; stays the device's */
};

int server_reply_error(const struct vfio_user_hdr *hdr, int err, struct reply *reply);
void server_refused(struct device *dev, const struct vfio_user_hdr *hdr);
void server_handle(struct session *session, const struct vfio_user_hdr *hdr,
		   const uint8_t *payload, int *fds, unsigned int nfds, struct reply *reply);

#endif
