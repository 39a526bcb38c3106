// SPDX-License-Identifier: GPL-2.0
/*
 * doorbell.c - interrupts by shared memory and one pipe
 *
 * Theory of operation: struct vfio_user_events (vfio_user.h) says how client and server use them.
 * A write to an eventfd wakes whoever waits for it, and raises no signal: a hosted
 * kernel needs a thread that waits, and then has to be told by that.  A pipe raises SIGIO by itself.
 *
 * The pipe is made here, so that nobody else can make its end for writing block.  But who reads it
 * holds its lock meanwhile, and could do so for ever with memory that does not come (userfaultfd,
 * FUSE).  So only the client that a proxy was started with has one, whose proxy works for nobody else;
 * and its first code asks for it, before there is a driver.  What this side has to remember is not kept
 * in the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/device.h"
#include "proxy/doorbell.h"
#include "proxy/error.h"
#include "proxy/shared-page.h"
#include "proxy/vfio_user.h"

struct doorbell {
	struct vfio_user_events *page;
	int fd;
	bool asked, granted;
};

/* Of all devices. */
static int bell[2] = { -1, -1 };

/**
 * doorbell_new() - make the page for a device
 * @dev: device, set up
 *
 * Return: 0, or -1 with fail().  Context: before the proxy gives up system calls.
 */
int doorbell_new(struct device *dev)
{
	struct doorbell *db = calloc(1, sizeof(*db));

	if (!db)
		return fail("out of memory");
	dev->doorbell = db;
	db->fd = shared_page_new("ring3-events", sizeof(*db->page), (void **)&db->page);
	if (db->fd < 0)
		return -1;
	if (bell[0] < 0 && pipe2(bell, O_CLOEXEC | O_NONBLOCK))
		return fail("cannot make a doorbell: %m");
	return 0;
}

/**
 * doorbell_free() - undo doorbell_new()
 * @dev: device; it may have none
 */
void doorbell_free(struct device *dev)
{
	struct doorbell *db = dev->doorbell;

	if (!db)
		return;
	shared_page_free(db->fd, sizeof(*db->page), db->page);
	free(db);
	dev->doorbell = NULL;
}

/**
 * doorbell_events() - let the client have the page
 * @dev: device
 * @fd: receives the descriptor, which stays ours
 *
 * Return: 0, or -ENOTSUP: it has none, or not for this client, or no more.
 */
int doorbell_events(struct device *dev, int *fd)
{
	struct doorbell *db = dev->doorbell;

	if (!db || !dev->launched || db->asked)
		return -ENOTSUP;
	db->asked = true;
	*fd = db->fd;
	return 0;
}

/**
 * doorbell_grant() - let the client have the pipe, and use both from now on
 * @dev: device
 * @fd: receives the end that is read, which stays ours: without it a write would raise SIGPIPE
 *
 * Return: 0, or -ENOTSUP: it has no page, or has the pipe already.
 */
int doorbell_grant(struct device *dev, int *fd)
{
	struct doorbell *db = dev->doorbell;

	if (!db || !dev->launched || !db->asked || db->granted)
		return -ENOTSUP;
	db->granted = true;
	*fd = bell[0];
	return 0;
}

/**
 * doorbell_polled() - is the client looking all the time?
 * @dev: device; it may have no doorbell
 *
 * Return: true if it says so.
 */
bool doorbell_polled(const struct device *dev)
{
	const struct doorbell *db = dev->doorbell;

	return db && db->granted && __atomic_load_n(&db->page->polling, __ATOMIC_SEQ_CST);
}

/**
 * doorbell_ring() - tell the client of an interrupt
 * @dev: device; it may have no doorbell
 * @bit: 0: INTx, 1 + N: message N
 *
 * A full pipe is no error: there is a byte that the client has not taken.
 *
 * Return: true if the client is told this way.
 */
bool doorbell_ring(struct device *dev, uint32_t bit)
{
	struct doorbell *db = dev->doorbell;

	if (!db || !db->granted || bit / 64 >= VFIO_USER_EVENT_WORDS)
		return false;
	__atomic_fetch_or(&db->page->pending[bit / 64], 1ull << bit % 64, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&db->page->rung, 1, __ATOMIC_SEQ_CST) || doorbell_polled(dev))
		return true;
	while (write(bell[1], "", 1) < 0 && errno == EINTR)
		;
	return true;
}
