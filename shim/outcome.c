// SPDX-License-Identifier: GPL-2.0
/* outcome.c - what the end of each part of a run means for the exit status */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "shim/crash.h"
#include "shim/outcome.h"
#include "shim/status.h"

#define TAIL_LINES 8

/* Bytes of private memory of all the hosted kernel's processes; one takes some 10 MiB. */
#define USAGE_MAX (1ULL << 30)
#define USAGE_MAX_DEBUG (4ULL << 30)

/* The first reason stands. */
static bool decide(struct run *run, int status, char *message)
{
	if (run->status >= 0) {
		free(message);
		return false;
	}
	run->status = status;
	run->message = message;
	return true;
}

static void strip_newlines(char *text)
{
	size_t n = strlen(text);

	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
}

bool outcome_ready(struct run *run)
{
	char *text;

	buffer_add(&run->ready_text, "", 1);
	text = printable(run->ready_text.data);
	strip_newlines(text);
	if (!strcmp(text, "ready")) {
		run->proxy_ready = true;
		return false;
	}
	/* It ended without a word: outcome_proxy() knows how. */
	if (!*text)
		return false;
	if (!strncmp(text, "ring3-proxy: ", 13))
		text += 13;
	return decide(run, RING3_EXIT_SETUP, xstrdup(text));
}

bool outcome_proxy(struct run *run, int status, bool expected)
{
	if (expected || run->session.state >= SESSION_ENDED)
		return false;
	if (!run->proxy_ready)
		return decide(run, RING3_EXIT_SETUP,
			      xasprintf("ring3-proxy ended before the devices were ready: %s",
					process_describe(status)));
	return decide(run, RING3_EXIT_SETUP,
		      xasprintf("ring3-proxy ended (%s): the devices are gone and the run is over",
				process_describe(status)));
}

static int exec_status(const struct run *run)
{
	return run->session.value == ENOENT ? RING3_EXIT_NOT_FOUND : RING3_EXIT_NOT_RUNNABLE;
}

static char *exec_message(const struct run *run)
{
	const char *word = run->opts->command[0] ? run->opts->command[0] : "the shell";
	_cleanup_free_ char *name = *word ? xstrdup(word) : shell_quote(word);

	if (run->session.value == ENOENT)
		return xasprintf("%s: not found inside; there are the host's /usr, /bin, /lib*, /etc, "
				 "the working directory and --rw paths", name);
	return xasprintf("%s: cannot be executed inside: %s", name,
			 strerror(run->session.value & 0xfff));
}

static char *load_message(const struct run *run)
{
	const char *hint = "";

	if (run->session.value == ENOENT)
		hint = " (a symbol it needs is missing)";
	else if (run->session.value == ENOEXEC)
		hint = " (built for another kernel or configuration: rebuild it with 'ring3 build')";
	else if (run->session.value == ENODEV)
		hint = " (it found no device it drives)";
	return xasprintf("module %s does not load: %s%s; the end of the kernel's log is above",
			 run->session.text, strerror(run->session.value & 0xfff), hint);
}

bool outcome_session(struct run *run)
{
	int status = run->session.value;

	switch (run->session.state) {
	case SESSION_ENDED:
		decide(run, WIFSIGNALED(status) ? RING3_EXIT_SIGNAL + WTERMSIG(status) :
						  WEXITSTATUS(status), NULL);
		return false;
	case SESSION_EXEC_FAILED:
		decide(run, exec_status(run), exec_message(run));
		return false;
	case SESSION_LOAD_FAILED:
		run->show_tail = true;
		return decide(run, RING3_EXIT_SETUP, load_message(run));
	case SESSION_BROKEN:
		return decide(run, RING3_EXIT_CRASH,
			      xasprintf("the guest init broke the control protocol: %s",
					run->session.text));
	default:
		return false;
	}
}

/* A crash outranks CMD's own status, but not an end that we have forced. */
static void crashed(struct run *run, char *message)
{
	free(run->message);
	run->message = message;
	run->status = RING3_EXIT_CRASH;
	run->crashed = true;
}

static void never_started(struct run *run, int status)
{
	run->show_tail = true;
	run->crashed = true;
	decide(run, RING3_EXIT_SETUP,
	       xasprintf("the hosted kernel ended before its init could run: %s; its last words "
			 "are above", process_describe(status)));
}

/* "edu at 00:01.0, …": whose driver it may have been. */
static char *device_names(const struct run *run)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < run->opts->devices.n; i++) {
		const struct device_spec *d = &run->opts->devices.v[i];
		_cleanup_free_ char *one = xasprintf("%s%.*s at %02x.%d", i ? ", " : " (",
						     (int)strcspn(d->text, ","), d->text,
						     d->at.slot, d->at.fn);

		buffer_add(&text, one, strlen(one));
	}
	buffer_add(&text, ")", text.len ? 1 : 0);
	buffer_add(&text, "", 1);
	return text.data;
}

/* The driver process was ended for what it tried. */
static void broke_out(struct run *run, const struct sandbox_violation *violation)
{
	_cleanup_free_ char *what = sandbox_describe(violation), *names = device_names(run);

	crashed(run, xasprintf("sandbox: %s%s: the driver process tried %s, %s, and was ended",
			       run->instance.name, names, what,
			       violation->foreign ? "out of code that is not the hosted kernel's own" :
			       "which no driver needs"));
	status_set(run, "killed %d", SIGSYS);
}

void outcome_stopped(const struct run *run)
{
	_cleanup_free_ char *names = device_names(run);

	warn("%s%s: the driver process was stopped by a signal, maybe by itself; 'ring3 kill %s' ends it, "
	     "'kill -CONT %d' lets it go on", run->instance.name, names, run->instance.name,
	     jail_kernel(&run->jail));
}

void outcome_silent(const struct run *run)
{
	_cleanup_free_ char *names = device_names(run);

	warn("%s%s: the hosted kernel computes and does not answer: a driver loops, or has interrupts off; "
	     "'ring3 attach %s' shows where, 'ring3 kill %s' ends it", run->instance.name, names,
	     run->instance.name, run->instance.name);
}

/* KASAN's shadow memory and its quarantine are private, too. */
bool outcome_usage(struct run *run, struct usage usage)
{
	uint64_t limit = run->kernel.flavor == FLAVOR_DEBUG ? USAGE_MAX_DEBUG : USAGE_MAX;
	_cleanup_free_ char *names = NULL;

	if (usage.private_bytes <= limit)
		return false;
	names = device_names(run);
	crashed(run, xasprintf("sandbox: %s%s: the driver process and its %u others have taken %lluM of private "
			       "memory, more than any hosted kernel needs (%lluM), and were ended",
			       run->instance.name, names, usage.processes - 1,
			       (unsigned long long)(usage.private_bytes >> 20),
			       (unsigned long long)(limit >> 20)));
	return true;
}

void outcome_kernel(struct run *run, int status, const struct sandbox_violation *violation)
{
	_cleanup_free_ char *log = NULL, *reason = NULL;

	if (run->forced)
		return;
	if (violation->call >= 0)
		return broke_out(run, violation);
	/* All that it wrote is in the pipe, if not read yet: its writers are gone. */
	console_finish(&run->console);
	log = console_text(&run->console);
	reason = crash_reason(log);
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || !reason)) {
		crashed(run, xasprintf("the driver process was %s", process_describe(status)));
		status_set(run, "killed %d", WTERMSIG(status));
		run->show_tail = WTERMSIG(status) != SIGKILL;
	} else if (WIFSIGNALED(status)) {
		crashed(run, xasprintf("the hosted kernel crashed: %s", reason));
		status_set(run, "panicked");
		run->show_crash = true;
	} else if (run->session.state == SESSION_BOOTING) {
		never_started(run, status);
		status_set(run, "crashed");
	} else if (run->session.state < SESSION_ENDED) {
		crashed(run, xasprintf("the hosted system switched off before CMD ended%s%s",
				       reason ? ": " : "", reason ? reason : ""));
		status_set(run, "crashed");
	}
}

/* It outranks CMD's own status, but neither a crash nor an end that we have forced. */
bool outcome_report(struct run *run)
{
	_cleanup_free_ char *first = NULL;

	if (!run->opts->fatal_reports || run->crashed || run->forced)
		return false;
	first = reports_first(&run->console.reports);
	if (!first)
		return false;
	crashed(run, xasprintf("--fatal-reports: %s", first));
	return true;
}

bool outcome_timeout(struct run *run)
{
	return !decide(run, RING3_EXIT_TIMEOUT,
		       xasprintf("the run took longer than --timeout %g and was ended",
				 run->opts->timeout_ms / 1000.0));
}

/* What CMD wrote and nobody has: its success is none. */
static void lost_output(struct run *run, const struct relay *relay, const char *name)
{
	if (!relay->error || run->forced)
		return;
	if (run->status && run->status != RING3_EXIT_SIGNAL + SIGPIPE) {
		warn("cannot write %s: %s", name, strerror(relay->error));
		return;
	}
	run->status = RING3_EXIT_SETUP;
	free(run->message);
	run->message = xasprintf("cannot write %s: %s; output of the command is lost", name,
				 strerror(relay->error));
}

/* The end of the log as it is printed: with -v it has been seen, but for the stack. */
static char *crash_text(struct run *run, const char *log)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (!run->show_crash && (!run->show_tail || verbosity > 0))
		return NULL;
	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	if (run->show_crash)
		crash_report(out, log, &run->drivers, run->opts->command);
	else
		crash_tail(out, log, TAIL_LINES);
	fclose(out);
	return text;
}

int outcome_print(struct run *run)
{
	_cleanup_free_ char *log = NULL, *text = NULL;

	if (run->printed)
		return run->status;
	run->printed = true;
	outcome_report(run);
	log = console_text(&run->console);
	lost_output(run, &run->stdout_relay, "standard output");
	lost_output(run, &run->stderr_relay, "standard error");
	text = crash_text(run, log);
	if (run->crashed && run->message)
		status_crash(run, run->message, run->show_crash ? text : NULL, log);
	if (text)
		fputs(text, stderr);
	if (run->message)
		fail("%s", run->message);
	return run->status;
}
