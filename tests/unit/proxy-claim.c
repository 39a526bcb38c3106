// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-claim.c - one user at a time, and who it is
 */
#include <pthread.h>
#include <stdio.h>

#include "proxy/claim.h"
#include "tests/unit/proxy-common.h"

static struct device *make(void)
{
	struct device *dev = device_new(spec_parse("testdev"), &backend_testdev);

	assert_non_null(dev);
	return dev;
}

static void *serve(void *arg)
{
	(void)arg;
	while (!loop_step(-1))
		;
	return NULL;
}

/* In the middle of anything, a holder may be too busy to say; the kernel knows it. */
static void test_claim(void **state)
{
	struct device *one = make(), *two = make();
	char name[64], pid[32];
	pthread_t thread;

	(void)state;
	snprintf(name, sizeof(name), "test/%d", getpid());
	snprintf(pid, sizeof(pid), "process %d (", getpid());
	assert_int_equal(claim_take(one, name), 0);
	assert_int_equal(claim_take(two, name), -1);
	assert_non_null(strstr(fail_text(), CLAIM_IN_USE));
	assert_non_null(strstr(fail_text(), pid));
	/* That one is answered late, and nobody is there any more. */
	assert_true(loop_step(0));
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	assert_int_equal(claim_take(two, name), -1);
	assert_non_null(strstr(fail_text(), pid));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(claim_take(two, "test/another"), 0);
	claim_drop(two);
	claim_drop(two);
	claim_drop(one);
	assert_int_equal(claim_take(two, name), 0);
	device_free(one);
	device_free(two);
}

static void test_long_name(void **state)
{
	struct device *dev = make();
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(claim_take(dev, name), 0);
	device_free(dev);
}

static void test_hash(void **state)
{
	(void)state;
	assert_true(claim_hash("") == 0xcbf29ce484222325ull);
	assert_true(claim_hash("a") == 0xaf63dc4c8601ec8cull);
}

static int setup(void **state)
{
	(void)state;
	return loop_init();
}

static int teardown(void **state)
{
	(void)state;
	loop_exit();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim), cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests_name("proxy-claim", tests, setup, teardown);
}
