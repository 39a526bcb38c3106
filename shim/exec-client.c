// SPDX-License-Identifier: GPL-2.0
/*
 * exec-client.c - ring3 exec's conversation with the run
 *
 * Theory of operation: threads (relay.h) carry the caller's streams to and from socket pairs,
 * so that descriptors that block hold up nobody.  The main thread moves bytes between the pairs and
 * the run's socket, within the windows of guest/control.h, and never waits but in poll().
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "shim/control.h"
#include "shim/exec-client.h"
#include "shim/relay.h"
#include "shim/session.h"
#include "shim/signals.h"
#include "shim/tty.h"

#define ESCAPE_SIGNALS 3
#define ESCAPE_MS 2000

enum { IN, OUT, ERR, N_STREAMS };
enum { ON_RUN, ON_SIGNAL, ON_ESCAPE, ON_DONE, ON_STREAM, N_SOURCES = ON_STREAM + N_STREAMS };

struct stream {
	struct relay relay;
	int fd;			/* our end of its pair, -1: it has ended */
	struct buffer data;	/* output that its thread did not take yet */
};

/* Static, because a relay thread may be in a read() until the program is gone. */
static struct client {
	const char *name;	/* of the run */
	char **command;
	int run;		/* the socket, -1: the conversation is over */
	int signals, escape, done;
	struct ctl_decoder decoder;
	struct buffer out;
	struct stream stream[N_STREAMS];
	size_t room;		/* bytes of input the run takes */
	unsigned int writing;	/* outputs that are not with the caller yet */
	atomic_int silent_keys;
	int silent_signals;
	long long first_signal;
	bool tty, tty_stderr, give_up;
	int status;		/* -1: not known yet */
	char *message;
} client = { .run = -1, .status = -1, .decoder.peer = CTL_RUN };

static void decide(int status, char *message)
{
	if (client.status >= 0) {
		free(message);
		return;
	}
	client.status = status;
	client.message = message;
}

static void put(enum ring3_ctl_type type, uint32_t a, uint32_t b)
{
	uint32_t numbers[3] = { 0, a, b };

	ctl_put_exec(&client.out, type, numbers, 3, NULL, 0);
}

static int order(void)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	char flags[] = { RING3_FLAG_TTY, client.tty_stderr ? RING3_FLAG_TTY_STDERR : '\0', '\0' };
	uint32_t numbers[3] = { RING3_CTL_VERSION };
	struct buffer records = { 0 };
	size_t len;

	for (char **word = client.command; *word; word++)
		ctl_record(&records, RING3_REC_ARG, *word);
	session_environment(&records, cwd ? cwd : "/");
	ctl_record(&records, RING3_REC_CWD, cwd ? cwd : "/");
	if (client.tty) {
		ctl_record(&records, RING3_REC_FLAGS, flags);
		tty_size(&numbers[1], &numbers[2]);
	}
	len = records.len + sizeof(numbers);
	if (len <= RING3_CTL_MAX_TO_GUEST)
		ctl_put_exec(&client.out, RING3_CTL_EXEC, numbers, 3, records.data, records.len);
	buffer_free(&records);
	if (len > RING3_CTL_MAX_TO_GUEST)
		return fail("CMD and the environment are too long (%zu bytes, at most %u); shorten "
			    "them", len, RING3_CTL_MAX_TO_GUEST);
	return 0;
}

static int start_relay(int i)
{
	struct stream *s = &client.stream[i];
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return fail("cannot make a socket pair: %s", strerror(errno));
	s->fd = fds[0];
	s->relay = (struct relay){
		.from = i == IN ? STDIN_FILENO : fds[1], .to = i == IN ? fds[1] : i,
		.socket = fds[1], .input = i == IN, .done = i == IN ? -1 : client.done,
		.escape = i == IN && client.tty ? client.escape : -1,
		.silent_keys = client.tty ? &client.silent_keys : NULL,
	};
	client.writing += i != IN;
	return relay_start(&s->relay);
}

/* The caller's input is not touched before the command is there to have it. */
static void on_started(void)
{
	client.room = RING3_EXEC_WINDOW;
	if ((client.tty && tty_raw()) || start_relay(IN))
		decide(RING3_EXIT_SETUP, NULL);
}

static char *refusal(uint32_t err)
{
	_cleanup_free_ char *word = *client.command[0] ? xstrdup(client.command[0]) : shell_quote("");

	if (err == ENOENT)
		return xasprintf("%s: not found inside; run '%s' has the host's /usr, /bin, /lib*, /etc, "
				 "its own working directory and --rw paths", word, client.name);
	return xasprintf("%s: cannot be executed inside run '%s': %s", word, client.name,
			 strerror(err & 0xfff));
}

static void close_stream(int i)
{
	struct stream *s = &client.stream[i];

	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->data.len = 0;
}

/* What can be written to a stream's thread now; the run hears how much that was. */
static void flush_stream(int i)
{
	struct stream *s = &client.stream[i];
	size_t before = s->data.len;

	while (s->fd >= 0 && s->data.len) {
		ssize_t n = send(s->fd, s->data.data, s->data.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			close_stream(i);
			return put(RING3_CTL_EXEC_ACK, i, 0);
		}
		buffer_drop(&s->data, n);
	}
	if (before > s->data.len)
		put(RING3_CTL_EXEC_ACK, i, before - s->data.len);
	/* The thread writes what it has, and ends. */
	if (client.status >= 0 && !s->data.len && s->fd >= 0)
		shutdown(s->fd, SHUT_WR);
}

static void on_message(void *arg, const struct ctl_message *msg)
{
	uint32_t err = msg->value;

	(void)arg;
	client.silent_signals = 0;
	if (msg->type == RING3_CTL_EXEC_STARTED) {
		on_started();
	} else if (msg->type == RING3_CTL_EXEC_REFUSED) {
		decide(err == ENOENT ? RING3_EXIT_NOT_FOUND : RING3_EXIT_NOT_RUNNABLE, refusal(err));
	} else if (msg->type == RING3_CTL_EXEC_OUTPUT) {
		if (client.stream[msg->value].fd >= 0)
			buffer_add(&client.stream[msg->value].data, msg->data, msg->data_len);
		flush_stream(msg->value);
	} else if (msg->type == RING3_CTL_EXEC_TAKEN) {
		client.room += msg->value;
		if (!msg->value)
			close_stream(IN);
	} else if (msg->type == RING3_CTL_EXEC_EXIT) {
		decide(WIFSIGNALED(msg->value) ? RING3_EXIT_SIGNAL + WTERMSIG(msg->value) :
						 WEXITSTATUS(msg->value), NULL);
	} else {
		decide(msg->value & 0xff, printable(xstrdup(msg->text)));
	}
}

static void end_conversation(void)
{
	decide(RING3_EXIT_CRASH, xasprintf("run '%s' has gone while the command ran: its ring3 was "
					   "killed; 'ring3 ps' shows what is left", client.name));
	close(client.run);
	client.run = -1;
	close_stream(IN);
	for (int i = OUT; i < N_STREAMS; i++)
		flush_stream(i);
}

static void read_run(void)
{
	char data[RING3_EXEC_CHUNK];
	ssize_t n = recv(client.run, data, sizeof(data), MSG_DONTWAIT);
	const char *problem;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	problem = n > 0 ? ctl_feed(&client.decoder, data, n, on_message, NULL) : NULL;
	if (problem)
		decide(RING3_EXIT_CRASH, xasprintf("run '%s' answers nonsense: %s", client.name, problem));
	if (n <= 0 || client.status >= 0)
		end_conversation();
}

/* The run's end is noticed by reading: its last words may be there. */
static void write_run(void)
{
	while (client.run >= 0 && client.out.len) {
		ssize_t n = send(client.run, client.out.data, client.out.len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			client.out.len = 0;
		if (n < 0)
			return;
		buffer_drop(&client.out, n);
	}
}

static void read_input(void)
{
	char data[RING3_EXEC_CHUNK];
	uint32_t id = 0;
	ssize_t n = recv(client.stream[IN].fd, data,
			 client.room < sizeof(data) ? client.room : sizeof(data), MSG_DONTWAIT);

	if (n < 0)
		return;
	ctl_put_exec(&client.out, RING3_CTL_EXEC_INPUT, &id, 1, data, n);
	client.room -= n;
	if (!n)
		close_stream(IN);
}

/* Three within two seconds to which nothing answers: the way out of a run that hangs. */
static bool escapes(void)
{
	struct timespec ts;
	long long now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
	if (!client.silent_signals || now - client.first_signal > ESCAPE_MS) {
		client.first_signal = now;
		client.silent_signals = 0;
	}
	return ++client.silent_signals == ESCAPE_SIGNALS;
}

static void give_up(int sig)
{
	decide(RING3_EXIT_SIGNAL + sig, xasprintf("the command in run '%s' does not answer and is "
						  "given up; 'ring3 kill %s' ends the run",
						  client.name, client.name));
	client.give_up = true;
}

static void on_signal(void)
{
	struct signalfd_siginfo info;
	uint32_t rows, cols;

	if (read(client.signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (client.tty && !tty_size(&rows, &cols))
			put(RING3_CTL_EXEC_WINSIZE, rows, cols);
	} else if (client.status >= 0) {
		client.give_up = true;	/* somebody does not take the output */
	} else if (escapes()) {
		give_up(info.ssi_signo);
	} else {
		put(RING3_CTL_EXEC_SIGNAL, info.ssi_signo, 0);
	}
}

static void wait_for_something(struct pollfd fds[N_SOURCES])
{
	const int fixed[] = { client.run, client.signals, client.escape, client.done };

	for (int i = 0; i < ON_STREAM; i++)
		fds[i] = (struct pollfd){ .fd = fixed[i], .events = POLLIN };
	if (client.out.len)
		fds[ON_RUN].events |= POLLOUT;
	for (int i = 0; i < N_STREAMS; i++) {
		const struct stream *s = &client.stream[i];
		bool wanted = i == IN ? client.room : s->data.len;

		fds[ON_STREAM + i] = (struct pollfd){
			.fd = wanted ? s->fd : -1, .events = i == IN ? POLLIN : POLLOUT,
		};
	}
	if (poll(fds, N_SOURCES, -1) < 0)
		memset(fds, 0, N_SOURCES * sizeof(*fds));
}

static void converse(void)
{
	struct pollfd fds[N_SOURCES];
	uint64_t count;

	while (!client.give_up && (client.run >= 0 || client.writing)) {
		write_run();
		wait_for_something(fds);
		if (fds[ON_SIGNAL].revents)
			on_signal();
		if (fds[ON_ESCAPE].revents)
			give_up(SIGINT);
		if (fds[ON_DONE].revents && read(client.done, &count, sizeof(count)) > 0)
			client.writing--;
		if (fds[ON_STREAM + IN].revents && client.stream[IN].fd >= 0)
			read_input();
		for (int i = OUT; i < N_STREAMS; i++) {
			if (fds[ON_STREAM + i].revents)
				flush_stream(i);
		}
		if (client.run >= 0 && fds[ON_RUN].revents & ~POLLOUT)
			read_run();
	}
}

/* What the command wrote and nobody has: its success is none. */
static void lost_output(int i, const char *what)
{
	int err = client.stream[i].relay.error;

	if (!err || client.give_up)
		return;
	if (client.status && client.status != RING3_EXIT_SIGNAL + SIGPIPE)
		return warn("cannot write %s: %s", what, strerror(err));
	client.status = RING3_EXIT_SETUP;
	client.message = xasprintf("cannot write %s: %s; output of the command is lost", what,
				   strerror(err));
}

int exec_client(const char *name, int fd, char **command)
{
	sigset_t set;
	int status;

	client.name = name;
	client.command = command;
	client.run = fd;
	client.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	client.tty_stderr = client.tty && isatty(STDERR_FILENO);
	client.escape = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	client.done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	client.stream[IN].fd = client.stream[OUT].fd = client.stream[ERR].fd = -1;
	signals_block();
	signals_set(&set);
	client.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	status = order();
	for (int i = OUT; !status && i < N_STREAMS; i++)
		status = start_relay(i);
	if (status)
		return status;
	converse();
	lost_output(OUT, "standard output");
	lost_output(ERR, "standard error");
	tty_restore();
	if (client.message)
		fail("%s", client.message);
	return client.status;
}
