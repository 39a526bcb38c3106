// SPDX-License-Identifier: GPL-2.0
/*
 * claim.c - one user at a time for a device that others could open as well
 *
 * Theory of operation: whoever has a device listens on an abstract Unix socket of its name.  bind(2)
 * lets one process have a name, without a moment between looking and taking, and the
 * kernel frees it with the process, however that ends; no file is left.  Who connects is told who
 * has it.  The names are those of the network namespace.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/claim.h"
#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/options.h"

#define PREFIX		"ring3-device/"
#define ANSWER_MS	500

static socklen_t make_address(struct sockaddr_un *addr, const char *name)
{
	int n;

	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(addr->sun_path + 1, sizeof(addr->sun_path) - 1, PREFIX "%s", name);
	if (n > (int)sizeof(addr->sun_path) - 2)
		n = sizeof(addr->sun_path) - 2;
	return offsetof(struct sockaddr_un, sun_path) + 1 + n;
}

static void describe(char *text, size_t size, pid_t pid)
{
	char path[32], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f))
		name[strcspn(name, "\n")] = 0;
	if (f)
		fclose(f);
	snprintf(text, size, "process %d%s%s%s", pid, *name ? " (" : "", name, *name ? ")" : "");
}

static char ours[80];		/* described while we could still look */

/* Somebody wants the device: say whose it is. */
static void asked(struct loop_src *src, uint32_t events)
{
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	send(fd, ours, strlen(ours), MSG_NOSIGNAL);
	close(fd);
}

static bool printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* Its holder says; one that does not is known to the kernel. */
static void holder(const struct sockaddr_un *addr, socklen_t len, char *text, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct ucred peer = { .pid = 0 };
	socklen_t peer_len = sizeof(peer);
	ssize_t n = -1;

	snprintf(text, size, "another process");
	if (fd < 0)
		return;
	if (!connect(fd, (const struct sockaddr *)addr, len)) {
		if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) && peer.pid)
			describe(text, size, peer.pid);
		if (poll(&p, 1, ANSWER_MS) == 1)
			n = recv(fd, text, size - 1, 0);
		if (n > 0)
			text[n] = 0;
		if (!printable(text))
			snprintf(text, size, "process %d", peer.pid);
	}
	close(fd);
}

/**
 * claim_take() - have a device for oneself, until claim_drop() or the end of the process
 * @dev: device; at most one claim each
 * @name: of what must not be shared, the same for all who mean the same
 *
 * Return: 0, or -1 with fail(), which says who has it.
 */
int claim_take(struct device *dev, const char *name)
{
	struct sockaddr_un addr;
	socklen_t len = make_address(&addr, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char who[128];

	if (fd < 0)
		return fail("device '%s': cannot create a socket: %m", device_name(dev));
	if (bind(fd, (struct sockaddr *)&addr, len)) {
		int err = errno;

		close(fd);
		if (err != EADDRINUSE)
			return fail("device '%s': cannot claim it: %s", device_name(dev),
				    strerror(err));
		holder(&addr, len, who, sizeof(who));
		return fail("device '%s' " CLAIM_IN_USE " %s; end that, or use another device",
			    device_name(dev), who);
	}
	describe(ours, sizeof(ours), options.until > 0 ? options.until : getpid());
	dev->claim = (struct loop_src){ .fd = fd, .fn = asked };
	if (listen(fd, 4) || loop_add(&dev->claim, EPOLLIN))
		return fail("device '%s': cannot claim it: %m", device_name(dev));
	return 0;
}

/**
 * claim_drop() - let others have the device
 * @dev: device, claimed or not
 */
void claim_drop(struct device *dev)
{
	if (dev->claim.fd < 0)
		return;
	loop_del(&dev->claim);
	close(dev->claim.fd);
	dev->claim.fd = -1;
}

/**
 * claim_hash() - a name of fixed length for a long one
 * @text: the long one
 *
 * Return: FNV-1a, 64 bits.
 */
uint64_t claim_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 0x100000001b3ull;
	return h;
}
