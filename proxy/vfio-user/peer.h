/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer.h - a connection to somebody else's vfio-user server
 */
#ifndef RING3_PROXY_PEER_H
#define RING3_PROXY_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "proxy/client-io.h"
#include "proxy/loop.h"

#define PEER_DEADLINE_MS	2000	/* for an answer, unless the user says another */
#define PEER_DEADLINE_MAX_MS	60000
#define PEER_HUNG_MS		5	/* … while an earlier answer is still owed */

struct device;

/* What a server asks for, checked. */
struct peer_request {
	uint16_t cmd;
	uint64_t addr;
	uint32_t count;
	const uint8_t *data;	/* of DMA_WRITE */
};

/* Requests go out through the functions of client.h on .client. */
struct peer {
	struct vfu_client client;
	struct device *dev;
	struct loop_src src;		/* what the server says unasked */
	int deadline_ms;
	bool up;			/* connected; losing it is news */
	bool told_slow;
	uint8_t *rx;			/* whole and partial messages */
	size_t rx_len, rx_size;
	int rx_fd;			/* first descriptor that came since the last answer, or -1 */
	bool waiting;			/* for the answer to … */
	uint16_t id, cmd;
	uint8_t *tx;			/* answer to a DMA_READ */
	size_t tx_size;
	uint64_t dma_refused;		/* accesses without bus mastering */
};

int peer_connect(const char *path);
void peer_init(struct peer *p, struct device *dev);
int peer_start(struct peer *p, int fd);
void peer_take(struct peer *p);
void peer_close(struct peer *p);
void peer_drop(struct peer *p, const char *why);

int64_t peer_now_ms(void);
int peer_wait(struct peer *p, short events, int64_t deadline);
int peer_send(struct peer *p, struct iovec *iov, size_t iovcnt, const int *fds,
	      unsigned int nr_fds, int64_t deadline);
int peer_receive(struct peer *p);

int peer_decode(const struct vfio_user_hdr *hdr, const uint8_t *payload,
		struct peer_request *req);
size_t peer_serve(struct peer *p, const struct vfio_user_hdr *hdr, const uint8_t *payload);

#endif
