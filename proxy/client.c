// SPDX-License-Identifier: GPL-2.0
/*
 * client.c - a vfio-user client without allocation, for hosted kernel and tools
 *
 * Theory of operation: one request is in flight at a time.  An answer that comes
 * after its deadline is recognised by its id and dropped, so a server that was
 * merely stopped can be used again once it goes on; until it has caught up every
 * call is given only a few milliseconds, so that a driver polling a hung device
 * gets its all-ones quickly.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* A piece of an outgoing message; the header is made by transact(). */
struct part {
	const void *data;
	size_t len;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int give_up(struct vfu_client *c, int err)
{
	c->dead = err;
	return -err;
}

/* Waits for @events until @deadline; interrupted waits go on. */
static int wait_for(struct vfu_client *c, short events, int64_t deadline)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t left = deadline - now_ms();
		int n;

		if (left <= 0)
			left = 0;
		n = poll(&p, 1, (int)left);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return give_up(c, EPIPE);
	}
}

static int send_all(struct vfu_client *c, struct iovec *iov, int iovcnt, const int *fds,
		    unsigned int nr_fds, int64_t deadline)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)iovcnt };
	bool partial = false;

	if (nr_fds) {
		struct cmsghdr *cm = &control.align;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nr_fds);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int) * nr_fds);
		memcpy(CMSG_DATA(cm), fds, sizeof(int) * nr_fds);
	}
	while (msg.msg_iovlen) {
		ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			int err;

			if (errno == EINTR)
				continue;
			if (errno != EAGAIN)
				return give_up(c, EPIPE);
			err = wait_for(c, POLLOUT, deadline);
			if (err)	/* half a message cannot be taken back */
				return partial ? give_up(c, EPIPE) : err;
			continue;
		}
		partial = true;
		msg.msg_control = NULL;
		msg.msg_controllen = 0;
		while (msg.msg_iovlen && (size_t)n >= msg.msg_iov->iov_len) {
			n -= (ssize_t)msg.msg_iov->iov_len;
			msg.msg_iov++;
			msg.msg_iovlen--;
		}
		if (msg.msg_iovlen) {
			msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
			msg.msg_iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

/* Keeps the first descriptor that came along, closes all others. */
static void take_fds(struct vfu_client *c, struct msghdr *msg)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
		size_t i, n;
		int fd;

		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cm) + i * sizeof(int), sizeof(int));
			if (c->rx_fd < 0)
				c->rx_fd = fd;
			else
				close(fd);
		}
	}
}

/* Reads until @want bytes of the current message are there. */
static int receive(struct vfu_client *c, size_t want, int64_t deadline)
{
	while (c->have < want) {
		union {
			struct cmsghdr align;
			char buf[CMSG_SPACE(sizeof(int) * VFIO_USER_MAX_FDS)];
		} control;
		struct iovec iov = { (char *)c->buf + c->have, want - c->have };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
		};
		ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		int err;

		if (n > 0) {
			take_fds(c, &msg);
			c->have += (size_t)n;
			continue;
		}
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return give_up(c, EPIPE);
		if (errno == EAGAIN) {
			err = wait_for(c, POLLIN, deadline);
			if (err)
				return err;
		}
	}
	return 0;
}

static void drop_message(struct vfu_client *c)
{
	c->have = 0;
	if (c->rx_fd >= 0)
		close(c->rx_fd);
	c->rx_fd = -1;
}

/* Waits for the answer to @id; it is left in c->buf. */
static int await_answer(struct vfu_client *c, uint16_t id, uint16_t cmd, int64_t deadline)
{
	const struct vfio_user_hdr *h = (const void *)c->buf;

	for (;;) {
		int err = receive(c, sizeof(*h), deadline);

		if (err)
			return err;
		if (h->size < sizeof(*h) || h->size > sizeof(c->buf))
			return give_up(c, EPROTO);
		err = receive(c, h->size, deadline);
		if (err)
			return err;
		if ((h->flags & VFIO_USER_F_TYPE_MASK) == VFIO_USER_F_REPLY) {
			if (h->id == id && h->cmd == cmd)
				break;
			if (!c->owed)
				return give_up(c, EPROTO);
			c->owed--;
		} else if (!(h->flags & VFIO_USER_F_NO_REPLY)) {
			/* A server's request (DMA_READ, DMA_WRITE): memory is shared
			 * by descriptor, so none is owed an answer but this one. */
			struct vfio_user_hdr no = {
				.id = h->id, .cmd = h->cmd, .size = sizeof(no),
				.flags = VFIO_USER_F_REPLY | VFIO_USER_F_ERROR,
				.err = EOPNOTSUPP,
			};
			struct iovec iov = { &no, sizeof(no) };

			err = send_all(c, &iov, 1, NULL, 0, deadline);
			if (err)
				return err;
		}
		drop_message(c);
	}
	c->owed = 0;
	return 0;
}

/*
 * One request and its answer.  On success *@got bytes of payload, at least @min, stand
 * behind the header in c->buf until the next call; a descriptor that came along is in
 * c->rx_fd.
 */
static int transact(struct vfu_client *c, uint16_t cmd, const struct part *parts,
		    unsigned int nr_parts, const int *fds, unsigned int nr_fds,
		    size_t min, size_t *got)
{
	struct vfio_user_hdr h = { .id = ++c->last_id, .cmd = cmd, .size = sizeof(h) };
	const struct vfio_user_hdr *r = (const void *)c->buf;
	struct iovec iov[4] = { { &h, sizeof(h) } };
	int64_t deadline;
	unsigned int i;
	int err;

	if (c->dead)
		return -c->dead;
	if (c->answered)
		drop_message(c);
	c->answered = 0;
	for (i = 0; i < nr_parts; i++) {
		iov[i + 1].iov_base = (void *)(uintptr_t)parts[i].data;
		iov[i + 1].iov_len = parts[i].len;
		h.size += (uint32_t)parts[i].len;
	}
	deadline = now_ms() + (c->owed ? VFU_CLIENT_HUNG_MS : VFU_CLIENT_DEADLINE_MS);
	err = send_all(c, iov, (int)nr_parts + 1, fds, nr_fds, deadline);
	if (err)
		return err;
	c->messages++;
	err = await_answer(c, h.id, cmd, deadline);
	if (err) {
		if (err == -ETIMEDOUT)
			c->owed++;
		return err;
	}
	c->answered = 1;
	*got = r->size - sizeof(*r);
	if (r->flags & VFIO_USER_F_ERROR)
		return r->err > 0 && r->err < 4096 ? -(int)r->err : -EPROTO;
	return *got < min ? give_up(c, EPROTO) : 0;
}

static const uint8_t *payload(const struct vfu_client *c)
{
	return (const uint8_t *)c->buf + sizeof(struct vfio_user_hdr);
}

/* The plain case: @len bytes of @data there, @want bytes of @answer back. */
static int call(struct vfu_client *c, uint16_t cmd, const void *data, size_t len, void *answer,
		size_t want)
{
	struct part p = { data, len };
	size_t got;
	int err = transact(c, cmd, &p, len ? 1 : 0, NULL, 0, want, &got);

	if (!err && want)
		memcpy(answer, payload(c), want);
	return err;
}

/**
 * vfu_client_start() - negotiate a version over a connected socket
 * @c: the client, of any content
 * @fd: a connected stream socket; stays the caller's
 *
 * Specification: "VFIO_USER_VERSION".
 */
int vfu_client_start(struct vfu_client *c, int fd)
{
	static const char caps[] =
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}";
	struct vfio_user_version v = { VFIO_USER_MAJOR, VFIO_USER_MINOR };
	struct part parts[2] = { { &v, sizeof(v) }, { caps, sizeof(caps) } };
	struct vfio_user_version theirs;
	size_t got;
	int err;

	memset(c, 0, offsetof(struct vfu_client, buf));
	c->fd = fd;
	c->rx_fd = -1;
	c->max_fds = 8;		/* what every server takes */
	err = transact(c, VFIO_USER_VERSION, parts, 2, NULL, 0, sizeof(theirs), &got);
	if (err)
		return err;
	memcpy(&theirs, payload(c), sizeof(theirs));
	return theirs.major == VFIO_USER_MAJOR ? 0 : give_up(c, EPROTO);
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
			if (cap.nr_areas > sizeof(r->areas) / sizeof(r->areas[0]) ||
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
	struct part p = { &req, sizeof(req) };
	unsigned int i;
	size_t n;
	int err;

	memset(r, 0, sizeof(*r));
	r->fd = -1;
	err = transact(c, VFIO_USER_DEVICE_GET_REGION_INFO, &p, 1, NULL, 0, sizeof(info), &n);
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
		return give_up(c, EPROTO);
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
		struct part p = { &req, sizeof(req) };
		size_t got;
		int err;

		err = transact(c, VFIO_USER_DEVICE_SET_IRQS, &p, 1, fds, n, 0, &got);
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
	struct part p = { &req, sizeof(req) };
	size_t got;
	int err;

	if (count > VFU_CLIENT_BUF - sizeof(struct vfio_user_hdr) - sizeof(req))
		return -EINVAL;
	err = transact(c, VFIO_USER_REGION_READ, &p, 1, NULL, 0, sizeof(req) + count, &got);
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
	struct part parts[2] = { { &req, sizeof(req) }, { data, count } };
	size_t got;

	return transact(c, VFIO_USER_REGION_WRITE, parts, 2, NULL, 0, sizeof(req), &got);
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
	struct part p = { &req, sizeof(req) };
	size_t got;

	return transact(c, VFIO_USER_DMA_MAP, &p, 1, &fd, 1, 0, &got);
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
 * vfu_reset() - function reset
 * @c: the client
 */
int vfu_reset(struct vfu_client *c)
{
	return call(c, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0);
}
