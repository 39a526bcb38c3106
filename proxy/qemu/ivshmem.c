// SPDX-License-Identifier: GPL-2.0
/*
 * ivshmem.c - be the ivshmem server and peer 0 of QEMU's ivshmem-doorbell device
 *
 * QEMU docs/specs/ivshmem-spec.txt: protocol version, id of the client, then -1 with
 * the memory, then a peer's id with each of its eventfds.  A write of PEER << 16 |
 * VECTOR to the doorbell register signals that eventfd, and a message-signalled
 * interrupt is such a write; its data have 16 bits, so we are peer 0.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/irq.h"
#include "proxy/loop.h"
#include "proxy/qemu/qemu.h"

#define PROTOCOL_VERSION 0
#define QEMU_PEER_ID 1

struct doorbell {
	struct loop_src src;
	struct qdev *qd;	/* NULL: free */
	bool msix;
	bool held;		/* not looked at while the device storms */
	uint16_t vector;
};

static struct doorbell doorbells[QEMU_VECTORS];
static unsigned int nr_open;
static int server = -1;

/*
 * What is in the counter; 0 if it has not been rung.  QEMU clears O_NONBLOCK of every
 * descriptor it gets, and that flag is shared with us: look before reading.
 */
static uint64_t silence(const struct doorbell *d)
{
	struct pollfd pfd = { .fd = d->src.fd, .events = POLLIN };
	uint64_t count = 0;

	if (poll(&pfd, 1, 0) != 1 || read(d->src.fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

/* In a storm the doorbell is left alone for a while; this says how often it was rung meanwhile. */
static void hold(struct doorbell *d)
{
	uint64_t n = silence(d);

	storm_count(d->qd->dev, n ? n - 1 : 0);
	d->held = true;
	loop_mod(&d->src, 0);
}

static void let_go(struct doorbell *d)
{
	d->held = false;
	loop_mod(&d->src, EPOLLIN | EPOLLET);
}

/* Edge-triggered, so the counter need not be read each time. */
static void rung(struct loop_src *src, uint32_t events)
{
	struct doorbell *d = container_of(src, struct doorbell, src);

	(void)events;
	if (!d->qd)
		return;
	if (d->msix)
		irq_msix(d->qd->dev, d->vector);
	else
		irq_msi(d->qd->dev, d->vector);
	if (d->qd->dev->irqs.storm)
		hold(d);
}

/**
 * ivshmem_release() - look again at a device's doorbells
 * @qd: device
 */
void ivshmem_release(const struct qdev *qd)
{
	for (unsigned int i = 0; i < nr_open; i++)
		if (doorbells[i].qd == qd && doorbells[i].held)
			let_go(&doorbells[i]);
}

static int open_doorbell(struct doorbell *d)
{
	d->qd = NULL;
	d->held = false;
	d->src.fn = rung;
	d->src.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->src.fd < 0)
		return fail("cannot create an eventfd: %m; raise the limit of open files (ulimit -n)");
	if (loop_add(&d->src, EPOLLIN | EPOLLET)) {
		close(d->src.fd);
		return fail("cannot wait for an eventfd: %m");
	}
	return 0;
}

/**
 * ivshmem_open() - make the doorbells and the server's socket
 * @qemu_end: the other end, for QEMU
 *
 * Return: 0, or -1 with fail().
 */
int ivshmem_open(int *qemu_end)
{
	int pair[2];

	for (nr_open = 0; nr_open < QEMU_VECTORS; nr_open++)
		if (open_doorbell(&doorbells[nr_open]))
			return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fail("cannot create a socket: %m");
	server = pair[0];
	*qemu_end = pair[1];
	return 0;
}

/**
 * ivshmem_close() - release doorbells and socket
 */
void ivshmem_close(void)
{
	while (nr_open) {
		struct doorbell *d = &doorbells[--nr_open];

		loop_del(&d->src);
		close(d->src.fd);
		d->qd = NULL;
	}
	if (server >= 0)
		close(server);
	server = -1;
}

static int send_message(int64_t value, int fd)
{
	struct iovec iov = { .iov_base = &value, .iov_len = sizeof(value) };
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), &fd, sizeof(int));
	}
	do {
		n = sendmsg(server, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(value) ? 0 : fail("cannot talk to QEMU's ivshmem: %m");
}

/**
 * ivshmem_hello() - everything the server has to say
 * @ram_fd: the shared memory; its size is a power of two
 *
 * The messages wait in the socket until QEMU reads them.
 *
 * Return: 0, or -1 with fail().
 */
int ivshmem_hello(int ram_fd)
{
	if (send_message(PROTOCOL_VERSION, -1) || send_message(QEMU_PEER_ID, -1) ||
	    send_message(-1, ram_fd))
		return -1;
	for (unsigned int i = 0; i < QEMU_VECTORS; i++)
		if (send_message(0, doorbells[i].src.fd))
			return -1;
	return 0;
}

/**
 * ivshmem_ready() - wait until QEMU knows every doorbell
 *
 * It learns them one by one while it answers us, so ring the last until it sounds.
 *
 * Return: 0, or -1 with fail().
 */
int ivshmem_ready(void)
{
	do {
		qtest_write(QEMU_DOORBELL, 4, QEMU_VECTORS - 1);
		qtest_read(QEMU_MMCONFIG, 4);
		if (!qtest_alive() || qtest_stalled())
			return fail("QEMU stopped answering while it started");
	} while (!silence(&doorbells[QEMU_VECTORS - 1]));
	return 0;
}

static bool all_free(unsigned int first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		if (doorbells[first + i].qd)
			return false;
	return true;
}

static void assign(struct doorbell *d, struct qdev *qd, bool msix, uint16_t vector)
{
	if (d->held)
		let_go(d);
	silence(d);	/* what its last owner left unread is not ours */
	d->qd = qd;
	d->msix = msix;
	d->vector = vector;
}

/**
 * doorbell_get() - reserve doorbells for a device's messages
 * @qd: device
 * @nr: how many, a power of two
 * @msix: MSI-X or MSI
 * @vector: the device's vector that the first one stands for
 *
 * Return: the first, a multiple of @nr; or -1, there are no more.
 */
int doorbell_get(struct qdev *qd, unsigned int nr, bool msix, uint16_t vector)
{
	for (unsigned int first = 0; first + nr <= QEMU_VECTORS; first += nr) {
		if (!all_free(first, nr))
			continue;
		for (unsigned int i = 0; i < nr; i++)
			assign(&doorbells[first + i], qd, msix, vector + i);
		return first;
	}
	if (!qd->warned)
		warn("device '%s': no doorbell left for vector %u: its interrupts are lost",
		     device_name(qd->dev), vector);
	qd->warned = true;
	return -1;
}

/**
 * doorbell_put() - give doorbells back
 * @first: what doorbell_get() returned
 * @nr: how many
 */
void doorbell_put(int first, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		doorbells[first + i].qd = NULL;
}
