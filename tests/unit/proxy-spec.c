// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-spec.c - device specifications, near matches, QEMU's arguments
 */
#include <stdio.h>

#include "proxy/near.h"
#include "proxy/qemu/qemu.h"
#include "tests/unit/proxy-common.h"

static void test_parts(void **state)
{
	struct spec *s = spec_parse("qemu:nvme,disk=a,,b.img,addr=1f.7,serial=x=y");
	(void)state;

	assert_non_null(s);
	assert_string_equal(s->backend, "qemu");
	assert_string_equal(s->model, "nvme");
	assert_int_equal(s->slot, 0x1f);
	assert_int_equal(s->function, 7);
	assert_int_equal(s->nr_props, 2);
	assert_string_equal(spec_get(s, "disk"), "a,b.img");
	assert_string_equal(spec_get(s, "serial"), "x=y");
	assert_null(spec_get(s, "addr"));
	assert_string_equal(s->text, "qemu:nvme,disk=a,,b.img,addr=1f.7,serial=x=y");
	spec_free(s);
}

static void test_short(void **state)
{
	struct spec *s = spec_parse("testdev");
	(void)state;

	assert_string_equal(s->backend, "testdev");
	assert_null(s->model);
	assert_int_equal(s->slot, -1);
	spec_free(s);
	s = spec_parse("testdev,addr=3");
	assert_int_equal(s->slot, 3);
	assert_int_equal(s->function, 0);
	spec_free(s);
	s = spec_parse("qemu:");
	assert_null(s->model);
	spec_free(s);
	s = spec_parse("qemu:x,a=b,,");
	assert_string_equal(spec_get(s, "a"), "b,");
	spec_free(s);
	s = spec_parse("testdev,,");
	assert_string_equal(s->backend, "testdev,");
	spec_free(s);
	s = spec_parse("qemu:x,a=");
	assert_string_equal(spec_get(s, "a"), "");
	spec_free(s);
}

static void test_errors(void **state)
{
	static const char *const bad[] = {
		"", ":x", ",a=b", "testdev,", "testdev,=x", "testdev,a",
		"testdev,addr", "testdev,addr=", "testdev,addr=20", "testdev,addr=1.8",
		"testdev,addr=1.", "testdev,addr=-1", "testdev,addr= 1", "testdev,addr=1.2.3",
		"testdev,addr=zz", "testdev,addr=99999999999999999999",
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct spec *s = spec_parse(bad[i]);

		if (s)
			print_error("accepted: '%s'\n", bad[i]);
		assert_null(s);
		assert_true(strlen(fail_text()) > 0);
	}
}

static void test_many(void **state)
{
	char text[16 * (SPEC_MAX_PROPS + 2)] = "testdev";
	struct spec *s;
	(void)state;

	for (int i = 0; i < SPEC_MAX_PROPS; i++)
		sprintf(text + strlen(text), ",a%d=b", i);
	s = spec_parse(text);
	assert_non_null(s);
	assert_int_equal(s->nr_props, SPEC_MAX_PROPS);
	spec_free(s);
	strcat(text, ",one=more");
	assert_null(spec_parse(text));
}

static bool wants_help(const char *text)
{
	struct spec *s = spec_parse(text);
	bool wants;

	assert_non_null(s);
	wants = spec_wants_help(s);
	spec_free(s);
	return wants;
}

static void test_help(void **state)
{
	(void)state;
	assert_true(wants_help("help"));
	assert_true(wants_help("qemu:help"));
	assert_true(wants_help("qemu:nvme,help"));
	assert_false(wants_help("qemu:nvme"));
	assert_false(wants_help("qemu:nvme,help=x"));
}

static void test_near(void **state)
{
	static const char *const names[] = { "nvme", "e1000", "e1000e", "virtio-net-pci", "edu" };
	char out[64];
	(void)state;

	assert_int_equal(near_distance("kitten", "sitting"), 3);
	assert_int_equal(near_distance("", "abc"), 3);
	assert_int_equal(near_distance("NVMe", "nvme"), 0);
	near_matches("nvmee", names, 5, out, sizeof(out));
	assert_string_equal(out, "nvme");
	near_matches("e1000f", names, 5, out, sizeof(out));
	assert_string_equal(out, "e1000, e1000e");
	near_matches("virtio-net", names, 5, out, sizeof(out));
	assert_string_equal(out, "virtio-net-pci");
	near_matches("zzzzzz", names, 5, out, sizeof(out));
	assert_string_equal(out, "");
	near_matches("e1000f", names, 5, out, 8);
	assert_string_equal(out, "e1000");
	assert_null(backend_find("testdef"));
	assert_non_null(strstr(fail_text(), "testdev"));
}

static void test_params(void **state)
{
	struct spec *s = spec_parse("testdev,colour=blue");
	(void)state;

	assert_int_equal(backend_check_params(&backend_testdev, s), -1);
	assert_non_null(strstr(fail_text(), "colour"));
	assert_int_equal(backend_check_params(&backend_qemu, s), 0);
	spec_free(s);
}

static void test_split(void **state)
{
	struct qemu_args args = { 0 };
	(void)state;

	assert_int_equal(args_split(&args, "  -a 'b c'  \"d \\\" e\"f g\\ h '' "), 0);
	assert_int_equal(args.nr, 5);
	assert_string_equal(args.argv[0], "-a");
	assert_string_equal(args.argv[1], "b c");
	assert_string_equal(args.argv[2], "d \" ef");
	assert_string_equal(args.argv[3], "g h");
	assert_string_equal(args.argv[4], "");
	assert_null(args.argv[5]);
	assert_int_equal(args_split(&args, "-x 'open"), -1);
	args_free(&args);
}

static void test_escape(void **state)
{
	char *e = args_escape("a,b,,c");
	(void)state;

	assert_string_equal(e, "a,,b,,,,c");
	free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts), cmocka_unit_test(test_short),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_many),
		cmocka_unit_test(test_help), cmocka_unit_test(test_near),
		cmocka_unit_test(test_params), cmocka_unit_test(test_split),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests_name("proxy-spec", tests, NULL, NULL);
}
