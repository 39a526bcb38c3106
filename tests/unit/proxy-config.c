// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-config.c - the virtual configuration space
 */
#include "tests/unit/proxy-common.h"

static void test_identity(void **state)
{
	struct device *dev = *state;

	assert_int_equal(cfg(dev, PCI_VENDOR_ID, 4), TD_DEVICE << 16 | TD_VENDOR);
	set_cfg(dev, PCI_VENDOR_ID, 4, 0);
	set_cfg(dev, PCI_CLASS_REVISION, 4, 0);
	assert_int_equal(cfg(dev, PCI_VENDOR_ID, 4), TD_DEVICE << 16 | TD_VENDOR);
	assert_int_equal(cfg(dev, PCI_CLASS_REVISION, 4), (uint32_t)TD_CLASS << 8 | TD_REVISION);
	assert_int_equal(cfg(dev, PCI_INTERRUPT_PIN, 1), 1);
	set_cfg(dev, PCI_INTERRUPT_LINE, 1, 0x5a);
	assert_int_equal(cfg(dev, PCI_INTERRUPT_LINE, 1), 0x5a);
}

static void test_bar_sizes(void **state)
{
	static const uint32_t want[6] = {
		0xffff0000, 0xffffe000, 0xffffff01, 0xffffe000, 0xfc00000c, 0xffffffff,
	};
	struct device *dev = *state;

	for (int i = 0; i < 6; i++) {
		set_cfg(dev, PCI_BASE_ADDRESS_0 + 4 * i, 4, ~0u);
		assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_0 + 4 * i, 4), want[i]);
	}
	set_cfg(dev, PCI_ROM_ADDRESS, 4, ~0u);
	assert_int_equal(cfg(dev, PCI_ROM_ADDRESS, 4), 0);
}

static void test_bar_place(void **state)
{
	struct device *dev = *state;

	set_cfg(dev, PCI_BASE_ADDRESS_0, 4, 0x12345678);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_0, 4), 0x12340000);
	set_cfg(dev, PCI_BASE_ADDRESS_0 + 3, 1, 0xab);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_0, 4), 0xab340000);
	set_cfg(dev, PCI_BASE_ADDRESS_0 + 2, 2, 0xcdef);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_0, 4), 0xcdef0000);
	set_cfg(dev, PCI_BASE_ADDRESS_4, 4, 0x40000000);
	set_cfg(dev, PCI_BASE_ADDRESS_5, 4, 0x12);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_4, 4), 0x4000000c);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_5, 4), 0x12);
}

static void test_command(void **state)
{
	struct device *dev = *state;

	assert_int_equal(cfg(dev, PCI_COMMAND, 2), 0);
	set_cfg(dev, PCI_COMMAND, 2, 0xffff);
	assert_int_equal(cfg(dev, PCI_COMMAND, 2),
			 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			 PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	set_cfg(dev, PCI_COMMAND, 4, 0);
	assert_int_equal(cfg(dev, PCI_COMMAND, 2), 0);
}

static void test_decode_off(void **state)
{
	struct device *dev = *state;

	assert_int_equal(rd(dev, 1, TD_ID, 4), 0xffffffff);
	wr(dev, 1, TD_SCRATCH, 8, 0x1122334455667788);
	assert_int_equal(rd(dev, 2, TD_PORT_RAM, 1), 0xff);
	set_cfg(dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(rd(dev, 1, TD_ID, 4), TD_ID_VALUE);
	assert_int_equal(rd(dev, 1, TD_SCRATCH, 8), 0);
	assert_int_equal(rd(dev, 2, TD_PORT_RAM, 1), 0xff);
	set_cfg(dev, PCI_COMMAND, 2, PCI_COMMAND_IO);
	assert_int_equal(rd(dev, 2, TD_PORT_RAM, 1), 0);
	assert_int_equal(rd(dev, 1, TD_ID, 4), 0xffffffff);
}

static void test_widths(void **state)
{
	struct device *dev = *state;
	uint8_t all[CONFIG_MAX], odd[37];

	assert_int_equal(device_region_access(dev, VFIO_USER_CONFIG, 0, all, sizeof(all), false),
			 0);
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(all[i], cfg(dev, i, 1));
	assert_int_equal(device_region_access(dev, VFIO_USER_CONFIG, 3, odd, sizeof(odd), false),
			 0);
	assert_memory_equal(odd, all + 3, sizeof(odd));
	assert_int_equal(all[0x100], 0);
}

static void test_capabilities(void **state)
{
	struct device *dev = *state;

	assert_int_equal(cfg(dev, PCI_CAPABILITY_LIST, 1), CAP_MSI);
	assert_int_equal(cfg(dev, CAP_MSI, 1), PCI_CAP_ID_MSI);
	assert_int_equal(cfg(dev, CAP_MSIX, 1), PCI_CAP_ID_MSIX);
	set_cfg(dev, CAP_MSIX, 4, ~0u);
	assert_int_equal(cfg(dev, CAP_MSIX + PCI_MSIX_FLAGS, 2),
			 (TD_MSIX_VECTORS - 1) | PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	set_cfg(dev, CAP_MSIX + PCI_MSIX_TABLE, 4, 0);
	assert_int_equal(cfg(dev, CAP_MSIX + PCI_MSIX_TABLE, 4),
			 TD_MSIX_TABLE | TD_MSIX_TABLE_BAR);
	set_cfg(dev, CAP_MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee00003);
	assert_int_equal(cfg(dev, CAP_MSI + PCI_MSI_ADDRESS_LO, 4), 0xfee00000);
	set_cfg(dev, CAP_MSI + PCI_MSI_FLAGS, 2, 0x70 | PCI_MSI_FLAGS_ENABLE);
	assert_int_equal(config_msi_vectors(dev), TD_MSI_VECTORS);
	assert_true(config_msi_enabled(dev));
}

static void test_flr(void **state)
{
	struct device *dev = *state;
	uint32_t resets;

	enable(dev);
	resets = rd(dev, 1, TD_RESETS, 4);
	set_cfg(dev, PCI_BASE_ADDRESS_0, 4, 0x10000000);
	set_cfg(dev, CAP_MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	set_cfg(dev, CAP_EXPRESS + PCI_EXP_DEVCTL, 2, 0x2810 | PCI_EXP_DEVCTL_BCR_FLR);
	assert_int_equal(cfg(dev, PCI_COMMAND, 2), 0);
	assert_int_equal(cfg(dev, PCI_BASE_ADDRESS_0, 4), 0);
	assert_false(config_msix_enabled(dev));
	assert_int_equal(cfg(dev, CAP_EXPRESS + PCI_EXP_DEVCTL, 2), 0);
	enable(dev);
	assert_int_equal(rd(dev, 1, TD_RESETS, 4), resets + 1);
	device_reset(dev);
	enable(dev);
	assert_int_equal(rd(dev, 1, TD_RESETS, 4), resets + 2);
}

static void test_counters(void **state)
{
	struct device *dev = *state;

	enable(dev);
	for (uint32_t w = 0; w < 4; w++) {
		for (uint32_t i = 0; i <= w; i++) {
			rd(dev, 1, TD_SCRATCH, 1u << w);
			wr(dev, 4, TD_BAR4_HOLE, 1u << w, 0);
		}
		assert_int_equal(rd(dev, 1, TD_COUNTER(1, 0, w), 4), w + 1);
		assert_int_equal(rd(dev, 1, TD_COUNTER(4, 1, w), 4), w + 1);
		assert_int_equal(rd(dev, 1, TD_COUNTER(4, 0, w), 4), 0);
	}
	wr(dev, 1, TD_COUNT_RESET, 4, 1);
	assert_int_equal(rd(dev, 1, TD_COUNTER(1, 0, 3), 4), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_testdev, teardown_testdev)
	const struct CMUnitTest tests[] = {
		TEST(test_identity), TEST(test_bar_sizes), TEST(test_bar_place),
		TEST(test_command), TEST(test_decode_off), TEST(test_widths),
		TEST(test_capabilities), TEST(test_flr), TEST(test_counters),
	};

	return cmocka_run_group_tests_name("proxy-config", tests, NULL, NULL);
}
