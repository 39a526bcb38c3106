// SPDX-License-Identifier: GPL-2.0
/*
 * shim-mailbox.c - register accesses by shared memory, between the hosted kernel's client and a
 * ring3-proxy that was started with it on one processor, as a run's is
 */
#include "tests/unit/shim-test.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "proxy/client.h"

#define SCRATCH		0x1000	/* of testdev's BAR1 */
#define COMMAND		4
#define ROUNDS		60000

struct proxy {
	pid_t pid;
	struct vfu_client client;
};

static int start(void **state)
{
	static struct proxy p;
	cpu_set_t one, allowed;
	char fd[16];
	int pair[2];

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	snprintf(fd, sizeof(fd), "%d", pair[1]);
	p.pid = fork();
	assert_true(p.pid >= 0);
	if (!p.pid) {
		close(pair[0]);
		sched_setaffinity(0, sizeof(one), &one);
		execl(RING3_PROXY, RING3_PROXY, "--device=testdev", "--client-fd", fd, NULL);
		_exit(127);
	}
	close(pair[1]);
	assert_int_equal(vfu_client_start(&p.client, pair[0]), 0);
	vfu_mailbox_start(&p.client);
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	assert_int_equal(!!p.client.mailbox, CPU_COUNT(&allowed) > 1);
	assert_int_equal(vfu_write(&p.client, 7, COMMAND, "\7", 2), 0);
	*state = &p;
	return 0;
}

static int stop(void **state)
{
	struct proxy *p = *state;
	int status;

	close(p->client.fd);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return 0;
}

static uint32_t scratch(struct vfu_client *c)
{
	uint32_t got = 0;

	assert_int_equal(vfu_read(c, 1, SCRATCH, &got, 4), 0);
	return got;
}

static void put(struct vfu_client *c, uint32_t value, bool posted)
{
	assert_int_equal(posted ? vfu_write_posted(c, 1, SCRATCH, &value, 4) :
				  vfu_write(c, 1, SCRATCH, &value, 4), 0);
}

/* Now and then the server falls asleep, and a message comes in between. */
static void a_client_reads_what_it_wrote(void **state)
{
	struct vfu_client *c = &((struct proxy *)*state)->client;
	const struct timespec rest = { .tv_nsec = 2000000 };
	cpu_set_t allowed;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		put(c, i, i % 3);
		assert_int_equal(scratch(c), i);
		if (i % 5000 == 0)
			nanosleep(&rest, NULL);
		if (i % 1000 != 0)
			continue;
		put(c, ~i, true);
		assert_int_equal(vfu_reset(c), 0);
		assert_int_equal(vfu_write(c, 7, COMMAND, "\7", 2), 0);
		assert_int_equal(scratch(c), 0);
	}
	/* How many went by messages is the scheduler's affair, but not all did, where there is a place to go. */
	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	assert_int_equal(c->left > 0, CPU_COUNT(&allowed) > 1);
}

static void posted_writes_are_not_overtaken(void **state)
{
	struct vfu_client *c = &((struct proxy *)*state)->client;

	for (uint32_t i = 0; i < ROUNDS / 100; i++) {
		for (uint32_t k = 0; k < 100; k++)
			put(c, i << 16 | k, true);
		assert_int_equal(scratch(c), i << 16 | 99);
	}
}

static void hurry(struct vfu_client *c)
{
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(scratch(c), 5);
}

/* A server that is stopped has a client that gives up in time, and one that goes on is of use again. */
static void a_server_that_stops_and_goes_on(void **state)
{
	struct proxy *p = *state;
	struct vfu_client *c = &p->client;
	uint32_t got;
	int err;

	put(c, 5, false);
	hurry(c);
	assert_int_equal(kill(p->pid, SIGSTOP), 0);
	err = vfu_read(c, 1, SCRATCH, &got, 4);
	assert_int_equal(err, -ETIMEDOUT);
	assert_int_equal(kill(p->pid, SIGCONT), 0);
	while (vfu_read(c, 1, SCRATCH, &got, 4) == -ETIMEDOUT)
		;
	hurry(c);
}

static void a_server_that_dies(void **state)
{
	struct proxy *p = *state;
	struct vfu_client *c = &p->client;
	uint32_t got;

	put(c, 5, false);
	hurry(c);
	assert_int_equal(kill(p->pid, SIGKILL), 0);
	while (!vfu_read(c, 1, SCRATCH, &got, 4))
		;
	assert_int_equal(vfu_read(c, 1, SCRATCH, &got, 4), -EPIPE);
	assert_int_equal(vfu_write_posted(c, 1, SCRATCH, "1234", 4), -EPIPE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_reads_what_it_wrote, start, stop),
		cmocka_unit_test_setup_teardown(posted_writes_are_not_overtaken, start, stop),
		cmocka_unit_test_setup_teardown(a_server_that_stops_and_goes_on, start, stop),
		cmocka_unit_test_setup_teardown(a_server_that_dies, start, stop),
	};

	return cmocka_run_group_tests_name("shim-mailbox", tests, NULL, NULL);
}
