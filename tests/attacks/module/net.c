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
	{ "packet", packet },
	{ "netlink", netlink },
	{ 0 },
};
