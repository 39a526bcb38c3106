/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - what the parts of libring3 share
 */
#ifndef RING3_LIB_INTERNAL_H
#define RING3_LIB_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "proxy/client.h"
#include "proxy/libring3/ring3.h"

#define PAGE		4096ull
#define MAX_VECTORS	2048

/* A part of the arena, in the order of addresses. */
struct block {
	struct block *next;
	uint64_t offset, size;		/* whole pages */
};

/* The caller's memory and the blocks that stand for it. */
struct bounce {
	struct bounce *next;
	void *memory;
	size_t size;
	enum ring3_direction direction;
	struct block **blocks;
	size_t nr;
};

struct mapping {
	struct mapping *next;
	void *page;			/* where it begins */
	size_t length;
	volatile void *address;		/* what the caller has of it */
};

/*
 * All memory for DMA is in one sparse file, the arena.  What of it is at @base + its offset on
 * the bus is only as much as is allocated.
 */
struct arena {
	int fd;				/* -1: not made yet */
	char *map;
	uint64_t base, size;
	struct block *used;
};

struct ring3_device {
	pthread_mutex_t lock;
	char *spec;
	int fd;				/* to the proxy */
	int life;			/* EOF: the proxy that was started has ended; or -1 */
	bool open;
	struct vfu_client client;
	struct arena arena;
	struct bounce *bounces;
	struct mapping *mappings;
	int irq_kind;			/* -1: none is enabled */
	unsigned int nr_irqs;
	int *irq_fds;
	bool master;			/* bus mastering is on */
};

int lib_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int lib_lost(struct ring3_device *dev, int err, const char *what);
void lib_printable(char *text);

int start_proxy(struct ring3_device *dev);
int connect_proxy(struct ring3_device *dev, const char *path);

int arena_place(struct ring3_device *dev, uint64_t mask);
int arena_make(struct arena *a, const char *spec);
void arena_release(struct ring3_device *dev);

int config_read(struct ring3_device *dev, uint32_t off, unsigned int width, uint32_t *value);
int config_write(struct ring3_device *dev, uint32_t off, unsigned int width, uint32_t value);
int command_set(struct ring3_device *dev, uint16_t bits);
int become_master(struct ring3_device *dev);
int irq_forget(struct ring3_device *dev);

#endif
