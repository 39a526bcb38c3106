// SPDX-License-Identifier: GPL-2.0
/*
 * shared-page.c - memory that a client shares with this process
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/shared-page.h"

/**
 * shared_page_new() - make and map memory whose size nobody can change
 * @name: what /proc/PID/maps shows
 * @size: bytes
 * @page: receives its address; NULL on error
 *
 * Return: a descriptor to be given away, or -1 with fail().  Context: before the proxy gives up system calls.
 */
int shared_page_new(const char *name, size_t size, void **page)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	*page = NULL;
	if (fd < 0)
		return fail("cannot make shared memory: %m");
	if (!ftruncate(fd, size) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		*page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*page && *page != MAP_FAILED)
		return fd;
	*page = NULL;
	fail("cannot map shared memory: %m");
	close(fd);
	return -1;
}

/**
 * shared_page_free() - undo shared_page_new()
 * @fd: descriptor, or -1
 * @size: bytes
 * @page: address, or NULL
 */
void shared_page_free(int fd, size_t size, void *page)
{
	if (page)
		munmap(page, size);
	if (fd >= 0)
		close(fd);
}
