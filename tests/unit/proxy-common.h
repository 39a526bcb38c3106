/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proxy-common.h - what the proxy's unit tests share: a testdev without a process
 */
#ifndef RING3_TESTS_PROXY_COMMON_H
#define RING3_TESTS_PROXY_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail		/* the proxy has its own */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/decode.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/testdev.h"
#include "proxy/util.h"

#define CAP_MSI		0x40
#define CAP_MSIX	0x60
#define CAP_EXPRESS	0x70

static inline struct device *make_testdev(void)
{
	struct device *dev;

	assert_int_equal(loop_init(), 0);
	dev = device_new(spec_parse("testdev"), &backend_testdev);
	assert_non_null(dev);
	assert_int_equal(dev->backend->open(dev), 0);
	assert_int_equal(device_setup(dev), 0);
	return dev;
}

static inline void free_testdev(struct device *dev)
{
	device_free(dev);
	loop_exit();
}

static inline int setup_testdev(void **state)
{
	*state = make_testdev();
	return 0;
}

static inline int teardown_testdev(void **state)
{
	free_testdev(*state);
	return 0;
}

static inline uint64_t rd(struct device *dev, uint32_t region, uint64_t off, uint32_t width)
{
	uint64_t value = 0;

	assert_int_equal(device_region_access(dev, region, off, &value, width, false), 0);
	return value;
}

static inline void wr(struct device *dev, uint32_t region, uint64_t off, uint32_t width,
		      uint64_t value)
{
	assert_int_equal(device_region_access(dev, region, off, &value, width, true), 0);
}

static inline uint32_t cfg(struct device *dev, uint32_t off, uint32_t width)
{
	return rd(dev, VFIO_USER_CONFIG, off, width);
}

static inline void set_cfg(struct device *dev, uint32_t off, uint32_t width, uint32_t value)
{
	wr(dev, VFIO_USER_CONFIG, off, width, value);
}

static inline void enable(struct device *dev)
{
	set_cfg(dev, PCI_COMMAND, 2,
		PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* How often an eventfd was signalled since the last call. */
static inline uint64_t signals(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static inline int make_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline unsigned int open_fds(void)
{
	unsigned int n = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
