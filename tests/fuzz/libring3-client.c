// SPDX-License-Identifier: GPL-2.0
/*
 * libring3-client.c - libFuzzer: what a server may say to the client of hosted kernels and of libring3
 *
 * Written ahead, as the ids of requests are known: the input is answers with good headers, and raw
 * bytes.  Every request is then made once, and what came out must hold together.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/client.h"
#include "tests/tools/send-fds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static int memory;

static const uint8_t script[] = {
	VFIO_USER_VERSION, VFIO_USER_DEVICE_GET_INFO, VFIO_USER_DEVICE_GET_REGION_INFO,
	VFIO_USER_DEVICE_GET_IRQ_INFO, VFIO_USER_REGION_READ, VFIO_USER_REGION_WRITE,
	VFIO_USER_DEVICE_GET_REGION_INFO, VFIO_USER_DEVICE_SET_IRQS, VFIO_USER_DMA_MAP,
	VFIO_USER_DMA_UNMAP, VFIO_USER_DEVICE_RESET,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	memory = memfd_create("memory", MFD_CLOEXEC);
	if (memory < 0)
		abort();
	return 0;
}

static void answer(int fd, uint16_t id, uint8_t what, const uint8_t *data, size_t len)
{
	struct {
		struct vfio_user_hdr hdr;
		uint8_t payload[512];
	} m = { .hdr = { .id = id, .cmd = script[(id - 1) % sizeof(script)],
			 .flags = VFIO_USER_F_REPLY } };
	const int fds[3] = { memory, memory, memory };

	if (what & 4) {
		m.hdr.flags |= VFIO_USER_F_ERROR;
		m.hdr.err = what;
	}
	memcpy(m.payload, data, len);
	m.hdr.size = sizeof(m.hdr) + len;
	send_with_fds(fd, &m, m.hdr.size, fds, what & 3, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
	uint16_t id = 0;

	while (size > 2) {
		size_t len = data[1] < size - 2 ? data[1] : size - 2;

		if (data[0] < 0xf0)
			answer(fd, ++id, data[0], data + 2, len);
		else
			send_with_fds(fd, data + 2, len, NULL, 0, MSG_DONTWAIT | MSG_NOSIGNAL);
		data += 2 + len;
		size -= 2 + len;
	}
}

static void region(struct vfu_client *c, uint32_t index)
{
	struct vfu_region r;

	if (vfu_region_info(c, index, &r))
		return;
	if (r.nr_areas && r.fd < 0)
		abort();
	for (unsigned int i = 0; i < r.nr_areas; i++)
		if (r.areas[i].offset > r.size || r.areas[i].size > r.size - r.areas[i].offset)
			abort();
	if (r.fd >= 0)
		close(r.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vfu_client c;
	struct vfio_user_device_info info;
	struct vfio_user_irq_info irq;
	uint64_t value = 0;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	write_all(pair[0], data, size);
	shutdown(pair[0], SHUT_WR);
	vfu_client_start(&c, pair[1]);
	vfu_device_info(&c, &info);
	region(&c, 0);
	vfu_irq_info(&c, 0, &irq);
	vfu_read(&c, 0, 0, &value, 8);
	vfu_write(&c, 0, 0, &value, 8);
	region(&c, 1);
	vfu_set_irqs(&c, 0, VFIO_USER_IRQ_DATA_NONE | VFIO_USER_IRQ_TRIGGER, 0, 0, NULL, 0);
	vfu_dma_map(&c, 0, 4096, memory, 0, 3);
	vfu_dma_unmap(&c, 0, 4096);
	vfu_reset(&c);
	if (c.rx_fd >= 0)
		close(c.rx_fd);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
