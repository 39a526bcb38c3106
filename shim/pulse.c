// SPDX-License-Identifier: GPL-2.0
/* pulse.c - does the hosted kernel still do anything but compute? see pulse.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shim/process.h"
#include "shim/pulse.h"
#include "shim/util.h"

/* More sleeps than one in so many milliseconds are waits for answers; such time counts so much less. */
#define TALKING_SLEEPS_MS 10
#define TALKING_SLOWNESS 10
/* Less than such a part of a processor is no loop; that time does not count. */
#define LITTLE_USE 6

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

void pulse_begin(struct pulse *pulse, pid_t kernel, unsigned int patience_ms)
{
	*pulse = (struct pulse){ .kernel = kernel, .patience_ms = patience_ms };
	pulse->last.now_ms = clock_ms();
}

void pulse_heard(struct pulse *pulse)
{
	pulse->heard = pulse->passed;
	pulse->asked = false;
	/* It was only slow, as it may be again. */
	if (pulse->silent && pulse->patience_ms < PULSE_PATIENCE_MAX_MS)
		pulse->patience_ms *= 2;
	pulse->silent = false;
}

/* Seen twice, or it is only passing. */
static enum pulse_finding judge_stop(struct pulse *pulse, bool stopped)
{
	bool again = pulse->stopped && stopped;

	pulse->stopped = stopped;
	if (!stopped)
		pulse->told = false;
	if (!again || pulse->told)
		return PULSE_FINE;
	pulse->told = true;
	return PULSE_STOPPED;
}

/* Little use in so long is no loop, however long it goes on. */
static bool rests(uint64_t elapsed, uint64_t used)
{
	return used * LITTLE_USE < elapsed;
}

/* Another look: what has passed since the last, as it counts. */
static void count(struct pulse *pulse, const struct pulse_time *now)
{
	uint64_t elapsed = now->now_ms - pulse->last.now_ms, used = now->used_ms - pulse->last.used_ms;
	bool talks = now->sleeps - pulse->last.sleeps > elapsed / TALKING_SLEEPS_MS;

	pulse->last = *now;
	if (rests(elapsed, used))
		return;
	pulse->passed.now_ms += talks ? elapsed / TALKING_SLOWNESS : elapsed;
	pulse->passed.used_ms += talks ? used / TALKING_SLOWNESS : used;
}

/* Since then so long, with a third of a processor? */
static bool passed(const struct pulse *pulse, const struct pulse_time *since, uint64_t ms)
{
	return pulse->passed.now_ms - since->now_ms >= ms &&
	       pulse->passed.used_ms - since->used_ms >= ms / 3;
}

enum pulse_finding pulse_judge(struct pulse *pulse, char state, struct pulse_time now)
{
	enum pulse_finding finding = judge_stop(pulse, state == 'T');

	count(pulse, &now);
	if (finding != PULSE_FINE)
		return finding;
	if (!pulse->asked && passed(pulse, &pulse->heard, pulse->patience_ms / 3)) {
		pulse->asked = true;
		pulse->question = pulse->passed;
		return PULSE_ASK;
	}
	if (!pulse->asked || pulse->silent ||
	    !passed(pulse, &pulse->question, pulse->patience_ms * 2 / 3))
		return PULSE_FINE;
	pulse->silent = true;
	return PULSE_SILENT;
}

enum pulse_finding pulse_look(struct pulse *pulse)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/stat", pulse->kernel);
	_cleanup_free_ char *text = read_text(path);
	const char *rest = text ? strrchr(text, ')') : NULL;
	struct pulse_time now = { .now_ms = clock_ms() };
	unsigned long long user, system;
	bool computed;
	char state;

	/* Behind the name: state, ten others, utime, stime. */
	if (!rest || sscanf(rest, ") %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &state,
			    &user, &system) != 3)
		return PULSE_FINE;
	now.used_ms = (user + system) * 1000 / sysconf(_SC_CLK_TCK);
	/* Of one that has not computed nobody need know, and most are idle. */
	now.sleeps = pulse->last.sleeps;
	computed = now.used_ms != pulse->last.used_ms;
	if (computed || pulse->busy) {
		now.sleeps = process_status(pulse->kernel, "voluntary_ctxt_switches");
		if (!pulse->busy)
			pulse->last.sleeps = now.sleeps;
	}
	pulse->busy = computed;
	return pulse_judge(pulse, state, now);
}
