// SPDX-License-Identifier: GPL-2.0
/* compat-event.c - unit tests of the doorbell that all interrupts share */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "compat/ring3/user.h"
#include "proxy/vfio_user.h"

#define ROUNDS		2000000
#define PATIENCE_MS	5000

static int awake, interrupted;

int ring3_link_awake(unsigned int dev)
{
	return dev == 2 && __atomic_load_n(&awake, __ATOMIC_SEQ_CST);
}

int os_signals_pending(void)
{
	return interrupted;
}

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

static struct vfio_user_events *events;
static int server, bell;

/* As a proxy does it, proxy/doorbell.c. */
static void ring(unsigned int bit)
{
	__atomic_fetch_or(&events->pending[bit / 64], 1ul << bit % 64, __ATOMIC_SEQ_CST);
	if (!__atomic_exchange_n(&events->rung, 1, __ATOMIC_SEQ_CST) &&
	    !__atomic_load_n(&events->polling, __ATOMIC_SEQ_CST))
		assert_int_equal(write(server, "", 1), 1);
}

static void share(void)
{
	static struct vfio_user_events page;
	int ends[2], second;

	if (events)
		return;
	events = &page;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	second = dup(ends[0]);
	server = ends[1];
	bell = ends[0];
	assert_int_equal(ring3_event_share(2, ends[0], events), ends[0]);
	assert_true(ring3_event_share(7, second, events) < 0);
	assert_int_equal(close(second), -1);
}

static void bits_of_shared_memory(void **state)
{
	const unsigned int last = VFIO_USER_EVENT_WORDS * 64 - 1;

	(void)state;
	share();
	assert_false(ring3_event_rung());
	ring(last);
	ring3_event_raise(2, 1);
	assert_true(ring3_event_rung());
	ring3_event_drain();
	ring3_event_hear();
	assert_false(ring3_event_rung());
	assert_true(ring3_event_take(2, last / 64) == 1ul << last % 64);
	assert_int_equal(ring3_event_take(2, last / 64), 0);
	assert_int_equal(ring3_event_take(2, 0), 1 << 1);
}

static void *ring_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		ring(i % 63);
	ring(63);
	__atomic_store_n(&awake, 0, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Whoever stops polling looks once more, so an event is seen, or wakes. */
static void none_is_lost_polling(void **state)
{
	struct pollfd in = { .events = POLLIN };
	unsigned long seen = 0;
	pthread_t thread;

	(void)state;
	share();
	in.fd = bell;
	awake = 1;
	assert_int_equal(pthread_create(&thread, NULL, ring_many, NULL), 0);
	for (unsigned int i = 0; !(seen >> 63); i++) {
		interrupted = i & 1;
		if (!ring3_idle_poll() && poll(&in, 1, PATIENCE_MS) != 1)
			fail_msg("the bell is silent; pending: %lx", (long)events->pending[0]);
		ring3_event_drain();
		ring3_event_hear();
		seen |= ring3_event_take(2, 0);
	}
	pthread_join(thread, NULL);
	interrupted = 0;
	assert_true(seen == ~0ul);
	assert_false(events->polling);
}

static void polling_ends(void **state)
{
	(void)state;
	share();
	awake = 0;
	assert_false(ring3_idle_poll());
	awake = 1;
	assert_false(ring3_idle_poll());
	interrupted = 1;
	assert_false(ring3_idle_poll());
	interrupted = 0;
	awake = 0;
}

static void say_wanted_back(unsigned int dev)
{
	const uint64_t one = 1;

	assert_int_equal(write(ring3_event_fd(dev, RING3_EVENT_REQUEST), &one, sizeof(one)),
			 sizeof(one));
}

static bool is_mapped(int fd)
{
	char line[512], want[64];
	struct stat st;
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	assert_non_null(maps);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(want, sizeof(want), " %lu ", st.st_ino);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, "memfd:bar") && strstr(line, want);
	fclose(maps);
	return found;
}

static struct ring3_region make_region(unsigned int dev, int *fd)
{
	struct ring3_region region = {
		.size = 4 * 4096, .dev = dev, .nr_areas = 2,
		.areas = { { 0, 4096 }, { 2 * 4096, 2 * 4096 } },
	};

	*fd = memfd_create("bar", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(ftruncate(*fd, region.size), 0);
	return region;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (!ring3_bus_error(info->si_addr))
		_exit(1);
}

/* Pages that decode and pages that are parked; another device's stay. */
static void a_device_wanted_back_is_let_go(void **state)
{
	const struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	static struct ring3_region on, off, other;	/* known for good once they are mapped */
	int fd_on, fd_off, fd_other;

	(void)state;
	sigaction(SIGSEGV, &fault, NULL);
	on = make_region(3, &fd_on);
	off = make_region(3, &fd_off);
	other = make_region(4, &fd_other);
	assert_int_equal(ring3_map_region(&on, fd_on, 0), 0);
	assert_int_equal(ring3_map_region(&off, fd_off, 0), 0);
	assert_int_equal(ring3_map_region(&other, fd_other, 0), 0);
	assert_int_equal(ring3_map_decode(&off, 0), 0);
	on.base[0] = other.base[0] = 7;
	say_wanted_back(3);
	for (int ms = 0; ms < PATIENCE_MS && (is_mapped(fd_on) || is_mapped(fd_off)); ms++)
		usleep(1000);
	assert_false(is_mapped(fd_on));
	assert_false(is_mapped(fd_off));
	assert_true(is_mapped(fd_other));
	assert_int_equal(ring3_map_decode(&off, 1), 0);
	assert_int_equal((unsigned char)on.base[0], 0xff);
	assert_int_equal((unsigned char)on.base[3 * 4096], 0xff);
	assert_int_equal((unsigned char)off.base[2 * 4096 + 5], 0xff);
	assert_int_equal(other.base[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_lost),
		cmocka_unit_test(descriptors_ring),
		cmocka_unit_test(bits_and_devices_are_told_apart),
		cmocka_unit_test(bits_of_shared_memory),
		cmocka_unit_test(none_is_lost_polling),
		cmocka_unit_test(polling_ends),
		cmocka_unit_test(a_device_wanted_back_is_let_go),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
