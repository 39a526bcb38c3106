// SPDX-License-Identifier: GPL-2.0
/*
 * serve.c - which client gets which device
 *
 * A device has one client at a time: either the socket it was started with, whose
 * end is the proxy's end when it is the last, or one after the other from a
 * listening socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/conn.h"
#include "proxy/error.h"
#include "proxy/keeper.h"
#include "proxy/loop.h"
#include "proxy/mailbox.h"
#include "proxy/serve.h"
#include "proxy/trace.h"
#include "proxy/util.h"

#define RETRY_NS 100000000

struct port {
	struct port *next;
	struct device *dev;
	struct conn *conn;		/* NULL: no client now */
	struct loop_src listen;		/* fd -1: a client that was given */
	struct loop_timer retry;	/* of accept(), for want of descriptors */
	bool starved;			/* and that has been said */
	char *path;
};

static struct port *ports;
static unsigned int given_clients;
static bool stay;

static void port_free(struct port *port)
{
	if (!port)
		return;
	if (port->listen.fd >= 0) {
		loop_del(&port->listen);
		close(port->listen.fd);
	}
	loop_timer_exit(&port->retry);
	free(port->path);
	free(port);
}

static struct port *port_new(struct device *dev)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port) {
		fail("out of memory");
		return NULL;
	}
	port->dev = dev;
	port->listen.fd = -1;
	port->retry.src.fd = -1;
	port->listen.owner = port->retry.src.owner = dev;
	return port;
}

static void port_add(struct port *port)
{
	port->next = ports;
	ports = port;
}

static void closed(struct conn *conn, void *arg)
{
	struct port *port = arg;

	(void)conn;
	port->conn = NULL;
	port->dev->client = false;
	mailbox_revoke(port->dev);
	trace_freeze();
	device_quiesce(port->dev);
	if (port->listen.fd >= 0)
		loop_mod(&port->listen, EPOLLIN);
	else if (!--given_clients && !stay)
		loop_stop(0);
}

static void accept_again(struct loop_timer *timer)
{
	struct port *port = container_of(timer, struct port, retry);

	if (!port->conn)
		loop_mod(&port->listen, EPOLLIN);
}

/* The client stays in the backlog; looking at once would be a busy loop. */
static void cannot_accept(struct port *port)
{
	if (!port->starved)
		warn("--listen %s: cannot accept a client: %m; trying again", port->path);
	port->starved = true;
	loop_mod(&port->listen, 0);
	loop_timer_arm(&port->retry, RETRY_NS);
}

/* Others wait in the backlog until this client has gone. */
static void accept_client(struct loop_src *src, uint32_t events)
{
	struct port *port = container_of(src, struct port, listen);
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			cannot_accept(port);
		return;
	}
	port->starved = false;
	if (port->dev->backend->arriving)
		port->dev->backend->arriving(port->dev);
	port->conn = conn_new(fd, port->dev, closed, port);
	if (!port->conn) {
		warn("%s", fail_text());
		close(fd);
		return;
	}
	port->dev->client = true;
	loop_mod(&port->listen, 0);
}

/**
 * serve_client() - serve a device to a client that is connected already
 * @dev: device, set up
 * @fd: connected socket; taken over on success
 *
 * Return: 0, or -1 with fail().
 */
int serve_client(struct device *dev, int fd)
{
	struct port *port = port_new(dev);

	if (!port)
		return -1;
	port->conn = conn_new(fd, dev, closed, port);
	if (!port->conn) {
		port_free(port);
		return -1;
	}
	dev->client = true;
	dev->launched = true;
	port_add(port);
	given_clients++;
	return 0;
}

/**
 * serve_stay() - go on when the last client that was given has gone
 */
void serve_stay(void)
{
	stay = true;
}

/* A socket that nobody listens on any more was left by a killed proxy. */
static int remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, r, err;

	if (lstat(addr->sun_path, &st))
		return 0;	/* bind() will tell if it is not just missing */
	if (!S_ISSOCK(st.st_mode))
		return fail("--listen %s: a file that is no socket is there; choose another path or remove it",
			    addr->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail("cannot create a socket: %m");
	r = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
	err = errno;
	close(fd);
	if (!r || err == EAGAIN)
		return fail("--listen %s: another process listens there; choose another path or end it",
			    addr->sun_path);
	if (err == ECONNREFUSED)
		unlink(addr->sun_path);
	return 0;
}

/* Sockets that we made, for the keeper. */
static struct made {
	struct made *next;
	struct statx st;
	char path[sizeof_field(struct sockaddr_un, sun_path)];
} *made;

static int look_at(const char *path, struct statx *st)
{
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, st);
}

/* The number of an inode is soon used again, so when it was made counts as well. */
static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_ino == b->stx_ino && a->stx_btime.tv_sec == b->stx_btime.tv_sec &&
	       a->stx_btime.tv_nsec == b->stx_btime.tv_nsec;
}

static void remember(const char *path)
{
	struct made *m = calloc(1, sizeof(*m));

	if (!m || look_at(path, &m->st)) {
		free(m);
		return;
	}
	memcpy(m->path, path, strlen(path) + 1);
	m->next = made;
	made = m;
}

/* In the keeper: those that are still ours. */
static void remove_made(void)
{
	while (made) {
		struct made *m = made;
		struct statx st;

		if (!look_at(m->path, &st) && is_same(&st, &m->st))
			unlink(m->path);
		made = m->next;
		free(m);
	}
}

static int listen_on(const char *path)
{
	static bool offered;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (!*path)
		return fail("--listen '': the path is empty; name the socket to make");
	if (strlen(path) >= sizeof(addr.sun_path))
		return fail("--listen %s: the path has %zu bytes and a socket's may have %zu; use a shorter one",
			    path, strlen(path), sizeof(addr.sun_path) - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	if (remove_stale(&addr))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail("cannot create a socket: %m");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		fail("--listen %s: %m; choose another path", path);
		goto err_close;
	}
	if (!offered)
		keeper_at_end(remove_made);
	offered = true;
	remember(path);
	if (listen(fd, 16)) {
		fail("--listen %s: %m", path);
		goto err_close;
	}
	return fd;

err_close:
	close(fd);
	return -1;
}

/**
 * serve_listen() - serve a device to clients that connect to a socket
 * @dev: device, set up
 * @path: of the socket; unlinked by keeper_stop()
 *
 * Return: 0, or -1 with fail().
 */
int serve_listen(struct device *dev, const char *path)
{
	struct port *port = port_new(dev);

	if (!port)
		return -1;
	port->path = strdup(path);
	if (!port->path) {
		port_free(port);
		return fail("out of memory");
	}
	port->listen.fn = accept_client;
	port->listen.fd = listen_on(path);
	if (port->listen.fd < 0) {
		port_free(port);
		return -1;
	}
	port_add(port);
	if (loop_timer_init(&port->retry, accept_again))
		return -1;
	if (loop_add(&port->listen, EPOLLIN))
		return fail("--listen %s: %m", path);
	return 0;
}

/**
 * serve_end() - drop every client, quiesce its device; the keeper removes the sockets
 */
void serve_end(void)
{
	while (ports) {
		struct port *port = ports;

		ports = port->next;
		if (port->conn) {
			conn_free(port->conn);
			mailbox_revoke(port->dev);
			device_quiesce(port->dev);
		}
		port_free(port);
	}
	given_clients = 0;
}
