// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-qtest.c - the conversation with QEMU; the test is the other side, and answers
 * before it is asked
 */
#include <stdio.h>

#include "proxy/qemu/qemu.h"
#include "tests/unit/proxy-common.h"

#define MAX_OWED 64	/* answers to posted writes that may be outstanding */

static int peer;
static unsigned int lost, changes;

static void on_lost(void)
{
	lost++;
}

static void on_lines(void)
{
	changes++;
}

static int setup(void **state)
{
	int fds[2];

	(void)state;
	lost = changes = 0;
	assert_int_equal(loop_init(), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	peer = fds[1];
	assert_int_equal(qtest_open(fds[0], on_lost, on_lines), 0);
	qtest_set_timeout(2000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	qtest_close();
	close(peer);
	loop_exit();
	return 0;
}

static void say(const char *text)
{
	assert_int_equal(write(peer, text, strlen(text)), strlen(text));
}

static void run_loop(void)
{
	loop_step(0);
	loop_step(0);
}

static void a_value(void **state)
{
	(void)state;
	say("OK 0x0000000000000010\n");
	assert_int_equal(qtest_read(0x1000, 2), 0x10);
	run_loop();
	assert_int_equal(changes, 0);
}

/* What came with an answer is known, whether or not QEMU says anything more. */
static void a_line_right_behind_the_answer(void **state)
{
	(void)state;
	say("IRQ raise 20\nOK 0x10\nIRQ lower 20\nIRQ raise 23\n");
	assert_int_equal(qtest_read(0x1000, 2), 0x10);
	assert_int_equal(qtest_lines(), 1 << 23);
	run_loop();
	assert_int_equal(changes, 1);
	assert_int_equal(qtest_lines_changed(), 1 << 20 | 1 << 23);
}

static void half_a_line_behind_the_answer(void **state)
{
	(void)state;
	say("OK 0x10\nIRQ rai");
	assert_int_equal(qtest_read(0x1000, 2), 0x10);
	run_loop();
	assert_int_equal(changes, 0);
	say("se 21\n");
	run_loop();
	assert_int_equal(changes, 1);
	assert_int_equal(qtest_lines(), 1 << 21);
}

static void a_line_behind_answers_to_posted_writes(void **state)
{
	(void)state;
	for (int i = 0; i < MAX_OWED; i++)
		say("OK\n");
	say("IRQ raise 22\n");
	/* The last one waits for answers, and gets more than it waits for. */
	for (int i = 0; i <= MAX_OWED; i++)
		qtest_write(0x1000, 4, i);
	run_loop();
	assert_int_equal(changes, 1);
	assert_int_equal(qtest_lines(), 1 << 22);
	say("OK\nOK 0x5\n");
	assert_int_equal(qtest_read(0x1000, 4), 5);
	assert_int_equal(lost, 0);
}

static void a_flush_waits_for_all(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		qtest_write(0x1000, 4, i);
	say("OK\nOK\nIRQ raise 20\nOK\nIRQ lower 20\nIRQ raise 21\n");
	qtest_flush();
	assert_int_equal(qtest_lines(), 1 << 21);
	qtest_flush();
	assert_false(qtest_stalled());
	qtest_set_timeout(20);
	qtest_write(0x1000, 4, 4);
	qtest_flush();
	assert_true(qtest_stalled());
}

static void unasked_answers_and_other_lines(void **state)
{
	(void)state;
	say("OK\nIRQ raise 24\nIRQ raise -1\nIRQ\nhello\n\n");
	run_loop();
	assert_int_equal(changes, 0);
	say("OK 0x7\n");
	assert_int_equal(qtest_read(0, 1), 7);
}

static void the_end(void **state)
{
	(void)state;
	say("IRQ raise 20\n");
	shutdown(peer, SHUT_RDWR);
	run_loop();
	assert_int_equal(lost, 1);
	assert_int_equal(changes, 1);
	assert_false(qtest_alive());
	assert_true(qtest_read(0, 4) == 0xffffffff);
}

static void no_answer_in_time(void **state)
{
	(void)state;
	qtest_set_timeout(20);
	assert_true(qtest_read(0, 2) == 0xffff);
	assert_true(qtest_stalled());
	say("OK 0x1\n");
	run_loop();
	assert_false(qtest_stalled());
	say("OK 0x2\n");
	assert_int_equal(qtest_read(0, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_value, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_right_behind_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(half_a_line_behind_the_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_behind_answers_to_posted_writes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_flush_waits_for_all, setup, teardown),
		cmocka_unit_test_setup_teardown(unasked_answers_and_other_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(no_answer_in_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
