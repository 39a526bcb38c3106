/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bar.h - registers of a device, one access at a time and each of exactly its width
 *
 * The device is one of a running instance, reached through its view, or one that nobody
 * drives, for which a proxy is started.
 */
#ifndef RING3_BAR_H
#define RING3_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/regs.h"
#include "shim/util.h"

#define BAR_ROM 6
#define BAR_SPACES 7		/* BAR0 to BAR5 and the ROM */

struct bar_space {
	uint64_t size;		/* bytes, 0: the device has no such BAR */
	bool io;
};

struct bar_device {
	char *name;		/* for messages */
	struct bar_space space[BAR_SPACES];
	const struct bar_ops *ops;
	void *state;		/* of the ops */
	uint16_t vendor, device;
	uint32_t class;
	struct regs *regs;	/* names of its registers, once they were asked for */
};

struct bar_ops {
	/* One access.  Return: 0, or a negative errno. */
	int (*read)(struct bar_device *dev, unsigned int bar, uint64_t offset, unsigned int width,
		    uint64_t *value);
	int (*write)(struct bar_device *dev, unsigned int bar, uint64_t offset,
		     unsigned int width, uint64_t value);
	void (*close)(struct bar_device *dev);
};

/* What is accessed: checked by bar_check(). */
struct bar_range {
	unsigned int bar;
	unsigned int width;	/* bytes of one access, 0: not said yet */
	uint64_t offset;	/* of the first, bytes */
	uint64_t count;		/* accesses */
	const struct reg *reg;	/* the first one, if it was named */
};

/**
 * bar_open() - find or start a device
 * @dev: filled in, for bar_close()
 * @text: [NAME/]BDF, or a specification as for --device
 * @run: name of the instance, NULL: whichever has the device
 *
 * Return: 0, or an exit status after a message.
 */
int bar_open(struct bar_device *dev, const char *text, const char *run);

/**
 * bar_open_view() - a device of a running instance; as bar_open()
 */
int bar_open_view(struct bar_device *dev, const char *bdf, const char *run);

/**
 * bar_open_spec() - a device that nobody drives; as bar_open()
 */
int bar_open_spec(struct bar_device *dev, const char *spec);

void bar_close(struct bar_device *dev);

/**
 * bar_parse_bdf() - read a PCI address: [[DOMAIN:]BUS:]SLOT.FN, in hex
 * @text: the text
 *
 * Return: the full form, 0000:00:01.0, to free; NULL if it is none.
 */
char *bar_parse_bdf(const char *text);

/**
 * bar_parse_resource() - read what a device's file `resource` says, as in sysfs
 * @text: lines of START END FLAGS
 * @space: filled in
 */
void bar_parse_resource(const char *text, struct bar_space space[BAR_SPACES]);

/**
 * bar_name() - name of a BAR
 * @bar: 0 to 5, or BAR_ROM
 *
 * Return: "BAR0" or "ROM" for example.
 */
const char *bar_name(unsigned int bar);

/**
 * bar_parse_name() - read the name of a BAR
 * @text: 0 to 5, "bar0" or "rom"
 * @bar: filled in
 *
 * Return: 0, or an exit status after a message.
 */
int bar_parse_name(const char *text, unsigned int *bar);

/**
 * bar_parse_width() - read the width of an access
 * @text: 1, 2, 4 or 8
 * @width: filled in
 *
 * Return: 0, or an exit status after a message.
 */
int bar_parse_width(const char *text, unsigned int *width);

/**
 * bar_parse_value() - read a value to be written
 * @text: a number
 * @width: bytes that it must fit
 * @value: filled in
 *
 * Return: 0, or an exit status after a message.
 */
int bar_parse_value(const char *text, unsigned int width, uint64_t *value);

/**
 * bar_find_name() - offset and width of a register
 * @dev: the device; its names are loaded
 * @name: "CTRL" or "RDH(1)"
 * @range: bar, and width if it was said; offset, width and reg are filled in
 *
 * Return: 0, or an exit status after a message.
 */
int bar_find_name(struct bar_device *dev, const char *name, struct bar_range *range);

/**
 * bar_print_register() - print a named register's value and its fields, a line
 * @range: with reg
 * @value: its value
 */
void bar_print_register(const struct bar_range *range, uint64_t value);

/**
 * bar_check() - can these accesses be made?
 * @dev: the device
 * @range: the accesses
 *
 * Return: 0, or an exit status after a message.
 */
int bar_check(const struct bar_device *dev, const struct bar_range *range);

/**
 * bar_check_space() - is there such a BAR?
 * @dev: the device
 * @bar: the BAR
 *
 * Return: 0, or an exit status after a message that says which there are.
 */
int bar_check_space(const struct bar_device *dev, unsigned int bar);

/**
 * bar_failed() - say why an access failed
 * @dev: the device
 * @range: of the access
 * @offset: where it was
 * @write: direction
 * @err: negative errno
 *
 * Return: RING3_EXIT_SETUP.
 */
int bar_failed(const struct bar_device *dev, const struct bar_range *range, uint64_t offset,
	       bool write, int err);

/* How values are printed. */
enum bar_format {
	BAR_LINES,		/* one value per line */
	BAR_TABLE,		/* like hexdump(1) */
	BAR_JSON,
	BAR_RAW,		/* the bytes, least significant first */
};

/**
 * bar_print() - print values that were read
 * @dev: the device
 * @range: where they are from; count may be smaller than asked for
 * @values: the values
 * @format: how
 *
 * Return: 0, or an exit status after a message.
 */
int bar_print(const struct bar_device *dev, const struct bar_range *range,
	      const uint64_t *values, enum bar_format format);

#endif
