// SPDX-License-Identifier: GPL-2.0
/* net.c - attacks that talk to others */
#include "attack.h"

struct inet_address {
	unsigned short family, port;
	unsigned char ip[4];
	char zero[8];
};

struct unix_address {
	unsigned short family;
	char path[108];
};

static long inet(const char *port, long call)
{
	struct inet_address to = { .family = 2, .ip = { 127, 0, 0, 1 } };
	long n = number(port), fd = host(H_socket, 2, 1, 0);

	to.port = (unsigned short)(n << 8 | (n >> 8 & 0xff));
	return fd < 0 ? fd : host(call, fd, &to, sizeof(to));
}

static long connect_inet(const char *port)
{
	return inet(port, H_connect);
}

static long bind_inet(const char *port)
{
	long ret = inet(port, H_bind);

	return ret;
}

/* "@name" is an abstract one, as `ss` prints it. */
static long at_path(const char *path, long call)
{
	struct unix_address to = { .family = 1 };
	long fd = host(H_socket, 1, 1, 0), n = strlen(path);

	if (fd < 0 || n >= (long)sizeof(to.path))
		return fd;
	memcpy(to.path, path, n);
	if (*path == '@')
		to.path[0] = '\0';
	return host(call, fd, &to, 2 + n + (*path != '@'));
}

static long connect_unix(const char *path)
{
	return at_path(path, H_connect);
}

static long bind_unix(const char *path)
{
	return at_path(path, H_bind);
}

/* One need not connect to send. */
static long send_unix(const char *path)
{
	struct unix_address to = { .family = 1 };
	long n = strlen(path), ret;
	int pair[2];

	if (n >= (long)sizeof(to.path))
		return -36;
	memcpy(to.path, path, n);
	ret = host(H_socketpair, 1, 2, 0, pair);
	return ret < 0 ? ret : host(H_sendto, pair[0], "attack", 6, 0, &to, 3 + n);
}

/*
 * Descriptors on their way between two sockets of one's own are counted for the user, and
 * nobody of his can send any when there are too many.
 */
static long in_flight_by(const char *arg, int channel)
{
	static struct {
		unsigned long len;
		int level, type, fd[253];
	} control = { .len = 16 + sizeof(control.fd), .level = 1, .type = 1 };
	static char byte;
	static struct {
		void *base;
		unsigned long len;
	} iov = { &byte, 1 };
	static struct {
		void *name;
		unsigned long name_len;
		void *iov;
		unsigned long iov_len;
		void *control;
		unsigned long control_len;
		long flags;
	} msg = { NULL, 0, &iov, 1, &control, 16 + sizeof(control.fd), 0 };
	long want = number(arg), n = 0, ret = 0;
	int pair[2];

	while (n < want) {
		ret = channel < 0 ? host(H_socketpair, 1, 1, 0, pair) : 0;
		if (ret < 0)
			break;
		pair[0] = channel < 0 ? pair[0] : channel;
		while (n < want && (ret = host(H_sendmsg, pair[0], &msg, 0x4040)) >= 0)
			n += 253;
		if (ret < 0 && (ret != -11 || channel >= 0))
			break;
	}
	say("got %ld of %ld descriptors under way", n, want);
	return n < want ? ret : n;
}

static long in_flight(const char *arg)
{
	return in_flight_by(arg, -1);
}

/* The same by the stream of CMD's standard input, whose other end nobody reads. */
static long in_channel(const char *arg)
{
	return in_flight_by(arg, 4);
}

/* What is sent over the wire of others: a packet socket. */
static long packet(const char *arg)
{
	return host(H_socket, 17, 3, 0x300);
}

static long netlink(const char *arg)
{
	return host(H_socket, 16, 3, 0);
}

const struct attack net_attacks[] = {
	{ "connect-inet", connect_inet },
	{ "bind-inet", bind_inet },
	{ "connect-unix", connect_unix },
	{ "bind-unix", bind_unix },
	{ "send-unix", send_unix },
	{ "in-flight", in_flight },
	{ "in-channel", in_channel },
	{ "packet", packet },
	{ "netlink", netlink },
	{ 0 },
};
