// SPDX-License-Identifier: GPL-2.0
/*
 * client-doorbell.c - interrupts by shared memory and one pipe, the client's side
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client-io.h"

/* The descriptor of an answer, or a negative errno. */
static int ask(struct vfu_client *c, uint16_t cmd)
{
	size_t got;
	int err = vfu_transact(c, cmd, NULL, 0, NULL, 0, 0, &got), fd = c->rx_fd;

	if (err || fd < 0)
		return err ? err : -EPROTO;
	c->rx_fd = -1;
	return fd;
}

/**
 * vfu_doorbell_start() - let interrupts come this way from now on
 * @c: the client, started
 * @events: receives the page, shared with the server
 *
 * Return: the end of the pipe to read from, which is the caller's; -ENOENT: the server has none, and
 * interrupts are eventfds; another negative errno: it is not known which.
 */
int vfu_doorbell_start(struct vfu_client *c, struct vfio_user_events **events)
{
	int fd = c->notes ? ask(c, VFIO_USER_RING3_EVENTS) : -ENOENT, bell;
	void *page;

	if (fd < 0)
		return c->dead ? -c->dead : -ENOENT;
	page = mmap(NULL, sizeof(**events), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return -ENOENT;
	bell = ask(c, VFIO_USER_RING3_BELL);
	if (bell < 0) {
		munmap(page, sizeof(**events));
		return bell == -ENOENT ? -EPROTO : bell;
	}
	/* Processes of a hosted kernel begin as copies of it. */
	madvise(page, sizeof(**events), MADV_DONTFORK);
	*events = page;
	return bell;
}
