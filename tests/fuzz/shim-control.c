// SPDX-License-Identifier: GPL-2.0
/*
 * shim-control.c - libFuzzer: a hostile guest at the control channel
 *
 * The first byte tells how the rest is cut into pieces.  What passes the decoder must be
 * within bounds and have the strings that its type promises.
 */
#include <stdlib.h>
#include <string.h>

#include "shim/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(void *arg, const struct ctl_message *msg)
{
	(void)arg;
	if (!msg->type || msg->type >= RING3_CTL_FROM_GUEST_END)
		abort();
	if (msg->len > RING3_CTL_MAX_FROM_GUEST)
		abort();
	if (msg->len && msg->text[msg->len - 1])
		abort();
	for (size_t at = 0; at < msg->len; at += strlen(msg->text + at) + 1)
		continue;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_decoder dec = { 0 };
	size_t piece;

	if (!size)
		return 0;
	piece = data[0] ? data[0] : size;
	data++;
	size--;
	while (size) {
		size_t n = size < piece ? size : piece;

		if (ctl_feed(&dec, data, n, check, NULL))
			break;
		data += n;
		size -= n;
	}
	ctl_decoder_free(&dec);
	return 0;
}
