// SPDX-License-Identifier: GPL-2.0
/* shim-exec.c - unit tests of ring3 exec at the side of the run: hostile guests and clients */
#include "tests/unit/shim-test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "shim/exec.h"
#include "shim/session.h"

/* One client of a run whose guest is this test. */
struct scene {
	struct session session;
	struct execs execs;
	int client;
};

static int begin(void **state)
{
	static struct scene scene;
	struct execs *execs = &scene.execs;
	struct epoll_event event = { .events = EPOLLIN };
	int fds[2];

	scene = (struct scene){ .session.fd = -1, .session.state = SESSION_RUNNING };
	*execs = (struct execs){
		.session = &scene.session, .name = "x", .listen = -1, .last = 1,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
	};
	scene.session.execs = execs;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	scene.client = fds[0];
	execs->v[0] = (struct exec){
		.id = 1, .fd = fds[1], .execs = execs, .decoder.peer = CTL_CLIENT,
	};
	*state = &scene;
	return epoll_ctl(execs->epoll, EPOLL_CTL_ADD, fds[1], &event);
}

static int end(void **state)
{
	struct scene *scene = *state;

	execs_close(&scene->execs);
	if (scene->client >= 0)
		close(scene->client);
	buffer_free(&scene->session.out);
	return 0;
}

/* The client says something, and the shim hears it. */
static void say_client(struct scene *scene, enum ring3_ctl_type type, uint32_t a, uint32_t b,
		       const char *data, size_t len)
{
	uint32_t numbers[3] = { RING3_CTL_VERSION, a, b };
	struct buffer out = { 0 };

	ctl_put_exec(&out, type, numbers, type == RING3_CTL_EXEC_INPUT ? 1 : 3, data, len);
	assert_int_equal(send(scene->client, out.data, out.len, 0), out.len);
	buffer_free(&out);
	for (int i = 0; i < 3; i++)
		execs_input(&scene->execs);
}

static void ask(struct scene *scene)
{
	say_client(scene, RING3_CTL_EXEC, 24, 80, "Als", 4);
}

static void say_guest(struct scene *scene, enum ring3_ctl_type type, uint32_t id, uint32_t value,
		      size_t len)
{
	static char data[RING3_EXEC_CHUNK];
	struct ctl_message msg = {
		.type = type, .id = id, .value = value, .data = data, .data_len = len,
	};

	execs_message(&scene->execs, &msg);
}

/* The next message in a buffer of them: its type, 0 at the end. */
static uint32_t next(struct buffer *in, uint32_t numbers[3])
{
	struct ring3_ctl_hdr hdr = { 0 };

	if (in->len < sizeof(hdr))
		return 0;
	memcpy(&hdr, in->data, sizeof(hdr));
	assert_true(in->len >= sizeof(hdr) + hdr.len);
	memset(numbers, 0, 3 * sizeof(*numbers));
	memcpy(numbers, in->data + sizeof(hdr), hdr.len < 12 ? hdr.len : 12);
	buffer_drop(in, sizeof(hdr) + hdr.len);
	return hdr.type;
}

/* What the guest hears next. */
static void guest_hears(struct scene *scene, uint32_t type, uint32_t a, uint32_t b)
{
	uint32_t numbers[3];

	assert_int_equal(next(&scene->session.out, numbers), type);
	if (!type)
		return;
	assert_int_equal(numbers[0], 1);
	if (type != RING3_CTL_EXEC_INPUT) {
		assert_int_equal(numbers[1], a);
		assert_int_equal(numbers[2], b);
	}
}

/* The last message that the client has got, and whether its connection has ended. */
static uint32_t client_heard(struct scene *scene, uint32_t *value, bool *gone)
{
	static char data[1 << 18];
	struct buffer in = { 0 };
	uint32_t type, last = 0, numbers[3];
	ssize_t n;

	*gone = false;
	while ((n = recv(scene->client, data, sizeof(data), MSG_DONTWAIT)) > 0)
		buffer_add(&in, data, n);
	*gone = !n || errno == ECONNRESET;
	while ((type = next(&in, numbers))) {
		last = type;
		*value = numbers[1];
	}
	buffer_free(&in);
	return last;
}

static void assert_over(struct scene *scene, uint32_t status)
{
	uint32_t value = 0;
	bool gone;

	assert_int_equal(client_heard(scene, &value, &gone), RING3_CTL_EXEC_OVER);
	assert_int_equal(value, status);
	assert_true(gone);
	assert_int_equal(scene->execs.v[0].id, 0);
}

static void usual(void **state)
{
	struct scene *scene = *state;
	uint32_t value = 0;
	bool gone;

	ask(scene);
	guest_hears(scene, RING3_CTL_EXEC, 24, 80);
	say_guest(scene, RING3_CTL_EXEC_STARTED, 1, 0, 0);
	say_client(scene, RING3_CTL_EXEC_INPUT, 0, 0, "abc", 3);
	guest_hears(scene, RING3_CTL_EXEC_INPUT, 0, 0);
	say_guest(scene, RING3_CTL_EXEC_TAKEN, 1, 3, 0);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 1, 10);
	say_client(scene, RING3_CTL_EXEC_ACK, 1, 10, NULL, 0);
	guest_hears(scene, RING3_CTL_EXEC_ACK, 1, 10);
	/* The time until SIGKILL is not the client's to say. */
	say_client(scene, RING3_CTL_EXEC_SIGNAL, SIGTERM, 5, NULL, 0);
	guest_hears(scene, RING3_CTL_EXEC_SIGNAL, SIGTERM, 0);
	say_guest(scene, RING3_CTL_EXEC_EXIT, 1, 0x300, 0);
	assert_int_equal(client_heard(scene, &value, &gone), RING3_CTL_EXEC_EXIT);
	assert_int_equal(value, 0x300);
	assert_true(gone);
	assert_int_equal(scene->execs.v[0].id, 0);
	guest_hears(scene, 0, 0, 0);
}

static void guest_overruns_output(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	guest_hears(scene, RING3_CTL_EXEC, 24, 80);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 2, RING3_EXEC_CHUNK);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 2, RING3_EXEC_CHUNK);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 1, RING3_EXEC_CHUNK);
	guest_hears(scene, 0, 0, 0);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 2, 1);
	guest_hears(scene, RING3_CTL_EXEC_SIGNAL, SIGKILL, 0);
	assert_over(scene, RING3_EXIT_CRASH);
	/* It goes on about what is over. */
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 2, 1);
	say_guest(scene, RING3_CTL_EXEC_EXIT, 1, 0, 0);
}

static void guest_takes_too_much(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	say_client(scene, RING3_CTL_EXEC_INPUT, 0, 0, "abc", 3);
	say_guest(scene, RING3_CTL_EXEC_TAKEN, 1, 2, 0);
	assert_int_equal(scene->execs.v[0].untaken, 1);
	say_guest(scene, RING3_CTL_EXEC_TAKEN, 1, 2, 0);
	assert_over(scene, RING3_EXIT_CRASH);
}

static void guest_invents(void **state)
{
	struct scene *scene = *state;
	uint32_t value = 0;
	bool gone;

	/* Nobody has asked yet. */
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 1, 5);
	ask(scene);
	for (uint32_t id = 0; id < 40; id += id ? 1 : 2) {
		say_guest(scene, RING3_CTL_EXEC_OUTPUT, id, 1, RING3_EXEC_CHUNK);
		say_guest(scene, RING3_CTL_EXEC_EXIT, id, 0, 0);
	}
	assert_int_equal(client_heard(scene, &value, &gone), 0);
	assert_false(gone);
	/* However often it says so, it is passed on once. */
	for (int i = 0; i < 100000; i++) {
		say_guest(scene, RING3_CTL_EXEC_STARTED, 1, 0, 0);
		say_guest(scene, RING3_CTL_EXEC_TAKEN, 1, 0, 0);
	}
	assert_int_equal(scene->execs.v[0].out.len, 0);
	assert_int_equal(scene->execs.v[0].fd >= 0, 1);
}

static void client_overruns(void **state)
{
	static const char data[RING3_EXEC_CHUNK];
	struct scene *scene = *state;

	ask(scene);
	guest_hears(scene, RING3_CTL_EXEC, 24, 80);
	for (int i = 0; i < 2; i++) {
		say_client(scene, RING3_CTL_EXEC_INPUT, 0, 0, data, sizeof(data));
		guest_hears(scene, RING3_CTL_EXEC_INPUT, 0, 0);
	}
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 2, 7);
	say_client(scene, RING3_CTL_EXEC_INPUT, 0, 0, data, 1);
	assert_int_equal(scene->execs.v[0].fd, -1);
	guest_hears(scene, RING3_CTL_EXEC_SIGNAL, SIGHUP, 1000);
	guest_hears(scene, RING3_CTL_EXEC_ACK, 2, 7);
	guest_hears(scene, RING3_CTL_EXEC_INPUT, 0, 0);
	guest_hears(scene, 0, 0, 0);
	/* It may say more; its place is free when it has ended. */
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 1, 5);
	guest_hears(scene, RING3_CTL_EXEC_ACK, 1, 5);
	assert_int_equal(scene->execs.v[0].id, 1);
	say_guest(scene, RING3_CTL_EXEC_EXIT, 1, 1, 0);
	assert_int_equal(scene->execs.v[0].id, 0);
}

static void client_misbehaves(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	say_guest(scene, RING3_CTL_EXEC_OUTPUT, 1, 1, 5);
	say_client(scene, RING3_CTL_EXEC_ACK, 1, 6, NULL, 0);
	assert_int_equal(scene->execs.v[0].fd, -1);
}

static void client_asks_twice(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	ask(scene);
	assert_int_equal(scene->execs.v[0].fd, -1);
}

static void client_does_not_ask(void **state)
{
	struct scene *scene = *state;

	say_client(scene, RING3_CTL_EXEC_WINSIZE, 1, 1, NULL, 0);
	assert_int_equal(scene->execs.v[0].id, 0);
	guest_hears(scene, 0, 0, 0);
}

static void not_up(void **state)
{
	struct scene *scene = *state;

	scene->session.state = SESSION_SETTING_UP;
	ask(scene);
	guest_hears(scene, 0, 0, 0);
	assert_over(scene, RING3_EXIT_SETUP);
}

static void over_before(void **state)
{
	struct scene *scene = *state;

	execs_over(&scene->execs, "run '%s' is over", "x");
	ask(scene);
	guest_hears(scene, 0, 0, 0);
	assert_over(scene, RING3_EXIT_SETUP);
}

static void over_meanwhile(void **state)
{
	struct scene *scene = *state;

	ask(scene);
	execs_over(&scene->execs, "run '%s' is over", "x");
	assert_over(scene, RING3_EXIT_CRASH);
}

/* While the guest does not read, nobody is listened to; and what waits is bounded. */
static void guest_does_not_read(void **state)
{
	struct scene *scene = *state;
	static char full[EXECS_UNSENT];

	ask(scene);
	buffer_add(&scene->session.out, full, sizeof(full));
	say_client(scene, RING3_CTL_EXEC_INPUT, 0, 0, "x", 1);
	assert_int_equal(scene->execs.v[0].untaken, 0);
	scene->session.out.len = 0;
	execs_input(&scene->execs);
	assert_int_equal(scene->execs.v[0].untaken, 1);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(usual),		    SCENE(guest_overruns_output), SCENE(guest_takes_too_much),
		SCENE(guest_invents),	    SCENE(client_overruns),	  SCENE(client_misbehaves),
		SCENE(client_asks_twice),   SCENE(client_does_not_ask),	  SCENE(not_up),
		SCENE(over_before),	    SCENE(over_meanwhile),	  SCENE(guest_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
