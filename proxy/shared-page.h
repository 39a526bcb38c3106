/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shared-page.h - memory that a client shares with this process
 */
#ifndef RING3_PROXY_SHARED_PAGE_H
#define RING3_PROXY_SHARED_PAGE_H

#include <stddef.h>

int shared_page_new(const char *name, size_t size, void **page);
void shared_page_free(int fd, size_t size, void *page);

#endif
