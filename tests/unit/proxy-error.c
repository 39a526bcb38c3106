// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-error.c - warnings do not flood the terminal, and none is left out silently
 */
#include <stdio.h>

#include "tests/unit/proxy-common.h"

static FILE *captured;
static int real_stderr;

static int capture(void **state)
{
	(void)state;
	captured = tmpfile();
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	return !captured || dup2(fileno(captured), STDERR_FILENO) < 0;
}

static int release(void **state)
{
	(void)state;
	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	fclose(captured);
	return 0;
}

static void flood(void **state)
{
	unsigned int lines = 0, told = 0, n;
	char line[200];

	(void)state;
	for (int i = 0; i < 1000; i++)
		warn("flood %d", i);
	sleep(1);	/* the time itself is what is tested: a second earns one message */
	warn("later");
	rewind(captured);
	while (fgets(line, sizeof(line), captured)) {
		if (sscanf(line, "ring3-proxy: %u messages were left out", &n) == 1)
			told += n;
		else
			lines++;
	}
	assert_in_range(lines, 2, 30);
	assert_int_equal(lines + told, 1001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flood, capture, release),
	};

	return cmocka_run_group_tests_name("proxy-error", tests, NULL, NULL);
}
