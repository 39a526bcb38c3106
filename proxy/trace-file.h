/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace-file.h - a thread that writes the trace as it grows
 */
#ifndef RING3_PROXY_TRACE_FILE_H
#define RING3_PROXY_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct device;

int trace_file_open(const char *path);
int trace_file_start(struct device **devices, size_t nr);
void trace_file_stop(void);
bool trace_file_running(void);
ssize_t trace_file_read(const struct device *dev, void *buf, size_t len, off_t off);
off_t trace_file_size(const struct device *dev);
uint64_t trace_file_lost(void);

#endif
