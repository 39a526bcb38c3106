/* SPDX-License-Identifier: GPL-2.0 */
/*
 * user.h - what the libc side (*_user.c) of ring3 offers to the kernel side
 *
 * Neither kernel nor libc types here: both sides include it.  Functions return 0
 * (or a count) or a negative errno.  Those that exchange messages want interrupts
 * off, as one message at a time may be under way on a link; they may be called in
 * interrupt context and wait at most for the client's deadline.
 */
#ifndef RING3_USER_H
#define RING3_USER_H

#define RING3_MAX_DEVICES	32
#define RING3_MAX_AREAS		64
#define RING3_NR_REGIONS	8	/* BAR0..5, ROM, config space */
#define RING3_ROM		6
#define RING3_CONFIG		7

/* Bit numbers of a device's events: INTx, then MSI or MSI-X vectors. */
#define RING3_EVENT_INTX	0
#define RING3_EVENT_MSI		1
#define RING3_MAX_VECTORS	2048
#define RING3_EVENT_REQUEST	(RING3_EVENT_MSI + RING3_MAX_VECTORS)	/* the device is wanted back */
#define RING3_EVENT_ERROR	(RING3_EVENT_REQUEST + 1)		/* it has reached for what is not its */
#define RING3_EVENT_WORDS	((RING3_EVENT_ERROR + 64) / 64)

struct ring3_area {
	unsigned long long offset;
	unsigned long long size;
};

/* A region as it stands in this process. */
struct ring3_region {
	unsigned long long size;	/* bytes; 0: does not exist */
	char *base;			/* its first byte, or NULL: nothing is mapped */
	unsigned int dev;		/* whose it is */
	unsigned int nr_areas;		/* that are mapped, at base + offset */
	struct ring3_area areas[RING3_MAX_AREAS];
};

/* As in vfio_user.h. */
enum ring3_note {
	RING3_NOTE_CALLER = 1,
	RING3_NOTE_PLACE,
	RING3_NOTE_DRIVER,
	RING3_NOTE_VECTOR,
	RING3_NOTE_MODULE,
	RING3_NOTE_DMA_MAP,
	RING3_NOTE_DMA_UNMAP,
};

/* What a device may do with memory, as in vfio_user.h. */
#define RING3_DMA_READ		1
#define RING3_DMA_WRITE		2

enum ring3_irq_index { RING3_INTX, RING3_MSI, RING3_MSIX };

/* link_user.c: one vfio-user connection per device */
int ring3_link_open(unsigned int dev, int fd);
int ring3_link_bell(unsigned int dev);
int ring3_link_awake(unsigned int dev);
int ring3_link_posts(unsigned int dev);
int ring3_link_notes(unsigned int dev);
int ring3_link_note(unsigned int dev, enum ring3_note kind, unsigned long long a,
		    unsigned long long b, unsigned long long c, const char *text,
		    unsigned int len);
int ring3_link_region(unsigned int dev, unsigned int index, struct ring3_region *region);
int ring3_link_reset(unsigned int dev);
void ring3_link_watch(unsigned int dev);
int ring3_link_region_fd(unsigned int dev, unsigned int index, unsigned long long *offset);
int ring3_link_read(unsigned int dev, unsigned int region, unsigned long long offset,
		    void *data, unsigned int count);
int ring3_link_write(unsigned int dev, unsigned int region, unsigned long long offset,
		     const void *data, unsigned int count);
int ring3_link_post(unsigned int dev, unsigned int region, unsigned long long offset,
		    const void *data, unsigned int count);
int ring3_link_arm(unsigned int dev, enum ring3_irq_index index, unsigned int count);
int ring3_link_disarm(unsigned int dev, enum ring3_irq_index index);
int ring3_link_unmask_intx(unsigned int dev);
int ring3_link_dma_map(unsigned int dev, unsigned long long iova, unsigned long long size,
		       int fd, unsigned long long offset, unsigned int access);
int ring3_link_dma_unmap(unsigned int dev, unsigned long long iova, unsigned long long size);
int ring3_link_fault(unsigned int dev, unsigned long long *iova);

/* map_user.c: BAR mappings */
void *ring3_pages(unsigned long len);
int ring3_map_region(struct ring3_region *region, int fd, unsigned long long fd_offset);
int ring3_map_decode(struct ring3_region *region, int on);
int ring3_bus_error(void *addr);
void ring3_map_revoke(unsigned int dev);

/* trap_user.c: faults in BARs; and what it asks of iomem.c */
int ring3_fault(void *addr, void *context);
unsigned long ring3_mapped_address(const void *addr);
void ring3_trapped(unsigned long addr, unsigned long pc, unsigned long long *value,
		   unsigned int width, int write);

/* event_user.c: descriptors to pending bits */
int ring3_event_start(void);
int ring3_event_fd(unsigned int dev, unsigned int bit);
void ring3_event_ring(void);
void ring3_event_ack(void);
struct vfio_user_events;
int ring3_event_share(unsigned int dev, int fd, struct vfio_user_events *events);
int ring3_event_rung(void);
void ring3_event_hear(void);
void ring3_event_drain(void);
int ring3_idle_poll(void);
int os_signals_pending(void);	/* User-Mode Linux' */
unsigned long ring3_event_take(unsigned int dev, unsigned int word);
void ring3_event_raise(unsigned int dev, unsigned int bit);

/* stream_user.c: byte streams of the channels */
int ring3_stream_setup(int fd);
long ring3_stream_read(int fd, void *buf, unsigned long len);
long ring3_stream_write(int fd, const void *buf, unsigned long len);
int ring3_stream_poll(int fd);
#define RING3_STREAM_IN		1
#define RING3_STREAM_OUT	2
#define RING3_STREAM_HUP	4
void ring3_stream_finish(int fd);

/* stub_user.c: host processes of hosted processes */
int ring3_stub_watch(void);
int ring3_stub_lost(void);
int ring3_stub_dead(int pid);
int ring3_stub_gone(int pid);

/* gdb_user.c: an entry of gdb's list of code that was made at run time */
struct ring3_jit {
	struct ring3_jit *next;
	struct ring3_jit *prev;
	const void *symfile;		/* an ELF image */
	unsigned long long size;	/* bytes of it */
};

void ring3_jit_register(struct ring3_jit *entry);
void ring3_jit_unregister(struct ring3_jit *entry);
void *ring3_gdb_map(const char *tree, const char *module, unsigned long long *size);
void ring3_gdb_unmap(const void *image, unsigned long long size);

/* xstate_user.c */
struct iovec;
void ring3_full_xstate(int pid, struct iovec *iov);

/* random_user.c */
int ring3_host_random(void *buf, unsigned int len);

/* shadow_user.c */
int ring3_own_memory(void *start, unsigned long len);

/* ram_user.c */
int ring3_ram_fd(unsigned long long len);

#endif
