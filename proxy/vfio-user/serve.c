// SPDX-License-Identifier: GPL-2.0
/*
 * serve.c - what a vfio-user server asks of its client: memory by message
 *
 * For servers that do not map the memory they are given, and for devices whose memory is
 * handed over without a descriptor.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/vfio-user/peer.h"

/**
 * peer_decode() - check a server's request
 * @hdr: its size is 16 to VFIO_USER_MAX_MSG bytes
 * @payload: @hdr->size - 16 bytes, not aligned
 * @req: filled in; points into @payload
 *
 * Specification: "VFIO_USER_DMA_READ", "VFIO_USER_DMA_WRITE".
 *
 * Return: 0 or the negative errno of the error reply.
 */
int peer_decode(const struct vfio_user_hdr *hdr, const uint8_t *payload,
		struct peer_request *req)
{
	size_t len = hdr->size - sizeof(*hdr);
	struct vfio_user_dma_access a;

	if (hdr->cmd != VFIO_USER_DMA_READ && hdr->cmd != VFIO_USER_DMA_WRITE)
		return -ENOTSUP;
	if (len < sizeof(a))
		return -EINVAL;
	memcpy(&a, payload, sizeof(a));
	if (a.count > VFIO_USER_MAX_DATA)
		return -E2BIG;
	if (!a.count || a.addr + (a.count - 1) < a.addr)
		return -EINVAL;
	if (len - sizeof(a) != (hdr->cmd == VFIO_USER_DMA_WRITE ? a.count : 0))
		return -EINVAL;
	req->cmd = hdr->cmd;
	req->addr = a.addr;
	req->count = a.count;
	req->data = payload + sizeof(a);
	return 0;
}

static bool make_room(struct peer *p, size_t need)
{
	uint8_t *tx;

	if (need <= p->tx_size)
		return true;
	tx = realloc(p->tx, need);
	if (!tx)
		return false;
	p->tx = tx;
	p->tx_size = need;
	return true;
}

static void refused(struct peer *p, const struct peer_request *req)
{
	if (!p->dma_refused++)
		warn("device '%s': its server %s memory at 0x%llx while bus mastering is off: refused (said once)",
		     device_name(p->dev), req->cmd == VFIO_USER_DMA_READ ? "reads" : "writes",
		     (unsigned long long)req->addr);
}

/* The function may be a bus master only if its client says so (PCI 6.2.2). */
static int carry_out(struct peer *p, const struct peer_request *req, uint8_t *data)
{
	int err;

	if (!(config_command(p->dev) & PCI_COMMAND_MASTER)) {
		refused(p, req);
		return -EFAULT;
	}
	err = req->cmd == VFIO_USER_DMA_READ ?
		dma_read(&p->dev->dma, req->addr, data, req->count) :
		dma_write(&p->dev->dma, req->addr, req->data, req->count);
	if (err)
		fault_report(p->dev, p->dev->dma.stopped, req->cmd == VFIO_USER_DMA_WRITE);
	return err;
}

/**
 * peer_serve() - carry out a server's request and make the answer in p->tx
 * @p: the connection
 * @hdr: its size is 16 to VFIO_USER_MAX_MSG bytes
 * @payload: what follows
 *
 * Return: bytes of the answer; 0 if none is wanted, or there is no memory for it.
 */
size_t peer_serve(struct peer *p, const struct vfio_user_hdr *hdr, const uint8_t *payload)
{
	struct vfio_user_hdr reply = {
		.id = hdr->id, .cmd = hdr->cmd, .flags = VFIO_USER_F_REPLY, .size = sizeof(reply),
	};
	struct vfio_user_dma_access a;
	struct peer_request req;
	int err = peer_decode(hdr, payload, &req);
	size_t len = sizeof(reply) + sizeof(a);

	if (!err && req.cmd == VFIO_USER_DMA_READ)
		len += req.count;
	if (!make_room(p, len))
		return 0;
	if (!err)
		err = carry_out(p, &req, p->tx + sizeof(reply) + sizeof(a));
	if (err) {
		reply.flags |= VFIO_USER_F_ERROR;
		reply.err = -err;
	} else {
		a = (struct vfio_user_dma_access){ req.addr, req.count };
		memcpy(p->tx + sizeof(reply), &a, sizeof(a));
		reply.size = len;
	}
	memcpy(p->tx, &reply, sizeof(reply));
	return hdr->flags & VFIO_USER_F_NO_REPLY ? 0 : reply.size;
}
