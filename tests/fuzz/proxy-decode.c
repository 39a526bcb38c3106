// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-decode.c - libFuzzer: one message, or an access in a mailbox, against the decoder
 *
 * Besides not crashing, what the decoder lets through must be within bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "proxy/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct region regions[VFIO_USER_NUM_REGIONS] = {
	[0] = { .kind = REGION_MEMORY, .size = 0x10000, .nr_areas = 2,
		.areas = { { 0, 0x4000 }, { 0x5000, 0xb000 } } },
	[1] = { .kind = REGION_MEMORY, .size = 0x2000 },
	[2] = { .kind = REGION_PORTS, .size = 0x100 },
	[4] = { .kind = REGION_MEMORY, .size = 1ull << 63 },
	[VFIO_USER_ROM] = { .kind = REGION_ROM, .size = 0x10000 },
	[VFIO_USER_CONFIG] = { .kind = REGION_CONFIG, .size = 0x1000 },
};
static const uint32_t irq_count[VFIO_USER_NUM_IRQS] = { 1, 8, 64, 0, 0 };

static void check(int ok)
{
	if (!ok)
		abort();
}

static void check_access(const struct access_request *a)
{
	check(a->region < VFIO_USER_NUM_REGIONS && a->count && a->count <= VFIO_USER_MAX_DATA);
	check(a->offset < regions[a->region].size &&
	      a->count <= regions[a->region].size - a->offset);
}

static void check_request(const struct decode_limits *limits, const struct request *req)
{
	switch (req->cmd) {
	case VFIO_USER_REGION_READ:
	case VFIO_USER_REGION_WRITE:
		check_access(&req->access);
		break;
	case VFIO_USER_REGION_WRITE_MULTI:
		for (uint32_t i = 0; i < req->multi.nr; i++) {
			struct access_request a;

			check(!decode_write_one(limits, req->multi.writes +
						i * sizeof(struct vfio_user_write_one), &a));
			check_access(&a);
		}
		break;
	case VFIO_USER_DEVICE_SET_IRQS:
		check((uint64_t)req->irqs.start + req->irqs.count <= irq_count[req->irqs.index]);
		break;
	case VFIO_USER_DMA_MAP:
		check(req->dma_map.size &&
		      req->dma_map.iova + (req->dma_map.size - 1) >= req->dma_map.iova);
		break;
	}
}

/* The same bytes as an access in a mailbox. */
static void check_slot(const struct decode_limits *limits, const uint8_t *data, size_t size)
{
	struct vfio_user_mailbox_slot slot = { 0 };
	struct access_request a;

	memcpy(&slot, data, size < sizeof(slot) ? size : sizeof(slot));
	if (decode_slot(limits, &slot, &a))
		return;
	check_access(&a);
	check(a.count <= sizeof(slot.value) && a.data == (const uint8_t *)&slot.value);
}

/* First byte: flags and number of descriptors; then a header but for its size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decode_limits limits = { .regions = regions, .irq_count = irq_count };
	struct vfio_user_hdr hdr;
	struct request req;
	uint8_t *payload;

	if (size < 1 + sizeof(hdr))
		return 0;
	limits.negotiated = data[0] & 1;
	memcpy(&hdr, data + 1, sizeof(hdr));
	decode_header(&hdr);
	hdr.size = size - 1;
	payload = malloc(size - 1 - sizeof(hdr));
	if (!payload)
		return 0;
	memcpy(payload, data + 1 + sizeof(hdr), size - 1 - sizeof(hdr));
	check_slot(&limits, payload, size - 1 - sizeof(hdr));
	if (!decode_request(&limits, &hdr, payload, data[0] >> 1, &req))
		check_request(&limits, &req);
	free(payload);
	return 0;
}
