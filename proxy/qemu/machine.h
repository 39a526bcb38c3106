/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h - the one QEMU of this proxy
 */
#ifndef RING3_PROXY_QEMU_MACHINE_H
#define RING3_PROXY_QEMU_MACHINE_H

#include "proxy/backend.h"

int machine_start(const struct backend_env *env);
void machine_stop(void);
void machine_leaving(struct device *dev);
void machine_move(int cpu);
bool machine_strict(void);
void machine_dma_unmap(struct device *dev, uint64_t iova, uint64_t size);
int machine_dma_map(struct device *dev, const struct dma_request *req, int fd);

#endif
