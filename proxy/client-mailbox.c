// SPDX-License-Identifier: GPL-2.0
/*
 * client-mailbox.c - register accesses by shared memory, the client's side
 *
 * Theory of operation: see struct vfio_user_mailbox.  While the server is awake a write is left
 * in the page, and a read is left there and its answer waited for, for WAIT_NS; should it not be there by
 * then (the server has no processor now, or is stopped), a message asks for it, which waits and
 * gives up as every message does.
 *
 * Order: the server carries out what is in the page before any message, so a message may follow at any
 * time.  The other way round, an access is not left in the page while a message without an answer
 * may be under way.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "client-io.h"

#define WAIT_NS		100000
#define LOOKS		128	/* between two looks at the clock */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/**
 * vfu_mailbox_start() - ask for a mailbox, and use it from now on
 * @c: the client, started; of one without a mailbox every access is a message
 */
void vfu_mailbox_start(struct vfu_client *c)
{
	size_t got;
	void *page;
	int fd;

	/* A trace wants to know who makes an access, which is a message before it. */
	if (!c->notes || c->callers ||
	    vfu_transact(c, VFIO_USER_RING3_MAILBOX, NULL, 0, NULL, 0, 0, &got) || c->rx_fd < 0)
		return;
	fd = c->rx_fd;
	c->rx_fd = -1;
	page = mmap(NULL, sizeof(*c->mailbox), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return;
	/* Processes of a hosted kernel begin as copies of it. */
	madvise(page, sizeof(*c->mailbox), MADV_DONTFORK);
	c->mailbox = page;
	c->room = VFIO_USER_MAILBOX_SLOTS;
}

static int usable_but_for_order(const struct vfu_client *c, uint32_t region, uint32_t count)
{
	return c->mailbox && region <= VFIO_USER_BAR5 && __atomic_load_n(&c->mailbox->awake, __ATOMIC_ACQUIRE) &&
	       (count == 1 || count == 2 || count == 4 || count == 8) &&
	       !c->owed && !c->stuck && !c->dead;
}

/**
 * vfu_mailbox_usable() - may the next access go by the mailbox?
 * @c: the client
 * @region: region index; BARs alone are accessed that way
 * @count: bytes of the access
 *
 * Return: 1 if so.
 */
int vfu_mailbox_usable(const struct vfu_client *c, uint32_t region, uint32_t count)
{
	return usable_but_for_order(c, region, count) && !c->posted;
}

static int awake(const struct vfu_client *c)
{
	return __atomic_load_n(&c->mailbox->awake, __ATOMIC_SEQ_CST);
}

static int kick(struct vfu_client *c)
{
	size_t got;

	return vfu_transact(c, VFIO_USER_RING3_KICK, NULL, 0, NULL, 0, 0, &got);
}

/**
 * vfu_mailbox_settle() - the same for a posted write, after which others may follow
 * @c: the client
 * @region: region index
 * @count: bytes of the access
 *
 * Waits once until what was posted by messages has been carried out, as one message after the other
 * would go on without ever being answered.
 *
 * Return: 1 if it may go by the mailbox.
 */
int vfu_mailbox_settle(struct vfu_client *c, uint32_t region, uint32_t count)
{
	if (!usable_but_for_order(c, region, count))
		return 0;
	return !c->posted || (!kick(c) && vfu_mailbox_usable(c, region, count));
}

/* Waits until a number of the page has come to @number or beyond it, or asks for that. */
static int await(struct vfu_client *c, const uint32_t *at, uint32_t number)
{
	int64_t end = 0;
	unsigned int i = 0;
	int err;

	while ((int32_t)(__atomic_load_n(at, __ATOMIC_ACQUIRE) - number) < 0) {
		__builtin_ia32_pause();
		if (++i % LOOKS)
			continue;
		if (!end)
			end = now_ns() + WAIT_NS;
		if (now_ns() < end && awake(c))
			continue;
		err = kick(c);
		if (err)
			return err;
		if ((int32_t)(__atomic_load_n(at, __ATOMIC_ACQUIRE) - number) < 0)
			return vfu_give_up(c, EPROTO);
	}
	return 0;
}

static int its_error(const struct vfu_client *c)
{
	int err = c->mailbox->err;

	return err < 0 && err > -4096 ? err : 0;
}

/* Leaves an access; its number is written last. */
static int leave(struct vfu_client *c, uint32_t region, uint64_t offset, uint64_t value,
		 uint32_t width, int write, int answer)
{
	struct vfio_user_mailbox_slot *slot;

	if (c->left == c->room) {
		int err = await(c, &c->mailbox->done, c->left - VFIO_USER_MAILBOX_SLOTS / 2);

		if (err)
			return err;
		c->room = c->mailbox->done + VFIO_USER_MAILBOX_SLOTS;
	}
	slot = &c->mailbox->slots[c->left % VFIO_USER_MAILBOX_SLOTS];
	slot->offset = offset;
	slot->value = value;
	slot->region = region;
	slot->width = (uint8_t)width;
	slot->write = (uint8_t)write;
	slot->answer = (uint8_t)answer;
	slot->zero = 0;
	c->left++;
	__atomic_store_n(&slot->number, c->left, __ATOMIC_SEQ_CST);
	return 0;
}

/**
 * vfu_mailbox_read() - one read access of exactly @count bytes
 * @c: the client; its mailbox is usable
 * @region: region index
 * @offset: bytes into the region
 * @data: receives @count bytes
 * @count: 1, 2, 4 or 8
 */
int vfu_mailbox_read(struct vfu_client *c, uint32_t region, uint64_t offset, void *data,
		     uint32_t count)
{
	int err = leave(c, region, offset, 0, count, 0, 1);

	if (!err)
		err = await(c, &c->mailbox->answered, c->left);
	if (err)
		return err;
	memcpy(data, &c->mailbox->value, count);
	return its_error(c);
}

/**
 * vfu_mailbox_write() - one write access of exactly @count bytes
 * @c: the client; its mailbox is usable
 * @region: region index
 * @offset: bytes into the region
 * @data: the bytes
 * @count: 1, 2, 4 or 8
 * @posted: it is not waited for, and carried out before any later access through @c
 */
int vfu_mailbox_write(struct vfu_client *c, uint32_t region, uint64_t offset, const void *data,
		      uint32_t count, int posted)
{
	uint64_t value = 0;
	int err;

	memcpy(&value, data, count);
	err = leave(c, region, offset, value, count, 1, !posted);
	if (err)
		return err;
	if (!posted) {
		err = await(c, &c->mailbox->answered, c->left);
		return err ? err : its_error(c);
	}
	/* It fell asleep, and may have done so before it saw this. */
	return awake(c) ? 0 : vfu_post(c, VFIO_USER_RING3_KICK, NULL, 0);
}
