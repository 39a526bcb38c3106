// SPDX-License-Identifier: GPL-2.0
/* shim-coverage.c - libFuzzer: counters from the guest, and what becomes of gcov's words on them */
#include <stdlib.h>
#include <string.h>

#include "shim/coverage.h"
#include "shim/lcov.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Half of the inputs are of gcc 12 and later, with the object's own stamp. */
static void check_counters(const uint8_t *data, size_t size)
{
	const char notes[2][12] = { "oncg*22Bsssd", "oncg*20Asssd" };
	_cleanup_free_ char *copy = malloc(size + 12);

	if (!copy)
		return;
	memcpy(copy, size ? notes[data[0] & 1] : notes[0], 12);
	memcpy(copy, "adcg", 4);
	memcpy(copy + 12, data, size);
	for (size_t i = 0; i < 2; i++) {
		coverage_valid(copy, size + 12, notes[i]);
		coverage_valid((const char *)data, size, notes[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *json = strndup((const char *)data, size);
	struct lcov lcov = { 0 };
	struct strv sources = { 0 };
	FILE *out = fopen("/dev/null", "we");

	check_counters(data, size);
	strv_add(&sources, "/usr");
	if (json && out) {
		lcov_add(&lcov, json, &sources);
		lcov_print(&lcov, out);
	}
	if (out)
		fclose(out);
	lcov_free(&lcov);
	strv_free(&sources);
	return 0;
}
