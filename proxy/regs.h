/* SPDX-License-Identifier: GPL-2.0 */
/*
 * regs.h - names of a device's registers, read from a *.regs file (ring3-registers(5))
 *
 * Linked into the proxy and into the ring3 command: errors are text in the caller's buffer.
 * Nothing here touches a device.
 */
#ifndef RING3_PROXY_REGS_H
#define RING3_PROXY_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGS_FILE_MAX	(1 << 20)	/* bytes */
#define REGS_MAX	16384		/* registers, each element of an array counted */
#define REGS_NAME_MAX	31		/* characters of a name, "(65535)" not counted */
#define REGS_INDEX_MAX	65535		/* of an array */
#define REGS_ERR_MAX	512		/* a buffer for errors that is large enough */

enum {
	REG_RC = 1 << 0,	/* reading clears it, or does something else */
	REG_WO = 1 << 1,	/* reading says nothing */
	REG_RO = 1 << 2,	/* writing does nothing */
	REG_W1C = 1 << 3,	/* bits are cleared by writing them as 1 */
};

/* Never read what has one of these, unless the user named the register. */
#define REG_NO_READ (REG_RC | REG_WO)

#define REG_NO_QUEUE (-1)

struct reg_value {
	uint64_t value;
	const char *name;
};

struct reg_field {
	const char *name;
	uint8_t hi, lo;			/* bits, both included */
	uint32_t nr_values;
	const struct reg_value *values;
};

struct reg {
	char name[REGS_NAME_MAX + 9];	/* "RDH(1)" for an element of an array */
	uint8_t bar, width;		/* width: bytes */
	uint8_t flags;			/* REG_* */
	int32_t queue;			/* the hardware queue it belongs to, or REG_NO_QUEUE */
	uint64_t offset;		/* a multiple of the width */
	const char *description;	/* may be empty */
	uint32_t line;			/* of the file */
	uint32_t nr_fields;
	const struct reg_field *fields;	/* as in the file */
};

struct regs_id {
	uint16_t vendor, device;
};

struct regs {
	struct reg *reg;		/* as in the file */
	size_t nr;
	struct regs_id *ids;		/* devices and classes it is for */
	size_t nr_ids;
	uint32_t *classes;		/* 0xCCSSPP */
	size_t nr_classes;
	/* What the above point into, and the indexes of regs_find() and regs_at(). */
	char *text;
	struct reg_field *fields;
	struct reg_value *values;
	const struct reg **by_name, **by_place;
};

enum regs_fit {
	REGS_NONE,
	REGS_CLASS,
	REGS_DEVICE,
};

struct json_object;

struct regs *regs_parse(const char *text, size_t len, const char *file, char *err,
			size_t errlen);
struct regs *regs_load(const char *path, char *err, size_t errlen);
void regs_free(struct regs *regs);

const struct reg *regs_find(const struct regs *regs, const char *name);
const struct reg *regs_at(const struct regs *regs, unsigned int bar, uint64_t offset, bool write);
enum regs_fit regs_fits(const struct regs *regs, uint16_t vendor, uint16_t device,
			uint32_t class);

struct regs *regs_dir(const char *dir, uint16_t vendor, uint16_t device, uint32_t class,
		      char *err, size_t errlen);
char *regs_default_dir(void);

uint64_t reg_field_get(const struct reg_field *field, uint64_t value);
const char *reg_field_name(const struct reg_field *field, uint64_t field_value);
size_t regs_print(char *buf, size_t size, const struct reg *reg, uint64_t value);
size_t regs_print_fields(char *buf, size_t size, const struct reg *reg, uint64_t value);
struct json_object *regs_json(const struct reg *reg, uint64_t value);

/* Between regs.c and regs-parse.c: */
int regs_index(struct regs *regs, const struct reg **one, const struct reg **other);

#endif
