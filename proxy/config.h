/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config.h - the configuration space a client sees
 */
#ifndef RING3_PROXY_CONFIG_H
#define RING3_PROXY_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_MAX 4096

struct device;

struct config {
	uint8_t data[CONFIG_MAX];	/* the virtual bytes */
	uint8_t virt[CONFIG_MAX];	/* 1: from data[], 0: from the backend */
	uint8_t writable[CONFIG_MAX];	/* bits of data[] that the client may change */
	uint8_t pass[CONFIG_MAX];	/* bits of the backend's that the client may change */
	uint8_t never[CONFIG_MAX];	/* bits that it may not even try to set */
	uint8_t reset[CONFIG_MAX];	/* data[] after a function reset */
	uint8_t last[CONFIG_MAX];	/* as last read or written, whoever has the byte */
	_Atomic uint64_t looked;	/* when all of last[] was read, CLOCK_MONOTONIC ns; 0: not */
	uint16_t msi, msix, express, af;	/* offsets of the capabilities, 0 = absent */
	bool flr;			/* the device says it can reset its function */
	bool msi_maskable, msi_64;
};

int config_init(struct device *dev);
void config_reset(struct device *dev);
unsigned int config_step(uint32_t off, size_t len);
void config_read(struct device *dev, uint32_t off, void *buf, size_t len);
int config_look(struct device *dev);
bool config_looked(const struct device *dev);
void config_last(const struct device *dev, uint32_t off, uint8_t *buf, size_t len);
void config_write(struct device *dev, uint32_t off, const void *buf, size_t len);

uint16_t config_command(const struct device *dev);
bool config_msi_enabled(const struct device *dev);
uint32_t config_msi_vectors(const struct device *dev);
uint32_t config_msi_mask(const struct device *dev);
bool config_msix_enabled(const struct device *dev);
bool config_msix_masked(const struct device *dev);

#endif
