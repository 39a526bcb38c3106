// SPDX-License-Identifier: GPL-2.0
/* shim-bind.c - unit tests of bind, unbind and status on a made-up sysfs with a made-up kernel */
#include "tests/unit/shim-test.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/bind.h"

static char root[64];
static const char *refuses;	/* a driver that takes no device */
static const char *broken;	/* an attribute that cannot be written */

static void put(const char *name, const char *text)
{
	char path[512], *slash;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void point(const char *name, const char *to)
{
	char path[512];

	put(name, "");
	snprintf(path, sizeof(path), "%s%s", root, name);
	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static void bound(const char *bdf, const char *driver)
{
	char name[128], to[128];

	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/driver", bdf);
	snprintf(to, sizeof(to), "../../../../bus/pci/drivers/%s", driver);
	point(name, to);
}

static void device(const char *bdf, const char *class, const char *group, const char *driver)
{
	char name[128], to[128];

	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/class", bdf);
	put(name, class);
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/vendor", bdf);
	put(name, "0x8086\n");
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/device", bdf);
	put(name, "0x10d3\n");
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/driver_override", bdf);
	put(name, "(null)\n");
	if (driver)
		bound(bdf, driver);
	if (!group)
		return;
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	snprintf(to, sizeof(to), "../../../kernel/iommu_groups/%s", group);
	point(name, to);
	snprintf(name, sizeof(name), "/sys/kernel/iommu_groups/%s/devices/%s", group, bdf);
	point(name, "x");
}

static char *get(const char *fmt, const char *bdf)
{
	_cleanup_free_ char *path = host_path(fmt, bdf);

	return read_text(path);
}

/* The native driver of the tests' devices is e1000e; others are bound by name or override. */
static int probe(const char *bdf)
{
	_cleanup_free_ char *override = get("/sys/bus/pci/devices/%s/driver_override", bdf);
	_cleanup_free_ char *link = host_path("/sys/bus/pci/devices/%s/driver", bdf);
	const char *driver = "e1000e";

	if (!access(link, F_OK))
		return 0;
	override[strcspn(override, "\n")] = '\0';
	if (*override && strcmp(override, "(null)"))
		driver = override;
	if (!refuses || strcmp(driver, refuses))
		bound(bdf, driver);
	return 0;
}

static int fake_write(const char *path, const char *text)
{
	const char *name = path + strlen(root);
	_cleanup_free_ char *link = host_path("/sys/bus/pci/devices/%s/driver", text);

	if (broken && strstr(name, broken)) {
		errno = EACCES;
		return -1;
	}
	if (!strcmp(name, "/sys/bus/pci/drivers_probe"))
		return probe(text);
	if (strstr(name, "/unbind"))
		return unlink(link);
	if (strstr(name, "/bind"))
		return errno = ENODEV, -1;
	put(name, *text == '\n' ? "(null)\n" : text);
	return 0;
}

static int make(void **state)
{
	(void)state;
	strcpy(root, "/tmp/ring3-test.XXXXXX");
	assert_non_null(mkdtemp(root));
	host_root = root;
	host_write = fake_write;
	refuses = broken = NULL;
	verbosity = -1;
	put("/run/x", "");
	put("/sys/bus/pci/drivers/vfio-pci/new_id", "");
	put("/proc/swaps", "Filename Type\n/dev/sdb2 partition 1 0 -2\n");
	put("/proc/self/mountinfo", "21 1 259:1 / /home rw - ext4 /dev/nvme0n1p1 rw\n");
	device("0000:01:00.0", "0x020000", "7", "e1000e");
	device("0000:02:00.0", "0x060400", "7", "pcieport");
	device("0000:03:00.0", "0x020000", NULL, "e1000e");
	device("0000:04:00.0", "0x010802", "8", "nvme");
	device("0000:05:00.0", "0x010601", "9", "ahci");
	device("0000:06:00.0", "0x030000", "10", "i915");
	device("0000:07:00.0", "0x020000", "11", NULL);
	return 0;
}

static int unmake(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static int on(const char *bdf, int (*fn)(const struct host_device *, bool), bool force)
{
	struct host_device dev;
	int status;

	assert_int_equal(host_get(bdf, &dev), 0);
	status = fn(&dev, force);
	host_free(&dev);
	return status;
}

static void assert_driver(const char *bdf, const char *want)
{
	struct host_device dev;

	assert_int_equal(host_get(bdf, &dev), 0);
	assert_string_equal(dev.driver ? dev.driver : "", want);
	host_free(&dev);
}

static void assert_override(const char *bdf, const char *want)
{
	_cleanup_free_ char *text = get("/sys/bus/pci/devices/%s/driver_override", bdf);

	assert_string_equal(text, want);
}

static void there_and_back(void **state)
{
	_cleanup_free_ char *before = NULL;

	(void)state;
	assert_int_equal(on("0000:01:00.0", bind_device, false), 0);
	assert_driver("0000:01:00.0", "vfio-pci");
	assert_override("0000:01:00.0", "vfio-pci");
	before = bind_before("0000:01:00.0");
	assert_string_equal(before, "e1000e");
	/* Once more changes nothing, above all not what is remembered. */
	assert_int_equal(on("0000:01:00.0", bind_device, false), 0);
	assert_int_equal(on("0000:01:00.0", unbind_device, false), 0);
	assert_driver("0000:01:00.0", "e1000e");
	assert_override("0000:01:00.0", "(null)\n");
	assert_null(bind_before("0000:01:00.0"));
	assert_int_equal(on("0000:01:00.0", unbind_device, false), RING3_EXIT_SETUP);
}

static void an_override_of_others_comes_back(void **state)
{
	(void)state;
	put("/sys/bus/pci/devices/0000:01:00.0/driver_override", "mine\n");
	bound("0000:01:00.0", "mine");
	assert_int_equal(on("0000:01:00.0", bind_device, false), 0);
	assert_int_equal(on("0000:01:00.0", unbind_device, false), 0);
	assert_driver("0000:01:00.0", "mine");
	assert_override("0000:01:00.0", "mine");
}

static void without_a_driver(void **state)
{
	(void)state;
	refuses = "e1000e";
	assert_int_equal(on("0000:07:00.0", bind_device, false), 0);
	assert_driver("0000:07:00.0", "vfio-pci");
	assert_int_equal(on("0000:07:00.0", unbind_device, false), 0);
	assert_driver("0000:07:00.0", "");
}

static void never_without_a_driver_after_a_failure(void **state)
{
	(void)state;
	refuses = "vfio-pci";
	assert_int_equal(on("0000:01:00.0", bind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "e1000e");
	assert_override("0000:01:00.0", "(null)\n");
	assert_null(bind_before("0000:01:00.0"));
	refuses = NULL;
	broken = "/e1000e/unbind";
	assert_int_equal(on("0000:01:00.0", bind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "e1000e");
	assert_override("0000:01:00.0", "(null)\n");
	broken = "driver_override";
	assert_int_equal(on("0000:01:00.0", bind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "e1000e");
	broken = NULL;
	assert_int_equal(on("0000:01:00.0", bind_device, false), 0);
	refuses = "e1000e";
	assert_int_equal(on("0000:01:00.0", unbind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "vfio-pci");
	refuses = NULL;
	assert_int_equal(on("0000:01:00.0", unbind_device, false), 0);
	assert_driver("0000:01:00.0", "e1000e");
}

static void not_to_be_had(void **state)
{
	struct host_device dev;
	char bdf[VFIO_BDF];

	(void)state;
	assert_int_equal(on("0000:02:00.0", bind_device, true), RING3_EXIT_SETUP);
	assert_int_equal(on("0000:03:00.0", bind_device, true), RING3_EXIT_SETUP);
	assert_driver("0000:03:00.0", "e1000e");
	assert_int_equal(host_get("0000:99:00.0", &dev), RING3_EXIT_SETUP);
	assert_int_equal(host_parse("99.0", bdf), RING3_EXIT_SETUP);
	assert_int_equal(host_parse("AB:00.0", bdf), 0);
	assert_string_equal(bdf, "0000:ab:00.0");
}

static void assert_in_use(const char *bdf, const char *why)
{
	_cleanup_free_ char *use = NULL;
	struct host_device dev;

	assert_int_equal(host_get(bdf, &dev), 0);
	use = host_in_use(&dev);
	if (!why)
		assert_null(use);
	else
		assert_non_null(strstr(use ? use : "not in use", why));
	host_free(&dev);
}

static void disk(const char *bdf, const char *disk_name, const char *part, const char *number)
{
	char name[256], to[256];

	snprintf(name, sizeof(name), "/sys/devices/pci0000:00/%s/x/block/%s/dev", bdf, disk_name);
	put(name, "259:0\n");
	snprintf(name, sizeof(name), "/sys/devices/pci0000:00/%s/x/block/%s/%s/dev", bdf,
		 disk_name, part);
	put(name, number);
	snprintf(name, sizeof(name), "/sys/block/%s", disk_name);
	snprintf(to, sizeof(to), "../devices/pci0000:00/%s/x/block/%s", bdf, disk_name);
	point(name, to);
}

static void in_use(void **state)
{
	(void)state;
	assert_in_use("0000:01:00.0", NULL);
	put("/sys/bus/pci/devices/0000:01:00.0/net/eth7/flags", "0x1002\n");
	assert_in_use("0000:01:00.0", NULL);
	put("/sys/bus/pci/devices/0000:01:00.0/net/eth7/flags", "0x1003\n");
	assert_in_use("0000:01:00.0", "eth7 is up; 'ip link set eth7 down'");
	disk("0000:04:00.0", "nvme0n1", "nvme0n1p1", "259:1\n");
	assert_in_use("0000:04:00.0", "nvme0n1p1 is mounted on /home; 'umount /home'");
	disk("0000:05:00.0", "sdb", "sdb2", "8:18\n");
	assert_in_use("0000:05:00.0", "sdb2 is used for swap; 'swapoff /dev/sdb2'");
	put("/proc/swaps", "");
	assert_in_use("0000:05:00.0", NULL);
	put("/sys/devices/pci0000:00/0000:05:00.0/x/block/sdb/sdb2/holders/dm-3", "");
	assert_in_use("0000:05:00.0", "sdb2 is part of dm-3");
	put("/sys/bus/pci/devices/0000:06:00.0/boot_vga", "1\n");
	assert_in_use("0000:06:00.0", "display");

	assert_int_equal(on("0000:01:00.0", bind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "e1000e");
	assert_int_equal(on("0000:01:00.0", bind_device, true), 0);
	assert_driver("0000:01:00.0", "vfio-pci");
}

static void processes_that_use_it(void **state)
{
	_cleanup_free_ char *holder = NULL, *link = NULL;

	(void)state;
	assert_int_equal(on("0000:01:00.0", bind_device, false), 0);
	assert_null(host_holder("7"));
	put("/proc/4711/comm", "ring3-\033proxy\n");
	point("/proc/4711/fd/3", "/dev/vfio/71");
	assert_null(host_holder("7"));
	point("/proc/4711/fd/4", "/dev/vfio/7");
	holder = host_holder("7");
	assert_string_equal(holder, "4711 (ring3-?proxy)");
	/* Or the device itself, where the kernel has character devices for them. */
	link = host_path("/proc/4711/fd/4");
	assert_int_equal(unlink(link), 0);
	point("/proc/4711/fd/4", "/dev/vfio/devices/vfio3");
	put("/sys/bus/pci/devices/0000:01:00.0/vfio-dev/vfio3/uevent", "");
	assert_null(host_holder("7"));
	put("/sys/bus/pci/devices/0000:01:00.0/vfio-dev/vfio3/dev", "511:3\n");
	free(holder);
	holder = host_holder("7");
	assert_string_equal(holder, "4711 (ring3-?proxy)");
	assert_int_equal(on("0000:01:00.0", unbind_device, false), RING3_EXIT_SETUP);
	assert_driver("0000:01:00.0", "vfio-pci");
	assert_int_equal(on("0000:01:00.0", unbind_device, true), 0);
	assert_driver("0000:01:00.0", "e1000e");
}

static void lists(void **state)
{
	struct host_list list;

	(void)state;
	host_list(&list, NULL);
	assert_int_equal(list.n, 7);
	assert_string_equal(list.v[0].bdf, "0000:01:00.0");
	assert_string_equal(list.v[6].bdf, "0000:07:00.0");
	host_list_free(&list);
	host_list(&list, "7");
	assert_int_equal(list.n, 2);
	assert_int_equal(list.v[0].vendor, 0x8086);
	assert_true(host_is_bridge(&list.v[1]));
	host_list_free(&list);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(an_override_of_others_comes_back),
		TEST(without_a_driver),
		TEST(never_without_a_driver_after_a_failure),
		TEST(not_to_be_had),
		TEST(in_use),
		TEST(processes_that_use_it),
		TEST(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
