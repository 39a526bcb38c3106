// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-policy.c - what of configuration space a driver can write
 */
#include "tests/unit/proxy-common.h"

#include "proxy/testdev/internal.h"

static struct device *make(const char *spec)
{
	struct device *dev;

	assert_int_equal(loop_init(), 0);
	dev = device_new(spec_parse(spec), &backend_testdev);
	assert_non_null(dev);
	assert_int_equal(dev->backend->open(dev), 0);
	assert_int_equal(device_setup(dev), 0);
	return dev;
}

static int setup_safe(void **state)
{
	*state = make("testdev,caps=all");
	return 0;
}

/* What the device itself has, not what the client sees. */
static uint32_t real(struct device *dev, uint32_t off, unsigned int width)
{
	return dev->backend->config_read(dev, off, width);
}

static uint64_t denials(const struct device *dev)
{
	return dev->policy.denied[DENY_CONFIG];
}

static void assert_closed(struct device *dev, uint32_t off, unsigned int width)
{
	uint32_t before = real(dev, off, width), mask = ~0u >> (32 - 8 * width);
	uint64_t n = denials(dev);

	cfg(dev, off, width);
	set_cfg(dev, off, width, ~before & mask);
	assert_int_equal(real(dev, off, width), before);
	assert_int_equal(cfg(dev, off, width), before);
	assert_int_equal(denials(dev), n + 1);
	/* What is there already may be written. */
	set_cfg(dev, off, width, before);
	assert_int_equal(denials(dev), n + 1);
}

static void test_closed(void **state)
{
	struct device *dev = *state;

	assert_closed(dev, TD_CAP_VENDOR + 4, 4);
	assert_closed(dev, TD_CAP_VENDOR + 2, 1);
	assert_closed(dev, TD_CAP_VPD + PCI_VPD_DATA, 4);
	assert_closed(dev, TD_CAP_SRIOV + PCI_SRIOV_CTRL, 2);
	assert_closed(dev, TD_CAP_SRIOV + PCI_SRIOV_BAR, 4);
	assert_closed(dev, TD_CAP_ATS + PCI_ATS_CTRL, 2);
	assert_closed(dev, TD_CAP_PM + PCI_PM_PMC, 2);
	assert_closed(dev, CAP_EXPRESS + PCI_EXP_LNKCTL2, 2);
	assert_closed(dev, 0xac, 4);		/* between capabilities */
	assert_closed(dev, 0xf0, 2);
	assert_closed(dev, 0x800, 4);
	assert_closed(dev, 0xffc, 4);
}

static void test_open(void **state)
{
	static const struct {
		uint32_t off, width, value;
	} regs[] = {
		{ PCI_CACHE_LINE_SIZE, 1, 0x10 }, { PCI_LATENCY_TIMER, 1, 0x40 },
		{ TD_CAP_PM + PCI_PM_CTRL, 2, 3 | PCI_PM_CTRL_PME_ENABLE },
		{ TD_CAP_VPD + PCI_VPD_ADDR, 2, 0x1234 },
		{ CAP_EXPRESS + PCI_EXP_DEVCTL, 2, 0x281f },
		{ TD_CAP_AER + PCI_ERR_UNCOR_MASK, 4, 0x12345678 },
		{ TD_CAP_LTR + PCI_LTR_MAX_SNOOP_LAT, 4, 0x10011002 },
	};
	struct device *dev = *state;

	for (size_t i = 0; i < ARRAY_SIZE(regs); i++) {
		set_cfg(dev, regs[i].off, regs[i].width, regs[i].value);
		assert_int_equal(real(dev, regs[i].off, regs[i].width), regs[i].value);
	}
	assert_int_equal(denials(dev), 0);
}

/* One access over registers that are open, closed and virtual. */
static void test_mixed(void **state)
{
	struct device *dev = *state;

	set_cfg(dev, TD_CAP_PM + PCI_PM_CTRL, 4, 0xa5a50003);
	assert_int_equal(real(dev, TD_CAP_PM + PCI_PM_CTRL, 4), 3);
	assert_int_equal(denials(dev), 1);
	set_cfg(dev, PCI_CACHE_LINE_SIZE, 4, 0x5a5a4010);
	assert_int_equal(real(dev, PCI_CACHE_LINE_SIZE, 2), 0x4010);
	assert_int_equal(cfg(dev, PCI_HEADER_TYPE, 1), 0);
	/* Bits of an open register. */
	set_cfg(dev, CAP_EXPRESS + PCI_EXP_DEVCTL, 2, 0x0610);
	assert_int_equal(real(dev, CAP_EXPRESS + PCI_EXP_DEVCTL, 2), 0x0010);
	assert_int_equal(denials(dev), 2);
}

/* A write of the EEPROM begins with the flag: nothing of it may reach the device. */
static void test_vpd(void **state)
{
	struct device *dev = *state;

	set_cfg(dev, TD_CAP_VPD + PCI_VPD_ADDR, 2, 0x0010);
	set_cfg(dev, TD_CAP_VPD + PCI_VPD_ADDR, 2, PCI_VPD_ADDR_F | 0x0020);
	set_cfg(dev, TD_CAP_VPD, 4, (PCI_VPD_ADDR_F | 0x0030u) << 16);
	set_cfg(dev, TD_CAP_VPD + PCI_VPD_ADDR + 1, 1, 0x80);
	assert_int_equal(real(dev, TD_CAP_VPD + PCI_VPD_ADDR, 2), 0x0010);
	assert_int_equal(denials(dev), 3);
}

/* Byte by byte it must come to the same. */
static void test_bytes(void **state)
{
	struct device *dev = *state;

	for (uint32_t off = PCI_STD_HEADER_SIZEOF; off < CONFIG_MAX; off++)
		if (off != CAP_EXPRESS + PCI_EXP_DEVCTL + 1 && off != TD_CAP_AF + PCI_AF_CTRL)
			set_cfg(dev, off, 1, 0xff);
	assert_int_equal(real(dev, TD_CAP_VENDOR + 4, 4), 0);
	assert_int_equal(real(dev, TD_CAP_SRIOV + PCI_SRIOV_CTRL, 2), 0);
	assert_int_equal(real(dev, TD_CAP_ATS + PCI_ATS_CTRL, 2), 0);
	assert_int_equal(real(dev, TD_CAP_VPD + PCI_VPD_ADDR, 2), 0x00ff);
	assert_int_equal(real(dev, CAP_EXPRESS + PCI_EXP_LNKCTL2, 2), 0);
	assert_int_equal(real(dev, CAP_MSIX + PCI_MSIX_TABLE, 4), TD_MSIX_TABLE | TD_MSIX_TABLE_BAR);
}

/* Function resets are ours to carry out, and reset what is virtual too. */
static void test_af(void **state)
{
	struct device *dev = *state;
	uint64_t resets = dev->resets;

	enable(dev);
	set_cfg(dev, TD_CAP_AF + PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR);
	assert_int_equal(dev->resets, resets + 1);
	assert_int_equal(cfg(dev, PCI_COMMAND, 2), 0);
	assert_int_equal(real(dev, TD_CAP_AF + PCI_AF_CTRL, 1), 0);
}

static void test_raw(void **state)
{
	struct device *dev = make("testdev,caps=all,config=raw");

	(void)state;
	set_cfg(dev, TD_CAP_VENDOR + 4, 4, 0x12345678);
	set_cfg(dev, TD_CAP_SRIOV + PCI_SRIOV_CTRL, 2, 1);
	assert_int_equal(real(dev, TD_CAP_VENDOR + 4, 4), 0x12345678);
	assert_int_equal(real(dev, TD_CAP_SRIOV + PCI_SRIOV_CTRL, 2), 1);
	/* BARs, MSI and MSI-X stay virtual. */
	set_cfg(dev, PCI_BASE_ADDRESS_0, 4, 0x12340000);
	set_cfg(dev, CAP_MSI + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
	set_cfg(dev, CAP_MSIX + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
	assert_int_equal(real(dev, PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(real(dev, CAP_MSI + PCI_MSI_ADDRESS_LO, 4), 0);
	assert_int_equal(real(dev, CAP_MSIX + PCI_MSIX_FLAGS, 2), TD_MSIX_VECTORS - 1);
	assert_int_equal(denials(dev), 0);
	free_testdev(dev);
}

static void test_other(void **state)
{
	struct device *dev;

	(void)state;
	assert_int_equal(loop_init(), 0);
	dev = device_new(spec_parse("testdev,config=open"), &backend_testdev);
	assert_int_equal(dev->backend->open(dev), 0);
	assert_int_equal(device_setup(dev), -1);
	assert_non_null(strstr(fail_text(), "config=open: use safe or raw"));
	free_testdev(dev);
}

int main(void)
{
#define SAFE(f) cmocka_unit_test_setup_teardown(f, setup_safe, teardown_testdev)
	const struct CMUnitTest tests[] = {
		SAFE(test_closed), SAFE(test_open), SAFE(test_mixed), SAFE(test_vpd), SAFE(test_bytes),
		SAFE(test_af), cmocka_unit_test(test_raw), cmocka_unit_test(test_other),
	};

	return cmocka_run_group_tests_name("proxy-policy", tests, NULL, NULL);
}
