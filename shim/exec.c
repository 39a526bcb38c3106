// SPDX-License-Identifier: GPL-2.0
/* exec.c - ring3 exec at the side of the run; see exec.h */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shim/exec.h"
#include "shim/instance.h"
#include "shim/session.h"

#define HANGUP_MS 1000		/* a command whose client has gone may clean up */
#define MAX_OUT (1 << 20)	/* more waits for a client: it does not read */
#define BACKLOG 64
#define LISTENER RING3_EXEC_MAX

static void watch(const struct execs *execs, int op, uint32_t index, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u32 = index };

	epoll_ctl(execs->epoll, op, fd, &event);
}

static int listen_at(const struct instance *inst)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	_cleanup_free_ char *path = instance_dir(inst);
	_cleanup_close_ int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int fd;

	if (dir < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The path itself may be longer than a socket's can be. */
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" RUN_EXEC, dir);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) && !listen(fd, BACKLOG))
		return fd;
	info("'ring3 exec' will not reach this run: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void execs_open(struct execs *execs, const struct instance *inst, struct session *session)
{
	*execs = (struct execs){ .session = session, .name = inst->name, .epoll = -1 };
	session->execs = execs;
	execs->listen = listen_at(inst);
	if (execs->listen < 0)
		return;
	execs->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(execs, EPOLL_CTL_ADD, LISTENER, execs->listen, EPOLLIN);
}

static struct exec *find(struct execs *execs, uint32_t id)
{
	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		if (execs->v[i].id == id)
			return &execs->v[i];
	}
	return NULL;
}

/* A message of numbers for the guest. */
static void tell_guest(const struct exec *e, enum ring3_ctl_type type, uint32_t a, uint32_t b)
{
	uint32_t numbers[3] = { e->id, a, b };

	ctl_put_exec(&e->execs->session->out, type, numbers, 3, NULL, 0);
}

static void forget_client(struct exec *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	ctl_decoder_free(&e->decoder);
	buffer_free(&e->out);
}

static void release(struct exec *e)
{
	forget_client(e);
	e->id = 0;
}

/*
 * The command ends as on a terminal that is switched off; its number stays until it has.  What
 * it says as it cleans up nobody hears, but it can say it: SIGPIPE would cut that short.
 */
static void client_gone(struct exec *e)
{
	if (!e->asked || e->closing)
		return release(e);
	forget_client(e);
	tell_guest(e, RING3_CTL_EXEC_SIGNAL, SIGHUP, HANGUP_MS);
	for (int i = 0; i < 2; i++) {
		if (e->unread[i])
			tell_guest(e, RING3_CTL_EXEC_ACK, i + 1, e->unread[i]);
	}
	ctl_put_exec(&e->execs->session->out, RING3_CTL_EXEC_INPUT, &e->id, 1, NULL, 0);
}

/* Send what waits for the client. */
static void flush(struct exec *e)
{
	while (e->fd >= 0 && e->out.len) {
		ssize_t n = send(e->fd, e->out.data, e->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && e->out.len <= MAX_OUT)
			break;
		if (n < 0)
			return client_gone(e);
		buffer_drop(&e->out, n);
	}
	if (e->closing && !e->out.len)
		return release(e);
	if (e->fd >= 0)
		watch(e->execs, EPOLL_CTL_MOD, e - e->execs->v, e->fd,
		      e->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* The last word to a client; flush() follows. */
static void put_over(struct buffer *out, uint32_t status, const char *text)
{
	const uint32_t numbers[2] = { 0, status };

	ctl_put_exec(out, RING3_CTL_EXEC_OVER, numbers, 2, text, strlen(text) + 1);
}

/* To one that has no place of its own. */
static void turn_away(int fd, const char *text)
{
	struct buffer out = { 0 };

	put_over(&out, RING3_EXIT_SETUP, text);
	if (send(fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		info("a client of 'ring3 exec' has gone: %s", strerror(errno));
	buffer_free(&out);
	close(fd);
}

static bool is_friend(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == geteuid());
}

static void accept_client(struct execs *execs)
{
	int fd = accept4(execs->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct exec *e = find(execs, 0);
	_cleanup_free_ char *text = NULL;

	if (fd < 0)
		return;
	if (!is_friend(fd)) {
		text = xasprintf("run '%s' belongs to another user; only that user and root may "
				 "execute commands in it", execs->name);
		return turn_away(fd, text);
	}
	if (!e) {
		text = xasprintf("run '%s' has %u commands of 'ring3 exec' already; wait until one "
				 "has ended", execs->name, RING3_EXEC_MAX);
		return turn_away(fd, text);
	}
	execs->last += execs->last == UINT32_MAX ? 2 : 1;
	*e = (struct exec){
		.id = execs->last, .fd = fd, .execs = execs, .decoder.peer = CTL_CLIENT,
	};
	watch(execs, EPOLL_CTL_ADD, e - execs->v, fd, EPOLLIN);
}

/* Why nothing can be executed now; NULL: it can. */
static char *objection(const struct execs *execs, const struct ctl_message *msg)
{
	if (msg->id != RING3_CTL_VERSION)
		return xasprintf("run '%s' was started by another version of ring3; use that one",
				 execs->name);
	if (execs->over)
		return xstrdup(execs->over);
	if (execs->session->state < SESSION_RUNNING)
		return xasprintf("run '%s' is not up yet; try again when 'ring3 ps' says running",
				 execs->name);
	return NULL;
}

static void ask(struct exec *e, const struct ctl_message *msg)
{
	_cleanup_free_ char *text = objection(e->execs, msg);
	uint32_t numbers[3] = { e->id, msg->value, msg->second };

	e->bad = e->asked;
	if (text) {
		put_over(&e->out, RING3_EXIT_SETUP, text);
		e->closing = true;
	} else if (!e->asked) {
		ctl_put_exec(&e->execs->session->out, RING3_CTL_EXEC, numbers, 3, msg->text,
			     msg->len);
		e->asked = true;
	}
}

static void input(struct exec *e, const struct ctl_message *msg)
{
	if (msg->data_len > RING3_EXEC_WINDOW - e->untaken) {
		e->bad = true;
		return;
	}
	e->untaken += msg->data_len;
	ctl_put_exec(&e->execs->session->out, RING3_CTL_EXEC_INPUT, &e->id, 1, msg->data,
		     msg->data_len);
}

static void acknowledge(struct exec *e, const struct ctl_message *msg)
{
	uint32_t *unread = &e->unread[msg->value - 1];

	e->bad = msg->second > *unread;
	if (e->bad)
		return;
	*unread -= msg->second;
	tell_guest(e, RING3_CTL_EXEC_ACK, msg->value, msg->second);
}

/* Changes nothing that ctl_feed() still needs: the client is let go later. */
static void on_client(void *arg, const struct ctl_message *msg)
{
	struct exec *e = arg;

	if (e->bad || e->closing)
		return;
	if (msg->type == RING3_CTL_EXEC)
		ask(e, msg);
	else if (!e->asked)
		e->bad = true;
	else if (msg->type == RING3_CTL_EXEC_INPUT)
		input(e, msg);
	else if (msg->type == RING3_CTL_EXEC_ACK)
		acknowledge(e, msg);
	else if (msg->type == RING3_CTL_EXEC_SIGNAL)
		tell_guest(e, RING3_CTL_EXEC_SIGNAL, msg->value, 0);
	else
		tell_guest(e, msg->type, msg->value, msg->second);
}

static void read_client(struct exec *e)
{
	char data[RING3_EXEC_CHUNK];
	ssize_t n = recv(e->fd, data, sizeof(data), MSG_DONTWAIT);
	const char *problem;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		return client_gone(e);
	problem = ctl_feed(&e->decoder, data, n, on_client, e);
	if (problem || e->bad) {
		info("a client of 'ring3 exec' is let go: %s", problem ? problem : "window overrun");
		return client_gone(e);
	}
	flush(e);
}

void execs_input(struct execs *execs)
{
	struct epoll_event events[RING3_EXEC_MAX + 1];
	int n = epoll_wait(execs->epoll, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < n && execs->session->out.len <= EXECS_UNSENT; i++) {
		struct exec *e = &execs->v[events[i].data.u32 % RING3_EXEC_MAX];

		if (events[i].data.u32 == LISTENER) {
			accept_client(execs);
			continue;
		}
		if (e->fd >= 0 && events[i].events & EPOLLOUT)
			flush(e);
		if (e->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			read_client(e);
	}
}

/* The guest says what cannot be: that command is over, and what it says of it is not heard. */
static void guest_lies(struct exec *e)
{
	_cleanup_free_ char *text = xasprintf("run '%s' broke the protocol of this command, which "
					      "was killed", e->execs->name);

	tell_guest(e, RING3_CTL_EXEC_SIGNAL, SIGKILL, 0);
	put_over(&e->out, RING3_EXIT_CRASH, text);
	e->closing = true;
}

static void on_output(struct exec *e, const struct ctl_message *msg)
{
	uint32_t numbers[2] = { 0, msg->value }, *unread = &e->unread[msg->value - 1];

	if (msg->data_len > RING3_EXEC_WINDOW - *unread)
		return guest_lies(e);
	*unread += msg->data_len;
	ctl_put_exec(&e->out, msg->type, numbers, 2, msg->data, msg->data_len);
}

static void on_taken(struct exec *e, const struct ctl_message *msg)
{
	uint32_t numbers[2] = { 0, msg->value };

	if (msg->value > e->untaken)
		return guest_lies(e);
	if (e->closed)
		return;
	e->untaken -= msg->value;
	e->closed = !msg->value;
	ctl_put_exec(&e->out, msg->type, numbers, 2, NULL, 0);
}

static void on_started(struct exec *e, const struct ctl_message *msg)
{
	uint32_t id = 0;

	if (!e->started)
		ctl_put_exec(&e->out, msg->type, &id, 1, NULL, 0);
	e->started = true;
}

void execs_message(struct execs *execs, const struct ctl_message *msg)
{
	struct exec *e = msg->id ? find(execs, msg->id) : NULL;
	uint32_t numbers[2] = { 0, msg->value };
	bool end = msg->type == RING3_CTL_EXEC_EXIT || msg->type == RING3_CTL_EXEC_REFUSED;

	/* It may not know yet that the command is over for us. */
	if (!e || !e->asked || e->closing)
		return;
	if (e->fd < 0 && end)
		return release(e);
	if (e->fd < 0 && msg->type == RING3_CTL_EXEC_OUTPUT)
		tell_guest(e, RING3_CTL_EXEC_ACK, msg->value, msg->data_len);
	if (e->fd < 0)
		return;
	if (end)
		ctl_put_exec(&e->out, msg->type, numbers, 2, NULL, 0);
	else if (msg->type == RING3_CTL_EXEC_STARTED)
		on_started(e, msg);
	else if (msg->type == RING3_CTL_EXEC_OUTPUT)
		on_output(e, msg);
	else
		on_taken(e, msg);
	e->closing |= end;
	flush(e);
}

void execs_over(struct execs *execs, const char *fmt, ...)
{
	va_list args;

	free(execs->over);
	va_start(args, fmt);
	if (vasprintf(&execs->over, fmt, args) < 0)
		execs->over = xstrdup("the run has ended");
	va_end(args);
	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		struct exec *e = &execs->v[i];

		/* One that has not asked yet hears it when it does. */
		if (e->id && !e->closing && e->fd < 0) {
			release(e);
		} else if (e->id && !e->closing && e->asked) {
			put_over(&e->out, RING3_EXIT_CRASH, execs->over);
			e->closing = true;
			flush(e);
		}
	}
}

void execs_close(struct execs *execs)
{
	execs->session->execs = NULL;
	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		if (execs->v[i].id)
			release(&execs->v[i]);
	}
	if (execs->listen >= 0)
		close(execs->listen);
	if (execs->epoll >= 0)
		close(execs->epoll);
	free(execs->over);
}
