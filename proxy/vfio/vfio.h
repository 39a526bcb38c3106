/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfio.h - real devices through VFIO
 *
 * Theory of operation: the host's vfio-pci driver holds the device and gives us a descriptor of
 * it, in one of two ways: by a character device of its own and an iommufd, or through the IOMMU
 * group that it is in and a container.  Either way each group has an address space of its own,
 * which its devices see; what one of our devices has mapped is in it until the last of them that
 * mapped it has let go.  From the device's descriptor on there is no difference.
 *
 *  bdf.c     BDFs as users write them
 *  place.c   from the user's BDF to a device, a group, and a reason why not
 *  group.c   the group, and which of the two ways
 *  iommufd.c the one way
 *  type1.c   the other
 *  map.c     memory that the group's devices reach
 *  region.c  BARs, ROM, and which configuration registers may be written
 *  irq.c     eventfds of INTx, MSI and MSI-X
 *  reset.c   the ways to reset a function
 *  back.c    the host wants the device back
 *  log.c     accesses that the IOMMU stopped
 */
#ifndef RING3_PROXY_VFIO_VFIO_H
#define RING3_PROXY_VFIO_VFIO_H

#include "proxy/device.h"
#include "proxy/loop.h"
#include "proxy/vfio/bdf.h"
#include "proxy/vfio/uapi.h"

/* The hosted kernel's RAM begins here on its devices' bus (docs/architecture.md). */
#define RAM_IOVA 0x40000000ull

#define VFIO_MAX_RANGES 16
#define VFIO_GROUP_DEVICES 32
#define VFIO_NODE 16			/* vfioN and its end */

/* Of messages; what allows them follows. */
#define VFIO_UNSAFE_INTERRUPTS "the machine does not remap interrupts, so a device could forge any: switch it on in the firmware (x2APIC, interrupt remapping), or accept that with "

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
	bool ahead;			/* made before a client asked for it; nobody's yet */
};

struct vfio_group;
struct vfio_dev;

/* One of the kernel's interfaces to devices and to their IOMMU. */
struct vfio_way {
	const char *param;		/* the value of iommufd= that asks for it */
	/* Open the group's address space for @vd, its first device; 0, or -1 with fail(). */
	int (*open)(struct vfio_group *g, const struct vfio_dev *vd);
	/* Open a device of the group: vd->fd; 0, or -1 with fail(). */
	int (*device)(struct vfio_dev *vd);
	/* Let devices reach what is mapped at m->at here, or no more; 0 or a negative errno. */
	int (*map)(const struct vfio_group *g, const struct vfio_map *m);
	int (*unmap)(const struct vfio_group *g, const struct vfio_map *m);
};

struct vfio_group {
	struct vfio_group *next;
	char number[16];
	const struct vfio_way *way;
	int fd;				/* -1 with iommufd */
	int container;			/* the iommufd, or VFIO's container */
	uint32_t space;			/* in the iommufd */
	uint32_t devices;		/* bits in use */
	struct vfio_range ranges[VFIO_MAX_RANGES];
	unsigned int nr_ranges;
	struct vfio_map *maps;
	size_t nr_maps;
};

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
	char node[VFIO_NODE];		/* in /dev/vfio/devices; "": none */
	int fd;				/* -1: given back */
	uint32_t id;			/* in the iommufd */
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

int vfio_find(struct vfio_dev *vd, char group[16]);
char *vfio_not_viable(const char *group);
unsigned int vfio_group_size(const char *group);
bool vfio_is_held(const char *bdf);

extern const struct vfio_way vfio_iommufd, vfio_type1;
bool vfio_iommufd_offered(const struct vfio_dev *vd);
int vfio_cannot_open(const struct device *dev, const char *path, const char *rule);
int vfio_fail_viable(const struct device *dev, const char *group, const char *who);

struct vfio_group *vfio_group_get(const struct vfio_dev *vd, const char *number);
void vfio_group_put(struct vfio_group *group, unsigned int bit);
int vfio_group_check_ram(const struct vfio_dev *vd, uint64_t size, uint64_t total);

int vfio_map_ahead(struct vfio_dev *vd, uint64_t iova, uint64_t size, int fd);
void vfio_map_drop_ahead(struct vfio_group *g);
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
