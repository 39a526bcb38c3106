// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-doorbell.c - interrupts by shared memory and one pipe: the server's part
 */
#include "proxy/doorbell.h"
#include "tests/unit/proxy-common.h"

struct fixture {
	struct device *dev;
	struct vfio_user_events *page;
	int bell, eventfd;
};

static int setup(void **state)
{
	static struct fixture f;
	int fd;

	f.dev = make_testdev();
	assert_int_equal(doorbell_new(f.dev), 0);
	assert_int_equal(doorbell_events(f.dev, &fd), -ENOTSUP);
	f.dev->launched = true;
	/* The page first: what is granted is used at once. */
	assert_int_equal(doorbell_grant(f.dev, &fd), -ENOTSUP);
	assert_int_equal(doorbell_events(f.dev, &fd), 0);
	f.page = mmap(NULL, sizeof(*f.page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(f.page, MAP_FAILED);
	assert_int_equal(doorbell_grant(f.dev, &f.bell), 0);
	f.eventfd = eventfd(0, EFD_NONBLOCK);
	assert_true(f.eventfd >= 0);
	enable(f.dev);
	set_cfg(f.dev, CAP_MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char byte;

	munmap(f->page, sizeof(*f->page));
	close(f->eventfd);
	while (read(f->bell, &byte, 1) == 1)
		;
	free_testdev(f->dev);
	return 0;
}

static void arm(struct fixture *f, uint32_t vector)
{
	const struct irq_request req = {
		.index = VFIO_USER_MSIX, .start = vector, .count = 1,
		.data = VFIO_USER_IRQ_DATA_EVENTFD, .action = VFIO_USER_IRQ_TRIGGER,
	};
	int fd = dup(f->eventfd);

	assert_int_equal(irq_set(f->dev, &req, &fd, 1), 0);
}

static unsigned int bytes(struct fixture *f)
{
	char buf[64];
	ssize_t n = read(f->bell, buf, sizeof(buf));

	return n < 0 ? 0 : n;
}

static void nobody_else_has_it(void **state)
{
	struct fixture *f = *state;
	int fd;

	assert_int_equal(doorbell_events(f->dev, &fd), -ENOTSUP);
	assert_int_equal(doorbell_grant(f->dev, &fd), -ENOTSUP);
}

static void one_byte_until_it_is_heard(void **state)
{
	struct fixture *f = *state;
	uint64_t none;

	arm(f, 2);
	arm(f, 5);
	wr(f->dev, 1, TD_RAISE, 4, 2);
	wr(f->dev, 1, TD_RAISE, 4, 5);
	assert_int_equal(f->page->pending[0], 1 << 3 | 1 << 6);
	assert_int_equal(f->page->rung, 1);
	assert_int_equal(bytes(f), 1);
	assert_int_equal(read(f->eventfd, &none, sizeof(none)), -1);
	wr(f->dev, 1, TD_RAISE, 4, 2);
	assert_int_equal(bytes(f), 0);
	f->page->rung = 0;
	wr(f->dev, 1, TD_RAISE, 4, 2);
	assert_int_equal(bytes(f), 1);
}

static void what_is_not_armed_does_not_ring(void **state)
{
	struct fixture *f = *state;

	wr(f->dev, 1, TD_RAISE, 4, 2);
	assert_int_equal(f->page->rung, 0);
	assert_int_equal(f->page->pending[0], 0);
	assert_int_equal(bytes(f), 0);
}

static void who_polls_is_not_woken(void **state)
{
	struct fixture *f = *state;

	arm(f, 2);
	f->page->polling = 1;
	wr(f->dev, 1, TD_RAISE, 4, 2);
	assert_int_equal(f->page->pending[0], 1 << 3);
	assert_int_equal(f->page->rung, 1);
	assert_int_equal(bytes(f), 0);
}

/* Its reader never takes a byte, and spoils the page: the server goes on. */
static void nobody_reads(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 100000; i++) {
		assert_true(doorbell_ring(f->dev, i % 64));
		f->page->rung = 0;
	}
	memset(f->page, 0xff, sizeof(*f->page));
	assert_true(doorbell_ring(f->dev, 3));
	memset(f->page, 0, sizeof(*f->page));
	while (bytes(f))
		;
	assert_true(doorbell_ring(f->dev, VFIO_USER_EVENT_WORDS * 64 - 1));
	assert_int_equal(bytes(f), 1);
	assert_false(doorbell_ring(f->dev, VFIO_USER_EVENT_WORDS * 64));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_else_has_it),
		TEST(one_byte_until_it_is_heard),
		TEST(what_is_not_armed_does_not_ring),
		TEST(who_polls_is_not_woken),
		TEST(nobody_reads),
	};

	return cmocka_run_group_tests_name("proxy-doorbell", tests, NULL, NULL);
}
