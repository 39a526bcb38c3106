// SPDX-License-Identifier: GPL-2.0
/* compat-event.c - unit tests of the doorbell that all interrupts share */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "compat/ring3/user.h"

#define ROUNDS		2000000
#define PATIENCE_MS	5000

static struct pollfd doorbell = { .fd = -1, .events = POLLIN };

static int start(void **state)
{
	(void)state;
	doorbell.fd = ring3_event_start();
	return doorbell.fd < 0;
}

static void *raise_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		ring3_event_raise(0, i % 63);
	ring3_event_raise(0, 63);
	return NULL;
}

/* An event that comes while the doorbell is being answered must not silence it. */
static void none_is_lost(void **state)
{
	unsigned long seen = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, raise_many, NULL), 0);
	while (!(seen >> 63)) {
		if (poll(&doorbell, 1, PATIENCE_MS) != 1)
			fail_msg("the doorbell is silent; pending: %lx", ring3_event_take(0, 0));
		ring3_event_ack();
		seen |= ring3_event_take(0, 0);
	}
	pthread_join(thread, NULL);
	assert_true(seen == ~0ul);
}

/* As a device server does it: the thread behind the descriptors sets the bits. */
static void descriptors_ring(void **state)
{
	const uint64_t one = 1;
	unsigned long seen = 0;

	(void)state;
	for (unsigned int bit = 0; bit < 3; bit++)
		assert_int_equal(write(ring3_event_fd(0, bit), &one, sizeof(one)), sizeof(one));
	while (seen != 7) {
		assert_int_equal(poll(&doorbell, 1, PATIENCE_MS), 1);
		ring3_event_ack();
		seen |= ring3_event_take(0, 0);
	}
}

static void bits_and_devices_are_told_apart(void **state)
{
	const unsigned int last = RING3_EVENT_WORDS * 64 - 1;

	(void)state;
	ring3_event_raise(RING3_MAX_DEVICES - 1, last);
	ring3_event_raise(1, 5);
	assert_int_equal(poll(&doorbell, 1, PATIENCE_MS), 1);
	ring3_event_ack();
	assert_int_equal(ring3_event_take(0, 0), 0);
	assert_int_equal(ring3_event_take(1, 0), 1 << 5);
	assert_true(ring3_event_take(RING3_MAX_DEVICES - 1, last / 64) == 1UL << last % 64);
	assert_int_equal(ring3_event_take(1, 0), 0);
	assert_int_equal(ring3_event_fd(0, last + 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_lost),
		cmocka_unit_test(descriptors_ring),
		cmocka_unit_test(bits_and_devices_are_told_apart),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
