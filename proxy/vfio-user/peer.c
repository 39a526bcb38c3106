// SPDX-License-Identifier: GPL-2.0
/*
 * peer.c - a connection to somebody else's vfio-user server
 *
 * Theory of operation: this takes the place of client-io.c below client.c.  As there, one
 * request is in flight at a time and an answer that comes after its deadline is recognised
 * by its id and dropped.  What is different: the server may ask too, for memory, at any time;
 * and while an answer is waited for the event loop goes on for other devices.
 *
 * Nothing of a server is believed: a message has at most VFIO_USER_MAX_MSG bytes, an answer as
 * many as client.h says, and whatever makes no sense ends the connection.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/vfio-user/peer.h"

#define MAX_JSON_DEPTH 8

static struct peer *peer_of(struct vfu_client *c)
{
	return container_of(c, struct peer, client);
}

static void disconnect(struct peer *p)
{
	if (p->client.fd < 0)
		return;
	if (p->src.fd >= 0)
		loop_del(&p->src);
	close(p->client.fd);
	p->src.fd = p->client.fd = -1;
	if (p->rx_fd >= 0)
		close(p->rx_fd);
	p->rx_fd = -1;
	p->rx_len = 0;
}

/**
 * peer_drop() - use a server no more
 * @p: the connection
 * @why: behind "its server"
 */
void peer_drop(struct peer *p, const char *why)
{
	bool news = p->up;

	p->up = false;
	if (!p->client.dead)
		p->client.dead = EPIPE;
	disconnect(p);
	if (news)
		warn("device '%s': its server %s: reads are all ones now; start the server again, and the next client or reset gets it back",
		     device_name(p->dev), why);
}

/* See client-io.h. */
int vfu_give_up(struct vfu_client *c, int err)
{
	c->dead = err;
	peer_drop(peer_of(c), err == EPIPE ? "has gone" : "does not keep to the protocol");
	return -err;
}

/* Leaves the answer where client.h wants it. */
static int take_answer(struct peer *p, const struct vfio_user_hdr *hdr)
{
	struct vfu_client *c = &p->client;

	if (hdr->size > sizeof(c->buf))
		return vfu_give_up(c, EPROTO);
	memcpy(c->buf, p->rx, hdr->size);
	c->have = hdr->size;
	c->rx_fd = p->rx_fd;
	p->rx_fd = -1;
	p->waiting = false;
	c->owed = 0;
	if (p->told_slow)
		warn("device '%s': its server answers again", device_name(p->dev));
	p->told_slow = false;
	return 0;
}

static int take_late_answer(struct peer *p)
{
	if (!p->client.owed)
		return vfu_give_up(&p->client, EPROTO);
	p->client.owed--;
	if (p->rx_fd >= 0)
		close(p->rx_fd);
	p->rx_fd = -1;
	return 0;
}

static int take_request(struct peer *p, const struct vfio_user_hdr *hdr)
{
	size_t len = peer_serve(p, hdr, p->rx + sizeof(*hdr));
	struct iovec iov = { p->tx, len };
	int err = len ? peer_send(p, &iov, 1, NULL, 0, peer_now_ms() + p->deadline_ms) : 0;

	if (err == -ETIMEDOUT)
		peer_drop(p, "asks for memory and does not take the answers");
	return err;
}

/* One message of the buffer: 0, -EAGAIN if it is not all there, or the end. */
static int take_message(struct peer *p)
{
	struct vfio_user_hdr hdr;
	int err;

	if (p->rx_len < sizeof(hdr))
		return -EAGAIN;
	memcpy(&hdr, p->rx, sizeof(hdr));
	if (hdr.size < sizeof(hdr) || hdr.size > VFIO_USER_MAX_MSG)
		return vfu_give_up(&p->client, EPROTO);
	if (p->rx_len < hdr.size)
		return -EAGAIN;
	if ((hdr.flags & VFIO_USER_F_TYPE_MASK) == VFIO_USER_F_COMMAND)
		err = take_request(p, &hdr);
	else if (p->waiting && hdr.id == p->id && hdr.cmd == p->cmd)
		err = take_answer(p, &hdr);
	else
		err = take_late_answer(p);
	if (err)
		return err;
	p->rx_len -= hdr.size;
	memmove(p->rx, p->rx + hdr.size, p->rx_len);
	return 0;
}

static int await_answer(struct peer *p, int64_t deadline)
{
	int err = 0;

	while (p->waiting) {
		err = take_message(p);
		if (err == -EAGAIN)
			err = peer_receive(p);
		if (err == -EAGAIN)
			err = peer_wait(p, POLLIN, deadline);
		else if (!err && p->waiting && peer_now_ms() > deadline)
			err = -ETIMEDOUT;	/* it asks and asks */
		if (err)
			break;
	}
	p->waiting = false;
	/* What came with the answer makes no event any more. */
	while (!p->client.dead && !take_message(p))
		;
	return err;
}

/**
 * peer_take() - carry out what the server asks for while nobody waits for an answer
 * @p: the connection
 *
 * One bufferful: what more there is makes another event.
 */
void peer_take(struct peer *p)
{
	int err = p->client.dead ? -EPIPE : peer_receive(p);

	while (!err && !p->client.dead)
		err = take_message(p);
}

static void event(struct loop_src *src, uint32_t events)
{
	(void)events;
	peer_take(container_of(src, struct peer, src));
}

static int send_request(struct peer *p, struct vfio_user_hdr *h, const struct vfu_part *parts,
			unsigned int nr_parts, const int *fds, unsigned int nr_fds,
			int64_t *deadline)
{
	struct vfu_client *c = &p->client;
	struct iovec iov[4] = { { h, sizeof(*h) } };
	int err;

	h->size = sizeof(*h);
	for (unsigned int i = 0; i < nr_parts; i++) {
		iov[i + 1] = (struct iovec){ (void *)parts[i].data, parts[i].len };
		h->size += parts[i].len;
	}
	*deadline = peer_now_ms() + (c->owed || c->stuck ? PEER_HUNG_MS : p->deadline_ms);
	err = peer_send(p, iov, nr_parts + 1, fds, nr_fds, *deadline);
	c->stuck = err == -ETIMEDOUT;
	if (!err)
		c->messages++;
	return err;
}

static int late(struct peer *p, int err)
{
	if (err != -ETIMEDOUT || p->told_slow || !p->up)
		return err;
	p->told_slow = true;
	warn("device '%s': its server does not answer within %d ms; reads are all ones until it does (deadline=MS waits longer)",
	     device_name(p->dev), p->deadline_ms);
	return err;
}

/* See client-io.h. */
int vfu_post(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
	     unsigned int nr_parts)
{
	struct peer *p = peer_of(c);
	struct vfio_user_hdr h = {
		.id = ++c->last_id, .cmd = cmd, .flags = VFIO_USER_F_NO_REPLY,
	};
	int64_t deadline;

	return c->dead ? -c->dead :
	       late(p, send_request(p, &h, parts, nr_parts, NULL, 0, &deadline));
}

static void drop_answer(struct vfu_client *c)
{
	c->have = 0;
	if (c->rx_fd >= 0)
		close(c->rx_fd);
	c->rx_fd = -1;
}

/* See client-io.h. */
int vfu_transact(struct vfu_client *c, uint16_t cmd, const struct vfu_part *parts,
		 unsigned int nr_parts, const int *fds, unsigned int nr_fds, size_t min,
		 size_t *got)
{
	struct peer *p = peer_of(c);
	struct vfio_user_hdr h = { .id = ++c->last_id, .cmd = cmd };
	const struct vfio_user_hdr *r = (const void *)c->buf;
	int64_t deadline;
	int err;

	if (c->dead)
		return -c->dead;
	drop_answer(c);
	err = send_request(p, &h, parts, nr_parts, fds, nr_fds, &deadline);
	if (err)
		return late(p, err);
	p->waiting = true;
	p->id = h.id;
	p->cmd = cmd;
	err = await_answer(p, deadline);
	if (err) {
		c->owed += err == -ETIMEDOUT;
		return late(p, err);
	}
	*got = r->size - sizeof(*r);
	if (r->flags & VFIO_USER_F_ERROR)
		return r->err > 0 && r->err < 4096 ? -(int)r->err : -EPROTO;
	return *got < min ? vfu_give_up(c, EPROTO) : 0;
}

/**
 * peer_connect() - connect to a server's socket
 * @path: of the socket, shorter than a struct sockaddr_un's
 *
 * Return: a descriptor, or a negative errno; -EAGAIN if the server does not accept.
 */
int peer_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	memcpy(addr.sun_path, path, strnlen(path, sizeof(addr.sun_path) - 1));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/**
 * peer_init() - a connection that is none yet
 * @p: zeroed
 * @dev: whose it is
 */
void peer_init(struct peer *p, struct device *dev)
{
	p->dev = dev;
	p->deadline_ms = PEER_DEADLINE_MS;
	p->src.fd = p->client.fd = p->rx_fd = p->client.rx_fd = -1;
	p->client.dead = EPIPE;
}

/* How many descriptors at once it takes, from its answer to VERSION; 8 if it does not say. */
static void take_limits(struct peer *p)
{
	const size_t head = sizeof(struct vfio_user_hdr) + sizeof(struct vfio_user_version);
	struct vfu_client *c = &p->client;
	struct json_tokener *tok = json_tokener_new_ex(MAX_JSON_DEPTH);
	struct json_object *all, *caps, *most;
	int n;

	if (!tok)
		return;
	all = json_tokener_parse_ex(tok, (const char *)c->buf + head, (int)(c->have - head));
	if (json_object_object_get_ex(all, "capabilities", &caps) &&
	    json_object_object_get_ex(caps, "max_msg_fds", &most)) {
		n = json_object_get_int(most);
		c->max_fds = n < 1 ? 1 : n > VFIO_USER_MAX_FDS ? VFIO_USER_MAX_FDS : n;
	}
	json_object_put(all);
	json_tokener_free(tok);
}

/**
 * peer_start() - negotiate with a server
 * @p: a connection that is none
 * @fd: connected socket; taken over
 *
 * Return: 0 or a negative errno as in client.h.
 */
int peer_start(struct peer *p, int fd)
{
	int err;

	p->told_slow = false;
	p->client.fd = fd;
	err = vfu_client_start(&p->client, fd);
	if (!err) {
		take_limits(p);
		p->src = (struct loop_src){ .fd = fd, .fn = event, .owner = p->dev };
		if (!loop_add(&p->src, EPOLLIN))
			return 0;
		p->src.fd = -1;
		err = -errno;
	}
	peer_close(p);
	return err;
}

/**
 * peer_close() - end a connection without a word
 * @p: initialised; may be started again
 */
void peer_close(struct peer *p)
{
	p->up = false;
	p->client.dead = EPIPE;
	disconnect(p);
	drop_answer(&p->client);
	free(p->rx);
	free(p->tx);
	p->rx = p->tx = NULL;
	p->rx_size = p->tx_size = 0;
}
