// SPDX-License-Identifier: GPL-2.0
/* report.c - what a kernel reports about mistakes, found in its log; see report.h */
#include <ctype.h>
#include <string.h>

#include "shim/decode.h"
#include "shim/report.h"

#define MAX_LINES 1000		/* of one report */
#define FRAME_LENGTH 20		/* at least so many '=' */
#define KEY_FUNCTIONS 8		/* of the stack */
#define PAUSE_MS 1000		/* within a report, on a busy machine, it is shorter */
#define STUCK_MS 10000
#define AFTER_MS 200		/* until what may follow a cut at once */

static const char leak_prefix[] = "kmemleak: ";
static const char panic_mark[] = "Kernel panic - not syncing";

/* How reports begin; what is framed is in a box of '='. */
static const struct rule {
	const char *start;
	enum report_end end;
	bool framed;
} rules[] = {
	{ "BUG: KASAN: ", REPORT_BOX, true },
	{ "WARNING: ", REPORT_TRACE, true },	/* lockdep and RCU */
	{ "INFO: ", REPORT_TRACE, true },
	{ "BUG: ", REPORT_TRACE, true },
	{ "BUG ", REPORT_TRACE, true },		/* SLUB */
	{ "[ BUG: ", REPORT_TRACE, true },
	{ "------------[ cut here ]------------", REPORT_CUT, false },
	{ "BUG: failure at ", REPORT_NONE, false },	/* a panic follows, which has its own */
	{ "BUG: ", REPORT_TRACE, false },
	{ "INFO: task ", REPORT_TRACE, false },
	{ "INFO: rcu", REPORT_TRACE, false },
	{ "INFO: trying to register ", REPORT_TRACE, false },
	{ "unreferenced object 0x", REPORT_LEAK, false },
	{ "DMA fault: ", REPORT_TRACE, false },	/* compat/ring3/iommu.c */
};

static bool starts(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

/* What is behind the time stamp, and behind what kmemleak puts before each of its lines. */
static const char *skip_prefix(const char *line, bool *leak)
{
	size_t n = *line == '[' ? strspn(line + 1, " 0123456789.") : 0;

	if (n && line[n + 1] == ']')
		line += n + 2 + (line[n + 2] == ' ');
	*leak = starts(line, leak_prefix);
	return *leak ? line + strlen(leak_prefix) : line;
}

static bool is_frame(const char *text)
{
	size_t n = strspn(text, "=");

	return n >= FRAME_LENGTH && !text[n];
}

/* A line of a call trace; UML marks what it only takes for a return address with '?'. */
static bool is_call(const char *text)
{
	return starts(text + strspn(text, " "), "[<") || (*text == ' ' && strchr(text, '+'));
}

static bool is_hex(const char *text)
{
	return !text[strspn(text, " 0123456789abcdef")];
}

static void finish(struct report_finder *f)
{
	if (f->open != REPORT_NONE && f->open != REPORT_FRAME) {
		buffer_add(&f->text, "", 1);
		f->sink.found(f->sink.arg, f->title, f->text.data);
	}
	f->open = REPORT_NONE;
	f->text.len = 0;
	free(f->title);
	f->title = NULL;
}

static void set_title(struct report_finder *f, const char *text)
{
	free(f->title);
	f->title = xstrdup(text);
}

/* WARN() says what is wrong behind where that is. */
static void better_title(struct report_finder *f, const char *text)
{
	bool first = f->open == REPORT_CUT && f->lines == 2;
	bool second = f->open == REPORT_CUT && f->lines == 3 && starts(f->title, "WARNING: CPU: ");

	if (first || (second && !starts(text, "Modules linked in") && !starts(text, "CPU: ")))
		set_title(f, text);
}

/* The raw content of the stack, and guesses at what is on it, tell nobody anything. */
static bool is_noise(struct report_finder *f, const char *text)
{
	if (f->in_stack && is_hex(text))
		return true;
	f->in_stack = starts(text, "Stack:");
	return f->in_stack || strstr(text, ">] ? ");
}

static void add_line(struct report_finder *f, const char *line, const char *text)
{
	f->lines++;
	f->in_trace |= starts(text, "Call Trace:") || starts(text, "Mapped at:");
	/* The line it begins with is the report, whatever it looks like. */
	if (f->lines > 1 && is_noise(f, text))
		return;
	buffer_add(&f->text, line, strlen(line));
	buffer_add(&f->text, "\n", 1);
}

static const struct rule *find_rule(const char *text, bool framed)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].framed == framed && starts(text, rules[i].start))
			return &rules[i];
	}
	return NULL;
}

static void begin(struct report_finder *f, const char *line, const char *text)
{
	bool framed = f->open == REPORT_FRAME;
	const struct rule *rule = find_rule(text, framed);

	/* The frame was none. */
	if (framed && !rule) {
		f->text.data[f->text.len - 1] = '\0';
		f->sink.plain(f->sink.arg, f->text.data);
		f->text.len = 0;
		f->open = REPORT_NONE;
		rule = find_rule(text, false);
	}
	f->lines = 0;
	f->in_stack = false;
	f->in_trace = false;
	if (is_frame(text)) {
		f->open = REPORT_FRAME;
		add_line(f, line, text);
	} else if (rule && rule->end != REPORT_NONE) {
		f->open = rule->end;
		set_title(f, text);
		add_line(f, line, text);
	} else {
		f->sink.plain(f->sink.arg, line);
	}
}

/* Is the line behind the end of the open report? */
static bool is_beyond(const struct report_finder *f, const char *text, bool leak)
{
	if (f->lines >= MAX_LINES || starts(text, panic_mark))
		return true;
	if (f->open == REPORT_LEAK)
		return !leak || !starts(text, " ");
	if (f->open == REPORT_AFTER && !f->in_trace)
		return !starts(text, "Mapped at:");
	if (f->open != REPORT_TRACE && f->open != REPORT_AFTER)
		return false;
	if (f->in_trace)
		return !is_call(text) && !starts(text, "Call Trace:");
	return f->lines > 1 && find_rule(text, false);
}

static void take_end(struct report_finder *f, const char *text)
{
	if (f->open == REPORT_BOX && is_frame(text)) {
		finish(f);
	} else if (f->open == REPORT_CUT && starts(text, "---[ end trace")) {
		f->open = REPORT_AFTER;
		f->in_trace = false;
	}
}

void report_line(struct report_finder *f, const char *line)
{
	bool leak;
	const char *text = skip_prefix(line, &leak);

	if (report_open(f) && is_beyond(f, text, leak))
		finish(f);
	if (!report_open(f)) {
		begin(f, line, text);
		return;
	}
	add_line(f, line, text);
	better_title(f, text);
	take_end(f, text);
}

void report_pause(struct report_finder *f)
{
	if (f->open == REPORT_FRAME) {
		f->text.data[f->text.len - 1] = '\0';
		f->sink.plain(f->sink.arg, f->text.data);
	}
	finish(f);
}

bool report_open(const struct report_finder *f)
{
	return f->open != REPORT_NONE && f->open != REPORT_FRAME;
}

int report_patience(const struct report_finder *f)
{
	if (f->open == REPORT_AFTER && !f->in_trace)
		return AFTER_MS;
	return f->open == REPORT_CUT || f->open == REPORT_BOX ? STUCK_MS : PAUSE_MS;
}

void report_free(struct report_finder *f)
{
	buffer_free(&f->text);
	free(f->title);
}

/* Numbers and addresses differ from time to time. */
static void add_words(struct buffer *key, const char *title)
{
	for (; *title; title++) {
		if (!isxdigit((unsigned char)*title))
			buffer_add(key, title, 1);
	}
}

char *report_key(const char *title, const char *text)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *line;
	struct buffer key = { 0 };
	struct stack_ref ref;
	int n = 0;

	add_words(&key, title);
	while (n < KEY_FUNCTIONS && (line = strsep(&rest, "\n"))) {
		_cleanup_free_ char *place = NULL;

		if (!decode_parse(line, &ref))
			continue;
		place = xasprintf(" %s+%llx", ref.symbol, (unsigned long long)ref.offset);
		buffer_add(&key, place, strlen(place));
		n++;
	}
	buffer_add(&key, "", 1);
	return key.data;
}
