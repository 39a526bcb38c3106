/* SPDX-License-Identifier: GPL-2.0 */
/* session.h - the conversation with the guest init, and what is learned from it */
#ifndef RING3_SESSION_H
#define RING3_SESSION_H

#include "shim/control.h"
#include "shim/coverage.h"
#include "shim/drivers.h"
#include "shim/options.h"

enum session_state {
	SESSION_BOOTING,	/* nothing heard yet */
	SESSION_SETTING_UP,
	SESSION_RUNNING,	/* CMD runs */
	SESSION_ENDED,		/* CMD has ended */
	SESSION_EXEC_FAILED,
	SESSION_LOAD_FAILED,	/* a module that must load did not */
	SESSION_BROKEN,		/* the guest broke the protocol */
};

struct execs;

struct session {
	int fd;			/* our end of the control channel, -1: at its end */
	enum session_state state;
	uint32_t value;		/* ENDED: wait status; *_FAILED: errno */
	char *text;		/* LOAD_FAILED: path; BROKEN: what is wrong */
	struct drivers *drivers;
	struct coverage *coverage;	/* NULL: not wanted */
	struct ctl_decoder decoder;
	struct buffer out;
	struct execs *execs;	/* commands of ring3 exec, NULL: there can be none */
	unsigned int heard;	/* how often something came */
	uint32_t rows, cols;	/* of the caller's terminal, to tell when CMD runs; 0: not known */
};

/**
 * session_open() - start the conversation
 * @session: filled in
 * @fd: our end of the control channel, non-blocking
 * @drivers: resolves what the guest asks for; must stay
 */
void session_open(struct session *session, int fd, struct drivers *drivers);

/**
 * session_config() - queue the orders
 * @session: the session
 * @opts: options of the run
 * @tty: CMD gets a terminal
 * @tty_stderr: its stderr too
 *
 * Return: 0, or an exit status after a message.
 */
int session_config(struct session *session, const struct run_options *opts, bool tty,
		   bool tty_stderr);

/**
 * session_environment() - append the caller's environment to records
 * @records: the payload
 * @cwd: PWD to be
 */
void session_environment(struct buffer *records, const char *cwd);

/**
 * session_winsize() - tell the size of the caller's terminal, once CMD runs
 * @session: the session
 * @rows: lines
 * @cols: columns
 */
void session_winsize(struct session *session, uint32_t rows, uint32_t cols);

/**
 * session_signal() - queue a signal for CMD
 * @session: the session
 * @sig: the signal
 * @grace_ms: the guest kills CMD after so long
 */
void session_signal(struct session *session, int sig, uint32_t grace_ms);

/**
 * session_ping() - queue a question that is answered at once, if CMD runs
 * @session: the session
 */
void session_ping(struct session *session);

/**
 * session_input() - read and act on what the guest has sent
 * @session: its state may change; fd becomes -1 at the end of the stream
 *
 * Return: whether there may be more to read now.
 */
bool session_input(struct session *session);

/**
 * session_output() - write what is queued
 * @session: the session
 *
 * Return: whether more is left for when the channel is writable.
 */
bool session_output(struct session *session);

void session_close(struct session *session);

#endif
