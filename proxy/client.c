// SPDX-License-Identifier: GPL-2.0
/*
 * client.c - the requests of a vfio-user client without allocation
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client-io.h"

static const uint8_t *payload(const struct vfu_client *c)
{
	return (const uint8_t *)c->buf + sizeof(struct vfio_user_hdr);
}

/* The plain case: @len bytes of @data there, @want bytes of @answer back. */
static int call(struct vfu_client *c, uint16_t cmd, const void *data, size_t len, void *answer,
		size_t want)
{
	struct vfu_part p = { data, len };
	size_t got;
	int err = vfu_transact(c, cmd, &p, len ? 1 : 0, NULL, 0, want, &got);

	if (!err && want)
		memcpy(answer, payload(c), want);
	return err;
}

/* Does a server's answer of @len bytes have this word?  Its JSON is not parsed here. */
static int has_word(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word);

	for (; len >= n; text++, len--)
		if (!memcmp(text, word, n))
			return 1;
	return 0;
}

/**
 * vfu_client_start() - negotiate a version over a connected socket
 * @c: the client, of any content
 * @fd: a connected stream socket; stays the caller's, gets a receive timeout
 *
 * Specification: "VFIO_USER_VERSION".
 */
int vfu_client_start(struct vfu_client *c, int fd)
{
	static const char caps[] =
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}";
	struct vfio_user_version v = { VFIO_USER_MAJOR, VFIO_USER_MINOR };
	struct vfu_part parts[2] = { { &v, sizeof(v) }, { caps, sizeof(caps) } };
	const struct timeval deadline = { .tv_sec = VFU_CLIENT_DEADLINE_MS / 1000 };
	struct vfio_user_version theirs;
	const char *offers;
	size_t got;
	int err;

	memset(c, 0, offsetof(struct vfu_client, buf));
	c->fd = fd;
	c->rx_fd = -1;
	c->blocking = !(fcntl(fd, F_GETFL) & O_NONBLOCK) &&
		      !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	c->max_fds = 8;		/* what every server takes */
	err = vfu_transact(c, VFIO_USER_VERSION, parts, 2, NULL, 0, sizeof(theirs), &got);
	if (err)
		return err;
	memcpy(&theirs, payload(c), sizeof(theirs));
	offers = (const char *)payload(c) + sizeof(theirs);
	got -= sizeof(theirs);
	c->posted_writes = has_word(offers, got, "\"posted_writes\":true");
	c->notes = has_word(offers, got, "\"ring3_notes\":true");
	c->callers = has_word(offers, got, "\"ring3_callers\":true");
	return theirs.major == VFIO_USER_MAJOR ? 0 : vfu_give_up(c, EPROTO);
}

/**
 * vfu_device_info() - number of regions and interrupt indexes
 * @c: the client
 * @info: is filled
 */
int vfu_device_info(struct vfu_client *c, struct vfio_user_device_info *info)
{
	struct vfio_user_device_info req = { .argsz = sizeof(req) };

	return call(c, VFIO_USER_DEVICE_GET_INFO, &req, sizeof(req), info,
		    sizeof(*info));
}

/* Walks the capability chain of a region info of @len bytes; bounded by @len. */
static int parse_areas(const uint8_t *raw, size_t len, uint32_t off, struct vfu_region *r)
{
	unsigned int hops;

	for (hops = 0; off && hops < 16; hops++) {
		struct vfio_user_sparse_mmap cap;
		size_t bytes;

		if (off > len || len - off < sizeof(cap.header))
			return -EPROTO;
		memcpy(&cap.header, raw + off, sizeof(cap.header));
		if (cap.header.id == VFIO_USER_CAP_SPARSE_MMAP) {
			if (len - off < sizeof(cap))
				return -EPROTO;
			memcpy(&cap, raw + off, sizeof(cap));
			bytes = (size_t)cap.nr_areas * sizeof(r->areas[0]);
			if (cap.nr_areas > sizeof(r->areas) / sizeof(*r->areas) ||
			    len - off - sizeof(cap) < bytes)
				return -EPROTO;
			memcpy(r->areas, raw + off + sizeof(cap), bytes);
			r->nr_areas = cap.nr_areas;
			return 0;
		}
		off = cap.header.next;
	}
	return 0;
}

/**
 * vfu_region_info() - size, mappable areas and descriptor of a region
 * @c: the client
 * @index: region index
 * @r: is filled; areas lie inside the region, or the answer is refused
 */
int vfu_region_info(struct vfu_client *c, uint32_t index, struct vfu_region *r)
{
	struct vfio_user_region_info req = {
		.argsz = VFU_CLIENT_BUF - sizeof(struct vfio_user_hdr), .index = index,
	}, info;
	struct vfu_part p = { &req, sizeof(req) };
	unsigned int i;
	size_t n;
	int err;

	memset(r, 0, sizeof(*r));
	r->fd = -1;
	err = vfu_transact(c, VFIO_USER_DEVICE_GET_REGION_INFO, &p, 1, NULL, 0, sizeof(info), &n);
	if (err)
		return err;
	memcpy(&info, payload(c), sizeof(info));
	r->fd = c->rx_fd;
	c->rx_fd = -1;
	r->size = info.size;
	r->flags = info.flags;
	r->fd_offset = info.offset;
	if (r->fd < 0 || !(info.flags & VFIO_USER_REGION_MMAP))
		return 0;
	if (info.flags & VFIO_USER_REGION_CAPS)
		err = parse_areas(payload(c), n, info.cap_offset, r);
	if (!err && !r->nr_areas) {	/* no capability: all of it */
		r->nr_areas = 1;
		r->areas[0].size = info.size;
	}
	for (i = 0; i < r->nr_areas && !err; i++)
		if (r->areas[i].offset > r->size ||
		    r->areas[i].size > r->size - r->areas[i].offset)
			err = -EPROTO;
	if (err) {
		close(r->fd);
		r->fd = -1;
		r->nr_areas = 0;
		return vfu_give_up(c, EPROTO);
	}
	return 0;
}

/**
 * vfu_irq_info() - number of vectors of an interrupt index
 * @c: the client
 * @index: VFIO_USER_INTX, _MSI, …
 * @info: is filled
 */
int vfu_irq_info(struct vfu_client *c, uint32_t index, struct vfio_user_irq_info *info)
{
	struct vfio_user_irq_info req = { .argsz = sizeof(req), .index = index };

	return call(c, VFIO_USER_DEVICE_GET_IRQ_INFO, &req, sizeof(req), info,
		    sizeof(*info));
}

/**
 * vfu_set_irqs() - arm, disarm, mask or unmask vectors
 * @c: the client
 * @index: interrupt index
 * @flags: VFIO_USER_IRQ_DATA_* and VFIO_USER_IRQ_{MASK,UNMASK,TRIGGER}
 * @start: first vector
 * @count: number of vectors
 * @fds: one event descriptor per vector with DATA_EVENTFD
 * @nr_fds: @count or 0; sent in as many messages as the server's limit asks for
 */
int vfu_set_irqs(struct vfu_client *c, uint32_t index, uint32_t flags, uint32_t start,
		 uint32_t count, const int *fds, unsigned int nr_fds)
{
	do {
		unsigned int n = nr_fds > c->max_fds ? c->max_fds : nr_fds;
		struct vfio_user_irq_set req = {
			.argsz = sizeof(req), .flags = flags, .index = index,
			.start = start, .count = nr_fds ? n : count,
		};
		struct vfu_part p = { &req, sizeof(req) };
		size_t got;
		int err;

		err = vfu_transact(c, VFIO_USER_DEVICE_SET_IRQS, &p, 1, fds, n, 0, &got);
		if (err)
			return err;
		start += n;
		nr_fds -= n;
		if (n)
			fds += n;
	} while (nr_fds);
	return 0;
}

/**
 * vfu_read() - one read access of exactly @count bytes
 * @c: the client
 * @region: region index
 * @offset: bytes into the region
 * @data: receives @count bytes
 * @count: bytes, at most 4064
 */
int vfu_read(struct vfu_client *c, uint32_t region, uint64_t offset, void *data, uint32_t count)
{
	struct vfio_user_region_access req = { offset, region, count };
	struct vfu_part p = { &req, sizeof(req) };
	size_t got;
	int err;

	if (vfu_mailbox_usable(c, region, count))
		return vfu_mailbox_read(c, region, offset, data, count);
	if (count > VFU_CLIENT_BUF - sizeof(struct vfio_user_hdr) - sizeof(req))
		return -EINVAL;
	err = vfu_transact(c, VFIO_USER_REGION_READ, &p, 1, NULL, 0, sizeof(req) + count, &got);
	if (!err)
		memcpy(data, payload(c) + sizeof(req), count);
	return err;
}

/**
 * vfu_write() - one write access of exactly @count bytes
 * @c: the client
 * @region: region index
 * @offset: bytes into the region
 * @data: the bytes
 * @count: how many
 */
int vfu_write(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
	      uint32_t count)
{
	struct vfio_user_region_access req = { offset, region, count };
	struct vfu_part parts[2] = { { &req, sizeof(req) }, { data, count } };
	size_t got;

	if (vfu_mailbox_usable(c, region, count))
		return vfu_mailbox_write(c, region, offset, data, count, 0);
	return vfu_transact(c, VFIO_USER_REGION_WRITE, parts, 2, NULL, 0, sizeof(req), &got);
}

/**
 * vfu_write_posted() - one write access that is not waited for
 * @c: the client
 * @region: region index
 * @offset: bytes into the region
 * @data: the bytes
 * @count: how many
 *
 * For devices whose server says "posted_writes" (c->posted_writes).
 * Carried out before any later access through @c, as a bus does with posted writes
 * (PCI Local Bus 3.0, 3.2.5).
 */
int vfu_write_posted(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
		     uint32_t count)
{
	struct vfio_user_region_access req = { offset, region, count };
	struct vfu_part parts[2] = { { &req, sizeof(req) }, { data, count } };

	if (vfu_mailbox_settle(c, region, count))
		return vfu_mailbox_write(c, region, offset, data, count, 1);
	return vfu_post(c, VFIO_USER_REGION_WRITE, parts, 2);
}

/**
 * vfu_note() - tell the server something about this process
 * @c: the client; its server takes notes
 * @note: kind and numbers; len bytes of text
 * @text: at most VFIO_USER_NOTE_TEXT bytes, or NULL with a len of 0
 *
 * Nothing comes back; what the server does not take is lost.
 */
int vfu_note(struct vfu_client *c, const struct vfio_user_ring3_note *note, const char *text)
{
	const struct vfu_part parts[2] = { { note, sizeof(*note) }, { text, note->len } };

	return vfu_post(c, VFIO_USER_RING3_NOTE, parts, note->len ? 2 : 1);
}

/**
 * vfu_dma_map() - offer memory to the device
 * @c: the client
 * @iova: its bus address
 * @size: bytes
 * @fd: file that holds it
 * @offset: of the first byte in @fd
 * @flags: VFIO_USER_DMA_READABLE and _WRITEABLE
 */
int vfu_dma_map(struct vfu_client *c, uint64_t iova, uint64_t size, int fd, uint64_t offset,
		uint32_t flags)
{
	struct vfio_user_dma_map req = {
		.argsz = sizeof(req), .flags = flags, .offset = offset, .addr = iova, .size = size,
	};
	struct vfu_part p = { &req, sizeof(req) };
	size_t got;
	int err;

	c->patience_ms = size < VFU_CLIENT_PIN_SIZE ? 0 : VFU_CLIENT_PIN_MS;
	err = vfu_transact(c, VFIO_USER_DMA_MAP, &p, 1, &fd, 1, 0, &got);
	c->patience_ms = 0;
	return err;
}

/**
 * vfu_dma_unmap() - take memory back; the device has lost it when this returns 0
 * @c: the client
 * @iova: as mapped
 * @size: as mapped
 */
int vfu_dma_unmap(struct vfu_client *c, uint64_t iova, uint64_t size)
{
	struct vfio_user_dma_unmap req = { .argsz = sizeof(req), .addr = iova, .size = size };

	return call(c, VFIO_USER_DMA_UNMAP, &req, sizeof(req), NULL, 0);
}

/**
 * vfu_fault() - the next access of the device to memory that it may not have
 * @c: the client; its server takes notes
 * @fault: is filled
 *
 * Return: as the others; -ENOENT: there is none.
 */
int vfu_fault(struct vfu_client *c, struct vfio_user_ring3_fault *fault)
{
	return call(c, VFIO_USER_RING3_FAULT, NULL, 0, fault, sizeof(*fault));
}

/**
 * vfu_reset() - function reset
 * @c: the client
 */
int vfu_reset(struct vfu_client *c)
{
	return call(c, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
}
