// SPDX-License-Identifier: GPL-2.0
/* shim-trace.c - unit tests of ring3 trace: the lines, the devices, the outputs */
#include "tests/unit/shim-test.h"

#include <json-c/json.h>
#include <string.h>
#include <sys/mman.h>

#include "shim/trace.h"
#include "shim/util.h"

static struct trace_event ev;

static void good(const char *line, enum trace_kind kind)
{
	const char *wrong = trace_parse(line, &ev);

	if (wrong)
		print_error("%s: %s\n", line, wrong);
	assert_null(wrong);
	assert_int_equal(ev.kind, kind);
}

static void registers(void **state)
{
	(void)state;
	good("R 4 12.000345 18 0xfebc0008 0x80080783 0x60001234 7 # 0001:02:03.4 BAR1+0x8 "
	     "f+0x12/0x34 [m]", TRACE_REGISTER);
	assert_false(ev.write);
	assert_int_equal(ev.width, 4);
	assert_true(ev.us == 12000345);
	assert_int_equal(ev.map_id, 18);
	assert_true(ev.address == 0xfebc0008 && ev.value == 0x80080783 && ev.pc == 0x60001234);
	assert_int_equal(ev.pid, 7);
	assert_true(ev.has_device);
	assert_int_equal(ev.domain, 1);
	assert_int_equal(ev.bdf, 0x021c);
	assert_int_equal(ev.bar, 1);
	assert_true(ev.offset == 8);
	assert_string_equal(ev.caller, "f+0x12/0x34 [m]");
	good("R 4 12.000345 7 0xfebc0008 0xaa55 0x60001234 0 # 0001:02:03.4 ROM+0x8 f+0x1/0x2",
	     TRACE_REGISTER);
	assert_int_equal(ev.bar, 6);
	assert_int_equal(ev.offset, 8);
	good("W 8 0.000001 1 0x0 0xffffffffffffffff 0x0 0 # 00:1f.7 BAR6+0x0 -", TRACE_REGISTER);
	assert_true(ev.write && ev.value == UINT64_MAX);
	assert_int_equal(ev.domain, TRACE_NO_DOMAIN);
	assert_null(ev.caller);
	/* As the kernel writes it. */
	good("W 2 9.123456 1 0xfebc0008 0x1 0x0 0", TRACE_REGISTER);
	assert_false(ev.has_device);
	assert_int_equal(ev.bar, TRACE_NO_BAR);
}

static void marks(void **state)
{
	(void)state;
	good("MARK 1.000000 0000:00:01.0 config read 2 0x10 0xffff f+0x1/0x2", TRACE_CONFIG);
	assert_true(!ev.write && ev.width == 2 && ev.offset == 0x10 && ev.value == 0xffff);
	assert_string_equal(ev.caller, "f+0x1/0x2");
	good("MARK 1.000000 0000:00:01.0 port write 1 BAR2+0x3f 0x0 -", TRACE_PORT);
	assert_true(ev.write && ev.bar == 2 && ev.offset == 0x3f);
	good("MARK 1.000000 0000:00:01.0 irq MSI-X 2047", TRACE_IRQ);
	assert_int_equal(ev.irq, TRACE_MSIX);
	assert_int_equal(ev.vector, 2047);
	good("MARK 1.000000 0000:00:01.0 irq-masked INTx 0", TRACE_IRQ_MASKED);
	assert_int_equal(ev.irq, TRACE_INTX);
	good("MARK 1.000000 0000:00:01.0 dma map 0x1000 4096 both g+0x1/0x2", TRACE_DMA_MAP);
	assert_true(ev.iova == 0x1000 && ev.size == 4096 && ev.direction == 2);
	good("MARK 1.000000 0000:00:01.0 dma unmap 0x1000 0x1000 from -", TRACE_DMA_UNMAP);
	assert_true(ev.size == 4096 && ev.direction == 1 && !ev.caller);
	good("MARK 1.000000 0000:00:01.0 reset", TRACE_RESET);
	good("MARK 1.000000 lost 17", TRACE_LOST);
	assert_true(ev.lost == 17 && !ev.has_device);
	good("MARK 1.000000 Lost 3 events.", TRACE_LOST);
	assert_true(ev.lost == 3);
	good("MARK 1.000000 lost in thought", TRACE_MARK);
	assert_string_equal(ev.text, "lost in thought");
	good("MARK 1.000000 00:01.0 is my card", TRACE_MARK);
	assert_false(ev.has_device);
	assert_string_equal(ev.text, "00:01.0 is my card");
	good("MARK 1.000000 ", TRACE_MARK);
	assert_string_equal(ev.text, "");
}

static void others(void **state)
{
	(void)state;
	good("VERSION 20070824", TRACE_VERSION);
	good("PCIDEV 0108 808610d3 b febc0000 1 2 3 4 5 6 20000 0 0 0 0 0 40000 e1000e",
	     TRACE_PCIDEV);
	assert_int_equal(ev.bdf, 0x0108);
	assert_int_equal(ev.vendor, 0x8086);
	assert_int_equal(ev.device, 0x10d3);
	assert_true(ev.bar_address[0] == 0xfebc0000 && ev.bar_size[6] == 0x40000);
	assert_string_equal(ev.text, "e1000e");
	good("PCIDEV 0108 808610d3 b 0 1 2 3 4 5 6 20000 0 0 0 0 0 40000 ", TRACE_PCIDEV);
	assert_string_equal(ev.text, "");
	good("MAP 1.000000 1 0x0 0x0 0x0 0x0 0", TRACE_NOTHING);
	good("LSPCI 00:01.0 anything", TRACE_NOTHING);
	good("# tracer: mmiotrace", TRACE_NOTHING);
	good("", TRACE_NOTHING);
}

static void wrong_lines(void **state)
{
	static const char *const bad[] = {
		"X", "RR 4", "R", "R 3 1.000000 1 0x0 0x0 0x0 0", "R 16 1.000000 1 0x0 0x0 0x0 0",
		"R 4 1.00000 1 0x0 0x0 0x0 0", "R 4 1 1 0x0 0x0 0x0 0",
		"R 4 99999999999999999999.000000 1 0x0 0x0 0x0 0", "R 4 1.000000 1 0 0x0 0x0 0",
		"R 4 1.000000 x 0x0 0x0 0x0 0", "R 4 1.000000 1 0x0 0x0 0x0",
		"R 4 1.000000 1 0x0 0x12345678123456789 0x0 0", "R 4 1.000000 1 0x 0x0 0x0 0",
		"R 4 1.000000 1 0x0 0x0 0x0 0 junk", "R 4 1.000000 1 0x0 0x0 0x0 0 # 00:20.0 BAR0+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 00:01.8 BAR0+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 0:0:00:01.0 BAR0+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 100:01.0 BAR0+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 01.0 BAR0+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 00:01.0 BAR7+0x0 -",
		"R 4 1.000000 1 0x0 0x0 0x0 0 # 00:01.0 BAR0 -", "R -4 1.000000 1 0x0 0x0 0x0 0",
		"MARK", "MARK now", "MARK 1.000000 00:01.0 config read 8 0x0 0x0",
		"MARK 1.000000 00:01.0 config peek 4 0x0 0x0", "MARK 1.000000 00:01.0 config",
		"MARK 1.000000 00:01.0 port read 4 0x0 0x0", "MARK 1.000000 00:01.0 irq MSI-Y 0",
		"MARK 1.000000 00:01.0 irq MSI 2048", "MARK 1.000000 00:01.0 irq MSI 1 2",
		"MARK 1.000000 00:01.0 dma map 0x0 1 up", "MARK 1.000000 00:01.0 dma 0x0 1 to",
		"MARK 1.000000 00:01.0 reset now", "PCIDEV", "PCIDEV 10008 808610d3 b",
		"PCIDEV 0008 808610d3 b 0 0 0 0 0 0 0 0 0 0 0 0 0", "VERSION", "VERSION 1",
		"VERSION 20070824 x",
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		const char *wrong = trace_parse(bad[i], &ev);

		if (!wrong)
			print_error("accepted: %s\n", bad[i]);
		assert_non_null(wrong);
	}
}

static const char sample[] =
	"VERSION 20070824\n"
	"PCIDEV 0008 808610d3 b febc0000 0 c001 0 0 0 0 20000 0 20 0 0 0 0 e1000e\n"
	"MARK 0.000100 0000:00:01.0 config read 4 0x8 0x02000000 setup+0x1/0x2\n"
	"R 4 0.001000 1 0xfebc0008 0x80080783 0x0 1 # 0000:00:01.0 BAR0+0x8 probe+0x1/0x2 [m]\n"
	"W 4 0.001100 1 0xfebc3918 0x5 0x0 0 # 0000:00:01.0 BAR0+0x3918 probe+0x9/0x20 [m]\n"
	"W 4 0.001200 1 0xfebc0000 0x0 0x0 0\n"
	"MARK 0.001300 0000:00:01.0 irq MSI-X 3\n"
	"MARK 0.001400 0000:00:01.0 irq-masked MSI-X 3\n"
	"MARK 0.001500 0000:00:01.0 dma map 0x40001000 4096 to -\n"
	"MARK 0.001600 0000:00:01.0 dma unmap 0x40001000 4096 to -\n"
	"MARK 0.001700 lost 5\n"
	"MARK 0.001800 say \"\x1b\xff\\\"\n"
	"W 4 0.0019";

/* Convert @text; *status as trace_run(); a text to free. */
static char *convert(const char *text, size_t len, const struct trace_output *output, int *status)
{
	struct trace_reader *reader = xrealloc(NULL, sizeof(*reader));
	struct trace trace = { 0 };
	char *out = NULL;
	size_t out_len;

	memset(reader, 0, sizeof(*reader));
	reader->name = "t";
	reader->fd = memfd_create("trace", 0);
	assert_int_equal(write(reader->fd, text, len), len);
	assert_int_equal(lseek(reader->fd, 0, SEEK_SET), 0);
	trace.out = open_memstream(&out, &out_len);
	*status = trace_run(&trace, reader, output);
	fclose(trace.out);
	trace_free(&trace);
	close(reader->fd);
	free(reader);
	return out;
}

static void summary(void **state)
{
	int status;
	char *out = convert(sample, sizeof(sample) - 1, &trace_summary, &status);

	(void)state;
	assert_int_equal(status, 0);
	assert_string_equal(out,
			    "1 device, 10 events in 0.001700 s, 5 lost, cut off at the end\n"
			    "\n"
			    "0000:00:01.0 8086:10d3 e1000e\n"
			    "  registers    read           1 of 4 bytes\n"
			    "  registers    write          2 of 4 bytes\n"
			    "  config space read           1 of 4 bytes\n"
			    "  interrupts   MSI-X 3         1, 1 while masked\n"
			    "  DMA          map            1 of 4096 bytes, unmap 1\n"
			    "  callers                     2 probe [m]\n"
			    "                              1 setup\n");
	free(out);
}

static const char *text_of(struct json_object *json, const char *key)
{
	return json_object_get_string(json_object_object_get(json, key));
}

static void json(void **state)
{
	int status;
	char *out = convert(sample, sizeof(sample) - 1, &trace_json, &status);
	struct json_object *all = json_tokener_parse(out), *events, *one;

	(void)state;
	assert_int_equal(status, 0);
	events = json_object_object_get(all, "events");
	assert_int_equal(json_object_array_length(events), 10);
	one = json_object_array_get_idx(events, 2);
	assert_string_equal(text_of(one, "register"), "TDT(1)");
	assert_string_equal(text_of(one, "value"), "0x00000005");
	assert_string_equal(text_of(one, "caller"), "probe+0x9/0x20 [m]");
	/* Found by its address. */
	one = json_object_array_get_idx(events, 3);
	assert_string_equal(text_of(one, "device"), "0000:00:01.0");
	assert_string_equal(text_of(one, "register"), "CTRL");
	one = json_object_array_get_idx(events, 9);
	assert_string_equal(text_of(one, "text"), "say \"??\\\"");
	one = json_object_array_get_idx(json_object_object_get(all, "devices"), 0);
	assert_string_equal(text_of(one, "class"), "0x020000");
	assert_string_equal(text_of(all, "lost"), "5");
	assert_string_equal(text_of(all, "truncated"), "true");
	json_object_put(all);
	free(out);
}

/* The event of that name. */
static struct json_object *named(struct json_object *events, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *one = json_object_array_get_idx(events, i);

		if (!strcmp(text_of(one, "name"), name))
			return one;
	}
	fail("no event '%s'", name);
	return NULL;
}

/* The name of the track that an event is on. */
static const char *track(struct json_object *events, const char *name)
{
	struct json_object *event = named(events, name);

	for (size_t i = 0; i < json_object_array_length(events); i++) {
		struct json_object *one = json_object_array_get_idx(events, i);

		if (!strcmp(text_of(one, "name"), "thread_name") &&
		    !strcmp(text_of(one, "tid"), text_of(event, "tid")) &&
		    !strcmp(text_of(one, "pid"), text_of(event, "pid")))
			return text_of(json_object_object_get(one, "args"), "name");
	}
	return "";
}

static void perfetto(void **state)
{
	int status;
	char *out = convert(sample, sizeof(sample) - 1, &trace_perfetto, &status);
	struct json_object *all = json_tokener_parse(out), *events, *args;

	(void)state;
	assert_int_equal(status, 0);
	events = json_object_object_get(all, "traceEvents");
	args = json_object_object_get(named(events, "process_name"), "args");
	assert_string_equal(text_of(args, "name"), "0000:00:01.0 8086:10d3 e1000e");
	assert_string_equal(track(events, "read STATUS"), "registers");
	assert_string_equal(track(events, "write TDT(1)"), "queue 1");
	assert_string_equal(track(events, "read 0x8"), "config space");
	assert_string_equal(track(events, "MSI-X 3"), "MSI-X 3");
	assert_string_equal(track(events, "MSI-X 3 masked"), "MSI-X 3");
	assert_string_equal(track(events, "map 0x40001000"), "DMA");
	assert_string_equal(text_of(named(events, "5 events lost"), "ph"), "i");
	assert_string_equal(text_of(named(events, "read STATUS"), "ts"), "1000");
	args = json_object_object_get(named(events, "read STATUS"), "args");
	assert_non_null(strstr(text_of(args, "fields"), "LU=1"));
	json_object_put(all);
	free(out);
}

static void not_traces(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *out;
	} rows[] = {
		{ "", 125, "" },
		{ "VERSION 20070824", 125, "" },
		{ "VERSION 1\n", 125, "" },
		{ "MARK 1.000000 x\n", 125, "" },
		{ "VERSION 20070824\n", 0, "0 devices, 0 events in 0.000000 s, 0 lost\n" },
		{ "VERSION 20070824\nMARK 1.000000 x\nwhat\nMARK 2.000000 x\n", 125,
		  "0 devices, 1 event in 0.000000 s, 0 lost\n" },
	};
	int status;
	char *out, *big;

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		out = convert(rows[i].text, strlen(rows[i].text), &trace_summary, &status);
		assert_int_equal(status, rows[i].status);
		assert_string_equal(out, rows[i].out);
		free(out);
	}
	/* A line that never ends. */
	big = xrealloc(NULL, 1 << 20);
	memset(big, 'x', 1 << 20);
	memcpy(big, "VERSION 20070824\n", 17);
	free(convert(big, 1 << 20, &trace_json, &status));
	assert_int_equal(status, 125);
	free(big);
}

static void many_devices(void **state)
{
	struct buffer text = { 0 };
	int status;

	(void)state;
	buffer_add(&text, "VERSION 20070824\n", 17);
	for (int i = 0; i <= TRACE_MAX_DEVICES; i++) {
		char *line = xasprintf("MARK 1.000000 0000:%02x:%02x.0 reset\n", i / 32, i % 32);

		buffer_add(&text, line, strlen(line));
		free(line);
	}
	free(convert(text.data, text.len, &trace_json, &status));
	assert_int_equal(status, 125);
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),  cmocka_unit_test(marks),
		cmocka_unit_test(others),     cmocka_unit_test(wrong_lines),
		cmocka_unit_test(summary),    cmocka_unit_test(json),
		cmocka_unit_test(perfetto),   cmocka_unit_test(not_traces),
		cmocka_unit_test(many_devices),
	};

	setenv("RING3_REGISTERS", "proxy/registers", 1);
	verbosity = -1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
