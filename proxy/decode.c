// SPDX-License-Identifier: GPL-2.0
/*
 * decode.c - everything that a client says, checked in one place
 *
 * Pure functions: no I/O, no state, no allocation that outlives the call.  What
 * passes here may be used as it is.  Every function returns 0 or the negative errno of
 * the error reply: -EINVAL for what is malformed or out of range, -E2BIG for too much,
 * -ENOTSUP for what this server does not offer (unknown commands included).
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "proxy/decode.h"

#define MAX_VERSION_JSON 4096
#define MAX_JSON_DEPTH 8

/**
 * decode_header() - may this header be followed by its payload?
 * @hdr: as received
 *
 * Return: 0, -EINVAL (not a command, shorter than itself, or unknown flags), -E2BIG.
 */
int decode_header(const struct vfio_user_hdr *hdr)
{
	if (hdr->size < sizeof(*hdr))
		return -EINVAL;
	if (hdr->size > VFIO_USER_MAX_MSG)
		return -E2BIG;
	if (hdr->flags & ~VFIO_USER_F_NO_REPLY)
		return -EINVAL;
	return 0;
}

static int parse_json(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(MAX_JSON_DEPTH);
	struct json_object *obj;
	int err = -EINVAL;

	if (!tok)
		return -ENOMEM;
	obj = json_tokener_parse_ex(tok, text, len);
	if (obj && json_object_is_type(obj, json_type_object))
		err = 0;
	json_object_put(obj);
	json_tokener_free(tok);
	return err;
}

/* The client's capabilities must be JSON; none of them limits what we send. */
static int decode_version(const uint8_t *p, size_t len, struct request *req)
{
	const char *json = (const char *)p + sizeof(req->version);
	size_t room;

	if (len < sizeof(req->version))
		return -EINVAL;
	memcpy(&req->version, p, sizeof(req->version));
	if (req->version.major != VFIO_USER_MAJOR)
		return -EINVAL;
	room = len - sizeof(req->version);
	if (!room)
		return 0;
	if (room > MAX_VERSION_JSON || json[room - 1])
		return -EINVAL;
	return strlen(json) ? parse_json(json, strlen(json)) : 0;
}

static bool wraps(uint64_t start, uint64_t size)
{
	return size && start + (size - 1) < start;
}

static int decode_dma_map(const uint8_t *p, size_t len, unsigned int nfds, struct request *req)
{
	const uint32_t known = VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE;
	struct vfio_user_dma_map m;

	if (len != sizeof(m) || nfds > 1)
		return -EINVAL;
	memcpy(&m, p, sizeof(m));
	if (m.argsz < sizeof(m) || m.flags & ~known || !m.size || wraps(m.addr, m.size))
		return -EINVAL;
	if (m.offset > INT64_MAX || (nfds && m.size > INT64_MAX - m.offset) ||
	    wraps(m.offset, m.size))
		return -EINVAL;
	req->dma_map = (struct dma_request) {
		.iova = m.addr, .size = m.size, .offset = m.offset, .flags = m.flags,
	};
	return 0;
}

static int decode_dma_unmap(const uint8_t *p, size_t len, struct request *req)
{
	struct vfio_user_dma_unmap u;

	if (len < sizeof(u))
		return -EINVAL;
	memcpy(&u, p, sizeof(u));
	if (u.argsz < sizeof(u))
		return -EINVAL;
	if (u.flags & ~VFIO_USER_DMA_UNMAP_ALL)
		return -ENOTSUP;
	req->dma_unmap.all = u.flags & VFIO_USER_DMA_UNMAP_ALL;
	req->dma_unmap.iova = u.addr;
	req->dma_unmap.size = u.size;
	if (req->dma_unmap.all)
		return u.addr || u.size ? -EINVAL : 0;
	return !u.size || wraps(u.addr, u.size) ? -EINVAL : 0;
}

/* The three GET_*INFO requests start with argsz and flags; two go on with an index. */
static int decode_info(const uint8_t *p, size_t len, size_t want, uint32_t nr,
		       struct request *req)
{
	if (len < want)
		return -EINVAL;
	memcpy(&req->info.argsz, p, sizeof(req->info.argsz));
	if (req->info.argsz < want)
		return -EINVAL;
	req->info.index = 0;
	if (!nr)
		return 0;
	memcpy(&req->info.index, p + 8, sizeof(req->info.index));
	return req->info.index < nr ? 0 : -EINVAL;
}

static bool one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

static int decode_irq_flags(uint32_t flags, struct irq_request *r)
{
	r->data = flags & VFIO_USER_IRQ_DATA_MASK;
	r->action = flags & VFIO_USER_IRQ_ACTION_MASK;
	if (flags & ~(VFIO_USER_IRQ_DATA_MASK | VFIO_USER_IRQ_ACTION_MASK) ||
	    !one_bit(r->data) || !one_bit(r->action))
		return -EINVAL;
	return 0;
}

static int decode_set_irqs(const struct decode_limits *limits, const uint8_t *p, size_t len,
			   unsigned int nfds, struct request *req)
{
	struct irq_request *r = &req->irqs;
	struct vfio_user_irq_set s;

	if (len < sizeof(s))
		return -EINVAL;
	memcpy(&s, p, sizeof(s));
	if (s.argsz < sizeof(s) || s.index >= VFIO_USER_NUM_IRQS || decode_irq_flags(s.flags, r))
		return -EINVAL;
	r->index = s.index;
	r->start = s.start;
	r->count = s.count;
	r->bools = p + sizeof(s);
	if (s.start > limits->irq_count[s.index] ||
	    s.count > limits->irq_count[s.index] - s.start)
		return -EINVAL;
	if (!s.count)
		return r->data == VFIO_USER_IRQ_DATA_NONE && !nfds &&
		       r->action == VFIO_USER_IRQ_TRIGGER ? 0 : -EINVAL;
	if (r->data == VFIO_USER_IRQ_DATA_BOOL && len - sizeof(s) < s.count)
		return -EINVAL;
	if (r->data == VFIO_USER_IRQ_DATA_EVENTFD)
		return !nfds || nfds == s.count ? 0 : -EINVAL;
	return nfds ? -EINVAL : 0;
}

/* Widths that one bus access can have. */
static bool is_single(const struct region *r, uint64_t off, uint32_t count)
{
	if (off & (count - 1))
		return false;
	return count == 1 || count == 2 || count == 4 ||
	       (count == 8 && r->kind == REGION_MEMORY);
}

static int check_access(const struct decode_limits *limits, const struct access_request *a)
{
	const struct region *r;

	if (a->region >= VFIO_USER_NUM_REGIONS || !a->count)
		return -EINVAL;
	if (a->count > VFIO_USER_MAX_DATA)
		return -E2BIG;
	r = &limits->regions[a->region];
	if (a->offset >= r->size || a->count > r->size - a->offset)
		return -EINVAL;
	if (r->kind == REGION_CONFIG || r->kind == REGION_ROM)
		return 0;
	if (is_single(r, a->offset, a->count) || region_maps(r, a->offset, a->count))
		return 0;
	return -EINVAL;
}

static int decode_access(const struct decode_limits *limits, const uint8_t *p, size_t len,
			 bool write, struct request *req)
{
	struct access_request *a = &req->access;
	struct vfio_user_region_access h;

	if (len < sizeof(h))
		return -EINVAL;
	memcpy(&h, p, sizeof(h));
	if (write ? len - sizeof(h) != h.count : len != sizeof(h))
		return -EINVAL;
	a->offset = h.offset;
	a->region = h.region;
	a->count = h.count;
	a->data = p + sizeof(h);
	return check_access(limits, a);
}

/**
 * decode_write_one() - one entry of VFIO_USER_REGION_WRITE_MULTI
 * @limits: the device
 * @at: the entry, sizeof(struct vfio_user_write_one) bytes
 * @access: filled in; its data point into @at
 *
 * Return: 0 or the negative errno of the error reply.
 */
int decode_write_one(const struct decode_limits *limits, const uint8_t *at,
		     struct access_request *access)
{
	struct vfio_user_write_one w;

	memcpy(&w, at, sizeof(w));
	if (w.count > sizeof(w.data))
		return -EINVAL;
	access->offset = w.offset;
	access->region = w.region;
	access->count = w.count;
	access->data = at + offsetof(struct vfio_user_write_one, data);
	return check_access(limits, access);
}

/**
 * decode_slot() - an access left in a mailbox
 * @limits: the device
 * @slot: a copy of it, which the client cannot change
 * @access: filled in; its data point into @slot
 *
 * Registers of BARs alone: what resets a device, or takes long in another way, is a message.
 *
 * Return: 0 or a negative errno.
 */
int decode_slot(const struct decode_limits *limits, const struct vfio_user_mailbox_slot *slot,
		struct access_request *access)
{
	if (slot->width > sizeof(slot->value) || slot->write > 1 || slot->answer > 1 ||
	    slot->zero || !(slot->write || slot->answer) || slot->region > VFIO_USER_BAR5)
		return -EINVAL;
	access->offset = slot->offset;
	access->region = slot->region;
	access->count = slot->width;
	access->data = (const uint8_t *)&slot->value;
	return check_access(limits, access);
}

/* All entries are checked before the first is carried out. */
static int decode_multi(const struct decode_limits *limits, const uint8_t *p, size_t len,
			struct request *req)
{
	struct access_request unused;
	uint64_t nr;

	if (len < sizeof(nr))
		return -EINVAL;
	memcpy(&nr, p, sizeof(nr));
	if (nr > DECODE_MAX_MULTI)
		return -E2BIG;
	if (len - sizeof(nr) != nr * sizeof(struct vfio_user_write_one))
		return -EINVAL;
	req->multi.nr = nr;
	req->multi.writes = p + sizeof(nr);
	for (uint32_t i = 0; i < nr; i++) {
		int err = decode_write_one(limits, req->multi.writes +
					   i * sizeof(struct vfio_user_write_one), &unused);

		if (err)
			return err;
	}
	return 0;
}

static int decode_note(const struct vfio_user_hdr *hdr, const uint8_t *p, size_t len,
		       struct request *req)
{
	struct vfio_user_ring3_note n;

	if (!(hdr->flags & VFIO_USER_F_NO_REPLY) || len < sizeof(n))
		return -EINVAL;
	memcpy(&n, p, sizeof(n));
	if (!n.kind || n.kind >= VFIO_USER_NR_NOTES || n.len > VFIO_USER_NOTE_TEXT ||
	    n.len != len - sizeof(n))
		return -EINVAL;
	req->note = (struct told_note) {
		.kind = n.kind, .len = n.len, .a = n.a, .b = n.b, .c = n.c,
		.text = (const char *)p + sizeof(n),
	};
	return 0;
}

static bool takes_fds(uint16_t cmd)
{
	return cmd == VFIO_USER_DMA_MAP || cmd == VFIO_USER_DEVICE_SET_IRQS;
}

/**
 * decode_request() - check a whole message
 * @limits: the device and the state of the connection
 * @hdr: passed decode_header()
 * @payload: @hdr->size - 16 bytes; need not be aligned
 * @nfds: how many descriptors came with it
 * @req: filled in; points into @payload
 *
 * Return: 0 or the negative errno of the error reply.
 */
int decode_request(const struct decode_limits *limits, const struct vfio_user_hdr *hdr,
		   const uint8_t *payload, unsigned int nfds, struct request *req)
{
	size_t len = hdr->size - sizeof(*hdr);

	req->cmd = hdr->cmd;
	if (limits->negotiated == (hdr->cmd == VFIO_USER_VERSION))
		return -EINVAL;
	if (nfds && !takes_fds(hdr->cmd))
		return -EINVAL;
	switch (hdr->cmd) {
	case VFIO_USER_VERSION:
		return decode_version(payload, len, req);
	case VFIO_USER_DMA_MAP:
		return decode_dma_map(payload, len, nfds, req);
	case VFIO_USER_DMA_UNMAP:
		return decode_dma_unmap(payload, len, req);
	case VFIO_USER_DEVICE_GET_INFO:
		return decode_info(payload, len, sizeof(struct vfio_user_device_info), 0, req);
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return decode_info(payload, len, sizeof(struct vfio_user_region_info),
				   VFIO_USER_NUM_REGIONS, req);
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		return decode_info(payload, len, sizeof(struct vfio_user_irq_info),
				   VFIO_USER_NUM_IRQS, req);
	case VFIO_USER_DEVICE_SET_IRQS:
		return decode_set_irqs(limits, payload, len, nfds, req);
	case VFIO_USER_REGION_READ:
		return decode_access(limits, payload, len, false, req);
	case VFIO_USER_REGION_WRITE:
		return decode_access(limits, payload, len, true, req);
	case VFIO_USER_REGION_WRITE_MULTI:
		return decode_multi(limits, payload, len, req);
	case VFIO_USER_DEVICE_RESET:
	case VFIO_USER_RING3_FAULT:
	case VFIO_USER_RING3_MAILBOX:
	case VFIO_USER_RING3_KICK:
	case VFIO_USER_RING3_EVENTS:
	case VFIO_USER_RING3_BELL:
		return 0;
	case VFIO_USER_RING3_NOTE:
		return decode_note(hdr, payload, len, req);
	default:
		return -ENOTSUP;
	}
}
