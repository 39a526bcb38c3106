// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-dma.c - the table of mappings, and access through it
 */
#include "tests/unit/proxy-common.h"

#include <sys/uio.h>

#define RW (VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE)

static int memory(size_t size)
{
	int fd = memfd_create("dma", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static int map(struct dma *dma, uint64_t iova, uint64_t size, uint64_t offset, uint32_t flags,
	       int fd)
{
	const struct dma_request req = {
		.iova = iova, .size = size, .offset = offset, .flags = flags,
	};
	int copy = fd < 0 ? -1 : dup(fd), err = dma_map(dma, &req, &copy);

	if (copy >= 0)
		close(copy);
	return err;
}

static void test_overlap(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x10000);
	(void)state;

	assert_int_equal(map(&dma, 0x10000, 0x4000, 0, RW, fd), 0);
	assert_int_equal(map(&dma, 0x10000, 0x4000, 0, RW, fd), -EEXIST);
	assert_int_equal(map(&dma, 0x13fff, 1, 0, RW, fd), -EEXIST);
	assert_int_equal(map(&dma, 0xf000, 0x1001, 0, RW, fd), -EEXIST);
	assert_int_equal(map(&dma, 0, ~0ull, 0, RW, -1), -EEXIST);
	assert_int_equal(map(&dma, 0xf000, 0x1000, 0, RW, fd), 0);
	assert_int_equal(map(&dma, 0x14000, 0x1000, 0, RW, -1), 0);
	assert_int_equal(map(&dma, ~0xfffull, 0x1000, 0, RW, fd), 0);
	assert_int_equal(dma.nr, 4);
	dma_unmap_all(&dma);
	assert_int_equal(dma.nr, 0);
	close(fd);
}

static void test_unmap(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x10000);
	uint64_t n;
	(void)state;

	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(map(&dma, i * 0x2000, 0x1000, 0, RW, fd), 0);
	assert_int_equal(dma_unmap(&dma, 0x1000, 0x1000, &n), -ENOENT);
	assert_int_equal(dma_unmap(&dma, 0x2000, 0x800, &n), -EINVAL);
	assert_int_equal(dma_unmap(&dma, 0x1800, 0x1000, &n), -EINVAL);
	assert_int_equal(dma_unmap(&dma, 0x2000, 0x1000, &n), 0);
	assert_int_equal(n, 0x1000);
	assert_int_equal(dma_unmap(&dma, 0x3000, 0x4000, &n), 0);
	assert_int_equal(n, 0x2000);
	assert_int_equal(dma.nr, 5);
	assert_int_equal(dma_unmap(&dma, 0, ~0ull, &n), 0);
	assert_int_equal(n, 0x5000);
	close(fd);
	dma_unmap_all(&dma);
}

static void test_access(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x4000);
	char text[16] = "0123456789abcde", back[16];
	(void)state;

	/* Adjacent in IOVA, swapped in the file. */
	assert_int_equal(map(&dma, 0x1000, 0x1000, 0x3000, RW, fd), 0);
	assert_int_equal(map(&dma, 0x2000, 0x1000, 0x1000, RW, fd), 0);
	assert_int_equal(dma_write(&dma, 0x1ff8, text, 16), 0);
	assert_int_equal(dma_read(&dma, 0x1ff8, back, 16), 0);
	assert_memory_equal(text, back, 16);
	assert_int_equal(pread(fd, back, 8, 0x3ff8), 8);
	assert_memory_equal(text, back, 8);
	assert_int_equal(pread(fd, back, 8, 0x1000), 8);
	assert_memory_equal(text + 8, back, 8);
	assert_int_equal(dma_read(&dma, 0xff8, back, 16), -EFAULT);
	assert_int_equal(dma_read(&dma, 0x2ff8, back, 16), -EFAULT);
	assert_int_equal(dma_read(&dma, ~7ull, back, 16), -EFAULT);
	dma_unmap_all(&dma);
	close(fd);
}

static void test_permissions(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x3000), pipefd[2];
	char c = 0;
	(void)state;

	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(map(&dma, 0x0000, 0x1000, 0, VFIO_USER_DMA_READABLE, fd), 0);
	assert_int_equal(map(&dma, 0x1000, 0x1000, 0, VFIO_USER_DMA_WRITEABLE, fd), 0);
	assert_int_equal(map(&dma, 0x2000, 0x1000, 0, RW, -1), 0);
	assert_int_equal(map(&dma, 0x3000, 0x1000, 0, RW, pipefd[0]), 0);
	assert_int_equal(dma_read(&dma, 0, &c, 1), 0);
	assert_int_equal(dma_write(&dma, 0, &c, 1), -EFAULT);
	assert_int_equal(dma_read(&dma, 0x1000, &c, 1), -EFAULT);
	assert_int_equal(dma_write(&dma, 0x1000, &c, 1), 0);
	assert_int_equal(dma_read(&dma, 0x2000, &c, 1), -EFAULT);
	/* Would block. */
	assert_int_equal(dma_read(&dma, 0x3000, &c, 1), -EFAULT);
	dma_unmap_all(&dma);
	close(pipefd[0]);
	close(pipefd[1]);
	close(fd);
}

/* A client that cuts its memory short gets a fault, and nobody a SIGBUS. */
static void test_truncated(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x2000);
	char buf[64] = "";
	(void)state;

	assert_int_equal(map(&dma, 0, 0x2000, 0, RW, fd), 0);
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(dma_read(&dma, 0x1800, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(dma_read(&dma, 0xfe0, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(dma_read(&dma, 0xfc0, buf, sizeof(buf)), 0);
	dma_unmap_all(&dma);
	close(fd);
}

static void test_bounded(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x1000), fds[DMA_MAX_FILES + 1];
	unsigned int before = open_fds();
	(void)state;

	for (unsigned int i = 0; i < DMA_MAX_MAPS; i++)
		assert_int_equal(map(&dma, i * 0x1000ull, 0x1000, 0, RW, fd), 0);
	assert_int_equal(map(&dma, DMA_MAX_MAPS * 0x1000ull, 0x1000, 0, RW, fd), -ENOSPC);
	assert_int_equal(open_fds(), before + 1);
	dma_unmap_all(&dma);
	assert_int_equal(open_fds(), before);
	for (unsigned int i = 0; i <= DMA_MAX_FILES; i++) {
		fds[i] = memory(0x1000);
		assert_int_equal(map(&dma, i * 0x1000, 0x1000, 0, RW, fds[i]),
				 i < DMA_MAX_FILES ? 0 : -ENOSPC);
	}
	for (unsigned int i = 0; i <= DMA_MAX_FILES; i++)
		close(fds[i]);
	dma_unmap_all(&dma);
	assert_int_equal(open_fds(), before);
	close(fd);
}

/* The flags of a file are shared with whoever has it. */
static void test_appending(void **state)
{
	struct dma dma = { 0 };
	int fd = memory(0x2000), nowhere = memory(0x1000);
	const struct iovec iov = { "x", 1 };
	char got = 0;
	(void)state;

	if (pwritev2(nowhere, &iov, 1, 0, 0x20 /* RWF_NOAPPEND */) != 1)
		skip();		/* a host before Linux 6.9 */
	assert_int_equal(map(&dma, 0, 0x2000, 0, RW, fd), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	assert_int_equal(dma_write(&dma, 0x10, "y", 1), 0);
	assert_int_equal(pread(fd, &got, 1, 0x10), 1);
	assert_int_equal(got, 'y');
	assert_int_equal(lseek(fd, 0, SEEK_END), 0x2000);
	dma_unmap_all(&dma);
	close(fd);
	close(nowhere);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_unmap),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_appending),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests_name("proxy-dma", tests, NULL, NULL);
}
