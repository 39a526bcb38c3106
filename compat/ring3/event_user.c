// SPDX-License-Identifier: GPL-2.0
/*
 * event_user.c - event descriptors to pending bits and one doorbell
 *
 * Theory of operation: the proxy sets a vector's pending bit in memory that it shares with us, and
 * rings: one byte into a pipe whose SIGIO interrupts the kernel's thread.  While
 * the doorbell has been rung and not answered, further events only set bits.
 *
 * Another server has eventfds alone, which raise no SIGIO, so a thread waits for them all in one
 * epoll set, edge-triggered, which needs no read, and does the same with bits and a pipe of our own.
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
#include <time.h>
#include <unistd.h>

#include "user.h"
#include "vfio_user.h"

_Static_assert(VFIO_USER_EVENT_WORDS == RING3_EVENT_WORDS, "a bit for each event");

static int epoll_fd;
static int doorbell[2];
static int rung;
static unsigned long pending[RING3_MAX_DEVICES][RING3_EVENT_WORDS];
static int *event_fds[RING3_MAX_DEVICES];
static struct vfio_user_events *shared[RING3_MAX_DEVICES];
static unsigned int sharing[RING3_MAX_DEVICES], nr_sharing;	/* numbers of those that do */
static int bell = -1;		/* the proxy's pipe */

#define POLL_NS		1000000
#define LOOKS		64	/* between two looks at the clock */

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

/**
 * ring3_event_share() - take a device's events from memory, too
 * @dev: device
 * @fd: the server's pipe; taken over
 * @events: the memory
 *
 * Return: the pipe's descriptor to wait on if it is the first, else -EEXIST; events of a second
 * server's would not be heard, which there is none of: a run has one proxy.
 */
int ring3_event_share(unsigned int dev, int fd, struct vfio_user_events *events)
{
	shared[dev] = events;
	sharing[nr_sharing++] = dev;
	if (bell < 0) {
		bell = fd;
		return fd;
	}
	close(fd);
	return -EEXIST;
}

/* Has the server set bits that nobody has looked at? */
int ring3_event_rung(void)
{
	unsigned int i;

	for (i = 0; i < nr_sharing; i++)
		if (__atomic_load_n(&shared[sharing[i]]->rung, __ATOMIC_SEQ_CST))
			return 1;
	return 0;
}

/* They are about to be looked at: the server rings again for those from here on. */
void ring3_event_hear(void)
{
	unsigned int i;

	for (i = 0; i < nr_sharing; i++)
		if (__atomic_load_n(&shared[sharing[i]]->rung, __ATOMIC_RELAXED))
			__atomic_store_n(&shared[sharing[i]]->rung, 0, __ATOMIC_SEQ_CST);
}

/* Takes the bytes out of the server's pipe, before ring3_event_hear(). */
void ring3_event_drain(void)
{
	char buf[64];

	while (read(bell, buf, sizeof(buf)) == sizeof(buf))
		;
}

static void set_polling(unsigned int on)
{
	unsigned int i;

	for (i = 0; i < nr_sharing; i++)
		__atomic_store_n(&shared[sharing[i]]->polling, on, __ATOMIC_SEQ_CST);
}

static int is_awake(void)
{
	unsigned int i;

	for (i = 0; i < nr_sharing; i++)
		if (ring3_link_awake(sharing[i]))
			return 1;
	return 0;
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/**
 * ring3_idle_poll() - look for interrupts for a while before sleeping
 *
 * Only while the proxy is on another processor: from there it would have to wake this one up,
 * while here a look is a load.  The proxy goes back soon when there are no accesses, which bounds
 * what this takes; POLL_NS is for one that is stopped.
 *
 * Return: 1 if one has come.  Context: idle, interrupts off.
 */
int ring3_idle_poll(void)
{
	long long end;
	int came = 0;
	unsigned int i;

	if (!is_awake())
		return 0;
	set_polling(1);
	end = now_ns() + POLL_NS;
	do {
		for (i = 0; i < LOOKS && !came; i++) {
			came = ring3_event_rung();
			__builtin_ia32_pause();
		}
	} while (!came && !os_signals_pending() && is_awake() && now_ns() < end);
	set_polling(0);
	return ring3_event_rung();
}

static unsigned long take(unsigned long *bits)
{
	return __atomic_load_n(bits, __ATOMIC_RELAXED) ? __atomic_exchange_n(bits, 0, __ATOMIC_SEQ_CST) : 0;
}

/* Pending bits 64*@word… of a device, which are cleared. */
unsigned long ring3_event_take(unsigned int dev, unsigned int word)
{
	unsigned long bits = take(&pending[dev][word]);

	return shared[dev] ? bits | take(&shared[dev]->pending[word]) : bits;
}
