// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-server.c - libFuzzer: a byte stream against the whole server and a testdev
 *
 * The input is cut into segments.  A segment's first byte tells how many descriptors
 * go along and whether a good header is put in front, the second its length; so both
 * broken framing and broken payloads are reached.  The client then reads what there is and leaves, and the
 * device must have forgotten it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/conn.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "tests/tools/send-fds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct device *dev;
static int event, memory;
static bool gone;

static void closed(struct conn *conn, void *arg)
{
	(void)conn;
	(void)arg;
	gone = true;
	device_quiesce(dev);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	memory = memfd_create("ram", MFD_CLOEXEC);
	if (event < 0 || memory < 0 || ftruncate(memory, 1 << 20) || loop_init())
		abort();
	dev = device_new(spec_parse("testdev,caps=all"), &backend_testdev);
	if (!dev || dev->backend->open(dev) || device_setup(dev))
		abort();
	return 0;
}

static void run(void)
{
	while (loop_step(0))
		;
}

static void drain(int fd)
{
	char buf[65536];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static void send_segment(int fd, const uint8_t *data, size_t len, unsigned int nfds)
{
	const int fds[4] = { nfds & 8 ? memory : event, event, memory, event };

	if (send_with_fds(fd, data, len, fds, nfds & 3, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	run();
	drain(fd);
	run();
}

/* The payload of a well-framed message: the command, then what follows the header. */
static void send_framed(int fd, const uint8_t *data, size_t len, unsigned int nfds)
{
	struct {
		struct vfio_user_hdr hdr;
		uint8_t payload[512];
	} m = { .hdr = { .cmd = data[0] % 20, .flags = data[0] & 0x80 ? VFIO_USER_F_NO_REPLY : 0 } };

	len--;
	memcpy(m.payload, data + 1, len);
	m.hdr.size = sizeof(m.hdr) + len;
	send_segment(fd, (uint8_t *)&m, m.hdr.size, nfds);
}

static void greet(int fd)
{
	static const uint8_t version[] = { 0, 0, 1, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
					   0, 0, 1, 0 };

	send_segment(fd, version, sizeof(version), 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	gone = false;
	if (!conn_new(pair[1], dev, closed, NULL))
		abort();
	greet(pair[0]);
	while (size > 2 && !gone) {
		size_t len = data[1] * 2 + 1;

		if (len > size - 2)
			len = size - 2;
		if (data[0] & 0x40)
			send_segment(pair[0], data + 2, len, data[0]);
		else
			send_framed(pair[0], data + 2, len, data[0]);
		data += 2 + len;
		size -= 2 + len;
	}
	close(pair[0]);
	run();
	if (!gone || dev->dma.nr || notify_armed(&dev->irqs.intx.notify) ||
	    config_command(dev))
		abort();
	return 0;
}
