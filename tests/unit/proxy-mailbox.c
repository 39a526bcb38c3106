// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-mailbox.c - register accesses by shared memory: what the server makes of the page; the whole of it,
 * with a client, is shim-mailbox.c's
 */
#include <sched.h>

#include "proxy/mailbox.h"
#include "proxy/placement.h"
#include "tests/unit/proxy-common.h"

struct fixture {
	struct device *dev;
	struct decode_limits limits;
	struct vfio_user_mailbox *page;
	uint32_t number;
};

/* There is somewhere to go where whoever started this may use another processor. */
static bool away(void)
{
	cpu_set_t may;

	return !sched_getaffinity(getppid(), sizeof(may), &may) && CPU_COUNT(&may) > 1;
}

static int setup(void **state)
{
	static struct fixture f;
	cpu_set_t one;
	int fd;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	placement_init();
	mailbox_init();
	f.dev = make_testdev();
	f.dev->launched = true;
	f.number = 0;
	f.limits = (struct decode_limits){
		.negotiated = true, .regions = f.dev->regions, .irq_count = f.dev->irqs.count,
	};
	assert_int_equal(mailbox_new(f.dev), 0);
	enable(f.dev);
	*state = &f;
	if (!away())
		return 0;
	assert_int_equal(mailbox_grant(f.dev, &fd), 0);
	f.page = mmap(NULL, sizeof(*f.page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(f.page, MAP_FAILED);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->page)
		munmap(f->page, sizeof(*f->page));
	f->page = NULL;
	free_testdev(f->dev);
	return 0;
}

static void leave(struct fixture *f, uint32_t region, uint64_t offset, uint8_t width, uint8_t write,
		  uint64_t value)
{
	struct vfio_user_mailbox_slot *slot =
		&f->page->slots[f->number % VFIO_USER_MAILBOX_SLOTS];

	*slot = (struct vfio_user_mailbox_slot){
		.offset = offset, .value = value, .region = region, .width = width,
		.write = write, .answer = !write, .number = ++f->number,
	};
}

static void in_order_and_once(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 40; i++)
		leave(f, 1, TD_SCRATCH, 4, 1, i);
	leave(f, 1, TD_SCRATCH, 4, 0, 0);
	leave(f, 1, TD_SCRATCH, 4, 1, 1000);
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->page->answered, 41);
	assert_int_equal(f->page->value, 39);
	assert_int_equal(f->page->err, 0);
	assert_int_equal(f->page->done, 42);
	wr(f->dev, 1, TD_SCRATCH, 4, 7);
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(rd(f->dev, 1, TD_SCRATCH, 4), 7);
}

static void what_is_none_is_refused_and_told(void **state)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint8_t width;
	} bad[] = {
		{ 9, 0, 4 }, { UINT32_MAX, 0, 4 }, { 1, 0, 0 }, { 1, 0, 3 }, { 1, 0, 16 }, { 1, 0, 255 },
		{ 1, 1, 4 }, { 1, 0x10000000, 4 }, { 1, UINT64_MAX, 4 }, { 1, UINT64_MAX - 3, 4 },
		{ 2, 0, 8 }, { 5, 0, 4 }, { VFIO_USER_ROM, 0, 4 }, { VFIO_USER_CONFIG, 0, 4 },
	};
	struct fixture *f = *state;
	uint64_t before = f->dev->policy.denied[DENY_REQUEST];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		leave(f, bad[i].region, bad[i].offset, bad[i].width, i & 1, 0);
		mailbox_drain(f->dev, &f->limits);
		assert_int_equal(f->page->done, f->number);
		if (i & 1)
			continue;
		assert_int_equal(f->page->answered, f->number);
		assert_int_equal(f->page->err, -EINVAL);
	}
	leave(f, 1, TD_SCRATCH, 4, 2, 0);
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->dev->policy.denied[DENY_REQUEST] - before,
			 sizeof(bad) / sizeof(bad[0]) + 1);
	leave(f, 1, TD_ID, 4, 0, 0);
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->page->err, 0);
	assert_int_equal(f->page->value, TD_ID_VALUE);
}

/* What the page says of the server is the client's to spoil, and nothing that the server believes. */
static void a_spoilt_page_spoils_nothing(void **state)
{
	struct fixture *f = *state;

	memset(f->page, 0xff, sizeof(*f->page));
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->page->done, UINT32_MAX);
	for (unsigned int i = 0; i < VFIO_USER_MAILBOX_SLOTS; i++)
		f->page->slots[i].number = i + 2;
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->page->done, UINT32_MAX);
	f->number = 0;
	leave(f, 1, TD_SCRATCH, 4, 1, 3);
	mailbox_drain(f->dev, &f->limits);
	assert_int_equal(f->page->done, 1);
	assert_int_equal(rd(f->dev, 1, TD_SCRATCH, 4), 3);
}

/* What it leaves after that, it and whoever has its page. */
static void nothing_is_taken_of_a_client_that_has_gone(void **state)
{
	struct fixture *f = *state;

	leave(f, 1, TD_SCRATCH, 4, 1, 3);
	mailbox_drain(f->dev, &f->limits);
	mailbox_revoke(f->dev);
	leave(f, 1, TD_SCRATCH, 4, 1, 4);
	assert_false(mailbox_drain(f->dev, &f->limits));
	assert_int_equal(rd(f->dev, 1, TD_SCRATCH, 4), 3);
}

static void one_client_has_it_once(void **state)
{
	struct fixture *f = *state;
	int fd;

	assert_int_equal(mailbox_grant(f->dev, &fd), -ENOTSUP);
}

static void nobody_has_it_on_one_processor(void **state)
{
	struct fixture *f = *state;
	int fd;

	assert_int_equal(mailbox_grant(f->dev, &fd), -ENOTSUP);
}

int main(void)
{
	static const struct CMUnitTest alone[] = {
		cmocka_unit_test_setup_teardown(nobody_has_it_on_one_processor, setup, teardown),
	};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_none_is_refused_and_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_spoilt_page_spoils_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_taken_of_a_client_that_has_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(one_client_has_it_once, setup, teardown),
	};

	if (!away())
		return cmocka_run_group_tests_name("proxy-mailbox", alone, NULL, NULL);
	return cmocka_run_group_tests_name("proxy-mailbox", tests, NULL, NULL);
}
