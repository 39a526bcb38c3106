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

/* What each message consists of: numbers in front, then one string or several. */
static const struct ctl_shape {
	unsigned int numbers;
	enum { NO_TEXT, ONE_STRING, STRINGS, STRING_AND_DATA } text;
} shapes[RING3_CTL_FROM_GUEST_END] = {
	[RING3_CTL_HELLO] = { 1, NO_TEXT },
	[RING3_CTL_ALIASES] = { 0, STRINGS },
	[RING3_CTL_LOAD_FAILED] = { 2, ONE_STRING },
	[RING3_CTL_UNBOUND] = { 0, ONE_STRING },
	[RING3_CTL_WARN] = { 0, ONE_STRING },
	[RING3_CTL_STARTED] = { 0, NO_TEXT },
	[RING3_CTL_EXEC_FAILED] = { 1, NO_TEXT },
	[RING3_CTL_EXIT] = { 1, NO_TEXT },
	[RING3_CTL_COVERAGE] = { 0, STRING_AND_DATA },
};

static const char *check_text(const struct ctl_shape *shape, const char *text, size_t len)
{
	if (shape->text == NO_TEXT)
		return len ? "a message is too long" : NULL;
	if (!len || text[len - 1])
		return "a string has no end";
	if (shape->text == ONE_STRING && strlen(text) != len - 1)
		return "a string ends early";
	return NULL;
}

static const char *decode(const struct ring3_ctl_hdr *hdr, const char *payload,
			  struct ctl_message *msg)
{
	const struct ctl_shape *shape = &shapes[hdr->type];
	size_t numbers = shape->numbers * sizeof(uint32_t);
	const char *problem;

	if (hdr->len < numbers)
		return "a message is too short";
	msg->type = hdr->type;
	if (shape->numbers > 0)
		msg->value = get_u32(payload);
	if (shape->numbers > 1)
		msg->required = get_u32(payload + 4);
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
	if (problem)
		return problem;
	if (msg->type == RING3_CTL_HELLO && msg->value != RING3_CTL_VERSION)
		return "guest init and ring3 are of different versions; run 'make'";
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
		if (!hdr.type || hdr.type >= RING3_CTL_FROM_GUEST_END)
			return "unknown message";
		if (hdr.len > RING3_CTL_MAX_FROM_GUEST)
			return "a message is too long";
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

void ctl_record(struct buffer *payload, enum ring3_ctl_record tag, const char *text)
{
	char letter = tag;

	buffer_add(payload, &letter, 1);
	buffer_add(payload, text, strlen(text) + 1);
}
