// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - carry out what a client asks for
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/decode.h"
#include "proxy/doorbell.h"
#include "proxy/error.h"
#include "proxy/mailbox.h"
#include "proxy/server.h"
#include "proxy/trace.h"

/*
 * QEMU's client has room for 214 bytes and gives up at more than 16 descriptors (we take
 * 64), and rust-vmm's reads max_msg_fds as a number: keep it short and plain.  The last three are ours: memory writes need not be waited
 * for (see struct device), and what a hosted kernel may tell (see told.h).
 */
#define CAPABILITIES(posted, notes, callers) \
	"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576," \
	"\"write_multiple\":true" posted notes callers "}}"
#define POSTED	",\"posted_writes\":true"
#define NOTES	",\"ring3_notes\":true"
#define CALLERS	",\"ring3_callers\":true"

static const char *const capabilities[2][2] = {
	{ CAPABILITIES("", NOTES, ""), CAPABILITIES("", NOTES, CALLERS) },
	{ CAPABILITIES(POSTED, NOTES, ""), CAPABILITIES(POSTED, NOTES, CALLERS) },
};

_Static_assert(VFIO_USER_MAX_FDS >= 16 && VFIO_USER_MAX_DATA == 1048576,
	       "the capabilities say so");
_Static_assert(sizeof(CAPABILITIES(POSTED, NOTES, CALLERS)) + sizeof(struct vfio_user_version) +
	       sizeof(struct vfio_user_hdr) <= 214, "QEMU's client drops longer ones");

/* Room for @len bytes after the header; NULL if there is no memory. */
static uint8_t *payload_of(struct reply *reply, size_t len)
{
	size_t need = sizeof(struct vfio_user_hdr) + len;

	if (need > reply->capacity) {
		uint8_t *buf = realloc(reply->buf, need);

		if (!buf)
			return NULL;
		reply->buf = buf;
		reply->capacity = need;
	}
	reply->len = need;
	return reply->buf + sizeof(struct vfio_user_hdr);
}

static int put(struct reply *reply, const void *data, size_t len)
{
	uint8_t *p = payload_of(reply, len);

	if (!p)
		return -ENOMEM;
	memcpy(p, data, len);
	return 0;
}

static int do_version(struct session *s, struct device *dev, const struct request *req,
		      struct reply *reply)
{
	const char *offer = capabilities[dev->posted_writes][trace_followed()];
	size_t len = strlen(offer) + 1;
	struct vfio_user_version v = { .major = VFIO_USER_MAJOR, .minor = VFIO_USER_MINOR };
	uint8_t *p = payload_of(reply, sizeof(v) + len);

	if (!p)
		return -ENOMEM;
	if (req->version.minor < v.minor)
		v.minor = req->version.minor;
	memcpy(p, &v, sizeof(v));
	memcpy(p + sizeof(v), offer, len);
	s->negotiated = true;
	return 0;
}

static int do_dma_unmap(struct device *dev, const struct request *req, struct reply *reply)
{
	struct vfio_user_dma_unmap u = {
		.argsz = sizeof(u), .addr = req->dma_unmap.iova, .size = req->dma_unmap.size,
	};
	int err;

	if (req->dma_unmap.all) {
		device_dma_unmap_all(dev);
		u.flags = VFIO_USER_DMA_UNMAP_ALL;
	} else {
		err = device_dma_unmap(dev, u.addr, u.size, &u.size);
		if (err)
			return err;
	}
	return put(reply, &u, sizeof(u));
}

static int do_get_info(struct reply *reply)
{
	const struct vfio_user_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_USER_DEVICE_RESETTABLE | VFIO_USER_DEVICE_PCI,
		.num_regions = VFIO_USER_NUM_REGIONS,
		.num_irqs = VFIO_USER_NUM_IRQS,
	};

	return put(reply, &info, sizeof(info));
}

/*
 * How much of a region may be mapped by this client now.
 *
 * A guarded descriptor is a whole device, with everything that can be done to it: VFIO has no
 * lesser one that can be mapped.  It goes only to a client whose first code we know, the hosted
 * kernel as it boots, which maps and closes it before it has loaded a driver; and only as long
 * as that is the first thing it does, once for each region.  Everybody else finds that nothing
 * can be mapped, and all accesses come to us.
 */
static uint32_t areas_for(const struct session *s, const struct region *r, uint32_t index)
{
	if (r->guarded && (!s->dev->launched || s->acted || s->handed >> index & 1))
		return 0;
	return r->nr_areas;
}

static bool only_asks(uint16_t cmd)
{
	return cmd == VFIO_USER_VERSION || cmd == VFIO_USER_DEVICE_GET_INFO ||
	       cmd == VFIO_USER_DEVICE_GET_REGION_INFO || cmd == VFIO_USER_DEVICE_GET_IRQ_INFO ||
	       cmd == VFIO_USER_RING3_MAILBOX || cmd == VFIO_USER_RING3_EVENTS ||
	       cmd == VFIO_USER_RING3_BELL;
}

static uint32_t region_flags(const struct region *r, uint32_t nr_areas)
{
	uint32_t flags = 0;

	if (r->size)
		flags |= VFIO_USER_REGION_READABLE;
	if (r->size && r->kind != REGION_ROM)
		flags |= VFIO_USER_REGION_WRITEABLE;
	if (nr_areas)
		flags |= VFIO_USER_REGION_MMAP | VFIO_USER_REGION_CAPS;
	return flags;
}

/*
 * A client that left too little room gets the fixed part, and in argsz the size to
 * ask for; the descriptor comes with the full answer only.
 */
static int do_region_info(struct session *s, const struct request *req, struct reply *reply)
{
	const struct region *r = &s->dev->regions[req->info.index];
	const uint32_t nr_areas = areas_for(s, r, req->info.index);
	struct vfio_user_region_info info = {
		.argsz = sizeof(info), .flags = region_flags(r, nr_areas),
		.index = req->info.index, .size = r->size, .offset = nr_areas ? r->fd_offset : 0,
	};
	struct vfio_user_sparse_mmap cap = {
		.header = { .id = VFIO_USER_CAP_SPARSE_MMAP, .version = 1 },
		.nr_areas = nr_areas,
	};
	size_t areas = nr_areas * sizeof(r->areas[0]);
	uint8_t *p;

	if (!nr_areas)
		return put(reply, &info, sizeof(info));
	info.argsz = sizeof(info) + sizeof(cap) + areas;
	info.cap_offset = sizeof(info);
	if (req->info.argsz < info.argsz)
		return put(reply, &info, sizeof(info));
	p = payload_of(reply, info.argsz);
	if (!p)
		return -ENOMEM;
	memcpy(p, &info, sizeof(info));
	memcpy(p + sizeof(info), &cap, sizeof(cap));
	memcpy(p + sizeof(info) + sizeof(cap), r->areas, areas);
	reply->fd = r->fd;
	s->handed |= 1u << req->info.index;
	return 0;
}

static int do_irq_info(struct device *dev, const struct request *req, struct reply *reply)
{
	const struct vfio_user_irq_info info = {
		.argsz = sizeof(info),
		.flags = irq_info_flags(req->info.index),
		.index = req->info.index,
		.count = dev->irqs.count[req->info.index],
	};

	return put(reply, &info, sizeof(info));
}

static int do_read(struct device *dev, const struct access_request *a, struct reply *reply)
{
	struct vfio_user_region_access h = {
		.offset = a->offset, .region = a->region, .count = a->count,
	};
	uint8_t *p = payload_of(reply, sizeof(h) + a->count);

	if (!p)
		return -ENOMEM;
	memcpy(p, &h, sizeof(h));
	return device_region_access(dev, a->region, a->offset, p + sizeof(h), a->count, false);
}

static int do_write(struct device *dev, const struct access_request *a, struct reply *reply)
{
	struct vfio_user_region_access h = {
		.offset = a->offset, .region = a->region, .count = a->count,
	};
	int err = device_region_access(dev, a->region, a->offset, (void *)a->data, a->count,
				       true);

	return err ? err : put(reply, &h, sizeof(h));
}

static int do_fault(struct device *dev, struct reply *reply)
{
	struct vfio_user_ring3_fault fault;
	int err = fault_take(dev, &fault);

	return err ? err : put(reply, &fault, sizeof(fault));
}

static int do_write_multi(struct device *dev, const struct decode_limits *limits,
			  const struct request *req, struct reply *reply)
{
	uint64_t done;

	for (done = 0; done < req->multi.nr; done++) {
		struct access_request a;
		int err = decode_write_one(limits, req->multi.writes +
					   done * sizeof(struct vfio_user_write_one), &a);

		if (!err)
			err = device_region_access(dev, a.region, a.offset, (void *)a.data,
						   a.count, true);
		if (err)
			return err;
	}
	return put(reply, &done, sizeof(done));
}

static int dispatch(struct session *s, const struct decode_limits *limits,
		    const struct request *req, int *fds, unsigned int nfds, struct reply *reply)
{
	struct device *dev = s->dev;
	int none = -1;

	switch (req->cmd) {
	case VFIO_USER_VERSION:
		return do_version(s, dev, req, reply);
	case VFIO_USER_DMA_MAP:
		return device_dma_map(dev, &req->dma_map, nfds ? &fds[0] : &none);
	case VFIO_USER_DMA_UNMAP:
		return do_dma_unmap(dev, req, reply);
	case VFIO_USER_DEVICE_GET_INFO:
		return do_get_info(reply);
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return do_region_info(s, req, reply);
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		return do_irq_info(dev, req, reply);
	case VFIO_USER_DEVICE_SET_IRQS:
		return irq_set(dev, &req->irqs, fds, nfds);
	case VFIO_USER_REGION_READ:
		return do_read(dev, &req->access, reply);
	case VFIO_USER_REGION_WRITE:
		return do_write(dev, &req->access, reply);
	case VFIO_USER_REGION_WRITE_MULTI:
		return do_write_multi(dev, limits, req, reply);
	case VFIO_USER_DEVICE_RESET:
		device_reset(dev);
		return 0;
	case VFIO_USER_RING3_NOTE:
		told_note(dev, &req->note);
		return 0;
	case VFIO_USER_RING3_FAULT:
		return do_fault(dev, reply);
	case VFIO_USER_RING3_MAILBOX:
		return mailbox_grant(dev, &reply->fd);
	case VFIO_USER_RING3_KICK:
		return 0;
	case VFIO_USER_RING3_EVENTS:
		return doorbell_events(dev, &reply->fd);
	case VFIO_USER_RING3_BELL:
		return doorbell_grant(dev, &reply->fd);
	default:
		return -ENOTSUP;
	}
}

static void finish(const struct vfio_user_hdr *hdr, int err, struct reply *reply)
{
	struct vfio_user_hdr h = {
		.id = hdr->id, .cmd = hdr->cmd, .size = reply->len,
		.flags = VFIO_USER_F_REPLY | (err ? VFIO_USER_F_ERROR : 0), .err = -err,
	};

	memcpy(reply->buf, &h, sizeof(h));
}

/**
 * server_reply_error() - an error reply: the header alone
 * @hdr: of the request; only id and cmd are used
 * @err: negative errno
 * @reply: filled in
 *
 * Return: 0 or -ENOMEM.
 */
int server_reply_error(const struct vfio_user_hdr *hdr, int err, struct reply *reply)
{
	reply->fd = -1;
	reply->len = 0;
	if (!payload_of(reply, 0))
		return -ENOMEM;
	finish(hdr, err, reply);
	return 0;
}

/**
 * server_refused() - count a message that is malformed or out of order, and tell of it
 * @dev: device
 * @hdr: of the message
 */
void server_refused(struct device *dev, const struct vfio_user_hdr *hdr)
{
	if (policy_deny(dev, DENY_REQUEST))
		warn("device '%s': its client sent a message that is malformed or out of order, %llu so far: command %u, %u bytes; it was refused",
		     device_name(dev), (unsigned long long)dev->policy.denied[DENY_REQUEST],
		     hdr->cmd, hdr->size);
}

/**
 * server_handle() - carry out one message and make its reply
 * @s: the conversation
 * @hdr: passed decode_header()
 * @payload: @hdr->size - 16 bytes
 * @fds: what came along; those taken over are replaced by -1, the caller closes the
 *       others
 * @nfds: how many
 * @reply: filled in; len is 0 if none is wanted
 */
void server_handle(struct session *s, const struct vfio_user_hdr *hdr, const uint8_t *payload,
		   int *fds, unsigned int nfds, struct reply *reply)
{
	const struct decode_limits limits = {
		.negotiated = s->negotiated, .regions = s->dev->regions,
		.irq_count = s->dev->irqs.count,
	};
	struct request req;
	int err;

	reply->fd = -1;
	reply->len = 0;
	if (!payload_of(reply, 0))
		return;
	s->acted |= mailbox_drain(s->dev, &limits) || !only_asks(hdr->cmd);
	err = decode_request(&limits, hdr, payload, nfds, &req);
	if (!err)
		err = dispatch(s, &limits, &req, fds, nfds, reply);
	else if (err == -EINVAL)
		server_refused(s->dev, hdr);
	if (hdr->cmd == VFIO_USER_REGION_READ || hdr->cmd == VFIO_USER_REGION_WRITE ||
	    hdr->cmd == VFIO_USER_RING3_KICK)
		mailbox_heard(s->dev, hdr->cmd != VFIO_USER_RING3_KICK);
	if (err) {
		reply->fd = -1;
		reply->len = sizeof(*hdr);
	}
	finish(hdr, err, reply);
	if (hdr->flags & VFIO_USER_F_NO_REPLY) {
		reply->len = 0;
		reply->fd = -1;
	}
}
