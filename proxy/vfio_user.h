/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vfio_user.h - messages of the vfio-user protocol, version 0.1
 *
 * The one place where the wire format is written down.  The proxy (server), the
 * client in the hosted kernel and the tests include it; it needs nothing but
 * fixed-width integers.  Section names in the comments are those of QEMU's
 * docs/interop/vfio-user.rst.  All fields are in the host's byte order, as the
 * peers always share a machine.
 */
#ifndef RING3_VFIO_USER_H
#define RING3_VFIO_USER_H

#include <stdint.h>

#define VFIO_USER_MAJOR 0
#define VFIO_USER_MINOR 1

/* "Header": every message starts with these 16 bytes. */
struct vfio_user_hdr {
	uint16_t id;
	uint16_t cmd;
	uint32_t size;		/* of the whole message, header included */
	uint32_t flags;
	uint32_t err;		/* errno, valid with VFIO_USER_F_ERROR */
};

#define VFIO_USER_F_TYPE_MASK	0x0fU
#define VFIO_USER_F_COMMAND	0x00U
#define VFIO_USER_F_REPLY	0x01U
#define VFIO_USER_F_NO_REPLY	0x10U
#define VFIO_USER_F_ERROR	0x20U

enum vfio_user_cmd {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,	/* server to client */
	VFIO_USER_DMA_WRITE = 12,	/* server to client */
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
	VFIO_USER_DEVICE_FEATURE = 16,
	VFIO_USER_RING3_NOTE = 0x5233,	/* ours, see struct vfio_user_ring3_note */
	VFIO_USER_RING3_FAULT = 0x5234,	/* ours, see struct vfio_user_ring3_fault */
	VFIO_USER_RING3_KICK = 0x5236,	/* look into the mailbox */
	VFIO_USER_RING3_EVENTS = 0x5237,	/* ours, see struct vfio_user_events */
	VFIO_USER_RING3_BELL = 0x5238,
	VFIO_USER_RING3_MAILBOX = 0x5239,	/* ours, see struct vfio_user_mailbox; 0x5235 had another */
};

/* "VFIO_USER_VERSION": followed by NUL-terminated JSON. */
struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
};

/* "VFIO_USER_DMA_MAP": the file descriptor, if any, rides along. */
struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;	/* into the file */
	uint64_t addr;		/* IOVA */
	uint64_t size;		/* bytes */
};

#define VFIO_USER_DMA_READABLE	(1U << 0)
#define VFIO_USER_DMA_WRITEABLE	(1U << 1)

/* "VFIO_USER_DMA_UNMAP" */
struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t addr;
	uint64_t size;
};

#define VFIO_USER_DMA_UNMAP_ALL	(1U << 1)

/* "VFIO_USER_DEVICE_GET_INFO", struct vfio_device_info */
struct vfio_user_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

#define VFIO_USER_DEVICE_RESETTABLE	(1U << 0)
#define VFIO_USER_DEVICE_PCI		(1U << 1)

/* "VFIO_USER_DEVICE_GET_REGION_INFO", struct vfio_region_info */
struct vfio_user_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;	/* from the start of this struct; 0 = none */
	uint64_t size;		/* bytes; 0 = the region does not exist */
	uint64_t offset;	/* of the region in the file that is passed */
};

#define VFIO_USER_REGION_READABLE	(1U << 0)
#define VFIO_USER_REGION_WRITEABLE	(1U << 1)
#define VFIO_USER_REGION_MMAP		(1U << 2)
#define VFIO_USER_REGION_CAPS		(1U << 3)

struct vfio_user_cap_header {
	uint16_t id;
	uint16_t version;
	uint32_t next;		/* offset of the next capability, 0 = last */
};

#define VFIO_USER_CAP_SPARSE_MMAP 1

struct vfio_user_sparse_area {
	uint64_t offset;	/* in the region; the file has it at region.offset + this */
	uint64_t size;
};

struct vfio_user_sparse_mmap {
	struct vfio_user_cap_header header;
	uint32_t nr_areas;
	uint32_t reserved;
	struct vfio_user_sparse_area areas[];
};

/* Region indexes of a PCI device. */
enum vfio_user_region {
	VFIO_USER_BAR0 = 0,
	VFIO_USER_BAR5 = 5,
	VFIO_USER_ROM = 6,
	VFIO_USER_CONFIG = 7,
	VFIO_USER_VGA = 8,
	VFIO_USER_NUM_REGIONS = 9,
};

/* "VFIO_USER_DEVICE_GET_IRQ_INFO", struct vfio_irq_info */
struct vfio_user_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

#define VFIO_USER_IRQ_EVENTFD		(1U << 0)
#define VFIO_USER_IRQ_MASKABLE		(1U << 1)
#define VFIO_USER_IRQ_AUTOMASKED	(1U << 2)
#define VFIO_USER_IRQ_NORESIZE		(1U << 3)

/* Interrupt indexes of a PCI device. */
enum vfio_user_irq {
	VFIO_USER_INTX = 0,
	VFIO_USER_MSI = 1,
	VFIO_USER_MSIX = 2,
	VFIO_USER_ERR = 3,
	VFIO_USER_REQ = 4,
	VFIO_USER_NUM_IRQS = 5,
};

/* "VFIO_USER_DEVICE_SET_IRQS", struct vfio_irq_set; DATA_BOOL bytes may follow. */
struct vfio_user_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

#define VFIO_USER_IRQ_DATA_NONE		(1U << 0)
#define VFIO_USER_IRQ_DATA_BOOL		(1U << 1)
#define VFIO_USER_IRQ_DATA_EVENTFD	(1U << 2)
#define VFIO_USER_IRQ_DATA_MASK		0x07U
#define VFIO_USER_IRQ_MASK		(1U << 3)
#define VFIO_USER_IRQ_UNMASK		(1U << 4)
#define VFIO_USER_IRQ_TRIGGER		(1U << 5)
#define VFIO_USER_IRQ_ACTION_MASK	0x38U

/* "VFIO_USER_REGION_READ" and "_WRITE": data follow the write and the read's reply. */
struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;		/* bytes */
};

/* "VFIO_USER_DMA_READ" and "_WRITE": data follow the write and the read's reply. */
struct vfio_user_dma_access {
	uint64_t addr;		/* IOVA */
	uint64_t count;		/* bytes */
};

/* "VFIO_USER_REGION_WRITE_MULTI": a u64 count, then so many of these. */
struct vfio_user_write_one {
	uint64_t offset;
	uint32_t region;
	uint32_t count;		/* bytes of data, 1 to 8 */
	uint8_t data[8];
};

/*
 * Ours: what a hosted kernel tells about itself, never answered.  Sent to servers that offer
 * "ring3_notes"; callers and DMA buffers to those that also offer "ring3_callers".
 */
struct vfio_user_ring3_note {
	uint32_t kind;		/* VFIO_USER_NOTE_* */
	uint32_t len;		/* bytes of text that follow, not terminated */
	uint64_t a, b, c;
};

enum vfio_user_note {
	VFIO_USER_NOTE_CALLER = 1,	/* of the next access: a program counter, text its symbol */
	VFIO_USER_NOTE_PLACE,		/* text BDF, a interrupt, b ROM's address; no text: removed */
	VFIO_USER_NOTE_DRIVER,		/* text "driver module version"; no text: unbound */
	VFIO_USER_NOTE_VECTOR,		/* a vector, b its interrupt or 0 */
	VFIO_USER_NOTE_MODULE,		/* text "name version", a address, b bytes; b 0: gone */
	VFIO_USER_NOTE_DMA_MAP,		/* a IOVA, b bytes, c direction as in Linux */
	VFIO_USER_NOTE_DMA_UNMAP,
	VFIO_USER_NR_NOTES,
};

/*
 * Ours, of servers that offer "ring3_notes": the reply to VFIO_USER_RING3_FAULT, an access that the
 * device was not allowed; ENOENT when there is no more.  VFIO_USER_ERR is signalled for the first.
 */
struct vfio_user_ring3_fault {
	uint64_t iova;
	uint32_t flags;		/* VFIO_USER_DMA_READABLE or _WRITEABLE: what it tried */
	uint32_t lost;		/* so many before it could not be kept */
};

/*
 * Ours, of servers that offer "ring3_notes": the reply to VFIO_USER_RING3_MAILBOX has a descriptor of
 * this in shared memory, or is an error.  While `awake` is set, accesses of BARs may be left in
 * it instead of being sent.  The client fills slots one after the other and numbers them from 1 on,
 * the number last; the server carries them out in order, all that are there before any
 * message of the socket.  It gives an answer with the access's number, and tells up to which number slots
 * are free again.  Whoever has left an access and finds that nobody is awake, or has waited too long,
 * sends VFIO_USER_RING3_KICK; a reply to that means that all has been done.
 */
#define VFIO_USER_MAILBOX_SLOTS	64
#define VFIO_USER_MAILBOX_LINE	128	/* two of the processor's cache, as it may fetch the next one, too; bytes */

struct vfio_user_mailbox_slot {
	uint64_t offset;
	uint64_t value;		/* of a write, the low bytes count */
	uint32_t region;
	uint8_t width;		/* 1, 2, 4 or 8 bytes */
	uint8_t write;		/* 1; 0: a read */
	uint8_t answer;		/* 1: somebody waits for it; 0: a posted write */
	uint8_t zero;
	uint32_t number;
	uint32_t unused;
};

struct vfio_user_mailbox {
	/* The server's: what the client looks at after every write, now and then, and until it is answered. */
	uint32_t awake;
	uint8_t pad_awake[VFIO_USER_MAILBOX_LINE - 4];
	uint32_t done;		/* slots up to this number are free */
	uint8_t pad_done[VFIO_USER_MAILBOX_LINE - 4];
	uint32_t answered;	/* number of the access that was answered last */
	int32_t err;		/* of that: 0 or a negative errno */
	uint64_t value;		/* of a read */
	uint8_t pad[VFIO_USER_MAILBOX_LINE - 16];
	/* The client's. */
	struct vfio_user_mailbox_slot slots[VFIO_USER_MAILBOX_SLOTS];
};

/*
 * Ours, of servers that offer "ring3_notes": the reply to VFIO_USER_RING3_EVENTS has a descriptor of
 * this in shared memory, that to VFIO_USER_RING3_BELL of the end of a pipe that is read; or they are errors.
 * From the second on, an interrupt whose vector is armed sets its bit in `pending`, 0 for INTx and
 * 1 + N for message N, instead of its eventfd; and if `rung` is not set, that is set
 * and a byte written to the pipe, which is the same for all devices of a server, unless `polling` is set.
 * The client clears `rung`, then takes the bits.  It sets `polling` while it looks at `rung` all the time, and
 * looks once more after it has cleared that.
 */
#define VFIO_USER_EVENT_WORDS	33

struct vfio_user_events {
	uint32_t rung;
	uint32_t polling;	/* the client's */
	uint8_t pad[VFIO_USER_MAILBOX_LINE - 8];
	uint64_t pending[VFIO_USER_EVENT_WORDS];
};

#define VFIO_USER_NOTE_TEXT	256	/* longest text */

#define VFIO_USER_MAX_DATA	(1024u * 1024)	/* default max_data_xfer_size */
#define VFIO_USER_MAX_MSG	(VFIO_USER_MAX_DATA + 4096)
#define VFIO_USER_MAX_FDS	64

#endif
