// SPDX-License-Identifier: GPL-2.0
/* shim-log.c - libFuzzer: a kernel's log, which the guest may write what it likes to */
#include <stdlib.h>
#include <string.h>

#include "shim/crash.h"
#include "shim/decode.h"
#include "shim/report.h"
#include "shim/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plain(void *arg, const char *line)
{
	(void)arg;
	if (strchr(line, '\n'))
		abort();
}

static void found(void *arg, const char *title, const char *text)
{
	(void)arg;
	free(report_key(title, text));
	if (!*text)
		abort();
}

static void find_reports(const char *log)
{
	struct report_finder finder = { .sink = { plain, found, NULL } };
	_cleanup_free_ char *copy = xstrdup(log);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		report_line(&finder, line);
	report_pause(&finder);
	if (report_open(&finder))
		abort();
	report_free(&finder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *log = strndup((const char *)data, size), *reason = NULL;
	struct stack_ref ref;

	if (!log)
		return 0;
	reason = crash_reason(log);
	find_reports(log);
	if (decode_parse(log, &ref) && (!*ref.symbol || strlen(ref.symbol) >= sizeof(ref.symbol)))
		abort();
	for (const unsigned char *c = (unsigned char *)printable(log); *c; c++) {
		if (*c < ' ' && *c != '\n' && *c != '\t')
			abort();
	}
	return 0;
}
