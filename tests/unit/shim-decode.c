// SPDX-License-Identifier: GPL-2.0
/* shim-decode.c - unit tests of what is read out of a kernel's log */
#include "tests/unit/shim-test.h"

#include <stdio.h>
#include <string.h>

#include "shim/crash.h"
#include "shim/decode.h"
#include "shim/util.h"

static void references(void **state)
{
	static const struct {
		const char *line, *symbol, *module;
		uint64_t offset, size;
		bool call;
	} rows[] = {
		{ " [<6004a1b2>] ? panic+0x143/0x345", "panic", "", 0x143, 0x345, true },
		{ "[    0.017] [<7081101e>] foo.constprop.0+0x1/0xd [ring3_panic]",
		  "foo.constprop.0", "ring3_panic", 1, 0xd, true },
		{ "RIP: 0033:e1000_probe+0x10/0x20 [e1000e]", "e1000_probe", "e1000e", 0x10, 0x20,
		  false },
		{ "x+y foo+0x0/0x10", "foo", "", 0, 0x10, false },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct stack_ref ref;

		assert_true(decode_parse(rows[i].line, &ref));
		assert_string_equal(ref.symbol, rows[i].symbol);
		assert_string_equal(ref.module, rows[i].module);
		assert_true(ref.offset == rows[i].offset);
		assert_true(ref.size == rows[i].size);
		assert_int_equal(ref.call, rows[i].call);
	}
}

static void no_references(void **state)
{
	static const char *const rows[] = {
		"", "+", "a+", "+0x1/0x2", "foo+1/2", "foo+0x1", "foo+0x/0x2", "foo+0x1/0x",
		"foo+0x1/", "[<60024d4c>] ? 0x6000208e", "foo +0x1/0x2",
	};
	char line[512];
	struct stack_ref ref;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_false(decode_parse(rows[i], &ref));
	/* Names longer than ours are not cut, they are none. */
	memset(line, 'a', sizeof(line));
	strcpy(line + 400, "+0x1/0x2");
	assert_false(decode_parse(line, &ref));
	snprintf(line, sizeof(line), "foo+0x1/0x2 [%0200d]", 0);
	assert_true(decode_parse(line, &ref));
	assert_string_equal(ref.module, "");
}

/* Not static and not inlined: the symbol this program decodes in itself. */
__attribute__((noinline)) int landmark(int x);
enum { LANDMARK_LINE = __LINE__ + 3 };
__attribute__((noinline)) int landmark(int x)
{
	return x * 3;
}

static void own_symbol(void **state)
{
	_cleanup_free_ char *place = NULL;
	struct decode *decode = decode_open("/proc/self/exe");

	(void)state;
	assert_int_equal(landmark(2), 6);
	place = decode_line(decode, "RIP: 0033:landmark+0x1/0x10");
	assert_non_null(place);
	assert_non_null(strstr(place, "shim-decode.c:"));
	assert_in_range(atoi(strrchr(place, ':') + 1), LANDMARK_LINE - 1, LANDMARK_LINE + 1);
	assert_null(decode_line(decode, "no_such_symbol_here+0x1/0x10"));
	assert_null(decode_line(decode, "landmark+0x1/0x10 [no_such_module]"));
	decode_close(decode);
}

static void reasons(void **state)
{
	_cleanup_free_ char *panic = NULL, *init = NULL;

	(void)state;
	panic = crash_reason("[0.1] a\n[0.2] Kernel panic - not syncing: on purpose\n[0.3] b\n");
	assert_string_equal(panic, "on purpose");
	init = crash_reason("[0.1] ring3 init: no orders\n");
	assert_string_equal(init, "no orders");
	assert_null(crash_reason("[0.1] all is well\n"));
	assert_null(crash_reason(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(no_references),
		cmocka_unit_test(own_symbol),
		cmocka_unit_test(reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
