// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-vfio.c - what can be tested of VFIO without hardware: names, reasons, a made-up sysfs, and
 * how a device is handed out and taken back
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "proxy/vfio/vfio.h"
#include "tests/unit/proxy-client.h"

static char root[64];

static void make_dirs(const char *path)
{
	char part[256];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		mkdir(part, 0755);
	}
	mkdir(path, 0755);
}

static void dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_dirs(path);
}

static void point(const char *name, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(symlink(to, path), 0);
}

static void device(const char *bdf, const char *group, const char *driver)
{
	char name[128], to[128];

	snprintf(name, sizeof(name), "bus/pci/devices/%s", bdf);
	dir(name);
	snprintf(name, sizeof(name), "bus/pci/devices/%s/driver", bdf);
	snprintf(to, sizeof(to), "../../drivers/%s", driver ? driver : "");
	if (driver)
		point(name, to);
	if (!group)
		return;
	snprintf(name, sizeof(name), "bus/pci/devices/%s/iommu_group", bdf);
	snprintf(to, sizeof(to), "../../../kernel/iommu_groups/%s", group);
	point(name, to);
	snprintf(name, sizeof(name), "kernel/iommu_groups/%s/devices", group);
	dir(name);
	snprintf(name, sizeof(name), "kernel/iommu_groups/%s/devices/%s", group, bdf);
	point(name, "x");
}

static int make_sysfs(void **state)
{
	(void)state;
	strcpy(root, "/tmp/ring3-test.XXXXXX");
	assert_non_null(mkdtemp(root));
	vfio_sysfs = root;
	device("0000:01:00.0", "7", "vfio-pci");
	device("0000:02:00.0", "8", "e1000e");
	device("0000:03:00.0", "8", NULL);
	device("0000:03:01.0", "8", "8139cp");
	device("0000:03:02.0", "8", "pcieport");
	device("0000:04:00.0", NULL, "nvme");
	return 0;
}

static int remove_sysfs(void **state)
{
	char command[128];

	(void)state;
	vfio_sysfs = "/sys";
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void test_places(void **state)
{
	static const char *const good[][2] = {
		{ "0000:01:00.0", "0000:01:00.0" }, { "01:00.0", "0000:01:00.0" },
		{ "ABCD:eF:1f.7", "abcd:ef:1f.7" },
	};
	static const char *const bad[] = {
		"", "1:00.0", "01:00", "01:00.8", "01:20.0", "01:00.0x", "000:01:00.0", "01-00.0",
		"0000:01:00,0", "0000.01:00.0", "00000:01:00.0", "gg:00.0", "../../../../x",
	};
	char bdf[VFIO_BDF];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(vfio_parse_bdf(good[i][0], bdf), 0);
		assert_string_equal(bdf, good[i][1]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(vfio_parse_bdf(bad[i], bdf), -1);
}

static void assert_refused(const char *spec, const char *why, const char *next)
{
	struct device *dev = device_new(spec_parse(spec), &backend_vfio);

	assert_non_null(dev);
	assert_int_equal(dev->backend->open(dev), -1);
	print_message("# %s\n", fail_text());
	assert_non_null(strstr(fail_text(), why));
	assert_non_null(strstr(fail_text(), next));
	assert_null(strchr(fail_text(), '\n'));
	device_free(dev);
}

static void test_reasons(void **state)
{
	(void)state;
	assert_int_equal(loop_init(), 0);
	assert_refused("vfio", "no place of a PCI device", "ring3 status");
	assert_refused("vfio:eth0", "'eth0' is no place of a PCI device", "ring3 status");
	assert_refused("vfio:0a:00.0", "no PCI device 0000:0a:00.0", "ring3 status");
	assert_refused("vfio:02:00.0", "bound to vfio-pci but to e1000e", "ring3 bind 0000:02:00.0");
	assert_refused("vfio:03:00.0", "to no driver", "ring3 bind 0000:03:00.0");
	assert_refused("vfio:04:00.0", "no IOMMU in use", "intel_iommu=on");
	dir("class/iommu/dmar0");
	assert_refused("vfio:04:00.0", "no IOMMU group", "another slot");
	assert_refused("vfio:01:00.0,iommufd=x", "iommufd=x", "auto, on or off");
	assert_refused("vfio:01:00.0,iommufd=on", "no character devices", "leave iommufd=on out");
	loop_exit();
}

static void test_not_viable(void **state)
{
	char *who = vfio_not_viable("8");

	(void)state;
	assert_non_null(strstr(who, "0000:02:00.0 (driver e1000e)"));
	assert_non_null(strstr(who, "0000:03:01.0 (driver 8139cp)"));
	assert_null(strstr(who, "0000:03:00.0"));
	assert_null(strstr(who, "pcieport"));
	free(who);
	assert_int_equal(vfio_group_size("8"), 4);
	assert_int_equal(vfio_group_size("7"), 1);
	who = vfio_not_viable("7");
	assert_string_equal(who, "");
	free(who);
	dir("bus/pci/devices/0000:01:00.0/vfio-dev/vfio0");
	assert_true(vfio_is_held("0000:01:00.0"));
	assert_false(vfio_is_held("0000:02:00.0"));
	assert_false(vfio_is_held("0000:0a:00.0"));
}

static unsigned int ask_region(uint32_t index, struct vfio_user_region_info *got)
{
	struct vfio_user_region_info ask = { .argsz = 4096, .index = index };

	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_GET_REGION_INFO, &ask, sizeof(ask), NULL, 0, got,
				 sizeof(*got)), 0);
	return reply_fds;
}

/* One that is the whole device is handed out once, first, and to a hosted kernel alone. */
static void test_guarded_descriptors(void **state)
{
	struct vfio_user_region_info got;
	struct vfio_user_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_USER_MSIX };

	(void)state;
	c.dev->regions[0].guarded = c.dev->regions[4].guarded = true;
	negotiate();
	assert_int_equal(ask_region(0, &got), 0);
	assert_false(got.flags & VFIO_USER_REGION_MMAP);
	assert_int_equal(got.size, TD_BAR0_SIZE);
	c.dev->launched = true;
	assert_int_equal(rpc(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)), 0);
	assert_int_equal(ask_region(0, &got), 1);
	assert_true(got.flags & VFIO_USER_REGION_MMAP);
	assert_int_equal(ask_region(0, &got), 0);
	assert_false(got.flags & VFIO_USER_REGION_MMAP);
	assert_alive();
	assert_int_equal(ask_region(4, &got), 0);
	assert_false(got.flags & VFIO_USER_REGION_MMAP);
	assert_int_equal(got.cap_offset, 0);
}

static void test_refused_requests_count(void **state)
{
	struct vfio_user_region_info got;
	uint64_t x;

	(void)state;
	c.dev->regions[0].guarded = true;
	c.dev->launched = true;
	negotiate();
	assert_int_equal(read_reg(1, 0x2000, 4, &x), EINVAL);
	assert_int_equal(ask_region(0, &got), 0);
}

static void arm(uint32_t index, int fd)
{
	struct vfio_user_irq_set s = {
		sizeof(s), VFIO_USER_IRQ_DATA_EVENTFD | VFIO_USER_IRQ_TRIGGER, index, 0, 1,
	};

	assert_int_equal(rpc_fds(VFIO_USER_DEVICE_SET_IRQS, &s, sizeof(s), &fd, 1, NULL, 0), 0);
}

/* The client is told, once, and then nothing of the device is left to it. */
static void test_wanted_back(void **state)
{
	struct vfio_user_dma_map m = { sizeof(m), 3, 0, 0x40000000, 0x10000 };
	int mem = memfd_create("ram", MFD_CLOEXEC), request = make_eventfd(), line = make_eventfd();
	uint32_t value = 0;

	(void)state;
	c.dev->irqs.count[VFIO_USER_REQ] = 1;
	assert_int_equal(ftruncate(mem, 0x10000), 0);
	negotiate();
	assert_alive();
	arm(VFIO_USER_REQ, request);
	arm(VFIO_USER_INTX, line);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), &mem, 1, NULL, 0), 0);
	assert_int_equal(signals(request), 0);
	device_wanted(c.dev);
	assert_int_equal(signals(request), 1);
	assert_int_equal(c.dev->dma.nr, 0);
	assert_false(notify_armed(&c.dev->irqs.intx.notify));
	assert_int_equal(read_reg(1, TD_ID, 4, &value), 0);
	assert_int_equal(value, 0xffffffff);
	assert_int_equal(read_reg(VFIO_USER_CONFIG, 0, 4, &value), 0);
	assert_int_equal(value, 0xffffffff);
	assert_int_equal(write_reg(VFIO_USER_CONFIG, PCI_COMMAND, 2, 7), 0);
	assert_int_equal(rpc_fds(VFIO_USER_DMA_MAP, &m, sizeof(m), &mem, 1, NULL, 0), ENODEV);
	assert_int_equal(rpc(VFIO_USER_DEVICE_RESET, NULL, 0), 0);
	assert_int_equal(signals(request), 0);
	close(request);
	close(line);
	close(mem);
}

static unsigned int mapped, unmapped;

static int fake_map(const struct vfio_group *g, const struct vfio_map *m)
{
	(void)g;
	assert_true(m->at && m->at != MAP_FAILED);
	mapped++;
	return 0;
}

static int fake_unmap(const struct vfio_group *g, const struct vfio_map *m)
{
	(void)g;
	(void)m;
	unmapped++;
	return 0;
}

/* Memory is pinned once, before its client asks; and is nobody's who asks for something else. */
static void test_mapped_ahead(void **state)
{
	static const struct vfio_way fake = { .map = fake_map, .unmap = fake_unmap };
	const struct dma_request all = { RAM_IOVA, 0x10000, 0, 3 }, half = { RAM_IOVA, 0x8000, 0, 3 };
	struct vfio_group g = { .way = &fake, .fd = -1, .container = -1, .devices = 3 };
	struct vfio_dev a = { .group = &g, .bit = 0, .fd = 0 }, b = { .group = &g, .bit = 1, .fd = 0 };
	int ram = memfd_create("ram", MFD_CLOEXEC), other = memfd_create("other", MFD_CLOEXEC);

	(void)state;
	mapped = unmapped = 0;
	assert_int_equal(ftruncate(ram, 0x10000) | ftruncate(other, 0x10000), 0);
	/* As it was expected, by both devices of the group. */
	assert_int_equal(vfio_map_ahead(&a, RAM_IOVA, 0x10000, ram), 0);
	assert_int_equal(mapped, 1);
	assert_int_equal(vfio_map(&a, &all, ram), 0);
	assert_int_equal(vfio_map(&b, &all, ram), 0);
	vfio_map_drop_ahead(&g);
	assert_int_equal(mapped * 10 + unmapped, 10);
	vfio_unmap(&a, 0, 0);
	assert_int_equal(unmapped, 0);
	vfio_unmap(&b, 0, 0);
	assert_int_equal(unmapped, 1);
	/* Less than that, or another file. */
	assert_int_equal(vfio_map_ahead(&a, RAM_IOVA, 0x10000, ram), 0);
	assert_int_equal(vfio_map(&a, &half, ram), 0);
	assert_int_equal(mapped * 10 + unmapped, 32);
	vfio_unmap(&a, 0, 0);
	assert_int_equal(vfio_map_ahead(&a, RAM_IOVA, 0x10000, ram), 0);
	assert_int_equal(vfio_map(&a, &all, other), 0);
	assert_int_equal(mapped * 10 + unmapped, 54);
	vfio_unmap(&a, 0, 0);
	/* Never asked for. */
	assert_int_equal(vfio_map_ahead(&a, RAM_IOVA, 0x10000, ram), 0);
	vfio_unmap(&b, 0, 0);
	assert_int_equal(mapped * 10 + unmapped, 65);
	vfio_map_drop_ahead(&g);
	assert_int_equal(mapped * 10 + unmapped, 66);
	assert_int_equal(g.nr_maps, 0);
	free(g.maps);
	close(ram);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test_setup_teardown(test_reasons, make_sysfs, remove_sysfs),
		cmocka_unit_test_setup_teardown(test_not_viable, make_sysfs, remove_sysfs),
		TEST(test_guarded_descriptors),
		TEST(test_refused_requests_count),
		TEST(test_wanted_back),
		cmocka_unit_test(test_mapped_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
