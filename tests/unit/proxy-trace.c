// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-trace.c - the ring, its text, and what a hosted kernel tells
 */
#include <pthread.h>

#include "proxy/told.h"
#include "proxy/trace-file.h"
#include "proxy/trace-place.h"
#include "proxy/trace-text.h"
#include "proxy/trace.h"
#include "tests/unit/proxy-common.h"

static int setup(void **state)
{
	assert_int_equal(trace_init(TRACE_SMALL), 0);
	*state = make_testdev();
	return 0;
}

static int teardown(void **state)
{
	free_testdev(*state);
	trace_exit();
	return 0;
}

static void tell(struct device *dev, uint32_t kind, uint64_t a, uint64_t b, uint64_t c,
		 const char *text)
{
	const struct told_note note = {
		.kind = kind, .a = a, .b = b, .c = c, .text = text, .len = strlen(text),
	};

	told_note(dev, &note);
}

static void test_accesses_are_events(void **state)
{
	struct device *dev = *state;
	struct trace_event e;
	uint64_t at = trace_head();

	wr(dev, VFIO_USER_CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	tell(dev, VFIO_USER_NOTE_CALLER, 0x1234, 0, 0, "probe+0x10/0x20 [drv]");
	wr(dev, 1, 0x10, 4, 0xcafe);
	rd(dev, 1, 0x10, 4);
	assert_int_equal(trace_head(), at + 3);
	assert_true(trace_get(at, &e));
	assert_int_equal(e.kind, TRACE_CONFIG_WRITE);
	assert_int_equal(e.offset, PCI_COMMAND);
	assert_int_equal(e.caller, 0);
	assert_true(trace_get(at + 1, &e));
	assert_int_equal(e.kind, TRACE_WRITE);
	assert_int_equal(e.region, 1);
	assert_int_equal(e.offset, 0x10);
	assert_int_equal(e.width, 4);
	assert_int_equal(e.value, 0xcafe);
	assert_string_equal(trace_caller_name(e.caller), "probe+0x10/0x20 [drv]");
	assert_int_equal(trace_caller_pc(e.caller), 0x1234);
	assert_true(trace_get(at + 2, &e));
	assert_int_equal(e.kind, TRACE_READ);
	assert_int_equal(dev->accesses[1].reads[2], 1);
	assert_int_equal(dev->accesses[1].writes[2], 1);
}

/* A wide access of configuration space is what it is on the bus: dwords. */
static void test_config_is_split(void **state)
{
	struct device *dev = *state;
	uint64_t at = trace_head();
	uint8_t all[256];

	assert_int_equal(device_region_access(dev, VFIO_USER_CONFIG, 0, all, sizeof(all), false), 0);
	assert_int_equal(trace_head() - at, 64);
	assert_int_equal(dev->accesses[VFIO_USER_CONFIG].reads[2], 64);
}

static void test_old_events_are_lost(void **state)
{
	struct device *dev = *state;
	struct trace_event e;
	uint64_t at = trace_head();

	for (int i = 0; i < TRACE_SMALL + 10; i++)
		rd(dev, VFIO_USER_CONFIG, 0, 4);
	assert_false(trace_get(at, &e));
	/* The slot that would be written next counts as lost, too. */
	assert_false(trace_get(trace_head() - TRACE_SMALL, &e));
	assert_true(trace_get(trace_head() - TRACE_SMALL + 1, &e));
	assert_true(trace_get(trace_head() - 1, &e));
}

static void *read_along(void *arg)
{
	const atomic_bool *stop = arg;
	uint64_t at = 0, lost = 0;

	while (!*stop || at < trace_head()) {
		struct trace_event e;

		if (at == trace_head()) {
			trace_wait(at, stop);
			continue;
		}
		if (!trace_get(at++, &e))
			lost++;
		else if (e.kind == TRACE_WRITE && e.value != e.offset * 3)
			return (void *)1;	/* torn */
	}
	return NULL;
}

static void test_reader_beside_writer(void **state)
{
	struct device *dev = *state;
	static atomic_bool stop;
	pthread_t thread;
	void *torn;

	assert_int_equal(pthread_create(&thread, NULL, read_along, &stop), 0);
	for (uint32_t i = 0; i < 300000; i++)
		trace_access(dev, 1, i, 4, i * 3ull, true);
	stop = true;
	trace_wake();
	pthread_join(thread, &torn);
	assert_null(torn);
}

static void test_callers(void **state)
{
	uint32_t a = trace_caller(1, "a", 1), b = trace_caller(1, "b", 1);
	char name[16];

	(void)state;
	assert_int_equal(trace_caller(1, "a", 1), a);
	assert_int_not_equal(a, b);
	assert_int_equal(trace_caller(2, "", 0), 0);
	assert_string_equal(trace_caller_name(0), "-");
	/* A client that never repeats itself is not remembered for ever. */
	for (int i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		trace_caller(i, name, strlen(name));
	}
	assert_int_equal(trace_caller(99, "late", 4), 0);
	assert_int_equal(trace_caller(1, "a", 1), a);
}

static char *text_of(struct device *dev, uint64_t from)
{
	struct trace_text *text = calloc(1, sizeof(*text));
	struct trace_event e;
	size_t size;
	static char *out;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(text);
	assert_non_null(f);
	text->devices = &dev;
	text->nr_devices = 1;
	trace_text_header(f, text);
	for (; from < trace_head(); from++)
		if (trace_get(from, &e))
			trace_text_event(f, text, &e);
	trace_text_lost(f, 1500000000, 7);
	fclose(f);
	free(text);
	return out;
}

static void test_text(void **state)
{
	struct device *dev = *state;
	uint64_t at;
	char *text;

	tell(dev, VFIO_USER_NOTE_PLACE, 9, 0, 0, "0000:02:03.1");
	tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, "drv drv 1.0");
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 4, 4, 0xc0004000);
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 8, 4, 0x1001);
	wr(dev, VFIO_USER_CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	at = trace_head();
	tell(dev, VFIO_USER_NOTE_CALLER, 0xabc, 0, 0, "f+0x1/0x2 [drv]");
	wr(dev, 1, 0x10, 4, 0xcafe);
	wr(dev, 1, 0x10, 4, 0xcafe);
	wr(dev, 2, 8, 2, 5);
	trace_access(dev, 1, 0x40, 4096, 0, true);
	rd(dev, VFIO_USER_CONFIG, 0, 2);
	tell(dev, VFIO_USER_NOTE_DMA_MAP, 0x40001000, 0x200, 1, "g+0x3/0x4");
	device_reset(dev);
	text = text_of(dev, at);
	assert_non_null(strstr(text, "VERSION 20070824\nPCIDEV 0219 12347233 9 "));
	assert_non_null(strstr(text, " drv\nMAP "));
	assert_non_null(strstr(text, " 2 0xc0004010 0xcafe 0xabc 0 # 0000:02:03.1 BAR1+0x10 f+0x1/0x2 [drv]\n"));
	assert_non_null(strstr(text, " 0000:02:03.1 port write 2 BAR2+0x8 0x5 f+0x1/0x2 [drv]\n"));
	assert_non_null(strstr(text, " 0000:02:03.1 block write 4096 BAR1+0x40 f+0x1/0x2 [drv]\n"));
	assert_non_null(strstr(text, " 0000:02:03.1 config read 2 0x0 0x1234 "));
	assert_non_null(strstr(text, " 0000:02:03.1 dma map 0x40001000 0x200 to g+0x3/0x4\n"));
	assert_non_null(strstr(text, " 0000:02:03.1 reset\n"));
	assert_non_null(strstr(text, "MARK 1.500000 lost 7\n"));
	/* One MAP line for a BAR, however often it is accessed. */
	assert_null(strstr(strstr(text, "\nMAP ") + 1, "\nMAP "));
	free(text);
}

/* The line of a device is that of the event's time, however late the event is written. */
static void test_place_of_then(void **state)
{
	struct device *dev = *state;
	uint64_t at = trace_head();
	char *text, *line, bdf[32];

	tell(dev, VFIO_USER_NOTE_PLACE, 9, 0, 0, "0000:02:03.1");
	rd(dev, VFIO_USER_CONFIG, 0, 2);
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 4, 4, 0xc0004000);
	tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, "drv drv 1.0");
	rd(dev, VFIO_USER_CONFIG, 0, 2);
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 4, 4, 0xc0008000);
	tell(dev, VFIO_USER_NOTE_PLACE, 9, 0, 0, "0000:04:00.0");
	tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, "");
	text = text_of(dev, at);
	/* The header has the present, then come both that the two reads saw. */
	assert_non_null(strstr(text, "VERSION 20070824\nPCIDEV 0400 12347233 9 "));
	line = strstr(text, "\nPCIDEV 0219 12347233 9 ");
	assert_non_null(line);
	assert_non_null(strstr(line, " 0000:02:03.1 config read "));
	assert_non_null(strstr(line, " c0004000 "));
	assert_true(strstr(line, " config read ") < strstr(line, " c0004000 "));
	assert_non_null(strstr(line, " drv\nMARK "));
	assert_null(strstr(line, " c0008000 "));
	assert_null(strstr(line, "0000:04:00.0"));
	free(text);

	/* The same again takes no room; a client that never repeats itself does not get more. */
	for (int i = 0; i < 100; i++) {
		tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, i & 1 ? "drv drv 1.0" : "");
		assert_int_not_equal(trace_place_now(dev), 0);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(bdf, sizeof(bdf), "0000:%02x:00.0", i);
		tell(dev, VFIO_USER_NOTE_PLACE, 9, 0, 0, bdf);
	}
	assert_int_equal(trace_place_now(dev), 0);
	at = trace_head();
	rd(dev, VFIO_USER_CONFIG, 0, 2);
	text = text_of(dev, at);
	assert_non_null(strstr(text, " 0000:63:00.0 config read "));
	free(text);
}

/* A file that takes nothing for a while: what is lost is counted, and the rest is there. */
static void test_lost_is_counted(void **state)
{
	struct device *dev = *state;
	unsigned long long lines = 0, lost = 0, n;
	const unsigned int made = 3 * TRACE_SMALL;
	char path[64], line[512];
	int pipes[2];
	FILE *f;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[1]);
	assert_int_equal(trace_file_open(path), 0);
	close(pipes[1]);
	assert_int_equal(trace_file_start(&dev, 1), 0);
	for (unsigned int i = 0; i < made; i++)
		rd(dev, VFIO_USER_CONFIG, 0, 4);
	f = fdopen(pipes[0], "r");
	assert_non_null(f);
	/* Until all of it has come; the writer then waits for more. */
	while (lines + lost < made && fgets(line, sizeof(line), f)) {
		lines += !!strstr(line, " config read ");
		if (strstr(line, " lost ") && sscanf(strstr(line, " lost "), " lost %llu", &n) == 1)
			lost += n;
	}
	assert_int_equal(lines + lost, made);
	assert_true(lost > 0);
	assert_int_equal(trace_file_lost(), lost);
	trace_file_stop();
	fclose(f);
}

static void test_hostile_notes(void **state)
{
	struct device *dev = *state;
	struct told told;
	char name[16];
	struct told_module *modules = calloc(TOLD_MODULES + 1, sizeof(*modules));

	tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, "../../etc/passwd\n \x1b[31m .");
	told_get(dev, &told);
	assert_null(strchr(told.driver, '/'));
	assert_null(strchr(told.driver, '\n'));
	assert_null(strchr(told.module, '\x1b'));
	tell(dev, VFIO_USER_NOTE_DRIVER, 0, 0, 0, ".. . ..");
	told_get(dev, &told);
	assert_string_equal(told.driver, "?.");
	tell(dev, VFIO_USER_NOTE_PLACE, 0, 0, 0, "0000:00:20.0");
	tell(dev, VFIO_USER_NOTE_PLACE, 0, 0, 0, "0000:00:01.0/..");
	tell(dev, VFIO_USER_NOTE_PLACE, 0, 0, 0, "");
	assert_string_equal(dev->told.bdf, "");
	tell(dev, VFIO_USER_NOTE_VECTOR, ~0ull, 5, 0, "");
	tell(dev, VFIO_USER_NOTE_VECTOR, 3, 77, 0, "");
	assert_int_equal(dev->irqs.msix[3].linux_irq, 77);
	assert_non_null(modules);
	for (int i = 0; i < TOLD_MODULES + 10; i++) {
		snprintf(name, sizeof(name), "m%d 1", i);
		tell(dev, VFIO_USER_NOTE_MODULE, i, 1, 0, name);
	}
	assert_int_equal(told_modules(modules, TOLD_MODULES + 1), TOLD_MODULES);
	tell(dev, VFIO_USER_NOTE_MODULE, 0, 0, 0, "m0 1");
	assert_int_equal(told_modules(modules, TOLD_MODULES + 1), TOLD_MODULES - 1);
	assert_string_equal(modules[0].name, "m1");
	free(modules);
	told_forget(dev);
	told_get(dev, &told);
	assert_string_equal(told.driver, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accesses_are_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_is_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_events_are_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader_beside_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_callers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place_of_then, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_notes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
