/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfio.h - real devices through VFIO
 *
 * Theory of operation: the host's vfio-pci driver holds the device and gives us a descriptor of
 * it, through the IOMMU group that it is in (legacy interface, type1 IOMMU).  Each group
 * has a container of its own, the address space that its devices see; what one of our devices has
 * mapped is in it until the last of them that mapped it has let go.
 *
 *  bdf.c     BDFs as users write them
 *  place.c   from the user's BDF to a device, a group, and a reason why not
 *  group.c   the group and its container
 *  map.c     memory that the group's devices reach
 *  region.c  BARs, ROM, and which configuration registers may be written
 *  irq.c     eventfds of INTx, MSI and MSI-X
 *  reset.c   the ways to reset a function
 *  back.c    the host wants the device back
 *  log.c     accesses that the IOMMU stopped
 */
#ifndef RING3_PROXY_VFIO_VFIO_H
#define RING3_PROXY_VFIO_VFIO_H

#include <linux/vfio.h>

#include "proxy/device.h"
#include "proxy/loop.h"
#include "proxy/vfio/bdf.h"

#define VFIO_MAX_RANGES 16
#define VFIO_GROUP_DEVICES 32

struct vfio_range {
	uint64_t first, last;
};

/* Memory of a client that devices of a group reach. */
struct vfio_map {
	uint64_t iova, size, offset;
	dev_t dev;
	ino_t ino;
	uint32_t flags;			/* VFIO_DMA_MAP_FLAG_* */
	void *at;			/* in this process */
	uint32_t users;			/* a bit for each device of the group */
};

struct vfio_group {
	struct vfio_group *next;
	char number[16];
	int fd, container;
	uint32_t devices;		/* bits in use */
	struct vfio_range ranges[VFIO_MAX_RANGES];
	unsigned int nr_ranges;
	struct vfio_map *maps;
	size_t nr_maps;
};

struct vfio_dev;

struct vfio_vector {
	struct loop_src src;
	struct vfio_dev *vd;
	uint32_t number;
};

struct vfio_dev {
	struct device *dev;
	struct vfio_group *group;
	unsigned int bit;		/* in the group's masks */
	char bdf[VFIO_BDF];
	int fd;				/* -1: given back */
	bool resettable;
	uint64_t at[VFIO_PCI_NUM_REGIONS];	/* of the regions in fd */

	int index;			/* interrupts that are on: VFIO_PCI_*_IRQ_INDEX or -1 */
	uint32_t enabled;		/* vectors of it */
	bool can_grow;			/* MSI-X vectors can be added while others are on */
	bool masked;			/* INTx, by VFIO when it fired */
	struct vfio_vector line, request, error;
	struct vfio_vector *vectors;
	uint32_t nr_vectors;

	struct loop_timer given;	/* has the host got the device? */
};

extern const char *vfio_sysfs;

int vfio_find(const struct device *dev, const char *bdf, char group[16]);
char *vfio_not_viable(const char *group);
bool vfio_is_held(const char *bdf);

struct vfio_group *vfio_group_get(const struct device *dev, const char *number);
void vfio_group_put(struct vfio_group *group, unsigned int bit);
int vfio_group_check_ram(const struct vfio_dev *vd, uint64_t size, uint64_t total);

int vfio_map(struct vfio_dev *vd, const struct dma_request *req, int fd);
void vfio_unmap(struct vfio_dev *vd, uint64_t iova, uint64_t size);

int vfio_regions(struct vfio_dev *vd);
uint32_t vfio_config_get(const struct vfio_dev *vd, uint32_t off, unsigned int width);
void vfio_config_put(const struct vfio_dev *vd, uint32_t off, unsigned int width, uint32_t value);

int vfio_irq_open(struct vfio_dev *vd);

void vfio_irq_close(struct vfio_dev *vd);
void vfio_irq_update(struct vfio_dev *vd);
bool vfio_intx_level(struct vfio_dev *vd);

int vfio_reset_open(struct vfio_dev *vd);
void vfio_reset(struct vfio_dev *vd);

void vfio_give_back(struct vfio_dev *vd);
void vfio_release(struct vfio_dev *vd);
void vfio_look_back(struct loop_timer *timer);
void vfio_wanted(struct loop_src *src, uint32_t events);
void vfio_failed(struct loop_src *src, uint32_t events);

bool vfio_log_decode(const char *record, char bdf[VFIO_BDF], uint64_t *iova, bool *write);
void vfio_log_open(void (*fn)(const char *bdf, uint64_t iova, bool write));
void vfio_log_close(void);

#endif
