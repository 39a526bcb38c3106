/* SPDX-License-Identifier: GPL-2.0 */
/*
 * view.h - the mounted file system that shows devices: its files
 *
 * A file is one row in a table.  What it shows comes from the device object, so reading
 * never waits for a driver; the few that ask the device itself (its configuration space, BAR
 * access) go through the main thread, as a client's requests do, and wait a bounded time.
 */
#ifndef RING3_PROXY_VIEW_H
#define RING3_PROXY_VIEW_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "proxy/device.h"

#define VIEW_MAX_DEVICES 256

struct view_file {
	const char *name;
	mode_t mode;			/* permissions */
	/* One of these three; text and read: text, or what grows while a trace is written. */
	void (*text)(FILE *out, struct device *dev);
	/* An object (a line for each member) or an array of them (a table); has a twin NAME.json. */
	struct json_object *(*table)(struct device *dev);
	ssize_t (*read)(struct device *dev, int arg, void *buf, size_t len, off_t off);
	/* With read or text; may be NULL. */
	ssize_t (*write)(struct device *dev, int arg, const void *buf, size_t len, off_t off);
	int arg;
	/* NULL: there for every device.  In a table of no device, dev is NULL. */
	bool (*there)(const struct device *dev, int arg);
	off_t (*size)(const struct device *dev, int arg);	/* NULL: 4096, as in sysfs */
	bool grows;			/* its size is not always the same */
};

/* Tables end with a NULL name. */
extern const struct view_file view_sysfs_files[];	/* devices/BDF */
extern const struct view_file view_ring3_files[];	/* devices/BDF/ring3 */
extern const struct view_file view_driver_files[];	/* drivers/NAME; of its first device */
extern const struct view_file view_kernel_files[];	/* kernel */
extern const struct view_file view_proxy_files[];	/* proxy */
extern const struct view_file view_crash_files[];	/* crash */

/* What the proxy shows: devices, and descriptors of files that others write. */
struct view_shown {
	const char *dir, *name;		/* dir: one of the fixed directories */
	int fd;
};

struct view {
	struct device **devices;
	size_t nr_devices;
	struct view_shown *shown;
	size_t nr_shown;
	struct timespec since;		/* CLOCK_BOOTTIME, when the proxy was ready */
	time_t born;			/* of all files */
};

extern struct view view;

/* tree.c */
enum view_kind {
	VIEW_ROOT, VIEW_DIR, VIEW_DEVICE, VIEW_RING3, VIEW_IRQS, VIEW_DRIVER,	/* directories */
	VIEW_FILE, VIEW_JSON, VIEW_SHOWN, VIEW_IRQ,
	VIEW_DRIVER_LINK, VIEW_DEVICE_LINK,
};

/* An inode number taken apart. */
struct view_node {
	enum view_kind kind;
	unsigned int dir;		/* VIEW_DIR and what is in one: which */
	unsigned int device;
	unsigned int index;		/* of a file in its table, or a vector */
};

#define VIEW_NAME 80

uint64_t view_ino(const struct view_node *node);
bool view_node(uint64_t ino, struct view_node *node);
bool view_is_dir(const struct view_node *node);
bool view_is_link(const struct view_node *node);
const struct view_file *view_file_of(const struct view_node *node);
struct device *view_device_of(const struct view_node *node);
bool view_child(const struct view_node *dir, size_t n, struct view_node *child,
		char name[VIEW_NAME]);
bool view_link(const struct view_node *node, char *target, size_t size);

/* render.c */
char *view_render(const struct view_node *node, size_t *len);
struct json_object *view_hex(uint64_t value, unsigned int digits);
struct json_object *view_name(const char *name);
struct json_object *view_age(uint64_t since_ns);

static inline void view_add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add_ex(object, key, value,
				  JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

/* A counter that the main thread may be adding to. */
static inline uint64_t view_now(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* state.c, bars.c, interrupts.c, dma.c, registers.c, trace.c: the files of devices/BDF/ring3 */
struct json_object *view_state(struct device *dev);
struct json_object *view_stats(struct device *dev);
struct json_object *view_bars(struct device *dev);
struct json_object *view_interrupts(struct device *dev);
struct json_object *view_dma(struct device *dev);
struct json_object *view_registers(struct device *dev);
bool view_registers_there(const struct device *dev, int arg);
bool view_bar_there(const struct device *dev, int bar);
off_t view_bar_size(const struct device *dev, int bar);
ssize_t view_bar_read(struct device *dev, int bar, void *buf, size_t len, off_t off);
ssize_t view_bar_write(struct device *dev, int bar, const void *buf, size_t len, off_t off);
bool view_followed(void);
void view_trace_text(FILE *out, struct device *dev);
ssize_t view_trace_read(struct device *dev, int arg, void *buf, size_t len, off_t off);
off_t view_trace_size(const struct device *dev, int arg);

/* handoff.c */
int handoff_init(void);
void handoff_exit(void);
ssize_t handoff_access(struct device *dev, uint32_t region, uint64_t off, void *buf, size_t len,
		       bool write);
int handoff_config(struct device *dev);
int handoff_reset(struct device *dev);

/* fuse.c */
struct fuse_lowlevel_ops;
extern const struct fuse_lowlevel_ops view_ops;

/* pace.c */
struct pollfd;
void view_pace(struct pollfd *fds, unsigned int nr);

/* mount.c */
int view_mount(const char *where, pid_t launcher);
int view_start(pid_t launcher);
void view_stop(void);
void view_close(void);

#endif
