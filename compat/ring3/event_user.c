// SPDX-License-Identifier: GPL-2.0
/*
 * event_user.c - event descriptors to pending bits and one doorbell
 *
 * Theory of operation: eventfds raise no SIGIO, so a thread waits for them all in one
 * epoll set, edge-triggered, which needs no read.  It sets the vector's pending bit and
 * rings: one byte into a pipe whose SIGIO interrupts the kernel's thread.  While
 * the doorbell has been rung and not answered, further events only set bits.
 *
 * One event is the thread's own: a server wants its device back.  The pages of the device go at
 * once, whatever the kernel's thread does; it may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "user.h"

static int epoll_fd;
static int doorbell[2];
static int rung;
static unsigned long pending[RING3_MAX_DEVICES][RING3_EVENT_WORDS];
static int *event_fds[RING3_MAX_DEVICES];

/**
 * ring3_event_ring() - make the kernel's thread look
 *
 * Context: any, any thread, signal handlers.
 */
void ring3_event_ring(void)
{
	while (!__atomic_exchange_n(&rung, 1, __ATOMIC_SEQ_CST)) {
		if (write(doorbell[1], "", 1) == 1 || errno != EINTR)
			break;
		__atomic_store_n(&rung, 0, __ATOMIC_SEQ_CST);
	}
}

/**
 * ring3_event_raise() - mark an event and ring
 * @dev: device
 * @bit: RING3_EVENT_*
 *
 * Context: any, any thread.
 */
void ring3_event_raise(unsigned int dev, unsigned int bit)
{
	__atomic_fetch_or(&pending[dev][bit / 64], 1UL << bit % 64, __ATOMIC_SEQ_CST);
	ring3_event_ring();
}

static void event(unsigned int dev, unsigned int bit)
{
	if (bit == RING3_EVENT_REQUEST)
		ring3_map_revoke(dev);
	else
		ring3_event_raise(dev, bit);
}

static void *event_thread(void *unused)
{
	struct epoll_event ev[32];

	(void)unused;
	for (;;) {
		int i, n = epoll_wait(epoll_fd, ev, 32, -1);

		for (i = 0; i < n; i++)
			event(ev[i].data.u64 >> 32, (uint32_t)ev[i].data.u64);
	}
	return NULL;
}

/**
 * ring3_event_start() - start the thread
 *
 * Return: the doorbell's descriptor to wait on, or a negative errno.
 */
int ring3_event_start(void)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0 || pipe2(doorbell, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	/* The kernel's signals are for its own thread alone. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, NULL, event_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err ? -err : doorbell[0];
}

/**
 * ring3_event_fd() - the event descriptor of a bit, made at first use
 * @dev: device
 * @bit: RING3_EVENT_*
 */
int ring3_event_fd(unsigned int dev, unsigned int bit)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLET,
		.data.u64 = (uint64_t)dev << 32 | bit,
	};
	int fd;

	if (bit >= RING3_EVENT_WORDS * 64)
		return -EINVAL;
	if (!event_fds[dev])
		event_fds[dev] = ring3_pages(RING3_EVENT_WORDS * 64 * sizeof(int));
	if (!event_fds[dev])
		return -ENOMEM;
	if (event_fds[dev][bit])
		return event_fds[dev][bit];
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		int err = -errno;

		close(fd);
		return err;
	}
	event_fds[dev][bit] = fd;
	return fd;
}

/*
 * The doorbell was heard: events from here on ring again.  The byte is taken first: were
 * it taken after, it could be that of a newer event, which would leave the doorbell rung
 * with nothing to hear.
 */
void ring3_event_ack(void)
{
	char buf[16];

	while (read(doorbell[0], buf, sizeof(buf)) == sizeof(buf))
		;
	__atomic_store_n(&rung, 0, __ATOMIC_SEQ_CST);
}

/* Pending bits 64*@word… of a device, which are cleared. */
unsigned long ring3_event_take(unsigned int dev, unsigned int word)
{
	if (!__atomic_load_n(&pending[dev][word], __ATOMIC_RELAXED))
		return 0;
	return __atomic_exchange_n(&pending[dev][word], 0, __ATOMIC_SEQ_CST);
}
