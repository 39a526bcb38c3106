// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-vfio-log.c - records of the host's kernel log
 */
#include <string.h>

#include "proxy/vfio/vfio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char record[1024], bdf[VFIO_BDF];
	uint64_t iova;
	bool write;

	if (size >= sizeof(record))
		return 0;
	memcpy(record, data, size);
	record[size] = 0;
	if (vfio_log_decode(record, bdf, &iova, &write) && strlen(bdf) != strlen("0000:00:00.0"))
		__builtin_trap();
	return 0;
}
