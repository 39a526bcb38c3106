// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-decode.c - what the decoder lets through, and what not
 */
#include "tests/unit/proxy-common.h"

static struct region regions[VFIO_USER_NUM_REGIONS] = {
	[0] = { .kind = REGION_MEMORY, .size = 0x10000, .nr_areas = 2,
		.areas = { { 0, 0x4000 }, { 0x5000, 0xb000 } } },
	[1] = { .kind = REGION_MEMORY, .size = 0x2000 },
	[2] = { .kind = REGION_PORTS, .size = 0x100 },
	[VFIO_USER_ROM] = { .kind = REGION_ROM, .size = 0x10000 },
	[VFIO_USER_CONFIG] = { .kind = REGION_CONFIG, .size = 0x1000 },
};
static const uint32_t irq_count[VFIO_USER_NUM_IRQS] = { 1, 8, 64, 0, 0 };
static struct decode_limits limits = {
	.negotiated = true, .regions = regions, .irq_count = irq_count,
};
static struct request req;

static int decode(uint16_t cmd, const void *payload, size_t len, unsigned int nfds)
{
	const struct vfio_user_hdr hdr = { .cmd = cmd, .size = sizeof(hdr) + len };
	uint8_t *copy = malloc(len + 1);	/* one off, so that nothing may be aligned */
	int err;

	assert_non_null(copy);
	memcpy(copy + 1, payload, len);
	err = decode_request(&limits, &hdr, copy + 1, nfds, &req);
	free(copy);
	return err;
}

static void test_header(void **state)
{
	struct vfio_user_hdr h = { .size = 16, .cmd = 4 };
	(void)state;

	assert_int_equal(decode_header(&h), 0);
	h.flags = VFIO_USER_F_NO_REPLY;
	assert_int_equal(decode_header(&h), 0);
	h.flags = VFIO_USER_F_REPLY;
	assert_int_equal(decode_header(&h), -EINVAL);
	h.flags = VFIO_USER_F_ERROR;
	assert_int_equal(decode_header(&h), -EINVAL);
	h.flags = 0x80000000;
	assert_int_equal(decode_header(&h), -EINVAL);
	h.flags = 0;
	h.size = 15;
	assert_int_equal(decode_header(&h), -EINVAL);
	h.size = 0;
	assert_int_equal(decode_header(&h), -EINVAL);
	h.size = VFIO_USER_MAX_MSG;
	assert_int_equal(decode_header(&h), 0);
	h.size = VFIO_USER_MAX_MSG + 1;
	assert_int_equal(decode_header(&h), -E2BIG);
}

static int version(uint16_t major, uint16_t minor, const char *json, size_t len)
{
	char buf[8192];
	struct vfio_user_version v = { major, minor };

	memcpy(buf, &v, sizeof(v));
	memcpy(buf + sizeof(v), json, len);
	return decode(VFIO_USER_VERSION, buf, sizeof(v) + len, 0);
}

static void test_version(void **state)
{
	static char deep[256], big[5000];
	(void)state;

	assert_int_equal(version(0, 1, "{}", 3), -EINVAL);	/* a second one */
	limits.negotiated = false;
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_INFO, "0123456789abcdef", 16, 0), -EINVAL);
	assert_int_equal(version(0, 0, "", 0), 0);
	assert_int_equal(version(0, 7, "", 1), 0);
	assert_int_equal(version(0, 1, "{\"capabilities\":{\"max_msg_fds\":8}}", 35), 0);
	assert_int_equal(version(1, 0, "{}", 3), -EINVAL);
	assert_int_equal(version(0, 1, "{}", 2), -EINVAL);	/* no NUL */
	assert_int_equal(version(0, 1, "{", 2), -EINVAL);
	assert_int_equal(version(0, 1, "[]", 3), -EINVAL);
	assert_int_equal(version(0, 1, "7", 2), -EINVAL);
	assert_int_equal(decode(VFIO_USER_VERSION, "\0\0\1", 3, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_VERSION, "\0\0\1\0", 4, 1), -EINVAL);
	memset(deep, '[', sizeof(deep) - 1);
	assert_int_equal(version(0, 1, deep, sizeof(deep)), -EINVAL);
	assert_int_equal(version(0, 1, big, sizeof(big)), -EINVAL);
	limits.negotiated = true;
}

static int dma_map_msg(uint32_t argsz, uint32_t flags, uint64_t off, uint64_t addr, uint64_t size,
		       unsigned int nfds)
{
	struct vfio_user_dma_map m = { argsz, flags, off, addr, size };

	return decode(VFIO_USER_DMA_MAP, &m, sizeof(m), nfds);
}

static void test_dma_map(void **state)
{
	(void)state;
	assert_int_equal(dma_map_msg(32, 3, 0, 0x1000, 0x1000, 1), 0);
	assert_int_equal(dma_map_msg(32, 3, 0, 0x1000, 0x1000, 0), 0);
	assert_int_equal(dma_map_msg(32, 3, 0, ~0xfffull, 0x1000, 0), 0);
	assert_int_equal(dma_map_msg(31, 3, 0, 0x1000, 0x1000, 0), -EINVAL);
	assert_int_equal(dma_map_msg(32, 4, 0, 0x1000, 0x1000, 0), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 0, 0x1000, 0, 0), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 0, ~0xfffull, 0x1001, 0), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 0, 1, ~0ull, 0), 0);
	assert_int_equal(dma_map_msg(32, 3, 0, 2, ~0ull, 0), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, INT64_MAX, 0, 1, 1), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 1ull << 63, 0, 1, 1), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 0, 0, 1ull << 63, 1), -EINVAL);
	assert_int_equal(dma_map_msg(32, 3, 0, 0, 1, 2), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DMA_MAP, "", 0, 0), -EINVAL);
}

static int unmap_msg(uint32_t argsz, uint32_t flags, uint64_t addr, uint64_t size)
{
	struct vfio_user_dma_unmap u = { argsz, flags, addr, size };

	return decode(VFIO_USER_DMA_UNMAP, &u, sizeof(u), 0);
}

static void test_dma_unmap(void **state)
{
	(void)state;
	assert_int_equal(unmap_msg(24, 0, 0x1000, 0x1000), 0);
	assert_int_equal(unmap_msg(24, 0, 0, ~0ull), 0);
	assert_int_equal(unmap_msg(24, 0, 0x1000, 0), -EINVAL);
	assert_int_equal(unmap_msg(24, 0, 2, ~0ull), -EINVAL);
	assert_int_equal(unmap_msg(23, 0, 0, 1), -EINVAL);
	assert_int_equal(unmap_msg(24, 1, 0, 1), -ENOTSUP);
	assert_int_equal(unmap_msg(24, 2, 0, 0), 0);
	assert_true(req.dma_unmap.all);
	assert_int_equal(unmap_msg(24, 2, 0, 1), -EINVAL);
}

static void test_info(void **state)
{
	struct vfio_user_region_info r = { .argsz = 32 };
	struct vfio_user_irq_info i = { .argsz = 16 };
	struct vfio_user_device_info d = { .argsz = 16 };
	(void)state;

	for (uint32_t k = 0; k < 12; k++) {
		r.index = i.index = k;
		assert_int_equal(decode(VFIO_USER_DEVICE_GET_REGION_INFO, &r, sizeof(r), 0),
				 k < VFIO_USER_NUM_REGIONS ? 0 : -EINVAL);
		assert_int_equal(decode(VFIO_USER_DEVICE_GET_IRQ_INFO, &i, sizeof(i), 0),
				 k < VFIO_USER_NUM_IRQS ? 0 : -EINVAL);
	}
	r.index = ~0u;
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_REGION_INFO, &r, sizeof(r), 0), -EINVAL);
	r.index = 0;
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_REGION_INFO, &r, 31, 0), -EINVAL);
	r.argsz = 31;
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_REGION_INFO, &r, sizeof(r), 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_INFO, &d, sizeof(d), 0), 0);
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_INFO, &d, sizeof(d), 1), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_INFO, &d, 15, 0), -EINVAL);
}

static int irqs(uint32_t flags, uint32_t index, uint32_t start, uint32_t count, size_t extra,
		unsigned int nfds)
{
	uint8_t buf[256] = { 0 };
	struct vfio_user_irq_set s = { sizeof(s), flags, index, start, count };

	memcpy(buf, &s, sizeof(s));
	return decode(VFIO_USER_DEVICE_SET_IRQS, buf, sizeof(s) + extra, nfds);
}

static void test_set_irqs(void **state)
{
	const uint32_t none = VFIO_USER_IRQ_DATA_NONE, bools = VFIO_USER_IRQ_DATA_BOOL;
	const uint32_t efd = VFIO_USER_IRQ_DATA_EVENTFD, trigger = VFIO_USER_IRQ_TRIGGER;
	const uint32_t mask = VFIO_USER_IRQ_MASK;
	(void)state;

	assert_int_equal(irqs(efd | trigger, 2, 0, 64, 0, 64), 0);
	assert_int_equal(irqs(efd | trigger, 2, 63, 1, 0, 1), 0);
	assert_int_equal(irqs(efd | trigger, 2, 0, 8, 0, 0), 0);
	assert_int_equal(irqs(efd | trigger, 2, 0, 8, 0, 7), -EINVAL);
	assert_int_equal(irqs(efd | trigger, 2, 0, 65, 0, 64), -EINVAL);
	assert_int_equal(irqs(efd | trigger, 2, 64, 1, 0, 1), -EINVAL);
	assert_int_equal(irqs(efd | trigger, 2, ~0u, 2, 0, 2), -EINVAL);
	assert_int_equal(irqs(efd | trigger, 2, 2, ~0u, 0, 1), -EINVAL);
	assert_int_equal(irqs(efd | trigger, 2, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(irqs(none | trigger, 2, 0, 0, 0, 0), 0);
	assert_int_equal(irqs(none | trigger, 3, 0, 0, 0, 0), 0);
	assert_int_equal(irqs(none | trigger, 3, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(irqs(none | trigger, 5, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(irqs(none | trigger, 2, 0, 0, 0, 1), -EINVAL);
	assert_int_equal(irqs(none | mask, 0, 0, 1, 0, 0), 0);
	assert_int_equal(irqs(none | mask, 0, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(irqs(none | mask, 0, 0, 1, 0, 1), -EINVAL);
	assert_int_equal(irqs(bools | mask, 1, 0, 8, 8, 0), 0);
	assert_int_equal(irqs(bools | mask, 1, 0, 8, 7, 0), -EINVAL);
	assert_int_equal(irqs(none | bools | mask, 1, 0, 1, 8, 0), -EINVAL);
	assert_int_equal(irqs(none | mask | trigger, 1, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(irqs(none, 1, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(irqs(trigger, 1, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(irqs(none | trigger | 0x40, 1, 0, 1, 0, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_DEVICE_SET_IRQS, "", 0, 0), -EINVAL);
}

static int access_msg(uint16_t cmd, uint32_t region, uint64_t off, uint32_t count, size_t data)
{
	static uint8_t buf[VFIO_USER_MAX_DATA + 4096];
	struct vfio_user_region_access a = { off, region, count };

	memcpy(buf, &a, sizeof(a));
	return decode(cmd, buf, sizeof(a) + data, 0);
}

static int rd_msg(uint32_t region, uint64_t off, uint32_t count)
{
	return access_msg(VFIO_USER_REGION_READ, region, off, count, 0);
}

static void test_widths(void **state)
{
	(void)state;
	for (uint32_t w = 1; w <= 8; w *= 2) {
		assert_int_equal(rd_msg(1, 0x10, w), 0);
		assert_int_equal(rd_msg(1, 0x2000 - w, w), 0);
		assert_int_equal(rd_msg(2, 0x10, w), w == 8 ? -EINVAL : 0);
		if (w > 1)
			assert_int_equal(rd_msg(1, 0x11, w), -EINVAL);
	}
	assert_int_equal(rd_msg(1, 0, 3), -EINVAL);
	assert_int_equal(rd_msg(1, 0, 16), -EINVAL);
	assert_int_equal(rd_msg(1, 0, 0), -EINVAL);
	assert_int_equal(rd_msg(0, 1, 0x3fff), 0);		/* plain memory: any run */
	assert_int_equal(rd_msg(0, 0x3ff8, 16), -EINVAL);	/* into the hole */
	assert_int_equal(rd_msg(0, 0x4008, 8), 0);		/* a register in it */
	assert_int_equal(rd_msg(0, 0x5000, 0xb000), 0);
	assert_int_equal(rd_msg(VFIO_USER_CONFIG, 0, 256), 0);
	assert_int_equal(rd_msg(VFIO_USER_CONFIG, 1, 3), 0);
	assert_int_equal(rd_msg(VFIO_USER_ROM, 3, 0x1000), 0);
}

static void test_ranges(void **state)
{
	(void)state;
	assert_int_equal(rd_msg(1, 0x2000, 1), -EINVAL);
	assert_int_equal(rd_msg(1, 0x1ffe, 4), -EINVAL);
	assert_int_equal(rd_msg(1, ~0ull, 1), -EINVAL);
	assert_int_equal(rd_msg(1, ~7ull, 8), -EINVAL);
	assert_int_equal(rd_msg(3, 0, 4), -EINVAL);
	assert_int_equal(rd_msg(9, 0, 4), -EINVAL);
	assert_int_equal(rd_msg(~0u, 0, 4), -EINVAL);
	assert_int_equal(rd_msg(0, 0, VFIO_USER_MAX_DATA + 1), -E2BIG);
	assert_int_equal(rd_msg(VFIO_USER_CONFIG, 0xfff, 2), -EINVAL);
}

static void test_write_lengths(void **state)
{
	(void)state;
	assert_int_equal(access_msg(VFIO_USER_REGION_WRITE, 1, 0, 4, 4), 0);
	assert_int_equal(access_msg(VFIO_USER_REGION_WRITE, 1, 0, 4, 3), -EINVAL);
	assert_int_equal(access_msg(VFIO_USER_REGION_WRITE, 1, 0, 4, 5), -EINVAL);
	assert_int_equal(access_msg(VFIO_USER_REGION_WRITE, 1, 0, 4, 0), -EINVAL);
	assert_int_equal(access_msg(VFIO_USER_REGION_READ, 1, 0, 4, 4), -EINVAL);
	assert_int_equal(decode(VFIO_USER_REGION_READ, "0123456789abcde", 15, 0), -EINVAL);
	assert_int_equal(decode(VFIO_USER_REGION_WRITE, "", 0, 0), -EINVAL);
}

static int multi(uint64_t claimed, uint64_t real, const struct vfio_user_write_one *w)
{
	uint8_t buf[sizeof(claimed) + 300 * sizeof(*w)];

	memcpy(buf, &claimed, sizeof(claimed));
	for (uint64_t i = 0; i < real; i++)
		memcpy(buf + sizeof(claimed) + i * sizeof(*w), w, sizeof(*w));
	return decode(VFIO_USER_REGION_WRITE_MULTI, buf, sizeof(claimed) + real * sizeof(*w), 0);
}

static void test_multi(void **state)
{
	struct vfio_user_write_one w = { .offset = 8, .region = 1, .count = 4 };
	(void)state;

	assert_int_equal(multi(0, 0, &w), 0);
	assert_int_equal(multi(DECODE_MAX_MULTI, DECODE_MAX_MULTI, &w), 0);
	assert_int_equal(multi(DECODE_MAX_MULTI + 1, DECODE_MAX_MULTI + 1, &w), -E2BIG);
	assert_int_equal(multi(2, 1, &w), -EINVAL);
	assert_int_equal(multi(~0ull / 24 + 1, 0, &w), -E2BIG);
	w.count = 9;
	assert_int_equal(multi(1, 1, &w), -EINVAL);
	w.count = 3;
	assert_int_equal(multi(1, 1, &w), -EINVAL);
	w.count = 4;
	w.offset = 0x2000;
	assert_int_equal(multi(1, 1, &w), -EINVAL);
	assert_int_equal(decode(VFIO_USER_REGION_WRITE_MULTI, "1234567", 7, 0), -EINVAL);
}

static void test_unknown(void **state)
{
	(void)state;
	assert_int_equal(decode(0, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(VFIO_USER_DEVICE_GET_REGION_IO_FDS, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(VFIO_USER_DMA_READ, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(VFIO_USER_DEVICE_FEATURE, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(14, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(0xffff, "", 0, 0), -ENOTSUP);
	assert_int_equal(decode(VFIO_USER_DEVICE_RESET, "", 0, 0), 0);
}

static int note(uint32_t kind, uint32_t len, size_t bytes, uint32_t flags)
{
	struct {
		struct vfio_user_ring3_note n;
		char text[512];
	} m = { .n = { .kind = kind, .len = len } };
	const struct vfio_user_hdr hdr = {
		.cmd = VFIO_USER_RING3_NOTE, .size = sizeof(hdr) + sizeof(m.n) + bytes, .flags = flags,
	};

	return decode_request(&limits, &hdr, (const uint8_t *)&m, 0, &req);
}

static void test_note(void **state)
{
	(void)state;
	assert_int_equal(note(VFIO_USER_NOTE_PLACE, 5, 5, VFIO_USER_F_NO_REPLY), 0);
	assert_int_equal(req.note.len, 5);
	assert_int_equal(note(VFIO_USER_NOTE_PLACE, 5, 5, 0), -EINVAL);
	assert_int_equal(note(0, 0, 0, VFIO_USER_F_NO_REPLY), -EINVAL);
	assert_int_equal(note(VFIO_USER_NR_NOTES, 0, 0, VFIO_USER_F_NO_REPLY), -EINVAL);
	assert_int_equal(note(VFIO_USER_NOTE_CALLER, 6, 5, VFIO_USER_F_NO_REPLY), -EINVAL);
	assert_int_equal(note(VFIO_USER_NOTE_CALLER, 257, 257, VFIO_USER_F_NO_REPLY), -EINVAL);
	assert_int_equal(note(VFIO_USER_NOTE_CALLER, 256, 256, VFIO_USER_F_NO_REPLY), 0);
	assert_int_equal(decode(VFIO_USER_RING3_NOTE, "x", 1, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header), cmocka_unit_test(test_version),
		cmocka_unit_test(test_dma_map), cmocka_unit_test(test_dma_unmap),
		cmocka_unit_test(test_info), cmocka_unit_test(test_set_irqs),
		cmocka_unit_test(test_widths), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_write_lengths), cmocka_unit_test(test_multi),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_note),
	};

	return cmocka_run_group_tests_name("proxy-decode", tests, NULL, NULL);
}
