// SPDX-License-Identifier: GPL-2.0
/* shim-control.c - unit tests of the decoder of the control channel, with a hostile guest */
#include "tests/unit/shim-test.h"

#include <string.h>

#include "shim/control.h"

struct seen {
	int count;
	struct ctl_message last;
	char text[64];
};

static void note(void *arg, const struct ctl_message *msg)
{
	struct seen *seen = arg;

	seen->count++;
	seen->last = *msg;
	seen->text[0] = '\0';
	if (msg->len)
		strncat(seen->text, msg->text, sizeof(seen->text) - 1);
}

static void put_u32(struct buffer *out, uint32_t type, uint32_t value)
{
	ctl_put(out, type, &value, sizeof(value));
}

static void good_messages(void **state)
{
	static const char failed[] = "\2\0\0\0\1\0\0\0/x.ko";
	struct ctl_decoder dec = { 0 };
	struct buffer in = { 0 };
	struct seen seen = { 0 };

	(void)state;
	put_u32(&in, RING3_CTL_HELLO, RING3_CTL_VERSION);
	ctl_put(&in, RING3_CTL_STARTED, NULL, 0);
	ctl_put(&in, RING3_CTL_LOAD_FAILED, failed, sizeof(failed));
	assert_null(ctl_feed(&dec, in.data, in.len, note, &seen));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.last.type, RING3_CTL_LOAD_FAILED);
	assert_int_equal(seen.last.value, 2);
	assert_int_equal(seen.last.second, 1);
	assert_string_equal(seen.text, "/x.ko");
	assert_int_equal(dec.in.len, 0);
	buffer_free(&in);
	ctl_decoder_free(&dec);
}

static void string_and_data(void **state)
{
	struct ctl_decoder dec = { 0 };
	struct buffer in = { 0 };
	struct seen seen = { 0 };

	(void)state;
	ctl_put(&in, RING3_CTL_COVERAGE, "/a.gcda\0x\0y", 11);
	assert_null(ctl_feed(&dec, in.data, in.len, note, &seen));
	assert_string_equal(seen.text, "/a.gcda");
	assert_int_equal(seen.last.data_len, 3);
	in.len = 0;
	ctl_put(&in, RING3_CTL_COVERAGE, "/a.gcda", 7);
	assert_string_equal(ctl_feed(&dec, in.data, in.len, note, &seen), "a string has no end");
	ctl_decoder_free(&dec);
	dec = (struct ctl_decoder){ 0 };
	in.len = 0;
	ctl_put(&in, RING3_CTL_COVERAGE, NULL, 0);
	assert_string_equal(ctl_feed(&dec, in.data, in.len, note, &seen), "a string has no end");
	assert_int_equal(seen.count, 1);
	buffer_free(&in);
	ctl_decoder_free(&dec);
}

static void byte_by_byte(void **state)
{
	struct ctl_decoder dec = { 0 };
	struct buffer in = { 0 };
	struct seen seen = { 0 };

	(void)state;
	ctl_put(&in, RING3_CTL_ALIASES, "a\0bc", 5);
	put_u32(&in, RING3_CTL_EXIT, 0x700);
	for (size_t i = 0; i < in.len; i++)
		assert_null(ctl_feed(&dec, in.data + i, 1, note, &seen));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last.value, 0x700);
	buffer_free(&in);
	ctl_decoder_free(&dec);
}

/* One message that must be refused. */
static void refuse(uint32_t type, const void *payload, uint32_t len)
{
	struct ctl_decoder dec = { 0 };
	struct buffer in = { 0 };
	struct seen seen = { 0 };

	ctl_put(&in, type, payload, len);
	assert_non_null(ctl_feed(&dec, in.data, in.len, note, &seen));
	assert_int_equal(seen.count, 0);
	buffer_free(&in);
	ctl_decoder_free(&dec);
}

static void bad_messages(void **state)
{
	(void)state;
	refuse(0, NULL, 0);
	refuse(RING3_CTL_FROM_GUEST_END, NULL, 0);
	refuse(RING3_CTL_CONFIG, "x", 1);
	refuse(0xffffffff, NULL, 0);
	refuse(RING3_CTL_HELLO, NULL, 0);
	refuse(RING3_CTL_HELLO, "\1\0\0\0", 4);		/* another version */
	refuse(RING3_CTL_HELLO, "\2\0\0\0x", 5);	/* too long */
	refuse(RING3_CTL_EXIT, "\1\0\0", 3);		/* too short */
	refuse(RING3_CTL_STARTED, "x", 1);
	refuse(RING3_CTL_WARN, NULL, 0);		/* no string at all */
	refuse(RING3_CTL_WARN, "abc", 3);		/* not ended */
	refuse(RING3_CTL_WARN, "a\0b", 4);		/* two instead of one */
	refuse(RING3_CTL_ALIASES, "a\0b", 3);		/* the last not ended */
	refuse(RING3_CTL_LOAD_FAILED, "\2\0\0\0", 4);
	refuse(RING3_CTL_LOAD_FAILED, "\2\0\0\0\1\0\0\0", 8);
}

/* Feed one message from a peer; its problem, or NULL. */
static const char *feed_one(enum ctl_peer peer, uint32_t type, const void *payload, uint32_t len,
			    struct seen *seen)
{
	struct ctl_decoder dec = { .peer = peer };
	struct buffer in = { 0 };
	const char *problem;

	*seen = (struct seen){ 0 };
	ctl_put(&in, type, payload, len);
	problem = ctl_feed(&dec, in.data, in.len, note, seen);
	assert_int_equal(seen->count, problem ? 0 : 1);
	buffer_free(&in);
	ctl_decoder_free(&dec);
	return problem;
}

static void exec_from_guest(void **state)
{
	static const struct {
		uint32_t type;
		const char *payload;
		uint32_t len;
		const char *problem;
	} rows[] = {
		{ RING3_CTL_EXEC_STARTED, "\7\0\0\0", 4, NULL },
		{ RING3_CTL_EXEC_STARTED, "\7\0\0", 3, "a message is too short" },
		{ RING3_CTL_EXEC_STARTED, "\7\0\0\0x", 5, "a message is too long" },
		{ RING3_CTL_EXEC_REFUSED, "\7\0\0\0\2\0\0\0", 8, NULL },
		{ RING3_CTL_EXEC_REFUSED, "\7\0\0\0", 4, "a message is too short" },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\1\0\0\0x", 9, NULL },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\2\0\0\0\0", 9, NULL },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\0\0\0\0x", 9, "there is no such stream" },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\3\0\0\0x", 9, "there is no such stream" },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\1\0\0\0", 8, "a message is too short" },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\1", 5, "a message is too short" },
		{ RING3_CTL_EXEC_TAKEN, "\7\0\0\0\0\0\1\0", 8, NULL },
		{ RING3_CTL_EXEC_EXIT, "\7\0\0\0\0\1\0\0", 8, NULL },
		{ RING3_CTL_EXEC_EXIT, "\7\0\0\0\0\1\0\0\0", 9, "a message is too long" },
		/* What others say is not the guest's to say. */
		{ RING3_CTL_EXEC_OVER, "\7\0\0\0\0\0\0\0x", 10, "unknown message" },
		{ RING3_CTL_EXEC, "\2\0\0\0\0\0\0\0\0\0\0\0Als", 16, "unknown message" },
		{ RING3_CTL_EXEC_INPUT, "\7\0\0\0x", 5, "unknown message" },
	};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const char *problem = feed_one(CTL_GUEST, rows[i].type, rows[i].payload,
					       rows[i].len, &seen);

		if (!rows[i].problem)
			assert_int_equal(seen.last.id, 7);
		if (!rows[i].problem)
			assert_null(problem);
		else
			assert_string_equal(problem, rows[i].problem);
	}
	feed_one(CTL_GUEST, RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\2\0\0\0a\0b", 11, &seen);
	assert_int_equal(seen.last.value, 2);
	assert_int_equal(seen.last.data_len, 3);
}

static void exec_from_client(void **state)
{
	static const char zero[RING3_EXEC_CHUNK + 5];
	static const struct {
		uint32_t type;
		const char *payload;
		uint32_t len;
		const char *problem;
	} rows[] = {
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0Als\0A\0EA=b\0C/\0Ft", 29, NULL },
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0", 12, "a string has no end" },
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0Als", 15, "a string has no end" },
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0EA=b", 17, "there is no command" },
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0Als\0W/", 19,
		  "a record is of an unknown kind" },
		{ RING3_CTL_EXEC, "\2\0\0\0\1\0\0\0\3\0\0\0Als\0", 17,
		  "a record is of an unknown kind" },
		{ RING3_CTL_EXEC_INPUT, zero, 4, NULL },
		{ RING3_CTL_EXEC_INPUT, zero, 4 + RING3_EXEC_CHUNK, NULL },
		{ RING3_CTL_EXEC_INPUT, zero, 5 + RING3_EXEC_CHUNK, "a message is too long" },
		{ RING3_CTL_EXEC_ACK, "\0\0\0\0\1\0\0\0\5\0\0\0", 12, NULL },
		{ RING3_CTL_EXEC_ACK, "\0\0\0\0\0\0\0\0\5\0\0\0", 12, "there is no such stream" },
		{ RING3_CTL_EXEC_SIGNAL, "\0\0\0\0\17\0\0\0\0\0\0\0", 12, NULL },
		{ RING3_CTL_EXEC_SIGNAL, zero, 12, "there is no such signal" },
		{ RING3_CTL_EXEC_SIGNAL, "\0\0\0\0\x41\0\0\0\0\0\0\0", 12,
		  "there is no such signal" },
		{ RING3_CTL_EXEC_WINSIZE, zero, 12, NULL },
		{ RING3_CTL_EXEC_WINSIZE, zero, 8, "a message is too short" },
		{ RING3_CTL_EXEC_OUTPUT, "\7\0\0\0\1\0\0\0x", 9, "unknown message" },
		{ RING3_CTL_CONFIG, "Als", 4, "unknown message" },
		{ RING3_CTL_SIGNAL, zero, 8, "unknown message" },
	};
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const char *problem = feed_one(CTL_CLIENT, rows[i].type, rows[i].payload,
					       rows[i].len, &seen);

		if (!rows[i].problem)
			assert_null(problem);
		else
			assert_string_equal(problem, rows[i].problem);
	}
}

/* The length alone must do: nothing is to be collected for it. */
static void huge_length(void **state)
{
	const struct ring3_ctl_hdr hdr = { RING3_CTL_WARN, RING3_CTL_MAX_FROM_GUEST + 1 };
	struct ctl_decoder dec = { 0 };
	struct seen seen = { 0 };

	(void)state;
	assert_non_null(ctl_feed(&dec, &hdr, sizeof(hdr), note, &seen));
	ctl_decoder_free(&dec);
}

/* No sequence of bytes may do more than be refused (sanitizers watch). */
static void noise(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct ctl_decoder dec = { 0 };
		struct seen seen = { 0 };
		const char *problem = NULL;

		for (int i = 0; i < 20 && !problem; i++) {
			uint8_t data[24] = { 0 };

			for (size_t j = 0; j < sizeof(data); j++) {
				seed = seed * 1103515245 + 12345;
				data[j] = seed >> 16 & 0x40 ? seed >> 24 & 0xf : 0;
			}
			problem = ctl_feed(&dec, data, sizeof(data), note, &seen);
		}
		ctl_decoder_free(&dec);
	}
}

static void encodes(void **state)
{
	static const char want[] = "\x42\0\0\0\x08\0\0\0\x18\0\0\0\x50\0\0\0";
	struct buffer out = { 0 }, records = { 0 };

	(void)state;
	ctl_put_pair(&out, RING3_CTL_WINSIZE, 24, 80);
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(out.data, want, out.len);
	ctl_record(&records, RING3_REC_ARG, "ls");
	ctl_record(&records, RING3_REC_ARG, "");
	assert_int_equal(records.len, 6);
	assert_memory_equal(records.data, "Als\0A", 6);
	buffer_free(&out);
	buffer_free(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(string_and_data),
		cmocka_unit_test(good_messages), cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(bad_messages),	 cmocka_unit_test(huge_length),
		cmocka_unit_test(noise),	 cmocka_unit_test(encodes),
		cmocka_unit_test(exec_from_guest), cmocka_unit_test(exec_from_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
