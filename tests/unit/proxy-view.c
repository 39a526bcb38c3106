// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-view.c - the view's tree and texts, without a mount
 */
#include "proxy/seen.h"
#include "proxy/told.h"
#include "proxy/trace.h"
#include "proxy/view/view.h"
#include "tests/unit/proxy-common.h"

static struct device *devices[2];
static struct view_shown shown[1] = { { "kernel", "log", 0 } };

static int setup(void **state)
{
	(void)state;
	assert_int_equal(trace_init(TRACE_SMALL), 0);
	devices[0] = make_testdev();
	devices[1] = device_new(spec_parse("testdev"), &backend_testdev);
	assert_int_equal(devices[1]->backend->open(devices[1]), 0);
	assert_int_equal(device_setup(devices[1]), 0);
	for (int i = 0; i < 2; i++) {
		devices[i]->index = i;
		devices[i]->slot = i + 1;
		devices[i]->function = 0;
	}
	view = (struct view) {
		.devices = devices, .nr_devices = 2, .shown = shown, .nr_shown = 1,
	};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	device_free(devices[1]);
	free_testdev(devices[0]);
	trace_exit();
	view = (struct view){ 0 };
	return 0;
}

static bool find(const char *path, struct view_node *node)
{
	char *copy = strdup(path), *rest = copy, *part, name[VIEW_NAME];
	bool found = true;

	*node = (struct view_node){ .kind = VIEW_ROOT };
	while (found && (part = strsep(&rest, "/"))) {
		struct view_node child;
		size_t n = 0;

		while ((found = view_child(node, n++, &child, name)) && strcmp(name, part))
			;
		*node = child;
	}
	free(copy);
	return found;
}

static char *read_text(const char *path)
{
	struct view_node node;
	size_t len;

	if (!find(path, &node))
		return NULL;
	return view_render(&node, &len);
}

#define assert_text(path, want) do {					\
	char *got = read_text(path);					\
	assert_non_null(got);						\
	assert_string_equal(got, want);					\
	free(got);							\
} while (0)

/* Every node is found again by its number, and no number stands for two. */
static void walk(const struct view_node *dir, uint64_t *seen, size_t *nr)
{
	struct view_node child, again;
	char name[VIEW_NAME];

	for (size_t n = 0; view_child(dir, n, &child, name); n++) {
		uint64_t ino = view_ino(&child);

		assert_true(view_node(ino, &again));
		assert_memory_equal(&child, &again, sizeof(child));
		assert_true(strlen(name) > 0);
		assert_null(strchr(name, '/'));
		for (size_t i = 0; i < *nr && !view_is_link(&child); i++)
			assert_true(seen[i] != ino);
		assert_true(*nr < 4096);
		seen[(*nr)++] = ino;
		if (view_is_dir(&child))
			walk(&child, seen, nr);
	}
}

static void tell(struct device *dev, uint32_t kind, uint64_t a, uint64_t b, const char *text)
{
	const struct told_note note = {
		.kind = kind, .a = a, .b = b, .text = text, .len = strlen(text),
	};

	told_note(dev, &note);
}

static void test_tree(void **state)
{
	const struct view_node root = { .kind = VIEW_ROOT };
	uint64_t *seen = calloc(4096, sizeof(*seen));
	struct view_node node;
	size_t nr = 0;

	(void)state;
	assert_int_equal(view_ino(&root), 1);
	walk(&root, seen, &nr);
	assert_true(nr > 60);
	assert_true(find("devices/0000:00:02.0/ring3/bars.json", &node));
	assert_true(find("kernel/log", &node));
	assert_false(find("devices/0000:00:02.0/driver", &node));
	assert_false(find("drivers/drv", &node));
	tell(devices[1], VFIO_USER_NOTE_DRIVER, 0, 0, "drv mod 2.1");
	tell(devices[1], VFIO_USER_NOTE_PLACE, 9, 0, "0000:01:00.0");
	assert_true(find("devices/0000:01:00.0/driver", &node));
	assert_true(find("drivers/drv/0000:01:00.0", &node));
	assert_text("drivers/drv/module", "mod\n");
	assert_text("devices/0000:01:00.0/irq", "9\n");
	nr = 0;
	walk(&root, seen, &nr);
	tell(devices[1], VFIO_USER_NOTE_DRIVER, 0, 0, "");
	assert_false(find("drivers/drv", &node));
	free(seen);
}

/* Numbers that we never gave out, as a broken kernel or a race could send. */
static void test_odd_numbers(void **state)
{
	struct view_node node;
	char target[64];
	size_t len;

	(void)state;
	for (uint64_t kind = 0; kind < 256; kind++) {
		for (unsigned int bit = 8; bit < 64; bit++) {
			if (!view_node(1 + (kind | 1ull << bit), &node))
				continue;
			view_file_of(&node);
			view_device_of(&node);
			if (view_is_link(&node))
				view_link(&node, target, sizeof(target));
			if (view_file_of(&node) && !view_file_of(&node)->read)
				free(view_render(&node, &len));
		}
	}
}

static void test_texts(void **state)
{
	struct device *dev = devices[0];
	char *text;

	(void)state;
	assert_text("devices/0000:00:01.0/vendor", "0x1234\n");
	assert_text("devices/0000:00:01.0/class", "0xff0000\n");
	assert_text("devices/0000:00:01.0/modalias",
		    "pci:v00001234d00007233sv00001234sd00007233bcFFsc00i00\n");
	assert_text("devices/0000:00:01.0/enable", "0\n");
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 8, 4, 0x1001);
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 16, 4, 0xc);
	wr(dev, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 20, 4, 0x10);
	wr(dev, VFIO_USER_CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	text = read_text("devices/0000:00:01.0/resource");
	assert_non_null(strstr(text, "0x0000000000001000 0x00000000000010ff 0x0000000000040101\n"));
	assert_non_null(strstr(text, "0x0000001000000000 0x0000001003ffffff 0x000000000014220c\n"));
	free(text);
	assert_text("devices/0000:00:01.0/enable", "1\n");
	rd(dev, 1, 0, 4);
	text = read_text("devices/0000:00:01.0/ring3/stats");
	assert_non_null(strstr(text, "register_reads 1\n"));
	free(text);
	text = read_text("devices/0000:00:01.0/ring3/state.json");
	assert_non_null(strstr(text, "\"memory\": \"on\""));
	assert_non_null(strstr(text, "\"driver\": null"));
	free(text);
}

static void test_bar_access_is_exact(void **state)
{
	struct device *dev = devices[0];
	uint64_t value;

	(void)state;
	assert_int_equal(view_bar_read(dev, 1, &value, 3, 0), -EINVAL);
	assert_int_equal(view_bar_read(dev, 1, &value, 4, 2), -EINVAL);
	assert_int_equal(view_bar_read(dev, 1, &value, 4, dev->regions[1].size - 2), -EINVAL);
	assert_int_equal(view_bar_read(dev, 1, &value, 4, dev->regions[1].size), -EINVAL);
	assert_int_equal(view_bar_read(dev, 1, &value, 4096, 0), -EINVAL);
	assert_int_equal(view_bar_read(dev, 2, &value, 8, 0), -EINVAL);
	assert_int_equal(view_bar_read(dev, 1, &value, 4, INT64_MAX - 3), -EINVAL);
	/* Decoding is off: nothing would answer. */
	assert_int_equal(view_bar_read(dev, 1, &value, 4, 0), -ENXIO);
	assert_int_equal(dev->accesses[1].reads[2], 0);
}

/* Shown as it was seen, and never by reading the device. */
static void test_registers(void **state)
{
	static const char text[] =
		"device 1234:7233\n"
		"CTRL 1 0x10 4 \"control\"\n"
		"  ON 0 0=no 1=yes\n"
		"OTHER 1 0x14 4\n";
	struct device *dev = devices[0];
	char err[REGS_ERR_MAX];
	struct view_node node;
	char *shown_text;

	(void)state;
	assert_false(find("devices/0000:00:01.0/ring3/registers", &node));
	dev->seen = calloc(1, sizeof(*dev->seen));
	dev->seen->regs = regs_parse(text, strlen(text), "test", err, sizeof(err));
	assert_non_null(dev->seen->regs);
	dev->seen->last = calloc(dev->seen->regs->nr, sizeof(*dev->seen->last));
	wr(dev, VFIO_USER_CONFIG, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	wr(dev, 1, 0x10, 2, 7);		/* not all of it */
	assert_text("devices/0000:00:01.0/ring3/registers", "");
	wr(dev, 1, 0x10, 4, 1);
	shown_text = read_text("devices/0000:00:01.0/ring3/registers");
	assert_non_null(strstr(shown_text, "CTRL "));
	assert_non_null(strstr(shown_text, "0x00000001 written"));
	assert_non_null(strstr(shown_text, "ON=yes"));
	assert_null(strstr(shown_text, "OTHER"));
	free(shown_text);
	assert_int_equal(dev->accesses[1].reads[2], 0);
}

static void test_rate(void **state)
{
	struct irq_vector v = { 0 };
	struct timespec now;
	uint64_t ns;

	(void)state;
	assert_true(irq_rate(&v) == 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000ull + now.tv_nsec;
	/* Half a second into a window: half of the last one counts. */
	v = (struct irq_vector){ .window_ns = ns - 500000000, .before = 100, .in_window = 40 };
	assert_in_range(irq_rate(&v), 80, 90);
	v.window_ns = ns - 1600000000;
	assert_in_range(irq_rate(&v), 20, 25);
	v.window_ns = ns - 5000000000;
	assert_true(irq_rate(&v) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bar_access_is_exact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
