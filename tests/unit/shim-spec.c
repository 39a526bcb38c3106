// SPDX-License-Identifier: GPL-2.0
/* shim-spec.c - unit tests of device specifications and their places on the bus */
#include "tests/unit/shim-test.h"

#include "shim/spec.h"

static void addresses(void **state)
{
	static const struct {
		const char *text;
		int result, slot, fn;
	} rows[] = {
		{ "0.0", 0, 0, 0 },   { "3", 0, 3, 0 },	    { "1f.7", 0, 31, 7 }, { "0a.1", 0, 10, 1 },
		{ "", -1, 0, 0 },     { "20.0", -1, 0, 0 }, { "40.0", -1, 0, 0 }, { "3.8", -1, 0, 0 },
		{ "3.", -1, 0, 0 },   { "3.0x", -1, 0, 0 }, { "zz", -1, 0, 0 },	  { "-1", -1, 0, 0 },
		{ "003", -1, 0, 0 },  { " 3", -1, 0, 0 },   { "3.0.0", -1, 0, 0 }, { "0x3", -1, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct place bridge, at;

		assert_int_equal(parse_addr(rows[i].text, &bridge, &at), rows[i].result);
		if (!rows[i].result) {
			assert_int_equal(bridge.slot, -1);
			assert_int_equal(at.slot, rows[i].slot);
			assert_int_equal(at.fn, rows[i].fn);
		}
	}
}

static void addresses_behind_bridges(void **state)
{
	static const char *const bad[] = { "/", "1/", "/1", "1//2", "1/2/3", "1.0/20", "20/1", "1.8/0" };
	struct place bridge, at;

	(void)state;
	assert_int_equal(parse_addr("1c.1/2.3", &bridge, &at), 0);
	assert_int_equal(bridge.slot, 0x1c);
	assert_int_equal(bridge.fn, 1);
	assert_int_equal(at.slot, 2);
	assert_int_equal(at.fn, 3);
	assert_int_equal(parse_addr("4/0", &bridge, &at), 0);
	assert_int_equal(bridge.slot, 4);
	assert_int_equal(bridge.fn, 0);
	for (size_t i = 0; i < N_ROWS(bad); i++)
		assert_int_equal(parse_addr(bad[i], &bridge, &at), -1);
}

static void takes_addr_out(void **state)
{
	static const struct {
		const char *text, *rest;
		int slot, fn;
	} rows[] = {
		{ "qemu:e1000e", "qemu:e1000e", -1, 0 },
		{ "qemu:e1000e,addr=3.1", "qemu:e1000e", 3, 1 },
		{ "qemu:e1000e,addr=3,net=user", "qemu:e1000e,net=user", 3, 0 },
		{ "qemu:nvme,disk=a,,addr=9", "qemu:nvme,disk=a,,addr=9", -1, 0 },
		{ "qemu:nvme,disk=a,,b,addr=9", "qemu:nvme,disk=a,,b", 9, 0 },
		{ "testdev,addr=1.0,addr=2.0", "testdev", 2, 0 },
		{ "testdev,", "testdev,", -1, 0 },
		{ "testdev,addr=1.0,", "testdev,", 1, 0 },
		{ "addr=1.0", "addr=1.0", -1, 0 },
		{ "testdev,bridge=pci,addr=5.0/1.2", "testdev", 1, 2 },
		{ "testdev,bridges=1", "testdev,bridges=1", -1, 0 },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct device_list list = { 0 };

		assert_int_equal(device_list_add(&list, rows[i].text), 0);
		assert_string_equal(list.v[0].text, rows[i].rest);
		assert_int_equal(list.v[0].at.slot, rows[i].slot);
		assert_int_equal(list.v[0].at.fn, rows[i].fn);
		device_list_free(&list);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = { "", ",", "x,addr=", "x,addr=99", "x,addr=1.9",
					   "x,bridge=pci", "x,bridge=,addr=1/0",
					   "x,bridge=isa,addr=1.0/0.0", "x,addr=1.0/0.0,bridge=pci,bridge=x" };
	struct device_list list = { 0 };

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++)
		assert_int_equal(device_list_add(&list, bad[i]), RING3_EXIT_SETUP);
	assert_int_equal(list.n, 0);
	device_list_free(&list);
}

static int place(struct device_list *list, const char *const *specs)
{
	*list = (struct device_list){ 0 };
	for (; *specs; specs++)
		assert_int_equal(device_list_add(list, *specs), 0);
	return device_list_place(list);
}

static void places(void **state)
{
	static const char *const specs[] = { "a", "b,addr=1.0", "c,addr=3.0", "d", "e,addr=3.2",
					     "f", NULL };
	static const int slots[] = { 2, 1, 3, 4, 3, 5 };
	struct device_list list;

	(void)state;
	assert_int_equal(place(&list, specs), 0);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.v[i].at.slot, slots[i]);
	device_list_free(&list);
}

static void conflicts(void **state)
{
	static const char *const twice[] = { "a,addr=3.0", "b,addr=3.0", NULL };
	static const char *const no_zero[] = { "a,addr=3.1", NULL };
	struct device_list list;

	(void)state;
	assert_int_equal(place(&list, twice), RING3_EXIT_SETUP);
	device_list_free(&list);
	assert_int_equal(place(&list, no_zero), RING3_EXIT_SETUP);
	device_list_free(&list);
}

static void behind_bridges(void **state)
{
	static const char *const good[] = { "a,addr=1.0/0.0", "b,addr=1.0/0.1", "c", "d,addr=2.0",
					    "e,addr=4.0/3.0,bridge=pci", "f,addr=4.0/5.0,bridge=pci",
					    "g", "h,addr=4.1", NULL };
	static const int slots[] = { 0, 0, 3, 2, 3, 5, 5, 4 };
	static const char *const bad[][3] = {
		{ "a,addr=1.0/0.0", "b,addr=1.0/0.0" },
		{ "a,addr=1.0/0.0", "b,addr=1.0" },
		{ "a,addr=1.0/0.0", "b,addr=1.0/0.1,bridge=pci" },
		{ "a,addr=1.0/1.0" },
		{ "a,addr=1.0/0.1" },
		{ "a,addr=1.1/0.0", "b,addr=1.0" },
		{ "a,addr=4.0/3.1,bridge=pci", "b,addr=3.0" },
	};
	struct device_list list;

	(void)state;
	assert_int_equal(place(&list, good), 0);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.v[i].at.slot, slots[i]);
	assert_true(spec_behind_pci(&list.v[4]));
	assert_false(spec_behind_pci(&list.v[0]));
	device_list_free(&list);
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		assert_int_equal(place(&list, bad[i]), RING3_EXIT_SETUP);
		device_list_free(&list);
	}
}

static void too_many(void **state)
{
	struct device_list list = { 0 };

	(void)state;
	for (int i = 0; i < 31; i++)
		assert_int_equal(device_list_add(&list, "a"), 0);
	assert_int_equal(device_list_place(&list), 0);
	assert_int_equal(list.v[30].at.slot, 31);
	device_list_free(&list);
	for (int i = 0; i < 32; i++)
		assert_int_equal(device_list_add(&list, "a"), 0);
	assert_int_equal(device_list_place(&list), RING3_EXIT_SETUP);
	device_list_free(&list);
}

static void help(void **state)
{
	(void)state;
	assert_true(spec_is_help("help"));
	assert_true(spec_is_help("qemu:help"));
	assert_false(spec_is_help("qemu:helper"));
	assert_true(spec_is_help("qemu:e1000e,help"));
	assert_true(spec_is_help("qemu:e1000e,net=user,help"));
	assert_false(spec_is_help("qemu:e1000e,helper"));
	assert_false(spec_is_help("qemu:nvme,disk=a,,help"));
	assert_false(spec_is_help("qemu:nvme,disk=help"));
	assert_false(spec_is_help(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(takes_addr_out),
		cmocka_unit_test(refuses),   cmocka_unit_test(places),
		cmocka_unit_test(conflicts), cmocka_unit_test(too_many),
		cmocka_unit_test(help),	     cmocka_unit_test(addresses_behind_bridges),
		cmocka_unit_test(behind_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
