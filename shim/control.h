/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control.h - the shim's end of the control channel
 *
 * ctl_feed() is the one place where bytes from the guest are interpreted; it needs
 * nothing but memory, so that tests and fuzzers can call it.
 */
#ifndef RING3_CONTROL_H
#define RING3_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "shim/guest/control.h"
#include "shim/util.h"

/* One message that has passed every check. */
struct ctl_message {
	enum ring3_ctl_type type;
	uint32_t id;		/* of the EXEC family: which command */
	uint32_t value;		/* the first number (behind id) */
	uint32_t second;	/* LOAD_FAILED: not only a module found by alias */
	const char *text;	/* its string; ALIASES: strings one behind the other */
	size_t len;		/* bytes of text, with the last NUL */
	const char *data;	/* COVERAGE: what follows the string; EXEC_INPUT, EXEC_OUTPUT */
	size_t data_len;
};

/* Who is at the other end. */
enum ctl_peer {
	CTL_GUEST,
	CTL_CLIENT,		/* ring3 exec */
	CTL_RUN,		/* the shim of a run, for ring3 exec */
};

struct ctl_decoder {
	struct buffer in;
	enum ctl_peer peer;
};

typedef void (*ctl_handler)(void *arg, const struct ctl_message *msg);

/**
 * ctl_feed() - decode what came from the guest, or from another peer
 * @dec: state, zero at first but for the peer
 * @data: new bytes, of any length
 * @len: how many
 * @handler: called for every complete message, in order
 * @arg: for @handler
 *
 * Return: NULL, or what is wrong with the stream; nothing may be fed after that.
 */
const char *ctl_feed(struct ctl_decoder *dec, const void *data, size_t len, ctl_handler handler,
		     void *arg);

void ctl_decoder_free(struct ctl_decoder *dec);

/**
 * ctl_put() - append a message for the guest to a buffer
 * @out: the buffer
 * @type: enum ring3_ctl_type
 * @payload: the payload
 * @len: its length
 */
void ctl_put(struct buffer *out, enum ring3_ctl_type type, const void *payload, size_t len);

/**
 * ctl_put_pair() - append a message of two numbers
 * @out: the buffer
 * @type: WINSIZE or SIGNAL
 * @a: first number
 * @b: second number
 */
void ctl_put_pair(struct buffer *out, enum ring3_ctl_type type, uint32_t a, uint32_t b);

/**
 * ctl_put_exec() - append a message of the EXEC family
 * @out: the buffer
 * @type: enum ring3_ctl_type
 * @numbers: the id, and what else the message has of numbers
 * @n: how many, at most 3
 * @data: bytes behind the numbers
 * @len: how many
 */
void ctl_put_exec(struct buffer *out, enum ring3_ctl_type type, const uint32_t *numbers, size_t n,
		  const void *data, size_t len);

/**
 * ctl_record() - append a record to the payload of CONFIG, MODULES or EXEC
 * @payload: the payload
 * @tag: its letter
 * @text: its string
 */
void ctl_record(struct buffer *payload, enum ring3_ctl_record tag, const char *text);

#endif
