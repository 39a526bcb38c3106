// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-regs.c - libFuzzer: a file of named registers from anyone
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/regs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct regs *regs, const struct reg *reg)
{
	char text[256];

	if (regs_find(regs, reg->name) != reg)
		abort();
	if (regs_at(regs, reg->bar, reg->offset + reg->width - 1, reg->flags & REG_WO) != reg)
		abort();
	regs_print(text, sizeof(text), reg, UINT64_MAX);
	json_object_put(regs_json(reg, 0x123456789abcdef));
	for (uint32_t i = 0; i < reg->nr_fields; i++) {
		if (reg->fields[i].hi >= reg->width * 8 || reg->fields[i].lo > reg->fields[i].hi ||
		    strlen(reg->fields[i].name) > REGS_NAME_MAX)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char err[REGS_ERR_MAX] = "";
	struct regs *regs = regs_parse((const char *)data, size, "f", err, sizeof(err));

	if (!regs && strncmp(err, "f:", 2))
		abort();
	for (size_t i = 0; regs && i < regs->nr && i < 256; i++)
		check(regs, &regs->reg[i]);
	regs_free(regs);
	return 0;
}
