/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop.h - the proxy's one event loop
 */
#ifndef RING3_PROXY_LOOP_H
#define RING3_PROXY_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "proxy/util.h"

/* Something with a file descriptor to wait for; embed it in its owner. */
struct loop_src {
	int fd;
	void (*fn)(struct loop_src *src, uint32_t events);
	const void *owner;		/* the device it is about, see loop_wait(); or NULL */
	uint32_t events;		/* the rest is the loop's */
	bool held;
	struct loop_src *next_held;
};

/* A one-shot timer on CLOCK_MONOTONIC. */
struct loop_timer {
	struct loop_src src;
	void (*fn)(struct loop_timer *timer);
};

/* Work put off until the current event has been dealt with. */
struct loop_work {
	void (*fn)(struct loop_work *work);
	struct loop_work *next;
	bool queued;
};

int loop_init(void);
void loop_exit(void);
int loop_add(struct loop_src *src, uint32_t events);
int loop_mod(struct loop_src *src, uint32_t events);
void loop_del(struct loop_src *src);
int loop_timer_init(struct loop_timer *timer, void (*fn)(struct loop_timer *));
void loop_timer_arm(struct loop_timer *timer, uint64_t ns);
void loop_timer_exit(struct loop_timer *timer);
void loop_defer(struct loop_work *work);
void loop_cancel(struct loop_work *work);
bool loop_step(int timeout_ms);
bool loop_wait(const void *owner, int fd, short events, int timeout_ms);
bool loop_holds(const void *owner);
void loop_poll(bool (*poll)(void), void (*rest)(void));
bool loop_waits(void);
int loop_run(void);
void loop_stop(int status);
bool loop_stopping(void);

#endif
