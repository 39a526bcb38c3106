// SPDX-License-Identifier: GPL-2.0
/* shim-log.c - libFuzzer: a kernel's log, which the guest may write what it likes to */
#include <stdlib.h>
#include <string.h>

#include "shim/crash.h"
#include "shim/decode.h"
#include "shim/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *log = strndup((const char *)data, size), *reason = NULL;
	struct stack_ref ref;

	if (!log)
		return 0;
	reason = crash_reason(log);
	if (decode_parse(log, &ref) && (!*ref.symbol || strlen(ref.symbol) >= sizeof(ref.symbol)))
		abort();
	for (const unsigned char *c = (unsigned char *)printable(log); *c; c++) {
		if (*c < ' ' && *c != '\n' && *c != '\t')
			abort();
	}
	return 0;
}
