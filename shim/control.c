// SPDX-License-Identifier: GPL-2.0
/* control.c - encoding and decoding of the control channel, shim side */
#include <string.h>

#include "shim/control.h"

static uint32_t get_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

#define GUEST (1 << CTL_GUEST)
#define CLIENT (1 << CTL_CLIENT)
#define RUN (1 << CTL_RUN)

#define ID 1U			/* in front of the numbers */
#define STREAM 2U		/* the first number is 1 or 2 */

/* What each message consists of: numbers in front, then one string or several. */
static const struct ctl_shape {
	unsigned int peers;	/* who may send it */
	unsigned int numbers;
	enum { NO_TEXT, ONE_STRING, STRINGS, STRING_AND_DATA, RECORDS, DATA } text;
	unsigned int more;
} shapes[] = {
	[RING3_CTL_HELLO] = { GUEST, 1, NO_TEXT, 0 },
	[RING3_CTL_ALIASES] = { GUEST, 0, STRINGS, 0 },
	[RING3_CTL_LOAD_FAILED] = { GUEST, 2, ONE_STRING, 0 },
	[RING3_CTL_UNBOUND] = { GUEST, 0, ONE_STRING, 0 },
	[RING3_CTL_WARN] = { GUEST, 0, ONE_STRING, 0 },
	[RING3_CTL_STARTED] = { GUEST, 0, NO_TEXT, 0 },
	[RING3_CTL_EXEC_FAILED] = { GUEST, 1, NO_TEXT, 0 },
	[RING3_CTL_EXIT] = { GUEST, 1, NO_TEXT, 0 },
	[RING3_CTL_COVERAGE] = { GUEST, 0, STRING_AND_DATA, 0 },
	[RING3_CTL_EXEC_STARTED] = { GUEST | RUN, 0, NO_TEXT, ID },
	[RING3_CTL_EXEC_REFUSED] = { GUEST | RUN, 1, NO_TEXT, ID },
	[RING3_CTL_EXEC_OUTPUT] = { GUEST | RUN, 1, DATA, ID | STREAM },
	[RING3_CTL_EXEC_TAKEN] = { GUEST | RUN, 1, NO_TEXT, ID },
	[RING3_CTL_EXEC_EXIT] = { GUEST | RUN, 1, NO_TEXT, ID },
	[RING3_CTL_PONG] = { GUEST, 0, NO_TEXT, 0 },
	[RING3_CTL_EXEC_OVER] = { RUN, 1, ONE_STRING, ID },
	[RING3_CTL_EXEC] = { CLIENT, 2, RECORDS, ID },
	[RING3_CTL_EXEC_INPUT] = { CLIENT, 0, DATA, ID },
	[RING3_CTL_EXEC_ACK] = { CLIENT, 2, NO_TEXT, ID | STREAM },
	[RING3_CTL_EXEC_SIGNAL] = { CLIENT, 2, NO_TEXT, ID },
	[RING3_CTL_EXEC_WINSIZE] = { CLIENT, 2, NO_TEXT, ID },
};

/* Of what ring3 exec asks for the guest believes every word. */
static const char *check_records(const char *records, size_t len)
{
	static const char good[] = {
		RING3_REC_ARG, RING3_REC_ENV, RING3_REC_CWD, RING3_REC_FLAGS,
	};
	bool command = false;

	for (size_t at = 0; at < len; at += strlen(records + at) + 1) {
		if (!memchr(good, records[at], sizeof(good)))
			return "a record is of an unknown kind";
		command |= records[at] == RING3_REC_ARG;
	}
	return command ? NULL : "there is no command";
}

static const char *check_text(const struct ctl_shape *shape, const char *text, size_t len)
{
	if (shape->text == NO_TEXT)
		return len ? "a message is too long" : NULL;
	if (shape->text == DATA)
		return NULL;
	if (!len || text[len - 1])
		return "a string has no end";
	if (shape->text == ONE_STRING && strlen(text) != len - 1)
		return "a string ends early";
	return shape->text == RECORDS ? check_records(text, len) : NULL;
}

static const char *check_numbers(const struct ctl_shape *shape, const struct ctl_message *msg)
{
	if (msg->type == RING3_CTL_HELLO && msg->value != RING3_CTL_VERSION)
		return "guest init and ring3 are of different versions; run 'make'";
	if (shape->more & STREAM && msg->value != 1 && msg->value != 2)
		return "there is no such stream";
	if (msg->type == RING3_CTL_EXEC_OUTPUT && !msg->data_len)
		return "a message is too short";
	if (shape->text == DATA && msg->data_len > RING3_EXEC_CHUNK)
		return "a message is too long";
	if (msg->type == RING3_CTL_EXEC_SIGNAL && (!msg->value || msg->value > 64))
		return "there is no such signal";
	return NULL;
}

static const char *decode(const struct ring3_ctl_hdr *hdr, const char *payload,
			  struct ctl_message *msg)
{
	const struct ctl_shape *shape = &shapes[hdr->type];
	size_t numbers = (!!(shape->more & ID) + shape->numbers) * sizeof(uint32_t);
	const char *at = payload, *problem;

	if (hdr->len < numbers)
		return "a message is too short";
	msg->type = hdr->type;
	if (shape->more & ID) {
		msg->id = get_u32(at);
		at += sizeof(uint32_t);
	}
	if (shape->numbers > 0)
		msg->value = get_u32(at);
	if (shape->numbers > 1)
		msg->second = get_u32(at + 4);
	msg->text = payload + numbers;
	msg->len = hdr->len - numbers;
	if (shape->text == STRING_AND_DATA) {
		size_t n = strnlen(msg->text, msg->len);

		if (n == msg->len)
			return "a string has no end";
		msg->data = msg->text + n + 1;
		msg->data_len = msg->len - n - 1;
		msg->len = n + 1;
	}
	problem = check_text(shape, msg->text, msg->len);
	if (shape->text == DATA) {
		msg->data = msg->text;
		msg->data_len = msg->len;
		msg->text = NULL;
		msg->len = 0;
	}
	return problem ? problem : check_numbers(shape, msg);
}

/* The header alone must do: nothing is collected for what will be refused. */
static const char *check_header(const struct ring3_ctl_hdr *hdr, enum ctl_peer peer)
{
	bool long_one = peer == CTL_CLIENT && hdr->type == RING3_CTL_EXEC;

	if (hdr->type >= ARRAY_SIZE(shapes) || !(shapes[hdr->type].peers & 1U << peer))
		return "unknown message";
	if (hdr->len > (long_one ? RING3_CTL_MAX_TO_GUEST : RING3_CTL_MAX_FROM_GUEST))
		return "a message is too long";
	return NULL;
}

const char *ctl_feed(struct ctl_decoder *dec, const void *data, size_t len, ctl_handler handler,
		     void *arg)
{
	struct ring3_ctl_hdr hdr;
	size_t at = 0;

	buffer_add(&dec->in, data, len);
	while (dec->in.len - at >= sizeof(hdr)) {
		struct ctl_message msg = { 0 };
		const char *problem;

		memcpy(&hdr, dec->in.data + at, sizeof(hdr));
		problem = check_header(&hdr, dec->peer);
		if (problem)
			return problem;
		if (dec->in.len - at - sizeof(hdr) < hdr.len)
			break;
		problem = decode(&hdr, dec->in.data + at + sizeof(hdr), &msg);
		if (problem)
			return problem;
		handler(arg, &msg);
		at += sizeof(hdr) + hdr.len;
	}
	if (at)
		buffer_drop(&dec->in, at);
	return NULL;
}

void ctl_decoder_free(struct ctl_decoder *dec)
{
	buffer_free(&dec->in);
}

void ctl_put(struct buffer *out, enum ring3_ctl_type type, const void *payload, size_t len)
{
	struct ring3_ctl_hdr hdr = { .type = type, .len = len };

	buffer_add(out, &hdr, sizeof(hdr));
	buffer_add(out, payload, len);
}

void ctl_put_pair(struct buffer *out, enum ring3_ctl_type type, uint32_t a, uint32_t b)
{
	uint32_t pair[2] = { a, b };

	ctl_put(out, type, pair, sizeof(pair));
}

void ctl_put_exec(struct buffer *out, enum ring3_ctl_type type, const uint32_t *numbers, size_t n,
		  const void *data, size_t len)
{
	struct ring3_ctl_hdr hdr = { .type = type, .len = n * sizeof(*numbers) + len };

	buffer_add(out, &hdr, sizeof(hdr));
	buffer_add(out, numbers, n * sizeof(*numbers));
	buffer_add(out, data, len);
}

void ctl_record(struct buffer *payload, enum ring3_ctl_record tag, const char *text)
{
	char letter = tag;

	buffer_add(payload, &letter, 1);
	buffer_add(payload, text, strlen(text) + 1);
}
