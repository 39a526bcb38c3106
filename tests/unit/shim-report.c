// SPDX-License-Identifier: GPL-2.0
/* shim-report.c - unit tests of finding reports in a kernel's log */
#include "tests/unit/shim-test.h"

#include <string.h>

#include "shim/report.h"

/* What the finder said: plain lines as they are, a report as "<title|its lines>". */
static struct buffer said;

static void put(const char *text)
{
	buffer_add(&said, text, strlen(text));
}

static void plain(void *arg, const char *line)
{
	(void)arg;
	put(line);
	put("\n");
}

static void found(void *arg, const char *title, const char *text)
{
	(void)arg;
	put("<");
	put(title);
	put("|\n");
	put(text);
	put(">\n");
}

/* Look at a log, line by line, that pauses at its end. */
static const char *find(const char *log)
{
	struct report_finder finder = { .sink = { plain, found, NULL } };
	_cleanup_free_ char *copy = xstrdup(log);
	char *rest = copy, *line;

	said.len = 0;
	while ((line = strsep(&rest, "\n")) && rest)
		report_line(&finder, line);
	report_pause(&finder);
	assert_false(report_open(&finder));
	report_free(&finder);
	buffer_add(&said, "", 1);
	return said.data;
}

static void check(const char *log, const char *want)
{
	assert_string_equal(find(log), want);
}

static void nothing(void **state)
{
	(void)state;
	check("", "");
	check("[    0.1] all is well\nnot [ stamped\n", "[    0.1] all is well\nnot [ stamped\n");
	/* The guest may begin one like the noise inside of them. */
	check("BUG: a >] ? b\n", "<BUG: a >] ? b|\nBUG: a >] ? b\n>\n");
	/* Words alone are no report. */
	check("[    0.1] WARNING: the cable\n[    0.2] foo: BUG: no\n",
	      "[    0.1] WARNING: the cable\n[    0.2] foo: BUG: no\n");
	check("[    0.1] BUG: failure at a.c:1/b()!\n[    0.1] Kernel panic - not syncing: BUG!\n",
	      "[    0.1] BUG: failure at a.c:1/b()!\n[    0.1] Kernel panic - not syncing: BUG!\n");
	/* A line of '=' is not always a frame. */
	check("==========================\nChapter one\n", "==========================\nChapter one\n");
	check("[ 1.0] ==========================\n", "[ 1.0] ==========================\n");
}

static void warnings(void **state)
{
	(void)state;
	check("a\n[ 1.0] ------------[ cut here ]------------\n"
	      "[ 1.0] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2 [m]\n[ 1.0] Modules linked in: m\n"
	      "[ 1.0] Stack:\n[ 1.0]  60a0 00ff\n[ 1.0]  12\n[ 1.0] Call Trace:\n"
	      "[ 1.0]  [<60>] ? g+0x1/0x2\n[ 1.0]  [<61>] f+0x1/0x2 [m]\n"
	      "[ 1.0] ---[ end trace 0000000000000000 ]---\nb\n",
	      "a\n<WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2 [m]|\n"
	      "[ 1.0] ------------[ cut here ]------------\n"
	      "[ 1.0] WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2 [m]\n[ 1.0] Modules linked in: m\n"
	      "[ 1.0] Call Trace:\n[ 1.0]  [<61>] f+0x1/0x2 [m]\n"
	      "[ 1.0] ---[ end trace 0000000000000000 ]---\n>\nb\n");
	/* WARN() with words; UBSAN has no such line before them. */
	check("------------[ cut here ]------------\nWARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\n"
	      "DMA-API: no\nCPU: 0\n---[ end trace 0 ]---\n",
	      "<DMA-API: no|\n------------[ cut here ]------------\n"
	      "WARNING: CPU: 0 PID: 1 at a.c:1 f+0x1/0x2\nDMA-API: no\nCPU: 0\n"
	      "---[ end trace 0 ]---\n>\n");
	check("------------[ cut here ]------------\nUBSAN: shift-out-of-bounds in a.c:1:2\n"
	      "shift exponent 32\nCPU: 0\n---[ end trace ]---\n",
	      "<UBSAN: shift-out-of-bounds in a.c:1:2|\n------------[ cut here ]------------\n"
	      "UBSAN: shift-out-of-bounds in a.c:1:2\nshift exponent 32\nCPU: 0\n"
	      "---[ end trace ]---\n>\n");
}

static void boxes(void **state)
{
	(void)state;
	check("==================================================================\n"
	      "BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]\nRead of size 4\n\nCall Trace:\n"
	      " [<61>] f+0x1/0x2 [m]\n\nAllocated by task 1:\n g+0x1/0x2\n"
	      "==================================================================\nafter\n",
	      "<BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]|\n"
	      "==================================================================\n"
	      "BUG: KASAN: slab-use-after-free in f+0x1/0x2 [m]\nRead of size 4\n\nCall Trace:\n"
	      " [<61>] f+0x1/0x2 [m]\n\nAllocated by task 1:\n g+0x1/0x2\n"
	      "==================================================================\n>\nafter\n");
}

static void traces(void **state)
{
	(void)state;
	/* lockdep; the end is where the trace is over. */
	check("======================================================\n"
	      "WARNING: possible circular locking dependency detected\n"
	      "------------------------------------------------------\n"
	      "insmod/1 is trying to acquire lock:\n\nstack backtrace:\nCPU: 0\nCall Trace:\n"
	      " [<61>] f+0x1/0x2 [m]\n [<62>] g+0x1/0x2\nnext\n",
	      "<WARNING: possible circular locking dependency detected|\n"
	      "======================================================\n"
	      "WARNING: possible circular locking dependency detected\n"
	      "------------------------------------------------------\n"
	      "insmod/1 is trying to acquire lock:\n\nstack backtrace:\nCPU: 0\nCall Trace:\n"
	      " [<61>] f+0x1/0x2 [m]\n [<62>] g+0x1/0x2\n>\nnext\n");
	check("BUG: sleeping function called from invalid context at a.c:1\nin_atomic(): 1\n"
	      "Call Trace:\n [<61>] f+0x1/0x2\nBUG: scheduling while atomic: x\n",
	      "<BUG: sleeping function called from invalid context at a.c:1|\n"
	      "BUG: sleeping function called from invalid context at a.c:1\nin_atomic(): 1\n"
	      "Call Trace:\n [<61>] f+0x1/0x2\n>\n"
	      "<BUG: scheduling while atomic: x|\nBUG: scheduling while atomic: x\n>\n");
	check("BUG: spinlock bad magic\nKernel panic - not syncing: x\n",
	      "<BUG: spinlock bad magic|\nBUG: spinlock bad magic\n>\nKernel panic - not syncing: x\n");
}

static void leaks(void **state)
{
	(void)state;
	check("[ 1.0] kmemleak: unreferenced object 0x60 (size 64):\n"
	      "[ 1.0] kmemleak:   comm \"insmod\", pid 1, jiffies 2\n"
	      "[ 1.0] kmemleak:     [<60>] f+0x1/0x2 [m]\n"
	      "[ 1.0] kmemleak: unreferenced object 0x70 (size 8):\n"
	      "[ 1.0] kmemleak: 2 new suspected memory leaks\n",
	      "<unreferenced object 0x60 (size 64):|\n"
	      "[ 1.0] kmemleak: unreferenced object 0x60 (size 64):\n"
	      "[ 1.0] kmemleak:   comm \"insmod\", pid 1, jiffies 2\n"
	      "[ 1.0] kmemleak:     [<60>] f+0x1/0x2 [m]\n>\n"
	      "<unreferenced object 0x70 (size 8):|\n"
	      "[ 1.0] kmemleak: unreferenced object 0x70 (size 8):\n>\n"
	      "[ 1.0] kmemleak: 2 new suspected memory leaks\n");
}

/* A guest that never ends a report does not fill our memory. */
static void endless(void **state)
{
	struct report_finder finder = { .sink = { plain, found, NULL } };

	(void)state;
	said.len = 0;
	report_line(&finder, "------------[ cut here ]------------");
	for (int i = 0; i < 10000; i++)
		report_line(&finder, "more");
	assert_true(finder.text.len < 10000);
	report_free(&finder);
}

static void keys(void **state)
{
	_cleanup_free_ char *a = report_key("UAF at 0x12", " [<60>] f+0x1/0x2 [m]\n");
	_cleanup_free_ char *b = report_key("UAF at 0x99", "[ 2.0]  [<61>] f+0x1/0x2 [m]\n");
	_cleanup_free_ char *c = report_key("UAF at 0x12", " [<60>] f+0x8/0x20 [m]\n");

	(void)state;
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(warnings),
		cmocka_unit_test(boxes),
		cmocka_unit_test(traces),
		cmocka_unit_test(leaks),
		cmocka_unit_test(endless),
		cmocka_unit_test(keys),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buffer_free(&said);
	return failed;
}
