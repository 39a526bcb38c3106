// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-spec.c - libFuzzer: device specifications and QEMU arguments as users write them
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/near.h"
#include "proxy/qemu/qemu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "nvme", "e1000e", "virtio-net-pci" };
	struct qemu_args args = { 0 };
	char *text = strndup((const char *)data, size), near[16], *escaped;
	struct spec *spec;

	if (!text)
		return 0;
	spec = spec_parse(text);
	if (spec && (spec->slot > 0x1f || spec->function > 7 || !*spec->backend))
		abort();
	spec_free(spec);
	args_split(&args, text);
	args_free(&args);
	near_matches(text, names, 3, near, sizeof(near));
	escaped = args_escape(text);
	free(escaped);
	free(text);
	return 0;
}
