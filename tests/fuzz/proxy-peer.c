// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-peer.c - libFuzzer: what a vfio-user server may say to the backend that uses it
 *
 * The whole of a server's side is written ahead, as the ids of requests are known: an input is cut
 * into answers and requests with good headers, and raw bytes.  The backend then goes through the life
 * of a device against it.  Whatever it was told, what it makes of it must hold together.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/areas.h"
#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/vfio-user/vfio-user.h"
#include "tests/tools/send-fds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define RAM 0x40000000ull

static int memory, event;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	memory = memfd_create("memory", MFD_CLOEXEC);
	event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (memory < 0 || event < 0 || ftruncate(memory, 1 << 20) || loop_init())
		abort();
	return 0;
}

/*
 * The commands that the backend sends first, in order; later ones are the input's choice.  Up to
 * the last of them it asks for regions and finds BAR0 to have a page to be mapped.
 */
#define IRQ	VFIO_USER_DEVICE_GET_IRQ_INFO
#define REGION	VFIO_USER_DEVICE_GET_REGION_INFO
#define READ	VFIO_USER_REGION_READ
#define WRITE	VFIO_USER_REGION_WRITE

static const uint8_t script[] = {
	VFIO_USER_VERSION, VFIO_USER_DEVICE_GET_INFO, IRQ, IRQ, IRQ, IRQ, IRQ, REGION, REGION,
	READ, REGION, REGION, REGION, REGION, REGION, REGION, REGION,
	WRITE, WRITE, VFIO_USER_DEVICE_RESET, WRITE, WRITE,
	READ, READ, READ, READ, READ, READ, READ, READ,
};

#define FIRST_REGION 8		/* its id: CONFIG */
#define STATUS 29		/* read between the pin and the first capability */

static void answer(int fd, uint16_t id, uint8_t what, const uint8_t *data, size_t len)
{
	static const uint8_t usual[] = {
		VFIO_USER_REGION_READ, VFIO_USER_REGION_WRITE, VFIO_USER_DEVICE_GET_REGION_INFO,
		VFIO_USER_DEVICE_RESET,
	};
	struct {
		struct vfio_user_hdr hdr;
		uint8_t payload[512];
	} m = { .hdr = { .id = id, .cmd = usual[what & 3], .flags = VFIO_USER_F_REPLY } };

	if (id <= sizeof(script))
		m.hdr.cmd = script[id - 1];
	if (what & 4) {
		m.hdr.flags |= VFIO_USER_F_ERROR;
		m.hdr.err = what;
	}
	memcpy(m.payload, data, len);
	m.hdr.size = sizeof(m.hdr) + len;
	send_with_fds(fd, &m, m.hdr.size, &memory, what >> 3 & 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Those up to a device with capabilities, which are the input's. */
static uint16_t good_device(int fd)
{
	struct {
		struct vfio_user_region_info info;
		struct vfio_user_cap_header cap;
		uint32_t nr_areas, reserved;
		struct vfio_user_sparse_area area;
	} bar = {
		.info = { sizeof(bar), 15, 0, sizeof(bar.info), 0x4000, 0 },
		.cap = { VFIO_USER_CAP_SPARSE_MMAP, 1, 0 }, .nr_areas = 1, .area = { 0x1000, 0x3000 },
	};
	const struct vfio_user_region_info none = { sizeof(none), 0, 0, 0, 0, 0 };
	const struct vfio_user_region_info config = { sizeof(config), 3, 7, 0, 256, 0 };
	const struct vfio_user_device_info info = { sizeof(info), 3, 9, 5 };
	const struct vfio_user_irq_info irq = { sizeof(irq), 7, 0, 4 };
	uint8_t read[24] = { 0 };	/* an access, then the data */

	for (uint16_t id = 1; id <= sizeof(script); id++) {
		const void *data = read;
		size_t len = sizeof(read);

		read[16] = id == STATUS ? 0x10 : id == STATUS + 1 ? 0x40 : id == STATUS - 1;
		if (script[id - 1] == VFIO_USER_DEVICE_GET_INFO)
			data = &info, len = sizeof(info);
		else if (script[id - 1] == IRQ)
			data = &irq, len = sizeof(irq);
		else if (id == FIRST_REGION)
			data = &config, len = sizeof(config);
		else if (id == FIRST_REGION + 1)
			data = &bar, len = sizeof(bar);
		else if (script[id - 1] == REGION)
			data = &none, len = sizeof(none);
		answer(fd, id, id == FIRST_REGION + 1 ? 8 : 0, data, len);
	}
	return sizeof(script);
}

static void request(int fd, uint8_t what, const uint8_t *data, size_t len)
{
	struct {
		struct vfio_user_hdr hdr;
		struct vfio_user_dma_access a;
		uint8_t data[512];
	} m = { .hdr = { .cmd = what & 1 ? VFIO_USER_DMA_READ : VFIO_USER_DMA_WRITE },
		.a = { RAM + what * 1000, what & 2 ? len : what * 7000 } };

	memcpy(m.data, data, len);
	m.hdr.size = sizeof(m.hdr) + sizeof(m.a) + (what & 1 ? 0 : len);
	send_with_fds(fd, &m, m.hdr.size, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Whether the device is good so far; then segments: kind, length, bytes. */
static void write_all(int fd, const uint8_t *data, size_t size)
{
	uint16_t id = size && data[0] & 1 ? good_device(fd) : 0;

	if (size)
		data++, size--;
	while (size > 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		if (data[0] < 0xc0)
			answer(fd, ++id, data[0], data + 2, len);
		else if (data[0] < 0xf0)
			request(fd, data[0], data + 2, len);
		else
			send_with_fds(fd, data + 2, len, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
		data += 2 + len;
		size -= 2 + len;
	}
}

static void check(const struct device *dev)
{
	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++) {
		const struct region *r = &dev->regions[i];
		uint64_t end = 0;

		if (i <= VFIO_USER_BAR5 && r->size & (r->size - 1))
			abort();
		for (uint32_t k = 0; k < r->nr_areas; k++) {
			if (r->areas[k].offset < end || r->fd < 0 || !r->areas[k].size ||
			    r->areas[k].offset + r->areas[k].size > r->size)
				abort();
			end = r->areas[k].offset + r->areas[k].size;
		}
	}
}

static void put(struct device *dev, uint32_t region, uint64_t off, uint64_t value, uint32_t len)
{
	if (off + len <= dev->regions[region].size)
		device_region_access(dev, region, off, &value, len, true);
}

static void live(struct device *dev)
{
	const struct dma_request map = { .iova = RAM, .size = 1 << 20, .flags = 3 };
	const uint32_t on = VFIO_USER_IRQ_DATA_EVENTFD;
	uint64_t unmapped, value;
	int fd = dup(memory);

	if (device_dma_map(dev, &map, &fd))
		close(fd);
	put(dev, VFIO_USER_CONFIG, 4, 7, 2);
	for (uint32_t i = 0; i < VFIO_USER_ERR; i++) {
		struct irq_request req = {
			.index = i, .count = 1, .data = on, .action = VFIO_USER_IRQ_TRIGGER,
		};
		int e = dup(event);

		if (!dev->irqs.count[i] || irq_set(dev, &req, &e, 1) || e >= 0)
			close(e);
		if (i == VFIO_USER_MSI && dev->config.msi)
			put(dev, VFIO_USER_CONFIG, dev->config.msi + 2, 1, 2);
		if (i == VFIO_USER_MSIX && dev->config.msix)
			put(dev, VFIO_USER_CONFIG, dev->config.msix + 2, 0x8000, 2);
	}
	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++) {
		if (dev->regions[i].size >= 4)
			device_region_access(dev, i, 0, &value, 4, false);
		put(dev, i, 0, 1, 4);
	}
	loop_step(0);
	check(dev);
	device_dma_unmap(dev, RAM, 1 << 20, &unmapped);
	device_quiesce(dev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device *dev = device_new(spec_parse("vfio-user:/nowhere,deadline=5"),
					&backend_vfio_user);
	int pair[2];

	if (!dev || dev->backend->open(dev) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	write_all(pair[0], data, size);
	shutdown(pair[0], SHUT_WR);
	if (!vu_setup(dev, pair[1])) {
		check(dev);
		if (!config_init(dev) && !irq_init(dev)) {
			areas_without_msix(dev);
			live(dev);
		}
	}
	device_free(dev);
	close(pair[0]);
	while (loop_step(0))
		;
	return 0;
}
