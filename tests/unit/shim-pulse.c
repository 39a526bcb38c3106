// SPDX-License-Identifier: GPL-2.0
/* shim-pulse.c - which looks at a hosted kernel make one that computes and does not answer */
#include "tests/unit/shim-test.h"

#include "shim/pulse.h"

#define PATIENCE_MS 800

/* A series of looks that all see the same; whether it was asked and found silent, and after how long. */
struct series {
	struct pulse pulse;
	struct pulse_time now;
	unsigned int asked_ms, silent_ms;	/* 0: never */
	unsigned int looks;
};

static void begin(struct series *series)
{
	*series = (struct series){ .pulse.patience_ms = PATIENCE_MS };
}

static void look(struct series *series, unsigned int used_ms, unsigned int sleeps)
{
	enum pulse_finding finding;

	series->now.now_ms += PULSE_LOOK_MS;
	series->now.used_ms += used_ms;
	series->now.sleeps += sleeps;
	series->looks++;
	finding = pulse_judge(&series->pulse, 'R', series->now);
	if (finding == PULSE_ASK && !series->asked_ms)
		series->asked_ms = series->looks * PULSE_LOOK_MS;
	if (finding == PULSE_SILENT && !series->silent_ms)
		series->silent_ms = series->looks * PULSE_LOOK_MS;
}

static void a_loop_is_told_of_within_a_second(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < 10; i++)
		look(&series, PULSE_LOOK_MS, 0);
	assert_in_range(series.asked_ms, 1, 600);
	assert_in_range(series.silent_ms, series.asked_ms + 1, 1000);
}

static void a_loop_after_rest_too(void **state)
{
	struct series series;
	unsigned int rest;

	(void)state;
	begin(&series);
	for (int i = 0; i < 100; i++)
		look(&series, 0, 10);
	rest = series.looks * PULSE_LOOK_MS;
	for (int i = 0; i < 10; i++)
		look(&series, PULSE_LOOK_MS, 0);
	assert_in_range(series.silent_ms, rest + 1, rest + 1000);
}

static void a_loop_beside_five_others_too(void **state)
{
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < 100; i++)
		look(&series, PULSE_LOOK_MS * 2 / 5, 0);
	assert_in_range(series.silent_ms, 1, 1000);
}

/* What the processor time of one that sleeps for every answer looks like where it is counted by ticks. */
static void little_use_is_no_loop_however_long(void **state)
{
	static const unsigned int used[] = { 10, 0, 20, 10, 10, 0, 0, 20 };
	struct series series;

	(void)state;
	begin(&series);
	for (int i = 0; i < 100; i++)
		look(&series, used[i % 8], 5000);
	assert_int_equal(series.silent_ms, 0);
	begin(&series);
	for (int i = 0; i < 400; i++)
		look(&series, used[i % 8], 0);
	assert_int_equal(series.silent_ms, 0);
}

static struct pulse_time at(unsigned int now, unsigned int used)
{
	return (struct pulse_time){ .now_ms = now, .used_ms = used };
}

static struct pulse pulse_at_zero(void)
{
	return (struct pulse){ .kernel = 1, .patience_ms = 900 };
}

/* It answers, should it have used enough after a minute to be asked. */
static void the_idle(void **state)
{
	struct pulse pulse = pulse_at_zero();
	unsigned int asked = 0;

	(void)state;
	for (unsigned int ms = 200; ms < 100000; ms += 200) {
		enum pulse_finding finding = pulse_judge(&pulse, 'S', at(ms, ms / 1000));

		assert_true(finding == PULSE_FINE || finding == PULSE_ASK);
		if (finding == PULSE_ASK)
			pulse_heard(&pulse);
		asked += finding == PULSE_ASK;
	}
	assert_int_equal(asked, 0);
}

static void the_busy(void **state)
{
	struct pulse pulse = pulse_at_zero();

	(void)state;
	for (unsigned int ms = 200; ms < 100000; ms += 200) {
		enum pulse_finding finding = pulse_judge(&pulse, 'R', at(ms, ms));

		assert_true(finding == PULSE_FINE || finding == PULSE_ASK);
		if (finding == PULSE_ASK)
			pulse_heard(&pulse);
	}
}

static void the_silent(void **state)
{
	struct pulse pulse = pulse_at_zero();

	(void)state;
	assert_int_equal(pulse_judge(&pulse, 'R', at(200, 200)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(400, 400)), PULSE_ASK);
	assert_int_equal(pulse_judge(&pulse, 'R', at(800, 800)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(1000, 1000)), PULSE_SILENT);
	/* Once. */
	assert_int_equal(pulse_judge(&pulse, 'R', at(1200, 1200)), PULSE_FINE);
	pulse_heard(&pulse);
	assert_int_equal(pulse_judge(&pulse, 'R', at(1400, 1400)), PULSE_FINE);
	/* One that was only slow has twice the time. */
	assert_int_equal(pulse_judge(&pulse, 'R', at(1600, 1600)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(1800, 1800)), PULSE_ASK);
	assert_int_equal(pulse_judge(&pulse, 'R', at(2800, 2800)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(3000, 3000)), PULSE_SILENT);
}

/* Somebody else has the processor, or had it and kept us from looking. */
static void the_starved(void **state)
{
	struct pulse pulse = pulse_at_zero();

	(void)state;
	assert_int_equal(pulse_judge(&pulse, 'R', at(5000, 99)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(9000, 4000)), PULSE_ASK);
	assert_int_equal(pulse_judge(&pulse, 'R', at(15000, 4199)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(15800, 4398)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'R', at(15804, 4399)), PULSE_SILENT);
}

/* A boot that sleeps often, and then a driver that loops. */
static void one_that_stops_talking(void **state)
{
	struct pulse pulse = pulse_at_zero();
	struct pulse_time now = at(200, 150);

	(void)state;
	now.sleeps = 1000;
	assert_int_equal(pulse_judge(&pulse, 'R', now), PULSE_FINE);
	for (unsigned int i = 0; i < 4; i++) {
		now.now_ms += 200;
		now.used_ms += 200;
		assert_int_not_equal(pulse_judge(&pulse, 'R', now), PULSE_SILENT);
	}
	now.now_ms += 200;
	now.used_ms += 200;
	assert_int_equal(pulse_judge(&pulse, 'R', now), PULSE_SILENT);
}

/* Port I/O by messages, a sleep for each: slow, and after ten times as long it is a loop all the same. */
static void the_talking(void **state)
{
	struct pulse pulse = pulse_at_zero();
	enum pulse_finding finding = PULSE_FINE;
	unsigned int ms = 0, asked = 0;

	(void)state;
	while (finding != PULSE_SILENT && ms < 100000) {
		struct pulse_time now;

		ms += 200;
		now = at(ms, ms / 2);
		now.sleeps = ms * 4ULL;
		finding = pulse_judge(&pulse, 'R', now);
		asked += finding == PULSE_ASK;
	}
	assert_int_equal(asked, 1);
	assert_in_range(ms, 9000, 9600);
}

static void the_stopped(void **state)
{
	struct pulse pulse = pulse_at_zero();

	(void)state;
	assert_int_equal(pulse_judge(&pulse, 'T', at(200, 0)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'T', at(400, 0)), PULSE_STOPPED);
	assert_int_equal(pulse_judge(&pulse, 'T', at(600, 0)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'S', at(800, 0)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'T', at(1000, 0)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 'T', at(1200, 0)), PULSE_STOPPED);
	/* A debugger's stop is a 't'. */
	assert_int_equal(pulse_judge(&pulse, 't', at(1400, 0)), PULSE_FINE);
	assert_int_equal(pulse_judge(&pulse, 't', at(1600, 0)), PULSE_FINE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_is_told_of_within_a_second),
		cmocka_unit_test(a_loop_after_rest_too),
		cmocka_unit_test(a_loop_beside_five_others_too),
		cmocka_unit_test(little_use_is_no_loop_however_long),
		cmocka_unit_test(the_idle),
		cmocka_unit_test(the_busy),
		cmocka_unit_test(the_silent),
		cmocka_unit_test(the_starved),
		cmocka_unit_test(one_that_stops_talking),
		cmocka_unit_test(the_talking),
		cmocka_unit_test(the_stopped),
	};

	return cmocka_run_group_tests_name("shim-pulse", tests, NULL, NULL);
}
