// SPDX-License-Identifier: GPL-2.0
/* shim-bar.c - unit tests of what ring3 bar is asked for */
#include "tests/unit/shim-test.h"

#include <string.h>

#include "shim/bar.h"

static void addresses(void **state)
{
	static const struct {
		const char *text, *full;
	} rows[] = {
		{ "0000:00:01.0", "0000:00:01.0" },
		{ "00:01.0", "0000:00:01.0" },
		{ "1.0", "0000:00:01.0" },
		{ "1f.7", "0000:00:1f.7" },
		{ "1F.7", "0000:00:1f.7" },
		{ "abcd:ef:1e.3", "abcd:ef:1e.3" },
		{ "1:2:3.4", "0001:02:03.4" },
		{ "1.8", NULL },	{ "20.0", NULL },	{ "1", NULL },
		{ "", NULL },		{ ".0", NULL },		{ "1.", NULL },
		{ "1.0.", NULL },	{ "1.0 ", NULL },	{ " 1.0", NULL },
		{ "x.0", NULL },	{ "-1.0", NULL },	{ "0:0:0:1.0", NULL },
		{ ":1.0", NULL },	{ "1:.0", NULL },	{ "100:01.0", NULL },
		{ "10000:00:01.0", NULL }, { "0x1.0", NULL },	{ "testdev", NULL },
		{ "qemu:edu", NULL },	{ "1.00", NULL },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		_cleanup_free_ char *full = bar_parse_bdf(rows[i].text);

		if (rows[i].full) {
			assert_non_null(full);
			assert_string_equal(full, rows[i].full);
		} else {
			assert_null(full);
		}
	}
}

static void resources(void **state)
{
	static const char text[] =
		"0x00000000c0000000 0x00000000c001ffff 0x0000000000040200\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		"0x0000000000001000 0x000000000000101f 0x0000000000040101\n"
		"0x0000001000000000 0x00000010ffffffff 0x0000000000142208\n"
		"0x0000000000000000 0x0000000000000fff 0x0000000000040200\n"
		"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
		"0x00000000c0040000 0x00000000c007ffff 0x0000000000046200\n"
		"0x0000000000000001 0x0000000000000005 0x0000000000000200\n";
	struct bar_space space[BAR_SPACES];

	(void)state;
	bar_parse_resource(text, space);
	assert_true(space[0].size == 0x20000 && !space[0].io);
	assert_true(space[1].size == 0);
	assert_true(space[2].size == 0x20 && space[2].io);
	assert_true(space[3].size == 0x100000000 && !space[3].io);
	assert_true(space[4].size == 0x1000);
	assert_true(space[5].size == 0);
	assert_true(space[BAR_ROM].size == 0x40000);
	bar_parse_resource("0x0 0xfff 0x200\nnonsense\n0x0 0xff 0x200\n", space);
	assert_true(space[0].size == 0x1000);
	assert_true(space[1].size == 0 && space[2].size == 0);
	bar_parse_resource("", space);
	assert_true(space[0].size == 0);
}

static void bar_names(void **state)
{
	static const struct {
		const char *text;
		int bar;
	} rows[] = {
		{ "0", 0 }, { "5", 5 }, { "bar3", 3 }, { "BAR4", 4 }, { "rom", BAR_ROM },
		{ "ROM", BAR_ROM }, { "6", -1 }, { "", -1 }, { "bar", -1 }, { "bar6", -1 },
		{ "00", -1 }, { "-1", -1 }, { "0x0", -1 }, { "roms", -1 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		unsigned int bar = 99;
		int status = bar_parse_name(rows[i].text, &bar);

		assert_int_equal(status, rows[i].bar < 0 ? RING3_EXIT_SETUP : 0);
		assert_int_equal(bar, rows[i].bar < 0 ? 99 : rows[i].bar);
	}
}

static void widths(void **state)
{
	static const char *const bad[] = { "", "0", "3", "5", "16", "32", "-1", "4 ", "+4", "w" };
	unsigned int width;

	(void)state;
	for (width = 0; width < N_ROWS(bad); width++) {
		unsigned int other = 99;

		assert_int_equal(bar_parse_width(bad[width], &other), RING3_EXIT_SETUP);
		assert_int_equal(other, 99);
	}
	assert_int_equal(bar_parse_width("8", &width), 0);
	assert_int_equal(width, 8);
}

static void bar_values(void **state)
{
	static const struct {
		const char *text;
		unsigned int width;
		int status;
		uint64_t value;
	} rows[] = {
		{ "255", 1, 0, 255 },
		{ "256", 1, RING3_EXIT_SETUP, 0 },
		{ "0xffff", 2, 0, 0xffff },
		{ "0x10000", 2, RING3_EXIT_SETUP, 0 },
		{ "0xffffffff", 4, 0, 0xffffffff },
		{ "4294967296", 4, RING3_EXIT_SETUP, 0 },
		{ "0xFfffffffffffffff", 8, 0, UINT64_MAX },
		{ "0x00000000000000001", 8, 0, 1 },
		{ "18446744073709551615", 8, 0, UINT64_MAX },
		{ "18446744073709551616", 8, RING3_EXIT_SETUP, 0 },
		{ "0x10000000000000000", 8, RING3_EXIT_SETUP, 0 },
		{ "-1", 8, RING3_EXIT_SETUP, 0 },
		{ "", 8, RING3_EXIT_SETUP, 0 },
		{ "0x", 8, RING3_EXIT_SETUP, 0 },
		{ "0x-1", 8, RING3_EXIT_SETUP, 0 },
		{ "1k", 8, RING3_EXIT_SETUP, 0 },
		{ "ff", 8, RING3_EXIT_SETUP, 0 },
		{ "017", 8, RING3_EXIT_SETUP, 0 },
		{ "0", 8, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		uint64_t value = 7;

		assert_int_equal(bar_parse_value(rows[i].text, rows[i].width, &value), rows[i].status);
		if (!rows[i].status)
			assert_true(value == rows[i].value);
	}
}

static void ranges(void **state)
{
	struct bar_device dev = {
		.name = "d",
		.space = { { 0x1000, false }, { 0, false }, { 0x20, true }, { 6, false } },
	};
	static const struct {
		struct bar_range range;
		bool good;
	} rows[] = {
		{ { 0, 4, 0, 1024, NULL }, true },	      { { 0, 4, 0, 1025, NULL }, false },
		{ { 0, 8, 0xff8, 1, NULL }, true },	      { { 0, 8, 0xff8, 2, NULL }, false },
		{ { 0, 1, 0xfff, 1, NULL }, true },	      { { 0, 1, 0x1000, 1, NULL }, false },
		{ { 0, 4, 2, 1, NULL }, false },	      { { 0, 4, 0, 0, NULL }, false },
		{ { 0, 4, 0, UINT64_MAX, NULL }, false },   { { 0, 4, UINT64_MAX - 3, 1, NULL }, false },
		{ { 0, 8, 8, UINT64_MAX / 8 + 2, NULL }, false },
		{ { 1, 4, 0, 1, NULL }, false },	      { { 5, 4, 0, 1, NULL }, false },
		{ { BAR_ROM, 4, 0, 1, NULL }, false },      { { 2, 4, 0x1c, 1, NULL }, true },
		{ { 2, 8, 0, 1, NULL }, false },	      { { 3, 4, 4, 1, NULL }, false },
		{ { 3, 2, 4, 1, NULL }, true },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_int_equal(bar_check(&dev, &rows[i].range), rows[i].good ? 0 : RING3_EXIT_SETUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(resources),
		cmocka_unit_test(bar_names), cmocka_unit_test(widths),
		cmocka_unit_test(bar_values), cmocka_unit_test(ranges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
