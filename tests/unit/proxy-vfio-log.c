// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-vfio-log.c - what the kernel's log says of accesses that an IOMMU has stopped
 */
#include "tests/unit/proxy-common.h"

#include "proxy/vfio/vfio.h"

static const struct {
	const char *record, *bdf;
	uint64_t iova;
	bool write;
} cases[] = {
	{ "3,812,5,-;DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0xfffff000 [fault reason 0x05] PTE Write access is not set",
	  "0000:01:00.0", 0xfffff000, true },
	{ "3,812,5,-;DMAR: [DMA Read NO_PASID] Request device [af:1f.7] fault addr 0x7f00001000 [fault reason 0x06] PTE Read access is not set",
	  "0000:af:1f.7", 0x7f00001000, false },
	{ "3,1,5,-;DMAR: [DMA Write] Request device [00:10.0] PASID ffffffff fault addr 10000 [fault reason 02] Present bit in context entry is clear",
	  "0000:00:10.0", 0x10000, true },
	{ "3,1,5,-;DMAR: [INTR-REMAP] Request device [00:10.0] fault index 0x0 [fault reason 0x25] Blocked a compatibility format interrupt request",
	  "0000:00:10.0", 0xfee00000, true },
	{ "1,9,5,-;AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:02:03.4 domain=0x000a address=0xfdf8000 flags=0x0020]",
	  "0001:02:03.4", 0xfdf8000, true },
	{ "1,9,5,-;vfio-pci 0000:03:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000a address=0xfdf8000 flags=0x0000]",
	  "0000:03:00.0", 0xfdf8000, false },
};

static const char *const others[] = {
	"", ";", "3", "3;", ",;DMAR: [DMA Write] Request device [01:00.0] fault addr 0x1",
	"3,812,5,-;DMAR: DRHD: handling fault status reg 2",
	"3,812,5,-;DMAR: [DMA Write] Request device [01:00.0]",
	"3,812,5,-;DMAR: [DMA Write] Request device [zz:00.0] fault addr 0x1",
	"3,812,5,-;DMAR: [",
	/* A user's: facility 1. */
	"12,812,5,-;DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0xfffff000",
	"1,9,5,-;AMD-Vi: Event logged [IO_PAGE_FAULT device=0001:02:03.4 domain=0x000a address=0xfdf8000",
	"1,9,5,-;AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000a address=0xfdf8000 flags=0x0]",
};

static void test_faults(void **state)
{
	char bdf[VFIO_BDF];
	uint64_t iova;
	bool write;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(vfio_log_decode(cases[i].record, bdf, &iova, &write));
		assert_string_equal(bdf, cases[i].bdf);
		assert_int_equal(iova, cases[i].iova);
		assert_int_equal(write, cases[i].write);
	}
}

static void test_others(void **state)
{
	char bdf[VFIO_BDF];
	uint64_t iova;
	bool write;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(vfio_log_decode(others[i], bdf, &iova, &write));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
