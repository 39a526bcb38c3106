// SPDX-License-Identifier: GPL-2.0
/*
 * handoff.c - have the main thread carry out an access for the view
 *
 * One access at a time is on offer.  If the main thread does not take it in time (its device
 * is slow) it is withdrawn; one that was taken is waited for, as every backend is bounded.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/trace.h"
#include "proxy/view/view.h"

#define PATIENCE_NS 200000000

enum state { IDLE, OFFERED, TAKEN, DONE };

static struct {
	enum state state;
	struct device *dev;
	uint32_t region;
	uint64_t off;
	void *buf;
	size_t len;
	bool write;
	enum { ACCESS, LOOK, RESET } what;
	int err;
} offer;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;	/* who may offer */
static pthread_cond_t changed;
static struct loop_src bell = { .fd = -1 };

static int carry_out(void)
{
	struct device *dev = offer.dev;
	uint32_t caller = dev->caller;
	int err;

	if (loop_holds(dev))
		return -EBUSY;
	if (offer.what == LOOK)
		return config_look(dev) ? -EIO : 0;
	if (offer.what == RESET) {
		if (dev->client)
			return -EBUSY;
		device_reset(dev);
		return 0;
	}
	dev->caller = trace_caller(0, "(view)", 6);
	err = device_region_access(dev, offer.region, offer.off, offer.buf, offer.len, offer.write);
	dev->caller = caller;
	return err;
}

static void on_bell(struct loop_src *src, uint32_t events)
{
	uint64_t n;

	(void)events;
	if (read(src->fd, &n, sizeof(n)) != sizeof(n))
		return;
	pthread_mutex_lock(&lock);
	if (offer.state == OFFERED) {
		offer.state = TAKEN;
		pthread_mutex_unlock(&lock);
		offer.err = carry_out();
		pthread_mutex_lock(&lock);
		offer.state = DONE;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
}

/**
 * handoff_init() - be ready to take accesses
 *
 * Return: 0, or -1 with fail().
 */
int handoff_init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
	bell.fn = on_bell;
	bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell.fd < 0 || loop_add(&bell, EPOLLIN))
		return fail("cannot prepare the view: %m");
	return 0;
}

/**
 * handoff_exit() - take no more; the view's thread has ended
 */
void handoff_exit(void)
{
	if (bell.fd < 0)
		return;
	loop_del(&bell);
	close(bell.fd);
	bell.fd = -1;
}

/* The offer is filled in. */
static int wait_for_it(void)
{
	const uint64_t one = 1;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PATIENCE_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&lock);
	offer.state = OFFERED;
	if (write(bell.fd, &one, sizeof(one)) != sizeof(one))
		err = EIO;
	while (offer.state == OFFERED && !err)
		err = pthread_cond_timedwait(&changed, &lock, &until);
	while (offer.state == TAKEN)
		pthread_cond_wait(&changed, &lock);
	err = offer.state == DONE ? offer.err : -EAGAIN;
	offer.state = IDLE;
	pthread_mutex_unlock(&lock);
	return err;
}

/**
 * handoff_access() - read or write a region
 * @dev: device
 * @region: which
 * @off: offset in it, checked by the caller like @len
 * @buf: the bytes
 * @len: how many
 * @write: direction
 *
 * Return: @len, or -EAGAIN (the device keeps the proxy busy) or -EIO.  Context: the view's
 * thread.
 */
ssize_t handoff_access(struct device *dev, uint32_t region, uint64_t off, void *buf, size_t len,
		       bool write)
{
	int err;

	pthread_mutex_lock(&turn);
	offer.dev = dev;
	offer.region = region;
	offer.off = off;
	offer.buf = buf;
	offer.len = len;
	offer.write = write;
	offer.what = ACCESS;
	err = wait_for_it();
	pthread_mutex_unlock(&turn);
	return err ? err : (ssize_t)len;
}

/**
 * handoff_config() - look at configuration space, for config_last()
 * @dev: device
 *
 * Not counted, as nobody uses the device.
 *
 * Return: 0, -EAGAIN or -EIO.  Context: the view's thread.
 */
int handoff_config(struct device *dev)
{
	int err;

	pthread_mutex_lock(&turn);
	offer.dev = dev;
	offer.what = LOOK;
	err = wait_for_it();
	pthread_mutex_unlock(&turn);
	return err;
}

/**
 * handoff_reset() - reset a function that nobody uses
 * @dev: device
 *
 * Return: 0, -EBUSY (it has a client) or -EAGAIN.  Context: the view's thread.
 */
int handoff_reset(struct device *dev)
{
	int err;

	pthread_mutex_lock(&turn);
	offer.dev = dev;
	offer.what = RESET;
	err = wait_for_it();
	pthread_mutex_unlock(&turn);
	return err;
}
