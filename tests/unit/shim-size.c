// SPDX-License-Identifier: GPL-2.0
/* shim-size.c - unit tests of sizes and durations */
#include "tests/unit/shim-test.h"

#include "shim/size.h"

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "64M", 64ULL << 20 },
		{ "64m", 64ULL << 20 },
		{ "1G", 1ULL << 30 },
		{ "100k", 100 << 10 },
		{ "18446744073709551615", UINT64_MAX },
		{ "17179869183G", 17179869183ULL << 30 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(good); i++) {
		uint64_t bytes = 7;

		assert_int_equal(parse_size(good[i].text, &bytes), 0);
		assert_true(bytes == good[i].bytes);
	}
}

static void no_sizes(void **state)
{
	static const char *const bad[] = {
		"", " ", "-1", "+1", "x", "M", "1 M", " 1M", "1M ", "1MB", "1.5G", "0x10", "1T", "12Q",
		"18446744073709551616", "17179869184G", "99999999999999999999",
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		uint64_t bytes = 7;

		assert_int_equal(parse_size(bad[i], &bytes), -1);
		assert_true(bytes == 7);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} rows[] = {
		{ "1", 0, 1000 },      { "0.5", 0, 500 },   { "2.25", 0, 2250 },
		{ "10.", 0, 10000 },   { "0.001", 0, 1 },   { "1.2345", 0, 1234 },
		{ "0", -1, 0 },	       { "0.0001", -1, 0 }, { "-1", -1, 0 },
		{ "", -1, 0 },	       { "1e3", -1, 0 },    { "99999999999", -1, 0 },
		{ ".5", -1, 0 },       { "5s", -1, 0 },	    { "99999999999999999999", -1, 0 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		uint64_t ms = 0;

		assert_int_equal(parse_seconds(rows[i].text, &ms), rows[i].result);
		assert_true(ms == rows[i].ms);
	}
}

static void powers(void **state)
{
	(void)state;
	assert_true(round_up_pow2(1) == 1);
	assert_true(round_up_pow2(2) == 2);
	assert_true(round_up_pow2(3) == 4);
	assert_true(round_up_pow2(100ULL << 20) == 128ULL << 20);
	assert_true(round_up_pow2(1ULL << 30) == 1ULL << 30);
	assert_true(round_up_pow2(1ULL << 63) == 1ULL << 63);
}

static void formats(void **state)
{
	(void)state;
	assert_string_equal(format_size(0), "0");
	assert_string_equal(format_size(1000), "1000");
	assert_string_equal(format_size(64ULL << 20), "64M");
	assert_string_equal(format_size(1536ULL << 20), "1536M");
	assert_string_equal(format_size(1ULL << 30), "1G");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),  cmocka_unit_test(no_sizes), cmocka_unit_test(durations),
		cmocka_unit_test(powers), cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
