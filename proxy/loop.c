// SPDX-License-Identifier: GPL-2.0
/*
 * loop.c - the proxy's one event loop: epoll, timers, deferred work
 *
 * Events are taken one at a time, so that a handler may free any source, its own
 * included, without a later event of the same batch pointing at freed memory.
 *
 * A handler that has to wait for a slow server does it in loop_wait(), where the loop goes on
 * for everything but the device that waits: a source that is about that device is taken out
 * when it has an event, and put back when the wait is over.
 */
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/loop.h"

#define MANY 16		/* events between two looks at what has none */

static int epfd = -1;
static struct loop_work *work_head, **work_tail = &work_head;
static bool (*poll_before)(void);
static void (*rest_before)(void);
static bool stopping;
static int stop_status;

/* The devices that wait, the innermost first. */
struct hold {
	const void *owner;
	struct hold *outer;
};

static struct hold *holds;
static struct loop_src *held_head;

/**
 * loop_init() - create the loop
 *
 * Return: 0, or -1 with fail() set.
 */
int loop_init(void)
{
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		return fail("cannot create an event loop: %m");
	stopping = false;
	stop_status = 0;
	return 0;
}

/**
 * loop_exit() - release the loop; sources must have been deleted
 */
void loop_exit(void)
{
	if (epfd >= 0)
		close(epfd);
	epfd = -1;
	work_head = NULL;
	work_tail = &work_head;
}

static int control(int op, struct loop_src *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };

	return epoll_ctl(epfd, op, src->fd, &ev);
}

/**
 * loop_add() - start to wait for a file descriptor
 * @src: source, with fd and fn filled in; must stay in place until loop_del()
 * @events: EPOLLIN and so on
 *
 * Return: 0, or -1 with errno.
 */
int loop_add(struct loop_src *src, uint32_t events)
{
	src->events = events;
	src->held = false;
	return control(EPOLL_CTL_ADD, src, events);
}

/**
 * loop_mod() - change what is waited for
 * @src: a source that was added
 * @events: the new set
 *
 * Return: 0, or -1 with errno.
 */
int loop_mod(struct loop_src *src, uint32_t events)
{
	src->events = events;
	return src->held ? 0 : control(EPOLL_CTL_MOD, src, events);
}

static void hold(struct loop_src *src)
{
	control(EPOLL_CTL_DEL, src, 0);
	src->held = true;
	src->next_held = held_head;
	held_head = src;
}

static void unhold(struct loop_src *src)
{
	struct loop_src **p = &held_head;

	while (*p != src)
		p = &(*p)->next_held;
	*p = src->next_held;
	src->held = false;
}

/**
 * loop_del() - stop waiting; the descriptor stays open
 * @src: a source that was added
 */
void loop_del(struct loop_src *src)
{
	if (src->held)
		unhold(src);
	else
		control(EPOLL_CTL_DEL, src, 0);
}

static void timer_event(struct loop_src *src, uint32_t events)
{
	struct loop_timer *timer = container_of(src, struct loop_timer, src);
	uint64_t expirations;

	(void)events;
	if (read(src->fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		timer->fn(timer);
}

/**
 * loop_timer_init() - make a timer, disarmed
 * @timer: to be filled in
 * @fn: called once for each time the timer was armed and expired
 *
 * Return: 0, or -1 with fail() set.
 */
int loop_timer_init(struct loop_timer *timer, void (*fn)(struct loop_timer *))
{
	timer->fn = fn;
	timer->src.fn = timer_event;
	timer->src.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer->src.fd < 0)
		return fail("cannot create a timer: %m");
	if (loop_add(&timer->src, EPOLLIN)) {
		close(timer->src.fd);
		timer->src.fd = -1;
		return fail("cannot wait for a timer: %m");
	}
	return 0;
}

/**
 * loop_timer_arm() - (re)start or stop a timer
 * @timer: an initialised timer
 * @ns: nanoseconds from now; 0 stops it
 */
void loop_timer_arm(struct loop_timer *timer, uint64_t ns)
{
	struct itimerspec its = {
		.it_value = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 },
	};

	timerfd_settime(timer->src.fd, 0, &its, NULL);
}

/**
 * loop_timer_exit() - release a timer
 * @timer: an initialised timer, or one whose initialisation failed
 */
void loop_timer_exit(struct loop_timer *timer)
{
	if (timer->src.fd < 0)
		return;
	loop_del(&timer->src);
	close(timer->src.fd);
	timer->src.fd = -1;
}

/**
 * loop_defer() - run something before the loop next waits
 * @work: stays in place until it ran or was cancelled; queueing it twice is once
 */
void loop_defer(struct loop_work *work)
{
	if (work->queued)
		return;
	work->queued = true;
	work->next = NULL;
	*work_tail = work;
	work_tail = &work->next;
}

/**
 * loop_cancel() - take back loop_defer()
 * @work: queued or not
 */
void loop_cancel(struct loop_work *work)
{
	struct loop_work **p;

	for (p = &work_head; *p && *p != work; p = &(*p)->next)
		;
	if (!*p)
		return;
	*p = work->next;
	if (!*p)
		work_tail = p;
	work->queued = false;
}

static void run_deferred(void)
{
	struct loop_work *work;

	while ((work = work_head)) {
		loop_cancel(work);
		work->fn(work);
	}
}

/**
 * loop_holds() - does a device wait for its server?
 * @owner: the device
 *
 * Return: true if so; then nothing may be asked of it.
 */
bool loop_holds(const void *owner)
{
	const struct hold *h = holds;

	while (h && h->owner != owner)
		h = h->outer;
	return h && owner;
}

static bool take_event(int timeout_ms)
{
	struct epoll_event ev;
	struct loop_src *src;

	if (epoll_wait(epfd, &ev, 1, timeout_ms) != 1)
		return false;
	src = ev.data.ptr;
	if (loop_holds(src->owner))
		hold(src);
	else
		src->fn(src, ev.events);
	run_deferred();
	return true;
}

/**
 * loop_step() - run deferred work, then wait for and handle one event
 * @timeout_ms: -1 waits for ever, 0 does not wait
 *
 * Return: true if an event was handled.
 */
bool loop_step(int timeout_ms)
{
	run_deferred();
	return !stopping && take_event(timeout_ms);
}

static void release(void)
{
	struct loop_src *src = held_head, *next;

	for (; src; src = next) {
		next = src->next_held;
		if (loop_holds(src->owner))
			continue;
		unhold(src);
		control(EPOLL_CTL_ADD, src, src->events);
	}
}

/**
 * loop_wait() - inside a handler, wait for a descriptor while the loop goes on
 * @owner: the device that waits; no source with this owner is handled meanwhile
 * @fd: descriptor
 * @events: POLLIN or POLLOUT
 * @timeout_ms: at most so long, but for what other devices' handlers take
 *
 * Once the loop is to stop nothing else is handled.
 *
 * Return: true if @fd is ready or broken, false if nothing happened, or something else did.
 */
bool loop_wait(const void *owner, int fd, short events, int timeout_ms)
{
	struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = epfd, .events = POLLIN } };
	struct hold h = { owner, holds };

	if (rest_before)
		rest_before();
	if (poll(p, stopping ? 1 : 2, timeout_ms) <= 0)
		return false;
	if (p[0].revents)
		return true;
	holds = &h;
	take_event(0);
	holds = h.outer;
	release();
	return false;
}

/**
 * loop_poll() - look at something that has no descriptor, before each wait
 * @poll: returns true if it has to be looked at again soon, so that nothing may be waited for
 * @rest: called before a wait inside a handler, in which it is not looked at
 */
void loop_poll(bool (*poll)(void), void (*rest)(void))
{
	poll_before = poll;
	rest_before = rest;
}

/**
 * loop_waits() - is this inside a loop_wait()?
 *
 * Return: true if so.
 */
bool loop_waits(void)
{
	return holds;
}

/**
 * loop_run() - handle events until loop_stop()
 *
 * Return: the status given to loop_stop().
 */
int loop_run(void)
{
	while (!stopping) {
		bool again = poll_before && poll_before();

		/* What is ready has its turn, as far as there is an end to it. */
		for (unsigned int i = 0; loop_step(again ? 0 : -1) && again && i < MANY; i++)
			;
	}
	return stop_status;
}

/**
 * loop_stop() - let loop_run() return; the first status given stands
 * @status: exit status of the process
 */
void loop_stop(int status)
{
	if (!stopping)
		stop_status = status;
	stopping = true;
}

/**
 * loop_stopping() - has loop_stop() been called?
 *
 * Return: true if so.
 */
bool loop_stopping(void)
{
	return stopping;
}
