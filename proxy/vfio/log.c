// SPDX-License-Identifier: GPL-2.0
/*
 * log.c - accesses that the machine's IOMMU has stopped, from the host's kernel log
 *
 * VFIO tells nobody of them; the kernel's driver of the IOMMU writes a line.  Who may not read
 * /dev/kmsg (root may) does without: the accesses are stopped all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

#define RECORD		1024	/* bytes; what is longer is no line of an IOMMU's */
#define RECORDS_A_TURN	32
#define MSI_ADDRESS	0xfee00000u
#define AMD_WRITE	0x20	/* of the flags: the device wrote */

static struct loop_src source = { .fd = -1 };
static void (*report)(const char *bdf, uint64_t iova, bool write);

/* "DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0xfffff000 ..." */
static bool decode_intel(const char *text, char bdf[VFIO_BDF], uint64_t *iova, bool *write)
{
	const char *what = strstr(text, "DMAR: ["), *dev, *addr;
	unsigned int bus, slot, fn;

	if (!what)
		return false;
	dev = strstr(what, "Request device [");
	if (!dev || sscanf(dev, "Request device [%2x:%2x.%1u]", &bus, &slot, &fn) != 3)
		return false;
	/* The line has no segment: the first has nearly all devices. */
	snprintf(bdf, VFIO_BDF, "0000:%02x:%02x.%u", bus, slot & 0x1f, fn & 7);
	*write = !strncmp(what, "DMAR: [DMA Write", 16);
	if (!strncmp(what, "DMAR: [INTR-REMAP", 17)) {
		*iova = MSI_ADDRESS;
		*write = true;
		return true;
	}
	addr = strstr(dev, "fault addr ");
	if (!addr)
		return false;
	*iova = strtoull(addr + strlen("fault addr "), NULL, 16);
	return true;
}

/*
 * "AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:00.0 domain=0x000a address=0x1000 flags=0x0020]",
 * or with the device's name in front instead.
 */
static bool decode_amd(const char *text, char bdf[VFIO_BDF], uint64_t *iova, bool *write)
{
	const char *what = strstr(text, "AMD-Vi: Event logged [IO_PAGE_FAULT"), *dev, *addr, *flags;
	unsigned int domain, bus, slot, fn;

	if (!what)
		return false;
	dev = strstr(what, "device=");
	dev = dev ? dev + strlen("device=") : strchr(text, ' ');
	addr = strstr(what, "address=");
	flags = strstr(what, "flags=");
	if (!dev || !addr || !flags ||
	    sscanf(dev, " %4x:%2x:%2x.%1u", &domain, &bus, &slot, &fn) != 4)
		return false;
	snprintf(bdf, VFIO_BDF, "%04x:%02x:%02x.%u", domain & 0xffff, bus & 0xff, slot & 0x1f, fn & 7);
	*iova = strtoull(addr + strlen("address="), NULL, 16);
	*write = strtoul(flags + strlen("flags="), NULL, 16) & AMD_WRITE;
	return true;
}

/**
 * vfio_log_decode() - a record of the kernel's log about an access that was stopped
 * @record: as /dev/kmsg has it, "PRIORITY,NUMBER,TIME,FLAGS;TEXT"
 * @bdf: set to the device's place
 * @iova: set to the bus address
 * @write: set to whether the device wrote
 *
 * What users have written into the log is not believed: it has another facility than the kernel's.
 *
 * Return: true if it is such a record.
 */
bool vfio_log_decode(const char *record, char bdf[VFIO_BDF], uint64_t *iova, bool *write)
{
	const char *text = strchr(record, ';');
	char *end;
	unsigned long priority = strtoul(record, &end, 10);

	if (!text || end == record || *end != ',' || priority >> 3)
		return false;
	return decode_intel(text + 1, bdf, iova, write) || decode_amd(text + 1, bdf, iova, write);
}

static void take_record(const char *record)
{
	char bdf[VFIO_BDF];
	uint64_t iova;
	bool write;

	if (vfio_log_decode(record, bdf, &iova, &write))
		report(bdf, iova, write);
}

static void event(struct loop_src *src, uint32_t events)
{
	char record[RECORD];

	(void)events;
	for (int i = 0; i < RECORDS_A_TURN; i++) {
		ssize_t n = read(src->fd, record, sizeof(record) - 1);

		if (n < 0 && (errno == EPIPE || errno == EINVAL))
			continue;	/* overwritten meanwhile, or longer than a line of an IOMMU's */
		if (n <= 0)
			return;
		record[n] = 0;
		take_record(record);
	}
}

/**
 * vfio_log_open() - have faults reported from now on
 * @fn: is called for each, with the device's place, the bus address and whether it wrote
 */
void vfio_log_open(void (*fn)(const char *bdf, uint64_t iova, bool write))
{
	if (source.fd >= 0)
		return;
	report = fn;
	source.fn = event;
	source.fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (source.fd < 0)
		return;
	if (lseek(source.fd, 0, SEEK_END) < 0 || loop_add(&source, EPOLLIN)) {
		close(source.fd);
		source.fd = -1;
	}
}

/**
 * vfio_log_close() - look at the log no more
 */
void vfio_log_close(void)
{
	if (source.fd < 0)
		return;
	loop_del(&source);
	close(source.fd);
	source.fd = -1;
}
