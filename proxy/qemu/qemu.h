/* SPDX-License-Identifier: GPL-2.0 */
/*
 * qemu.h - stock QEMU as a server of device models; shared by the files here
 *
 * One QEMU runs for all devices of the proxy.  Its CPU sleeps in a BIOS that halts;
 * devices are driven through qtest, see memory and signal us through ivshmem:
 *
 *   bus 0 --- ivshmem        RAM of the clients at QEMU_RAM_IOVA, doorbells
 *         --- root port 0 --- device 0
 *         --- root port 1 --- device 1  ...
 *
 * A root port for each device gives it a bus to itself, so that a secondary bus reset
 * resets this function and no other.
 */
#ifndef RING3_PROXY_QEMU_H
#define RING3_PROXY_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proxy/device.h"
#include "proxy/keeper.h"
#include "proxy/util.h"

#define QEMU_MAX_DEVICES	22	/* slots 3 to 24: those wired to GSI 20 to 23 */
#define QEMU_FIRST_SLOT		3
#define QEMU_IVSHMEM_SLOT	2
#define QEMU_MMCONFIG		0xb0000000u
#define QEMU_IVSHMEM_REGS	0xfe000000u
#define QEMU_IVSHMEM_MSIX	0xfe100000u
#define QEMU_DOORBELL		(QEMU_IVSHMEM_REGS + 0xc)
#define QEMU_RAM_IOVA		0x40000000u
#define QEMU_RAM_MAX		0x40000000u
#define QEMU_VECTORS		256
#define QEMU_TABLES_SIZE	(64u << 20)	/* QEMU's own memory, with --dma strict */

#define QDEV_BARS		7	/* six and the ROM */

struct qdev {
	struct device *dev;
	unsigned int index;		/* root port and bus */
	char *id;
	char *device_arg;		/* what follows its -device */
	bool warned;			/* that doorbells have run out */
	bool touched;			/* by a client, since it was last reset */
	uint64_t bar[QDEV_BARS];	/* where the proxy placed it */
	uint32_t bar_reg[QDEV_BARS];	/* its low register, type bits and all */
	uint8_t pin;			/* INTx: 1 to 4, 0 = none */
	bool legacy_ide;		/* IDE in compatibility mode: see legacy.c */
	uint16_t command;		/* in the device now */
	unsigned int nr_maps;		/* of memory by its client */
	int16_t msi_first;		/* doorbell, -1: MSI off */
	uint16_t msi_nr;
	bool msix_on;
	int16_t *msix_doorbell;		/* of each vector, -1: none */
};

struct qemu_args {
	char **argv;			/* NULL-terminated */
	size_t nr;
};

/* args.c */
int args_add(struct qemu_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int args_split(struct qemu_args *args, const char *text);
void args_free(struct qemu_args *args);
char *args_escape(const char *value);

/* sugar.c */
int sugar_device(struct qdev *qd, struct qemu_args *args, bool strict);
int sugar_posted(struct device *dev);
bool sugar_physical(const struct qdev *qd);
void sugar_forget(void);

/* cmdline.c */
struct cmdline {
	int bios, qtest, ivshmem;	/* descriptors it inherits */
	int ram;			/* of the clients, */
	unsigned long long ram_size;	/* bytes */
	bool flat;			/* at address 0 as well */
	char *const *user_args;		/* texts of --qemu, NULL-terminated */
	int tables;			/* of the IOMMU; -1: no IOMMU */
};

int cmdline_bios(void);
int cmdline_make(const struct cmdline *c, struct qemu_args *args);

/* models.c */
int models_print(const char *model);
void models_near(const char *model, char *out, size_t size);

/* words.c */
int words_fail(const char *words);

/* process.c */
struct process {
	pid_t pid;
	int pidfd;
	int output;			/* its standard error */
	int stat;			/* /proc/PID/stat */
	bool kept;			/* the keeper's child and not ours */
	bool away;			/* on another processor until it has started */
};

const char *process_program(void);
int process_start(struct process *p, char *const *argv, const int *keep, size_t nr_keep);
void process_share(struct process *p, struct keeper_call *call);
void process_take(struct process *p, struct keeper_call *call);
void process_offer(void);
void process_move(const struct process *p, int cpu);
void process_settle(struct process *p);
bool process_stopped(const struct process *p);
char *process_words(struct process *p);
int process_end(struct process *p, int timeout_ms);

/* qtest.c */
int qtest_open(int fd, void (*lost)(void), void (*irqs)(void));
void qtest_close(void);
bool qtest_alive(void);
bool qtest_stalled(void);
void qtest_give_up(void);
void qtest_set_timeout(int ms);
int qtest_command(const char *line);
uint64_t qtest_read(uint64_t addr, unsigned int width);
int qtest_read_block(uint64_t addr, void *data, size_t len);
#define QTEST_BLOCK 4096	/* bytes */
void qtest_write(uint64_t addr, unsigned int width, uint64_t value);
void qtest_flush(void);
void qtest_write_block(uint64_t addr, const void *data, size_t len);
uint32_t qtest_in(uint16_t port, unsigned int width);
void qtest_out(uint16_t port, unsigned int width, uint32_t value);
uint32_t qtest_lines(void);
uint32_t qtest_lines_changed(void);

/* ivshmem.c */
int ivshmem_open(int *qemu_end);
int ivshmem_hello(int ram_fd);
int ivshmem_ready(void);
void ivshmem_close(void);
void ivshmem_release(const struct qdev *qd);
int doorbell_get(struct qdev *qd, unsigned int nr, bool msix, uint16_t vector);
void doorbell_put(int first, unsigned int nr);

/* pci.c */
int qpci_start(void);
int qpci_place(struct qdev *qd);
void qpci_restore(struct qdev *qd);
void qpci_bus_reset(const struct qdev *qd);
int qpci_read_block(const struct qdev *qd, uint32_t off, void *buf, size_t len);
uint32_t qpci_read(const struct qdev *qd, uint32_t off, unsigned int width);
void qpci_write(const struct qdev *qd, uint32_t off, unsigned int width, uint32_t value);
unsigned int qpci_slot(const struct qdev *qd);
unsigned int qpci_bus(const struct qdev *qd);

/* iommu.c */
int iommu_open(void);
void iommu_close(void);
int iommu_start(void);
int iommu_map(const struct qdev *qd, const struct dma_request *req);
void iommu_unmap(const struct qdev *qd, uint64_t iova, uint64_t size);
bool iommu_line(const char *line);

/* legacy.c */
int legacy_place(struct qdev *qd);
void legacy_restore(struct qdev *qd);
bool legacy_bar(const struct qdev *qd, unsigned int i);
uint32_t legacy_config(const struct qdev *qd, uint32_t off, unsigned int width, uint32_t value);
bool legacy_level(uint32_t lines);

/* lines.c, messages.c */
int lines_open(void);
void lines_close(void);
void lines_changed(void);
bool lines_level(const struct qdev *qd);
void messages_update(struct qdev *qd);
void messages_forget(struct qdev *qd);

/* backend-qemu.c */
extern struct qdev *qemu_devices[QEMU_MAX_DEVICES];
extern unsigned int qemu_nr_devices;

#endif
