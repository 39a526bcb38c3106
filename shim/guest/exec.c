// SPDX-License-Identifier: GPL-2.0
/*
 * exec.c - commands of ring3 exec, beside CMD
 *
 * Theory of operation: nothing here waits.  Input that a command does not take stays in
 * `pending`, output is read only as far as the caller has room for it, and both are
 * bounded by RING3_EXEC_WINDOW.  A command that has ended is no longer polled: what was
 * in its pipes at that moment goes out as room is announced, then EXEC_EXIT.  What it left
 * in the background lives on without its streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "shim/guest/guest.h"

#define TTY_REST (1 << 20)	/* the most that is read of a terminal after the end */

enum { OUT, ERR, N_OUTPUTS };

struct guest_exec {
	uint32_t id;		/* 0: free */
	pid_t pid;
	bool tty;		/* in is the master, as out[OUT] is */
	bool hung_up;		/* the terminal: nobody has its other side open */
	bool ended;
	bool in_end;		/* the caller's input has ended */
	int status;
	int in;
	int out[N_OUTPUTS];
	size_t room[N_OUTPUTS];	/* bytes the caller takes */
	size_t rest[N_OUTPUTS];	/* after the end: bytes to read yet */
	long long kill_at;	/* 0: never */
	size_t len;
	char pending[RING3_EXEC_WINDOW];	/* input the command did not take yet */
};

static struct guest_exec execs[RING3_EXEC_MAX];

/* The one of that number, or with 0 a free one. */
static struct guest_exec *find(uint32_t id)
{
	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		if (execs[i].id == id)
			return &execs[i];
	}
	return NULL;
}

static void send_pair(uint32_t type, uint32_t id, uint32_t value)
{
	uint32_t pair[2] = { id, value };

	ctl_send(type, pair, sizeof(pair));
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_input(struct guest_exec *e)
{
	if (e->tty)
		e->in = -1;
	close_fd(&e->in);
	e->len = 0;
}

static void close_output(struct guest_exec *e, int stream)
{
	if (e->tty && stream == OUT)
		close_input(e);
	close_fd(&e->out[stream]);
}

static int make_pipe(int *ours, int *theirs, bool input)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	*ours = p[input];
	*theirs = p[!input];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int open_streams(struct guest_exec *e, const struct guest_config *config, int stdio[3])
{
	if (config->tty) {
		e->in = tty_master();
		e->out[OUT] = e->in;
		stdio[0] = e->in < 0 ? -1 : tty_slave(e->in);
		stdio[1] = stdio[0];
		stdio[2] = stdio[0];
		if (stdio[0] < 0)
			return -1;
	} else if (make_pipe(&e->in, &stdio[0], true) < 0 ||
		   make_pipe(&e->out[OUT], &stdio[1], false) < 0) {
		return -1;
	}
	return config->tty_stderr ? 0 : make_pipe(&e->out[ERR], &stdio[2], false);
}

/* Returns 0 or an errno value. */
static int start(struct guest_exec *e, struct guest_config *config, const uint32_t size[2])
{
	struct guest_spawn spawn = {
		.argv = config->argv, .envp = config->envp, .cwd = config->cwd,
		.stdio = { -1, -1, -1 }, .tty = config->tty,
	};
	volatile int failed = 0;

	if (open_streams(e, config, spawn.stdio) < 0) {
		failed = errno;
	} else {
		if (config->tty && size[0])
			tty_resize(e->in, size[0], size[1]);
		e->pid = run_spawn(&spawn, &failed);
		if (e->pid < 0)
			failed = errno;
	}
	run_close_stdio(&spawn);
	return failed;
}

static void begin(uint32_t id, const uint32_t size[2], char *records, size_t len)
{
	struct guest_config config = { .records = records, .size = len };
	struct guest_exec *e = find(0);
	int err = EAGAIN;

	if (e && config_parse(&config) < 0)
		err = errno;
	else if (e) {
		memset(e, 0, offsetof(struct guest_exec, pending));
		e->in = e->out[OUT] = e->out[ERR] = -1;
		e->room[OUT] = e->room[ERR] = RING3_EXEC_WINDOW;
		e->tty = config.tty;
		root_environment(config.envp);
		err = start(e, &config, size);
		config_release(&config);
		if (err) {
			close_output(e, OUT);
			close_output(e, ERR);
			close_input(e);
		}
	}
	if (err)
		return send_pair(RING3_CTL_EXEC_REFUSED, id, err);
	e->id = id;
	ctl_send_u32(RING3_CTL_EXEC_STARTED, id);
}

/* Offer what waits to the command. */
static void flush_input(struct guest_exec *e)
{
	ssize_t n = e->len ? write(e->in, e->pending, e->len) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		close_input(e);
		return send_pair(RING3_CTL_EXEC_TAKEN, e->id, 0);
	}
	memmove(e->pending, e->pending + n, e->len - n);
	e->len -= n;
	if (n)
		send_pair(RING3_CTL_EXEC_TAKEN, e->id, n);
	if (!e->len && e->in_end && !e->tty)
		close_input(e);
}

static void take_input(struct guest_exec *e, const char *data, size_t len)
{
	if (e->in < 0 || len > sizeof(e->pending) - e->len)
		return;
	memcpy(e->pending + e->len, data, len);
	e->len += len;
	e->in_end |= !len;
	flush_input(e);
}

/* Hand over what the command wrote, as much as the caller takes.  Return false at its end. */
static bool read_output(struct guest_exec *e, int stream)
{
	static char message[2 * sizeof(uint32_t) + RING3_EXEC_CHUNK];
	uint32_t head[2] = { e->id, stream + 1 };
	size_t want = e->room[stream] < RING3_EXEC_CHUNK ? e->room[stream] : RING3_EXEC_CHUNK;
	ssize_t n;

	if (e->ended && e->rest[stream] < want)
		want = e->rest[stream];
	n = want ? read(e->out[stream], message + sizeof(head), want) : 0;
	if (!want && !e->ended)
		return true;
	if (n < 0 && (errno == EINTR || (errno == EAGAIN && !e->ended)))
		return true;
	if (n <= 0)
		return false;
	memcpy(message, head, sizeof(head));
	ctl_send(RING3_CTL_EXEC_OUTPUT, message, sizeof(head) + n);
	e->room[stream] -= n;
	e->rest[stream] -= e->ended ? n : 0;
	return true;
}

/* After the end: hand over the rest, and say so when there is none. */
static void drain(struct guest_exec *e)
{
	for (int i = 0; i < N_OUTPUTS; i++) {
		while (e->out[i] >= 0 && (e->room[i] || !e->rest[i])) {
			if (!read_output(e, i))
				close_output(e, i);
		}
	}
	if (e->out[OUT] >= 0 || e->out[ERR] >= 0)
		return;
	send_pair(RING3_CTL_EXEC_EXIT, e->id, e->status);
	e->id = 0;
}

static void acknowledge(struct guest_exec *e, uint32_t stream, uint32_t n)
{
	if (stream != OUT + 1 && stream != ERR + 1)
		return;
	e->room[stream - 1] += n;
	if (!n)
		close_output(e, stream - 1);
	if (e->ended)
		drain(e);
}

static void send_signal(struct guest_exec *e, int sig, uint32_t grace_ms)
{
	if (e->ended)
		return;
	kill(-e->pid, sig);
	/* A stopped process does not hear it otherwise. */
	kill(-e->pid, SIGCONT);
	if (grace_ms)
		e->kill_at = now_ms() + grace_ms;
}

/**
 * exec_message() - act on a message of the EXEC family
 * @hdr: its header
 * @payload: its payload, with a NUL behind it
 */
void exec_message(const struct ring3_ctl_hdr *hdr, char *payload)
{
	uint32_t arg[3] = { 0 };
	struct guest_exec *e;

	memcpy(arg, payload, hdr->len < sizeof(arg) ? hdr->len : sizeof(arg));
	if (!arg[0])
		return;
	e = find(arg[0]);
	if (hdr->type == RING3_CTL_EXEC && hdr->len > sizeof(arg))
		begin(arg[0], arg + 1, payload + sizeof(arg), hdr->len - sizeof(arg));
	else if (!e)
		return;		/* it has ended meanwhile */
	else if (hdr->type == RING3_CTL_EXEC_INPUT)
		take_input(e, payload + sizeof(*arg), hdr->len - sizeof(*arg));
	else if (hdr->type == RING3_CTL_EXEC_ACK)
		acknowledge(e, arg[1], arg[2]);
	else if (hdr->type == RING3_CTL_EXEC_SIGNAL)
		send_signal(e, arg[1], arg[2]);
	else if (hdr->type == RING3_CTL_EXEC_WINSIZE && e->tty && e->in >= 0)
		tty_resize(e->in, arg[1], arg[2]);
}

/* Descriptors without anything to wait for are left out: some would report a hang-up for ever. */
static void poll_one(const struct guest_exec *e, struct pollfd fds[3])
{
	bool live = e->id && !e->ended, tty = live && e->tty;

	for (int i = 0; i < 3; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[0].events = live && e->len ? POLLOUT : 0;
	if (live && (!tty || (e->len && !e->hung_up)))
		fds[0].fd = e->in;
	if (live && e->room[OUT] && !e->hung_up)
		fds[1].fd = e->out[OUT];
	if (live && e->room[ERR])
		fds[2].fd = e->out[ERR];
}

/**
 * exec_poll() - what to wait for
 * @fds: receives EXEC_FDS entries at most
 *
 * Return: how many.
 */
size_t exec_poll(struct pollfd *fds)
{
	size_t used = 0;

	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		if (execs[i].id)
			used = i + 1;
	}
	for (size_t i = 0; i < used; i++)
		poll_one(&execs[i], fds + 3 * i);
	return 3 * used;
}

static void events_one(struct guest_exec *e, const struct pollfd fds[3])
{
	if (fds[0].revents & POLLOUT && e->in >= 0)
		flush_input(e);
	if (fds[0].revents & POLLERR && e->in >= 0 && !e->tty) {
		close_input(e);
		send_pair(RING3_CTL_EXEC_TAKEN, e->id, 0);
	}
	for (int i = 0; i < N_OUTPUTS; i++) {
		if (!fds[i + 1].revents || e->out[i] < 0 || read_output(e, i))
			continue;
		/* To close the master would end the command. */
		if (e->tty && i == OUT)
			e->hung_up = true;
		else
			close_output(e, i);
	}
}

/**
 * exec_events() - act on what has happened
 * @fds: as exec_poll() has filled them in
 * @n: how many
 */
void exec_events(const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n / 3; i++)
		events_one(&execs[i], fds + 3 * i);
}

/**
 * exec_ended() - a process has ended
 * @pid: its number; perhaps that of a command
 * @status: as wait(2) gave it
 */
void exec_ended(pid_t pid, int status)
{
	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		struct guest_exec *e = &execs[i];
		int size[N_OUTPUTS] = { TTY_REST, 0 };

		if (!e->id || e->ended || e->pid != pid)
			continue;
		e->ended = true;
		e->status = status;
		e->kill_at = 0;
		for (int s = 0; s < N_OUTPUTS; s++) {
			if (e->out[s] >= 0 && (!e->tty || s == ERR))
				ioctl(e->out[s], FIONREAD, &size[s]);
			e->rest[s] = size[s];
		}
		close_input(e);
		drain(e);
	}
}

/**
 * exec_kill_late() - kill the commands that had their time
 *
 * Return: when the next one has, of now_ms(); 0: there is none.
 */
long long exec_kill_late(void)
{
	long long next = 0;

	for (size_t i = 0; i < RING3_EXEC_MAX; i++) {
		struct guest_exec *e = &execs[i];

		if (!e->id || !e->kill_at)
			continue;
		if (e->kill_at <= now_ms()) {
			kill(-e->pid, SIGKILL);
			e->kill_at = 0;
		} else if (!next || e->kill_at < next) {
			next = e->kill_at;
		}
	}
	return next;
}
