// SPDX-License-Identifier: GPL-2.0
/* shim-coverage.c - unit tests of --coverage: counters of a hostile guest, and the tracefile */
#include "tests/unit/shim-test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/coverage.h"
#include "shim/lcov.h"

static const char notes[12] = "oncg*22Bstam";

/* A function of no counters, then one with a counter, as gcc 12 has them. */
#define HEAD "adcg*22Bstam\0\0\0\0"
#define FUNCTION "\0\0\0\1\14\0\0\0aaaabbbbcccc"
#define COUNTERS "\0\0\241\1\10\0\0\0\1\0\0\0\0\0\0\0"
#define VALID(text) coverage_valid(text, sizeof(text) - 1, notes)

static void counters(void **state)
{
	(void)state;
	assert_true(VALID(HEAD));
	assert_true(VALID(HEAD FUNCTION));
	assert_true(VALID(HEAD FUNCTION COUNTERS));
	assert_false(VALID(""));
	assert_false(VALID("adcg*22Bstam"));
	assert_false(VALID("oncg*22Bstam\0\0\0\0"));
	assert_false(VALID("adcg*12Bstam\0\0\0\0"));
	assert_false(VALID("adcg*22Bmats\0\0\0\0"));
	assert_false(VALID(HEAD FUNCTION COUNTERS "x"));
	assert_false(VALID(HEAD FUNCTION "\0\0\241\1\11\0\0\0\1\0\0\0\0\0\0\0\0"));
	assert_false(VALID(HEAD FUNCTION "\0\0\241\1\20\0\0\0\1\0\0\0\0\0\0\0"));
	assert_false(VALID(HEAD FUNCTION "\0\0\241\1\370\377\377\377"));
	assert_false(VALID(HEAD "\0\0\0\0\0\0\0\0"));
}

/* Before gcc 12 sizes are words, and there is no checksum. */
static void old_counters(void **state)
{
	static const char old[] = "adcg*20Astam" "\0\0\0\1\3\0\0\0aaaabbbbcccc";

	(void)state;
	assert_true(coverage_valid(old, sizeof(old) - 1, "oncg*20Astam"));
	assert_false(coverage_valid(old, sizeof(old) - 2, "oncg*20Astam"));
	assert_false(coverage_valid("adcg*20Astam\0\0\0\1\0\0\0\177", 20, "oncg*20Astam"));
}

static void bounded(void **state)
{
	static const char piece[1 << 20];
	struct coverage coverage = { 0 };

	(void)state;
	for (int i = 0; i < 70; i++)
		coverage_add(&coverage, i % 2 ? "/a.gcda" : "/b.gcda", piece, sizeof(piece));
	assert_true(coverage.bytes > 64 << 20);
	assert_true(coverage.n < 65);
	coverage_free(&coverage);
}

static const char both[] =
	"{\"files\": [{\"file\": \"%s/d/x.c\","
	" \"lines\": [{\"line_number\": 3, \"count\": 2, \"branches\":"
	"   [{\"count\": 2}, {\"count\": 0}]}, {\"line_number\": 9, \"count\": 0, \"branches\": []},"
	"   {\"line_number\": 99999999, \"count\": 1}, {\"line_number\": 4, \"count\": -5}],"
	" \"functions\": [{\"name\": \"f\", \"start_line\": 3, \"execution_count\": 2}]},"
	" {\"file\": \"d/../../../etc/passwd\", \"lines\": [{\"line_number\": 1, \"count\": 1}],"
	"  \"functions\": []}], \"current_working_directory\": \"%s\"}";

static void tracefile(void **state)
{
	char dir[] = "/tmp/ring3-test.XXXXXX";
	_cleanup_free_ char *sub = NULL, *file = NULL, *json = NULL, *text = NULL, *want = NULL;
	struct strv sources = { 0 };
	struct lcov lcov = { 0 };
	size_t len;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	sub = xasprintf("%s/d", dir);
	file = xasprintf("%s/x.c", sub);
	json = xasprintf(both, dir, dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	out = fopen(file, "w");
	assert_non_null(out);
	fclose(out);
	strv_add(&sources, sub);
	assert_int_equal(lcov_add(&lcov, json, &sources), 0);
	assert_int_equal(lcov_add(&lcov, json, &sources), 0);
	assert_int_equal(lcov_add(&lcov, "nonsense", &sources), -1);
	assert_int_equal(lcov_add(&lcov, "{}", &sources), -1);
	out = open_memstream(&text, &len);
	lcov_print(&lcov, out);
	fclose(out);
	want = xasprintf("TN:\nSF:%s\nFN:3,f\nFNDA:4,f\nFNF:1\nFNH:1\n"
			 "BRDA:3,0,0,4\nBRDA:3,0,1,0\nBRF:2\nBRH:1\n"
			 "DA:3,4\nDA:4,0\nDA:9,0\nLF:3\nLH:1\nend_of_record\n", file);
	assert_string_equal(text, want);
	lcov_free(&lcov);
	strv_free(&sources);
	unlink(file);
	rmdir(sub);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters),
		cmocka_unit_test(old_counters),
		cmocka_unit_test(bounded),
		cmocka_unit_test(tracefile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
