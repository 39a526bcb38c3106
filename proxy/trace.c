// SPDX-License-Identifier: GPL-2.0
/*
 * trace.c - what happened: one ring, one writer, readers that never hold it up
 *
 * An event's number is its position since the start.  A reader copies a slot and then looks
 * whether the writer may have come round meanwhile; if so, the event counts as lost.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/trace.h"
#include "proxy/util.h"

#define MAX_CALLERS	16384
#define CALLER_BUCKETS	4096

struct caller {
	uint64_t pc;
	uint32_t next;		/* in its bucket, 0: the last */
	char name[];
};

static struct trace_event *ring;
static size_t capacity;		/* a power of two */
static _Atomic uint64_t head;	/* number of the next event */
static _Atomic uint32_t bell, waiting;

static struct caller *_Atomic callers[MAX_CALLERS];
static uint32_t nr_callers, buckets[CALLER_BUCKETS];

/**
 * trace_init() - make the ring
 * @events: how many it holds, a power of two
 *
 * Memory is taken as events come.
 *
 * Return: 0, or -1 with fail().
 */
int trace_init(size_t events)
{
	ring = mmap(NULL, events * sizeof(*ring), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ring == MAP_FAILED) {
		ring = NULL;
		return fail("out of memory for the trace");
	}
	capacity = events;
	head = 0;
	nr_callers = 1;		/* 0: nobody in particular */
	return 0;
}

/**
 * trace_followed() - is somebody going to read all of it?
 *
 * Return: true if callers are worth their price.
 */
bool trace_followed(void)
{
	return capacity > TRACE_SMALL;
}

/**
 * trace_exit() - release the ring; nobody reads any more
 */
void trace_exit(void)
{
	if (ring)
		munmap(ring, capacity * sizeof(*ring));
	for (uint32_t i = 1; i < nr_callers; i++)
		free(callers[i]);
	memset(buckets, 0, sizeof(buckets));
	nr_callers = 0;
	ring = NULL;
	capacity = 0;
}

static uint32_t *bucket_of(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;	/* FNV-1a */

	while (len--)
		hash = (hash ^ (uint8_t)*name++) * 16777619u;
	return &buckets[hash & (CALLER_BUCKETS - 1)];
}

static void put(const struct device *dev, struct trace_event *event)
{
	uint64_t number = head;

	if (!ring)
		return;
	event->ns = clock_ns(CLOCK_MONOTONIC);
	event->device = dev->index;
	event->place = trace_place_now(dev);
	ring[number & (capacity - 1)] = *event;
	atomic_store_explicit(&head, number + 1, memory_order_seq_cst);
	if (atomic_load_explicit(&waiting, memory_order_seq_cst))
		trace_wake();
}

/**
 * trace_access() - a register was read or written
 * @dev: device
 * @region: which
 * @off: offset in it, bytes
 * @width: bytes; of a run of plain memory its length, value 0
 * @value: read or written
 * @write: direction
 */
void trace_access(const struct device *dev, uint32_t region, uint64_t off, unsigned int width,
		  uint64_t value, bool write)
{
	struct trace_event event = {
		.kind = region == VFIO_USER_CONFIG ? TRACE_CONFIG_READ + write : TRACE_READ + write,
		.region = region, .offset = off, .width = width, .value = value,
		.caller = dev->caller, .base = device_bar_address(dev, region),
	};

	put(dev, &event);
}

/**
 * trace_irq() - an interrupt was sent, or held back
 * @dev: device
 * @index: VFIO_USER_INTX, _MSI or _MSIX
 * @vector: which
 * @masked: it could not be sent
 */
void trace_irq(const struct device *dev, uint32_t index, uint32_t vector, bool masked)
{
	struct trace_event event = {
		.kind = masked ? TRACE_IRQ_MASKED : TRACE_IRQ, .region = index, .value = vector,
	};

	put(dev, &event);
}

/**
 * trace_dma() - memory was made reachable, or taken away
 * @dev: device
 * @map: which of both
 * @iova: bus address
 * @size: bytes
 * @direction: enum dma_data_direction of Linux
 */
void trace_dma(const struct device *dev, bool map, uint64_t iova, uint64_t size,
	       uint32_t direction)
{
	struct trace_event event = {
		.kind = map ? TRACE_DMA_MAP : TRACE_DMA_UNMAP, .region = direction,
		.value = iova, .offset = size, .caller = dev->caller,
	};

	put(dev, &event);
}

/**
 * trace_denied() - a write of configuration space was dropped
 * @dev: device
 * @off: where
 * @width: of the access, in bytes
 * @value: what was to be written
 */
void trace_denied(const struct device *dev, uint32_t off, unsigned int width, uint32_t value)
{
	struct trace_event event = {
		.kind = TRACE_DENIED, .offset = off, .width = width, .value = value,
		.caller = dev->caller,
	};

	put(dev, &event);
}

/**
 * trace_dma_fault() - an access of the device to memory was stopped
 * @dev: device
 * @iova: bus address
 * @write: the device wrote
 */
void trace_dma_fault(const struct device *dev, uint64_t iova, bool write)
{
	struct trace_event event = { .kind = TRACE_DMA_FAULT, .region = write, .value = iova };

	put(dev, &event);
}

/**
 * trace_reset() - the function was reset
 * @dev: device
 */
void trace_reset(const struct device *dev)
{
	struct trace_event event = { .kind = TRACE_RESET };

	put(dev, &event);
}

/**
 * trace_caller() - a number for a function
 * @pc: program counter
 * @name: its symbol, not terminated
 * @len: bytes of it
 *
 * Names stay until trace_exit(); when there are too many, further ones count as unknown.
 *
 * Return: the number, for trace_caller_name(); 0: unknown.
 */
uint32_t trace_caller(uint64_t pc, const char *name, size_t len)
{
	uint32_t *bucket = bucket_of(name, len);
	struct caller *c;

	if (!len || !nr_callers)
		return 0;
	for (uint32_t i = *bucket; i; i = c->next) {
		c = callers[i];
		if (c->pc == pc && !strncmp(c->name, name, len) && !c->name[len])
			return i;
	}
	if (nr_callers == MAX_CALLERS)
		return 0;
	c = malloc(sizeof(*c) + len + 1);
	if (!c)
		return 0;
	c->pc = pc;
	c->next = *bucket;
	memcpy(c->name, name, len);
	c->name[len] = 0;
	callers[nr_callers] = c;
	*bucket = nr_callers;
	return nr_callers++;
}

/**
 * trace_caller_name() - symbol of a caller
 * @caller: of an event
 *
 * Return: "function+0xoffset/0xsize [module]", or "-".  Context: any thread.
 */
const char *trace_caller_name(uint32_t caller)
{
	return caller ? callers[caller]->name : "-";
}

/**
 * trace_caller_pc() - program counter of a caller
 * @caller: of an event
 *
 * Return: an address in the hosted kernel, or 0.  Context: any thread.
 */
uint64_t trace_caller_pc(uint32_t caller)
{
	return caller ? callers[caller]->pc : 0;
}

/**
 * trace_head() - how many events there have been
 *
 * Return: the number of the next one.  Context: any thread.
 */
uint64_t trace_head(void)
{
	return atomic_load_explicit(&head, memory_order_acquire);
}

/**
 * trace_capacity() - how many events are kept
 *
 * Return: that number.  Context: any thread.
 */
size_t trace_capacity(void)
{
	return capacity;
}

/**
 * trace_get() - copy an event
 * @number: below trace_head()
 * @event: filled in
 *
 * Return: false if it is lost.  Context: any thread.
 */
bool trace_get(uint64_t number, struct trace_event *event)
{
	*event = ring[number & (capacity - 1)];
	atomic_thread_fence(memory_order_acquire);
	return trace_head() < number + capacity;
}

static pthread_mutex_t frozen_lock = PTHREAD_MUTEX_INITIALIZER;
static struct trace_event frozen[TRACE_FROZEN];
static size_t nr_frozen;

/**
 * trace_freeze() - keep the last events: a client has gone, and what follows is not its doing
 */
void trace_freeze(void)
{
	uint64_t end = head, at = end > TRACE_FROZEN ? end - TRACE_FROZEN : 0;

	pthread_mutex_lock(&frozen_lock);
	for (nr_frozen = 0; ring && at < end; at++)
		nr_frozen += trace_get(at, &frozen[nr_frozen]);
	pthread_mutex_unlock(&frozen_lock);
}

/**
 * trace_frozen() - the events that were kept
 * @events: room
 * @max: for so many
 *
 * Return: how many; 0 while nothing was frozen.  Context: any thread.
 */
size_t trace_frozen(struct trace_event *events, size_t max)
{
	size_t n;

	pthread_mutex_lock(&frozen_lock);
	n = nr_frozen < max ? nr_frozen : max;
	memcpy(events, frozen, n * sizeof(*events));
	pthread_mutex_unlock(&frozen_lock);
	return n;
}

/**
 * trace_wait() - wait for more
 * @seen: returned at once if there is an event with this number
 * @stop: or if this is set, which a trace_wake() follows
 *
 * Return: trace_head().  Context: one thread.
 */
uint64_t trace_wait(uint64_t seen, const atomic_bool *stop)
{
	uint32_t rung = bell;

	waiting = 1;
	if (atomic_load_explicit(&head, memory_order_seq_cst) == seen && !*stop)
		syscall(SYS_futex, &bell, FUTEX_WAIT_PRIVATE, rung, NULL, NULL, 0);
	waiting = 0;
	return trace_head();
}

/**
 * trace_wake() - end trace_wait()
 */
void trace_wake(void)
{
	bell++;
	syscall(SYS_futex, &bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
