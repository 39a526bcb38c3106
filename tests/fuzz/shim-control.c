// SPDX-License-Identifier: GPL-2.0
/*
 * shim-control.c - libFuzzer: a hostile guest at the control channel, or client of ring3 exec
 *
 * The first byte tells who is at the other end, the second how the rest is cut into pieces.  What
 * passes the decoder must be within bounds and have what its type promises.
 */
#include <stdlib.h>
#include <string.h>

#include "shim/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the parts behind the decoder rely on. */
static void check_exec(const struct ctl_message *msg)
{
	bool stream = msg->type == RING3_CTL_EXEC_OUTPUT || msg->type == RING3_CTL_EXEC_ACK;
	static char copy[RING3_EXEC_CHUNK];

	if (stream && msg->value != 1 && msg->value != 2)
		abort();
	if (msg->type == RING3_CTL_EXEC_OUTPUT && !msg->data_len)
		abort();
	if (msg->type == RING3_CTL_EXEC && (!msg->len || !memchr(msg->text, RING3_REC_ARG, msg->len)))
		abort();
	if (msg->type == RING3_CTL_EXEC_OUTPUT || msg->type == RING3_CTL_EXEC_INPUT) {
		if (msg->data_len > sizeof(copy))
			abort();
		memcpy(copy, msg->data, msg->data_len);
	}
}

static void check(void *arg, const struct ctl_message *msg)
{
	const struct ctl_decoder *dec = arg;

	if (dec->peer == CTL_GUEST && (!msg->type || msg->type >= RING3_CTL_FROM_GUEST_END))
		abort();
	if (dec->peer == CTL_CLIENT &&
	    (msg->type < RING3_CTL_EXEC || msg->type >= RING3_CTL_TO_GUEST_END))
		abort();
	if (msg->len > (msg->type == RING3_CTL_EXEC ? RING3_CTL_MAX_TO_GUEST : RING3_CTL_MAX_FROM_GUEST))
		abort();
	check_exec(msg);
	if (msg->len && msg->text[msg->len - 1])
		abort();
	for (size_t at = 0; at < msg->len; at += strlen(msg->text + at) + 1)
		continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_decoder dec = { 0 };
	size_t piece;

	if (size < 2)
		return 0;
	dec.peer = data[0] % 3;
	piece = data[1] ? data[1] : size;
	data += 2;
	size -= 2;
	while (size) {
		size_t n = size < piece ? size : piece;

		if (ctl_feed(&dec, data, n, check, &dec))
			break;
		data += n;
		size -= n;
	}
	ctl_decoder_free(&dec);
	return 0;
}
