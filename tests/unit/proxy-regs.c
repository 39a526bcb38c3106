// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-regs.c - named registers: the file format, looking up, printing, the shipped files
 */
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/regs.h"
#include "proxy/util.h"

static char err[REGS_ERR_MAX];

static struct regs *parse(const char *text)
{
	struct regs *regs = regs_parse(text, strlen(text), "f.regs", err, sizeof(err));

	if (!regs)
		print_error("%s\n", err);
	assert_non_null(regs);
	return regs;
}

static void test_lines(void **state)
{
	struct regs *regs = parse("# comment\n"
				  "device 8086:10d3,8086:10F6 # two\r\n"
				  "class 0x020000\n\n"
				  "CTRL 0 0x0 4 \"Device # Control\"\n"
				  "  FD 0\n"
				  "\tSPEED 9:8\t0=10Mb/s 2=1000Mb/s # named\n"
				  "ICR 1 0xc0 4 rc queue=3\n"
				  "Q(n) 0 16 8 n=2..3 stride=0x10 queue=n wo\n"
				  "  LOW 31:0");
	const struct reg *reg;
	(void)state;

	assert_int_equal(regs->nr, 4);
	assert_int_equal(regs->nr_ids, 2);
	assert_int_equal(regs->nr_classes, 1);
	reg = regs_find(regs, "CTRL");
	assert_string_equal(reg->description, "Device # Control");
	assert_int_equal(reg->line, 5);
	assert_int_equal(reg->nr_fields, 2);
	assert_int_equal(reg->queue, REG_NO_QUEUE);
	assert_string_equal(reg->fields[1].name, "SPEED");
	assert_int_equal(reg->fields[1].hi, 9);
	assert_int_equal(reg->fields[1].lo, 8);
	assert_int_equal(reg->fields[1].nr_values, 2);
	reg = regs_find(regs, "ICR");
	assert_int_equal(reg->flags, REG_RC);
	assert_int_equal(reg->bar, 1);
	assert_int_equal(reg->queue, 3);
	assert_string_equal(reg->description, "");
	reg = regs_find(regs, "Q(3)");
	assert_int_equal(reg->offset, 32);
	assert_int_equal(reg->queue, 3);
	assert_int_equal(reg->nr_fields, 1);
	assert_ptr_equal(reg, &regs->reg[3]);
	assert_null(regs_find(regs, "Q"));
	assert_null(regs_find(regs, "Q(1)"));
	assert_null(regs_find(regs, "ctrl"));
	assert_null(regs_find(regs, ""));
	regs_free(regs);
	regs_free(parse(""));
	regs_free(parse("# nothing"));
}

static void test_places(void **state)
{
	struct regs *regs = parse("B 0 8 4\nA 0 0 8\nX 1 0 1\nRBR 2 0 1 ro\nTHR 2 0 1 wo\n"
				  "LSR 2 1 1\nDLW 3 0 1 wo\nDLR 3 0 1 ro\n");
	(void)state;

	assert_string_equal(regs_at(regs, 0, 0, false)->name, "A");
	assert_string_equal(regs_at(regs, 0, 7, false)->name, "A");
	assert_string_equal(regs_at(regs, 0, 8, true)->name, "B");
	assert_null(regs_at(regs, 0, 12, false));
	assert_null(regs_at(regs, 0, UINT64_MAX, false));
	assert_null(regs_at(regs, 1, 1, false));
	assert_null(regs_at(regs, 5, 0, false));
	assert_string_equal(regs_at(regs, 2, 0, false)->name, "RBR");
	assert_string_equal(regs_at(regs, 2, 0, true)->name, "THR");
	assert_string_equal(regs_at(regs, 2, 1, true)->name, "LSR");
	assert_string_equal(regs_at(regs, 3, 0, false)->name, "DLR");
	assert_string_equal(regs_at(regs, 3, 0, true)->name, "DLW");
	regs_free(regs);
}

static void test_fits(void **state)
{
	struct regs *regs = parse("device 8086:10d3\nclass 0x010802\n");
	(void)state;

	assert_int_equal(regs_fits(regs, 0x8086, 0x10d3, 0), REGS_DEVICE);
	assert_int_equal(regs_fits(regs, 0x8086, 0x10d3, 0x010802), REGS_DEVICE);
	assert_int_equal(regs_fits(regs, 0x1b36, 0x10d3, 0x010802), REGS_CLASS);
	assert_int_equal(regs_fits(regs, 0x1b36, 0x10d3, 0x010803), REGS_NONE);
	assert_int_equal(regs_fits(regs, 0x10d3, 0x8086, 0), REGS_NONE);
	regs_free(regs);
}

static void test_print(void **state)
{
	struct regs *regs = parse("CTRL 0 0 4 \"what it is\"\n FD 0\n LRST 3\n"
				  " SPEED 9:8 0=10Mb/s 2=1000Mb/s\n LEN 31:16\n"
				  "CAP 0 0x1008 8\n ALL 63:0\nS 0 0x20 1\n");
	const struct reg *ctrl = regs_find(regs, "CTRL"), *cap = regs_find(regs, "CAP");
	struct json_object *json;
	char text[128];
	(void)state;

	assert_int_equal(regs_print(text, sizeof(text), ctrl, 0x08100248), 60);
	assert_string_equal(text, "CTRL 0x00000 0x08100248 FD=0 LRST=1 SPEED=1000Mb/s LEN=0x810");
	assert_int_equal(regs_print(text, 8, ctrl, 0x08100248), 60);
	assert_string_equal(text, "CTRL 0x");
	regs_print(text, sizeof(text), ctrl, 0x00090101);
	assert_string_equal(text, "CTRL 0x00000 0x00090101 FD=1 LRST=0 SPEED=1 LEN=9");
	regs_print(text, sizeof(text), cap, UINT64_MAX);
	assert_string_equal(text, "CAP 0x01008 0xffffffffffffffff ALL=0xffffffffffffffff");
	assert_int_equal(regs_print_fields(text, sizeof(text), regs_find(regs, "S"), 3), 0);
	assert_string_equal(text, "");
	regs_print_fields(text, sizeof(text), ctrl, 0x201);
	assert_string_equal(text, "FD=1 LRST=0 SPEED=1000Mb/s LEN=0");
	json = regs_json(ctrl, 0x201);
	assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_NOSLASHESCAPE),
			    "{\"name\":\"CTRL\",\"bar\":0,\"offset\":\"0x00000\",\"width\":4,"
			    "\"value\":\"0x00000201\",\"description\":\"what it is\",\"fields\":["
			    "{\"name\":\"FD\",\"value\":\"0x1\"},"
			    "{\"name\":\"LRST\",\"value\":\"0x0\"},"
			    "{\"name\":\"SPEED\",\"value\":\"0x2\",\"text\":\"1000Mb/s\"},"
			    "{\"name\":\"LEN\",\"value\":\"0x0\"}]}");
	json_object_put(json);
	regs_free(regs);
}

/* Each error names its line. */
static void test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "A", "f.regs:1: a register is NAME BAR OFFSET WIDTH" },
		{ "\n\nA 0 0", "f.regs:3: a register is NAME BAR OFFSET WIDTH" },
		{ "A 6 0 4", "f.regs:1: BAR '6' is not 0 to 5" },
		{ "A 0 x 4", "f.regs:1: 'x' is no offset" },
		{ "A 0 -4 4", "f.regs:1: '-4' is no offset" },
		{ "A 0 0x 4", "f.regs:1: '0x' is no offset" },
		{ "A 0 0xfffffffffffffffff 4", "f.regs:1: '0xfffffffffffffffff' is no offset" },
		{ "A 0 0 3", "f.regs:1: width '3' is not 1, 2, 4 or 8 bytes" },
		{ "A 0 0 0", "f.regs:1: width '0' is not 1, 2, 4 or 8 bytes" },
		{ "A 0 2 4", "f.regs:1: offset 2 is not a multiple of the width 4" },
		{ "# c\nA 0 0 4 rx", "f.regs:2: 'rx' is neither a flag (rc, wo, ro, w1c, queue=N, "
				     "n=A..B, stride=N) nor a \"description\"" },
		{ "A 0 0 4 \"open", "f.regs:1: the description has no closing '\"'" },
		{ "A 0 0 4 \"x\" ro", "f.regs:1: the description is not the last word" },
		{ "A 0 0 4 wo rc", "f.regs:1: a write-only register is neither read-only nor "
				   "cleared by reading" },
		{ "A(n) 0 0 4", "f.regs:1: an array is NAME(n) with n=A..B and stride=N, all three" },
		{ "A 0 0 4 n=0..1 stride=4",
		  "f.regs:1: an array is NAME(n) with n=A..B and stride=N, all three" },
		{ "A(n) 0 0 4 n=0..1 stride=6",
		  "f.regs:1: the stride is not a multiple of the width" },
		{ "A(n) 0 0 4 n=0..1 stride=0",
		  "f.regs:1: the stride is not a multiple of the width" },
		{ "A(n) 0 0 4 n=2..1 stride=4", "f.regs:1: 'n=2..1' is no range within 0..65535" },
		{ "A(n) 0 0 4 n=2 stride=4", "f.regs:1: 'n=2' is no range like n=0..3" },
		{ "A(n) 0 0 4 n=0..65536 stride=4",
		  "f.regs:1: 'n=0..65536' is no range within 0..65535" },
		{ "\nA(n) 0 0 4 n=0..16384 stride=4", "f.regs:2: more than 16384 registers" },
		{ "A 0 0 4 queue=n", "f.regs:1: 'queue=n' is for arrays" },
		{ "A 0 0 4 queue=x",
		  "f.regs:1: 'queue=x' is neither a number up to 65535 nor 'queue=n'" },
		{ "A(m) 0 0 4", "f.regs:1: 'A(m)' is no name: up to 31 letters, digits and '_', and "
				"'(n)' for an array" },
		{ "a234567890123456789012345678901 0 0 4\na2345678901234567890123456789012 0 4 4",
		  "f.regs:2: 'a2345678901234567890123456789012' is no name: up to 31 letters, digits "
		  "and '_', and '(n)' for an array" },
		{ "A 0 0 4\nA 0 4 4", "f.regs:2: a second 'A', the first is in line 1" },
		{ "A 0 0 8\n\nB 0 4 4", "f.regs:3: 'B' overlaps 'A' in line 1" },
		{ "B 0 4 4\nA 0 0 8", "f.regs:2: 'A' overlaps 'B' in line 1" },
		{ "A 0 0 1 ro\nB 0 0 1 wo\nC 0 0 1 ro",
		  "f.regs:3: 'C' overlaps 'B' in line 2" },
		{ "A(n) 0 0 4 n=0..3 stride=4\nB 0 8 4",
		  "f.regs:2: 'B' overlaps 'A(2)' in line 1" },
		{ " F 0", "f.regs:1: a field, but no register is above it" },
		{ "A 0 0 4\n F", "f.regs:2: a field is NAME HIGH:LOW or NAME BIT" },
		{ "A 0 0 4\n F 32", "f.regs:2: bit 32 is not in a register of 32 bits" },
		{ "A 0 0 4\n F 1:2", "f.regs:2: '1:2' are no bits like 9:8 or 3" },
		{ "A 0 0 4\n F x", "f.regs:2: 'x' are no bits like 9:8 or 3" },
		{ "A 0 0 4\n F 1\n F 2", "f.regs:3: a second field 'F'" },
		{ "A 0 0 4\n F 1 2=x", "f.regs:2: '2' is no value of these bits" },
		{ "A 0 0 4\n F 1 1=",
		  "f.regs:2: '1=' is no named value like 0=off, of up to 31 characters" },
		{ "A 0 0 4\n F.x 1", "f.regs:2: 'F.x' is no name: up to 31 letters, digits and '_'" },
		{ "device", "f.regs:1: 'device' without a value" },
		{ "device 8086", "f.regs:1: '8086' is no VENDOR:DEVICE like 8086:10d3" },
		{ "device 8086:10d3,", "f.regs:1: '' is no VENDOR:DEVICE like 8086:10d3" },
		{ "device 8086:10dg", "f.regs:1: '8086:10dg' is no VENDOR:DEVICE like 8086:10d3" },
		{ "device 8086:10d3 8086:10d4", "f.regs:1: one value after 'device', the others "
						"behind commas or in other lines" },
		{ "class 0x0108", "f.regs:1: '0x0108' is no class code 0xCCSSPP like 0x010802" },
		{ "A 0 0 4\n\x1b[2J", "f.regs:2: byte 0x1b: this is no ASCII text" },
		{ "# \xc3\xa4", "f.regs:1: byte 0xc3: this is no ASCII text" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(regs_parse(rows[i].text, strlen(rows[i].text), "f.regs", err,
				       sizeof(err)));
		assert_string_equal(err, rows[i].error);
	}
	assert_null(regs_parse("A 0 0 4\n\0", 9, "f.regs", err, sizeof(err)));
	assert_string_equal(err, "f.regs:2: a zero byte: this is no text");
	assert_null(regs_parse("A", 1, "f.regs", err, 5));
	assert_string_equal(err, "f.re");
}

static void test_bounds(void **state)
{
	char *text = malloc(REGS_FILE_MAX + 2);
	size_t len = 0;
	(void)state;

	memset(text, '\n', REGS_FILE_MAX + 1);
	regs_free(regs_parse(text, REGS_FILE_MAX, "f", err, sizeof(err)));
	assert_null(regs_parse(text, REGS_FILE_MAX + 1, "f", err, sizeof(err)));
	assert_string_equal(err, "f:1: larger than 1048576 bytes");
	for (unsigned int i = 0; i <= REGS_MAX; i++)
		len += sprintf(text + len, "R%u 0 %u 1\n", i, i);
	assert_null(regs_parse(text, len, "f", err, sizeof(err)));
	assert_string_equal(err, "f:16385: more than 16384 registers");
	len = sprintf(text, "A 0 0 1\n");
	for (unsigned int i = 0; i <= 128; i++)
		len += sprintf(text + len, " F%u 0\n", i);
	assert_null(regs_parse(text, len, "f", err, sizeof(err)));
	assert_string_equal(err, "f:130: more than 128 fields");
	free(text);
}

static void test_shipped(void **state)
{
	struct regs *e1000e = regs_load("proxy/registers/e1000e.regs", err, sizeof(err));
	struct regs *nvme = regs_load("proxy/registers/nvme.regs", err, sizeof(err));
	char text[512];
	(void)state;

	if (!e1000e || !nvme)
		print_error("%s\n", err);
	assert_non_null(e1000e);
	assert_non_null(nvme);
	assert_true(regs_find(e1000e, "ICR")->flags & REG_RC);
	assert_true(regs_find(e1000e, "GPRC")->flags & REG_RC);
	assert_string_equal(regs_at(e1000e, 0, 0x2918, true)->name, "RDT(1)");
	assert_int_equal(regs_find(e1000e, "RDT(1)")->queue, 1);
	assert_int_equal(regs_fits(e1000e, 0x8086, 0x10d3, 0x020000), REGS_DEVICE);
	regs_print(text, sizeof(text), regs_find(e1000e, "STATUS"), 0x80080783);
	assert_string_equal(text, "STATUS 0x00008 0x80080783 FD=1 LU=1 LAN_ID=0 TXOFF=0 "
				  "SPEED=1000Mb/s ASDV=1000Mb/s PHYRA=1 GIO_MASTER_ENABLE=1");
	assert_int_equal(regs_find(nvme, "CAP")->width, 8);
	assert_int_equal(regs_find(nvme, "SQTDBL(3)")->offset, 0x1018);
	assert_int_equal(regs_find(nvme, "CQHDBL(3)")->offset, 0x101c);
	assert_true(regs_find(nvme, "CQHDBL(3)")->flags & REG_WO);
	assert_int_equal(regs_find(nvme, "CQHDBL(3)")->queue, 3);
	assert_int_equal(regs_fits(nvme, 0x144d, 0xa808, 0x010802), REGS_CLASS);
	regs_free(e1000e);
	regs_free(nvme);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_dir(void **state)
{
	char dir[] = "/tmp/ring3-test.XXXXXX", path[128];
	static const char *const names[] = { "a.regs", "b.regs", "c.regs", "d.txt", ".regs" };
	struct regs *regs;
	(void)state;

	assert_non_null(mkdtemp(dir));
	put(dir, "a.regs", "class 0x010802\nA 0 0 4\n");
	put(dir, "b.regs", "device 1234:5678\nB 0 0 4\n");
	put(dir, "d.txt", "device 1234:9999\nD 0 0 4\n");
	put(dir, ".regs", "bad");
	regs = regs_dir(dir, 0x1234, 0x5678, 0x010802, err, sizeof(err));
	assert_non_null(regs_find(regs, "B"));
	assert_string_equal(err, "");
	regs_free(regs);
	regs = regs_dir(dir, 0x1234, 0x9999, 0x010802, err, sizeof(err));
	assert_non_null(regs_find(regs, "A"));
	regs_free(regs);
	assert_null(regs_dir(dir, 0x1234, 0x9999, 0, err, sizeof(err)));
	assert_string_equal(err, "");
	put(dir, "c.regs", "\nwhat");
	regs = regs_dir(dir, 0x1234, 0x5678, 0, err, sizeof(err));
	assert_non_null(regs);
	assert_non_null(strstr(err, "c.regs:2: a register is"));
	regs_free(regs);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	assert_null(regs_load(dir, err, sizeof(err)));
	assert_non_null(strstr(err, "not a file"));
	rmdir(dir);
	assert_null(regs_dir(dir, 1, 2, 3, err, sizeof(err)));
	assert_non_null(strstr(err, "No such file"));
	assert_null(regs_load(dir, err, sizeof(err)));
	assert_non_null(strstr(err, "cannot open"));
}

static void test_default_dir(void **state)
{
	char *dir;
	(void)state;

	setenv("RING3_REGISTERS", "somewhere", 1);
	dir = regs_default_dir();
	assert_string_equal(dir, "somewhere");
	free(dir);
	unsetenv("RING3_REGISTERS");
	free(regs_default_dir());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_places),
		cmocka_unit_test(test_fits),	cmocka_unit_test(test_print),
		cmocka_unit_test(test_errors),	cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_shipped), cmocka_unit_test(test_dir),
		cmocka_unit_test(test_default_dir),
	};

	return cmocka_run_group_tests_name("proxy-regs", tests, NULL, NULL);
}
