// SPDX-License-Identifier: GPL-2.0
/* shim-drivers.c - unit tests of vermagic, near names, build results and quoting */
#include "tests/unit/shim-test.h"

#include "shim/kbuild.h"
#include "shim/near.h"
#include "shim/util.h"
#include "shim/vermagic.h"

static void vermagics(void **state)
{
	static const struct {
		const char *module, *hosted;
		bool same;
	} rows[] = {
		{ "6.12.48 mod_unload ", "6.12.48 mod_unload ", true },
		{ "6.12.48 mod_unload", "6.12.48 mod_unload ", true },
		{ "6.12.48 SMP mod_unload ", "6.12.48 mod_unload ", false },
		{ "6.12.4 mod_unload ", "6.12.48 mod_unload ", false },
		{ "6.12.480 mod_unload ", "6.12.48 mod_unload ", false },
		{ "6.12.48", "6.12.48 mod_unload ", false },
		{ "6.12.48 whatever ", NULL, true },
		{ "6.12.481 whatever ", NULL, false },
		{ "", NULL, false },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++)
		assert_int_equal(vermagic_matches(rows[i].module, rows[i].hosted, "6.12.48"),
				 rows[i].same);
}

static void distances(void **state)
{
	(void)state;
	assert_int_equal(near_distance("", ""), 0);
	assert_int_equal(near_distance("", "abc"), 3);
	assert_int_equal(near_distance("e1000f", "e1000e"), 1);
	assert_int_equal(near_distance("xhci-pci", "xhci_pci"), 0);
	assert_int_equal(near_distance("kitten", "sitting"), 3);
}

static void offers(void **state)
{
	struct strv known = { 0 };
	char *text;

	(void)state;
	strv_add(&known, "nvme");
	strv_add(&known, "e1000");
	strv_add(&known, "e1000e");
	text = near_names("e1000f", &known);
	assert_string_equal(text, "; did you mean e1000 or e1000e?");
	free(text);
	text = near_names("nvm", &known);
	assert_string_equal(text, "; did you mean nvme?");
	free(text);
	text = near_names("bochs", &known);
	assert_string_equal(text, "");
	free(text);
	strv_free(&known);
}

static void build_results(void **state)
{
	static const char *const orders[] = {
		"/d/a.ko\n/d/b/c.ko\n",		/* to 6.2 */
		"/d/a.o\n/d/b/c.o\n",		/* to 6.12 */
		"a.o\nb/c.o\n",			/* since */
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(orders); i++) {
		struct strv modules = { 0 };

		kbuild_modules("/d", orders[i], &modules);
		assert_int_equal(modules.n, 2);
		assert_string_equal(modules.v[0], "/d/a.ko");
		assert_string_equal(modules.v[1], "/d/b/c.ko");
		strv_free(&modules);
	}
}

static void no_build_results(void **state)
{
	struct strv modules = { 0 };

	(void)state;
	kbuild_modules("/d", "", &modules);
	kbuild_modules("/d", "\n\nREADME\nx.c\n", &modules);
	assert_int_equal(modules.n, 0);
}

static void quotes(void **state)
{
	static const char *const rows[][2] = {
		{ "plain-word_1.2/x=y,z:a@b%c", "plain-word_1.2/x=y,z:a@b%c" },
		{ "", "''" },
		{ "two words", "'two words'" },
		{ "it's", "'it'\\''s'" },
		{ "$x", "'$x'" },
		{ "a\nb", "'a\nb'" },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char *text = shell_quote(rows[i][0]);

		assert_string_equal(text, rows[i][1]);
		free(text);
	}
}

static void escapes(void **state)
{
	char text[] = "a\033[2Jb\tc\nd\177\001";
	char turned[] = "a\u202eb\u061cc \u00e4\u2026\u202f\u2065\U0001f600";

	(void)state;
	assert_string_equal(printable(text), "a?[2Jb\tc\nd??");
	assert_string_equal(printable(turned), "a???b??c \u00e4\u2026\u202f\u2065\U0001f600");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vermagics),	 cmocka_unit_test(distances),
		cmocka_unit_test(offers),	 cmocka_unit_test(build_results),
		cmocka_unit_test(no_build_results), cmocka_unit_test(quotes),
		cmocka_unit_test(escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
