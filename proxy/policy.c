// SPDX-License-Identifier: GPL-2.0
/*
 * policy.c - what a driver may write to the configuration space of its device
 *
 * Theory of operation: config-init.c makes virtual what nobody may change in the device, BARs,
 * MSI, MSI-X, COMMAND; those bytes never come here.  Of all others a driver may change the bits that
 * a row of the table below names, in every device, whatever its backend.  Bits of such a register
 * that have no name are written as they are.  Everything else is dropped: capabilities without a row (a
 * vendor's, SR-IOV, ATS, ACS, multicast, resizable BARs and those that are not invented yet), and
 * registers that belong to no capability.  A vendor's registers may place memory windows, write the
 * EEPROM or speak to a controller behind the device, ATS leads past the IOMMU.
 *
 * `config=raw` lets everything through but what is virtual.
 *
 * A write that would change what it must not is counted, traced and told of; one that writes what
 * is there already is not.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/backend.h"
#include "proxy/config.h"
#include "proxy/device.h"
#include "proxy/error.h"
#include "proxy/policy.h"
#include "proxy/trace.h"
#include "proxy/util.h"

#define MAX_CAPS	48
#define MAX_EXT_CAPS	480
#define EXT		0x10000		/* id of an extended capability */
#define HEADER		0x20000		/* what comes before all capabilities */

/* One register.  A write with a bit of @never is dropped as a whole. */
static const struct rule {
	uint32_t id;
	uint16_t off, width;
	uint32_t pass, never;
	uint8_t version;		/* of the capability, at least */
} rules[] = {
	/* Status registers: errors, cleared by writing 1; the other bits nobody can change. */
	{ HEADER, PCI_STATUS, 2, 0xffff, 0, 0 },
	{ HEADER, PCI_CACHE_LINE_SIZE, 1, 0xff, 0, 0 },
	{ HEADER, PCI_LATENCY_TIMER, 1, 0xff, 0, 0 },

	{ PCI_CAP_ID_PM, PCI_PM_CTRL, 2, 0xffff, 0, 0 },

	/* Reading works by writing the address; with the flag it is the data that are written. */
	{ PCI_CAP_ID_VPD, PCI_VPD_ADDR, 2, PCI_VPD_ADDR_MASK, PCI_VPD_ADDR_F, 0 },

	{ PCI_CAP_ID_PCIX, PCI_X_CMD, 2, 0x007f, 0, 0 },

	/* The function reset is carried out by the proxy: config.c. */
	{ PCI_CAP_ID_EXP, PCI_EXP_DEVCTL, 2, 0x78ff, 0, 0 },	/* no phantom functions, no aux power */
	{ PCI_CAP_ID_EXP, PCI_EXP_DEVSTA, 2, 0xffff, 0, 0 },
	{ PCI_CAP_ID_EXP, PCI_EXP_LNKCTL, 2, PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB |
	  PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES | PCI_EXP_LNKCTL_CLKREQ_EN, 0, 0 },
	{ PCI_CAP_ID_EXP, PCI_EXP_DEVCTL2, 2, PCI_EXP_DEVCTL2_COMP_TIMEOUT |
	  PCI_EXP_DEVCTL2_COMP_TMOUT_DIS | PCI_EXP_DEVCTL2_IDO_REQ_EN |
	  PCI_EXP_DEVCTL2_IDO_CMP_EN | PCI_EXP_DEVCTL2_LTR_EN |
	  0x6000, 0, 2 },	/* the last: OBFF */

	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_STATUS, 4, ~0u, 0, 0 },
	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_MASK, 4, ~0u, 0, 0 },
	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_UNCOR_SEVER, 4, ~0u, 0, 0 },
	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_STATUS, 4, ~0u, 0, 0 },
	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_COR_MASK, 4, ~0u, 0, 0 },
	{ EXT | PCI_EXT_CAP_ID_ERR, PCI_ERR_CAP, 4, PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE,
	  0, 0 },
	{ EXT | PCI_EXT_CAP_ID_LTR, PCI_LTR_MAX_SNOOP_LAT, 4, 0x1fff1fff, 0, 0 },
};

/* What to call those that somebody may miss; for messages. */
static const struct name {
	uint32_t id;
	const char *text;
} names[] = {
	{ PCI_CAP_ID_PM, "power management" }, { PCI_CAP_ID_VPD, "vital product data" },
	{ PCI_CAP_ID_EXP, "PCI Express" }, { PCI_CAP_ID_VNDR, "vendor specific" },
	{ PCI_CAP_ID_EA, "enhanced allocation" }, { PCI_CAP_ID_SATA, "SATA" },
	{ PCI_CAP_ID_MSI, "MSI" }, { PCI_CAP_ID_MSIX, "MSI-X" }, { PCI_CAP_ID_AF, "advanced features" }, { HEADER, "the header" },
	{ EXT | PCI_EXT_CAP_ID_SRIOV, "SR-IOV" }, { EXT | PCI_EXT_CAP_ID_ATS, "ATS" },
	{ EXT | PCI_EXT_CAP_ID_ACS, "ACS" }, { EXT | PCI_EXT_CAP_ID_VNDR, "vendor specific" },
	{ EXT | PCI_EXT_CAP_ID_REBAR, "resizable BAR" }, { EXT | PCI_EXT_CAP_ID_MCAST, "multicast" },
	{ EXT | PCI_EXT_CAP_ID_PRI, "page requests" }, { EXT | PCI_EXT_CAP_ID_PASID, "PASID" },
	{ EXT | PCI_EXT_CAP_ID_ERR, "error reporting" },
};

static void open_register(struct config *c, const struct rule *r, uint32_t at, uint32_t limit)
{
	for (unsigned int i = 0; i < r->width && at + i < limit; i++) {
		if (c->virt[at + i])
			continue;
		c->pass[at + i] = r->pass >> (8 * i);
		c->never[at + i] = r->never >> (8 * i);
	}
}

static void open_capability(struct device *dev, uint32_t id, uint32_t at, uint32_t limit)
{
	uint8_t version = 0;

	if (id == PCI_CAP_ID_EXP)
		version = dev->backend->config_read(dev, at + PCI_EXP_FLAGS, 2) & PCI_EXP_FLAGS_VERS;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].id == id && rules[i].version <= version)
			open_register(&dev->config, &rules[i], at + rules[i].off, limit);
}

static void each_capability(struct device *dev,
			    void (*fn)(struct device *dev, uint32_t id, uint32_t at, void *arg), void *arg)
{
	const struct backend *be = dev->backend;
	uint32_t cap = 0, head, n;

	if (be->config_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST)
		cap = be->config_read(dev, PCI_CAPABILITY_LIST, 1) & ~3u;
	for (n = 0; cap >= PCI_STD_HEADER_SIZEOF && n < MAX_CAPS; n++) {
		fn(dev, be->config_read(dev, cap, 1), cap, arg);
		cap = be->config_read(dev, cap + 1, 1) & ~3u;
	}
	if (dev->regions[VFIO_USER_CONFIG].size < CONFIG_MAX)
		return;
	for (n = 0, cap = PCI_CFG_SPACE_SIZE; cap >= PCI_CFG_SPACE_SIZE && n < MAX_EXT_CAPS; n++) {
		head = be->config_read(dev, cap, 4);
		if (head && head != ~0u)
			fn(dev, EXT | PCI_EXT_CAP_ID(head), cap, arg);
		cap = PCI_EXT_CAP_NEXT(head) & ~3u;
	}
}

static void open_one(struct device *dev, uint32_t id, uint32_t at, void *arg)
{
	(void)arg;
	open_capability(dev, id, at, id & EXT ? CONFIG_MAX : PCI_CFG_SPACE_SIZE);
}

/**
 * policy_init() - find out what the driver of a device may write
 * @dev: device, its configuration space known and what is virtual decided
 *
 * Return: 0, or -1 with fail().
 */
int policy_init(struct device *dev)
{
	const char *how = spec_get(dev->spec, "config");

	if (how && strcmp(how, "safe") && strcmp(how, "raw"))
		return fail("device '%s': config=%s: use safe or raw", device_name(dev), how);
	memset(dev->config.pass, how && !strcmp(how, "raw") ? 0xff : 0, sizeof(dev->config.pass));
	memset(dev->config.never, 0, sizeof(dev->config.never));
	if (how && !strcmp(how, "raw"))
		return 0;
	open_capability(dev, HEADER, 0, PCI_STD_HEADER_SIZEOF);
	each_capability(dev, open_one, NULL);
	return 0;
}

struct search {
	uint32_t off, id, at;
};

static void nearer(struct device *dev, uint32_t id, uint32_t at, void *arg)
{
	struct search *s = arg;

	(void)dev;
	if (at <= s->off && at >= s->at) {
		s->id = id;
		s->at = at;
	}
}

/* The last capability that begins before a register; it may end before it, too. */
static const char *owner(struct device *dev, uint32_t off)
{
	struct search s = { .off = off, .id = HEADER };

	each_capability(dev, nearer, &s);
	if (off >= PCI_STD_HEADER_SIZEOF && s.id == HEADER)
		return "no capability";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].id == s.id)
			return names[i].text;
	return "some other capability";
}

/**
 * policy_deny() - count what was not allowed
 * @dev: device
 * @why: what it was
 *
 * Return: true if this one is worth a line: the first, the second, the fourth and so on.
 */
bool policy_deny(struct device *dev, enum denial why)
{
	uint64_t n = dev->policy.denied[why] + 1;

	__atomic_store_n(&dev->policy.denied[why], n, __ATOMIC_RELAXED);
	return !(n & (n - 1));
}

static void denied(struct device *dev, uint32_t off, unsigned int width, uint32_t value)
{
	trace_denied(dev, off, width, value);
	if (!policy_deny(dev, DENY_CONFIG))
		return;
	warn("device '%s': a write of 0x%x to configuration register 0x%x (%s) was dropped, %llu so far: it is not known to be harmless; 'config=raw' lets all of them through",
	     device_name(dev), value, off, owner(dev, off),
	     (unsigned long long)dev->policy.denied[DENY_CONFIG]);
}

static uint32_t gather(const uint8_t *bytes, unsigned int width)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

/* Some bits of each byte may be changed. */
static void write_some(struct device *dev, uint32_t off, const uint8_t *bytes, unsigned int width)
{
	struct config *c = &dev->config;
	uint32_t pass = gather(&c->pass[off], width), value = gather(bytes, width), now = value;

	if (value & gather(&c->never[off], width)) {
		denied(dev, off, width, value);
		return;
	}
	if (pass != ~0u >> (32 - 8 * width))
		now = dev->backend->config_read(dev, off, width);
	if ((value ^ now) & ~pass)
		denied(dev, off, width, value);
	value = (value & pass) | (now & ~pass);
	for (unsigned int i = 0; i < width; i++)
		c->last[off + i] = value >> (8 * i);
	dev->backend->config_write(dev, off, width, value);
}

/**
 * policy_write() - a driver writes configuration space: hand on what it may write
 * @dev: device
 * @off: naturally aligned
 * @bytes: @width of them
 * @width: 1, 2 or 4
 *
 * In one access where all of its bytes may be written, else in smaller ones.
 */
void policy_write(struct device *dev, uint32_t off, const uint8_t *bytes, unsigned int width)
{
	const struct config *c = &dev->config;
	unsigned int open = 0, closed = 0, changed = 0;

	for (unsigned int i = 0; i < width; i++) {
		bool shut = !c->virt[off + i] && !c->pass[off + i];

		open += !c->virt[off + i] && c->pass[off + i];
		closed += shut;
		changed += shut && bytes[i] != c->last[off + i];
	}
	if (open == width) {
		write_some(dev, off, bytes, width);
	} else if (open) {
		policy_write(dev, off, bytes, width / 2);
		policy_write(dev, off + width / 2, bytes + width / 2, width / 2);
	} else if (closed && changed) {
		denied(dev, off, width, gather(bytes, width));
	}
}
