// SPDX-License-Identifier: GPL-2.0
/*
 * backend-vfio-user.c - devices of somebody else's vfio-user server
 *
 * A server that dies leaves a device that reads as all ones.  It is looked for again when a
 * client connects and when the function is reset.  The second helps only devices without mapped
 * pages: those that a client has mapped are the old server's memory, and stay it.
 *
 * GET_REGION_IO_FDS is not used.  An ioeventfd spares a server's client the answer to a write of
 * a doorbell; where the server bears it, posted writes do the same for every register, in order
 * with all other accesses, and seen by the trace.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "proxy/areas.h"
#include "proxy/backend.h"
#include "proxy/claim.h"
#include "proxy/error.h"
#include "proxy/keeper.h"
#include "proxy/options.h"
#include "proxy/vfio-user/vfio-user.h"

#define CONFIG_BLOCK 256

static int parse_deadline(struct device *dev, struct vu_device *vu)
{
	const char *text = spec_get(dev->spec, "deadline");
	char *end;
	long ms;

	if (!text)
		return 0;
	errno = 0;
	ms = strtol(text, &end, 10);
	if (errno || end == text || *end || ms < PEER_HUNG_MS || ms > PEER_DEADLINE_MAX_MS)
		return fail("device '%s': deadline=%s is no number of milliseconds from %d to %d",
			    device_name(dev), text, PEER_HUNG_MS, PEER_DEADLINE_MAX_MS);
	vu->peer.deadline_ms = ms;
	return 0;
}

static int open_vfio_user(struct device *dev)
{
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	const char *path = dev->spec->model;
	struct vu_device *vu;

	if (!path || !*path)
		return fail("device '%s': which server? Write vfio-user:SOCKET",
			    device_name(dev));
	if (strlen(path) > most)
		return fail("device '%s': the path of its socket has %zu bytes and may have %zu; use a shorter one",
			    device_name(dev), strlen(path), most);
	vu = calloc(1, sizeof(*vu));
	if (!vu)
		return fail("out of memory for '%s'", device_name(dev));
	dev->priv = vu;
	dev->posted_writes = true;	/* as on a bus; order is kept all the way */
	vu->dev = dev;
	peer_init(&vu->peer, dev);
	vu_irqs_init(vu);
	return parse_deadline(dev, vu);
}

static void close_vfio_user(struct device *dev)
{
	struct vu_device *vu = dev->priv;

	if (!vu)
		return;
	vu_irqs_exit(vu);
	peer_close(&vu->peer);
	vu_forget(dev->regions);
	free(vu->vectors);
	free(vu);
}

static int connect_failed(const struct device *dev, int err)
{
	const char *path = dev->spec->model, *hint = "look at the server";

	if (err == -ENOENT)
		hint = "start the server, or correct the path";
	else if (err == -ECONNREFUSED)
		hint = "nobody listens there: start the server again";
	else if (err == -EACCES)
		hint = "ask the server's owner for write permission on the socket";
	else if (err == -EAGAIN)
		hint = "its server accepts nobody: is another client connected?";
	return fail("device '%s': cannot connect to %s: %s; %s", device_name(dev), path,
		    strerror(-err), hint);
}

static int talk_failed(const struct device *dev, const struct vu_device *vu, int err)
{
	if (err == -ETIMEDOUT)
		return fail("device '%s': its server does not answer within %d ms: is another client connected, or is it stopped? (deadline=MS waits longer)",
			    device_name(dev), vu->peer.deadline_ms);
	if (err == -EPIPE)
		return fail("device '%s': its server ends the connection at once; look at what it says",
			    device_name(dev));
	return fail("device '%s': what listens at %s is no vfio-user server of version 0: %s",
		    device_name(dev), dev->spec->model, strerror(-err));
}

/* Negotiate, and learn what there is. */
static int attach(struct device *dev, int fd, struct region *regions)
{
	struct vu_device *vu = dev->priv;
	int err = fd < 0 ? fd : peer_start(&vu->peer, fd);

	if (fd < 0)
		return connect_failed(dev, err);
	if (err)
		return talk_failed(dev, vu, err);
	if (vu_learn(vu, regions)) {
		peer_close(&vu->peer);
		return -1;
	}
	return 0;
}

/**
 * vu_setup() - have a server behind a device
 * @dev: device, opened
 * @fd: connected to the server and taken over, or a negative errno
 *
 * Return: 0, or -1 with fail().
 */
int vu_setup(struct device *dev, int fd)
{
	struct vu_device *vu = dev->priv;

	if (attach(dev, fd, dev->regions))
		return -1;
	vu_place(vu);
	vfu_reset(&vu->peer.client);
	vu_place(vu);
	if (vu->peer.client.dead)
		return fail("device '%s': its server went away while its BARs were placed; look at what it says",
			    device_name(dev));
	vu->peer.up = true;
	return 0;
}

/* A server has one client at a time, and lets others wait. */
static int claim(struct device *dev)
{
	char name[40], *path = realpath(dev->spec->model, NULL);

	if (!path)
		return 0;	/* connect() will say why */
	snprintf(name, sizeof(name), "vfio-user/%016llx", (unsigned long long)claim_hash(path));
	free(path);
	return claim_take(dev, name);
}

/* By number, for the keeper. */
static const char *servers[MAX_DEVICES];

static void connect_to(struct keeper_call *call)
{
	bool known = call->args[0] >= 0 && call->args[0] < MAX_DEVICES && servers[call->args[0]];
	int fd = known ? peer_connect(servers[call->args[0]]) : -ENODEV;

	/* Whether it worked is the caller's matter: an answer it is in any case. */
	call->args[0] = fd;
	call->result = 0;
	call->nr_fds = fd >= 0;
	call->fds[0] = fd;
}

static int connect_again(struct device *dev)
{
	struct keeper_call call = { .args = { dev->index } };

	if (keeper_ask(KEEPER_CONNECT, &call) < 0)
		return -EPIPE;
	return call.nr_fds ? call.fds[0] : (int)call.args[0];
}

static int setup(struct device *dev)
{
	if (claim(dev))
		return -1;
	servers[dev->index] = dev->spec->model;
	keeper_offer(KEEPER_CONNECT, connect_to);
	return vu_setup(dev, peer_connect(dev->spec->model));
}

static bool same_device(struct device *dev, const struct region *regions)
{
	struct vu_device *vu = dev->priv;
	uint32_t id;

	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++)
		if (regions[i].kind != dev->regions[i].kind ||
		    regions[i].size != dev->regions[i].size ||
		    regions[i].is_64 != dev->regions[i].is_64)
			return false;
	memcpy(&id, dev->config.data, sizeof(id));
	return vu_config_read(vu, PCI_VENDOR_ID, 4) == id;
}

static void adopt(struct device *dev, const struct region *regions)
{
	vu_forget(dev->regions);
	memcpy(dev->regions, regions, sizeof(dev->regions));
	areas_without_msix(dev);
	if (dev->trapped)
		device_trap(dev);
}

/* The memory that its client has mapped so far. */
static void remap(struct device *dev)
{
	struct vu_device *vu = dev->priv;

	for (size_t i = 0; i < dev->dma.nr; i++) {
		const struct dma_map *m = &dev->dma.maps[i];

		if (m->file >= 0)
			vfu_dma_map(&vu->peer.client, m->iova, m->size,
				    dev->dma.files[m->file].fd, m->offset, m->flags);
	}
}

static bool client_has_pages(const struct device *dev)
{
	bool any = false;

	for (int i = 0; i < VFIO_USER_NUM_REGIONS; i++)
		any |= dev->regions[i].nr_areas;
	return any && dev->client;
}

/* The server has gone: is it back? */
static void reattach(struct device *dev)
{
	struct region regions[VFIO_USER_NUM_REGIONS];
	struct vu_device *vu = dev->priv;

	if (!vu->peer.client.dead || loop_stopping() || client_has_pages(dev))
		return;
	vu_irqs_exit(vu);
	peer_close(&vu->peer);
	if (attach(dev, connect_again(dev), regions))
		return;
	if (!same_device(dev, regions)) {
		warn("device '%s': another device is behind its socket now; it stays all ones: end this and start it again for the new device",
		     device_name(dev));
		vu_forget(regions);
		peer_close(&vu->peer);
		return;
	}
	adopt(dev, regions);
	vu_place(vu);
	remap(dev);
	vu->peer.up = !vu->peer.client.dead;
	if (vu->peer.up)
		warn("device '%s': its server is back", device_name(dev));
}

static void arriving(struct device *dev)
{
	const struct vu_device *vu = dev->priv;
	bool gone = vu->peer.client.dead;

	reattach(dev);
	if (gone && vu->peer.client.dead)
		warn("%s; a client that came just now reads all ones", fail_text());
}

static uint64_t region_read(struct device *dev, uint32_t region, uint64_t off,
			    unsigned int width)
{
	struct vu_device *vu = dev->priv;
	uint64_t value = 0;

	if (off + width > vu->size[region] ||
	    vfu_read(&vu->peer.client, region, off, &value, width))
		return ~0ull;
	return value;
}

static void region_write(struct device *dev, uint32_t region, uint64_t off, unsigned int width,
			 uint64_t value)
{
	struct vu_device *vu = dev->priv;
	struct vfu_client *c = &vu->peer.client;

	if (off + width > vu->size[region])
		return;
	/* A write to a port is waited for, on a bus as well (PCI 3.2.5). */
	if (c->posted_writes && dev->regions[region].kind == REGION_MEMORY)
		vfu_write_posted(c, region, off, &value, width);
	else
		vfu_write(c, region, off, &value, width);
}

static uint32_t config_read_server(struct device *dev, uint32_t off, unsigned int width)
{
	return vu_config_read(dev->priv, off, width);
}

static int config_block(struct device *dev, uint32_t off, uint8_t *buf, size_t len)
{
	struct vu_device *vu = dev->priv;

	for (size_t n; len; off += n, buf += n, len -= n) {
		n = len < CONFIG_BLOCK ? len : CONFIG_BLOCK;
		if (vfu_read(&vu->peer.client, VFIO_USER_CONFIG, off, buf, n))
			return -1;
	}
	return 0;
}

static void config_write_server(struct device *dev, uint32_t off, unsigned int width,
				uint32_t value)
{
	vu_config_write(dev->priv, off, width, value);
}

/* Decoding stays on in the server; trapped accesses are stopped here. */
static void command(struct device *dev, uint16_t value)
{
	struct vu_device *vu = dev->priv;

	value &= ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	vu_config_write(vu, PCI_COMMAND, 2, value | vu->decode);
}

static void irq_update_server(struct device *dev)
{
	vu_irqs_update(dev->priv);
}

static void irq_sync(struct device *dev)
{
	vu_irqs_sync(dev->priv);
}

static bool intx_level(struct device *dev)
{
	return vu_intx_level(dev->priv);
}

/* A server that has gone gets it when it is back. */
static int dma_map_server(struct device *dev, const struct dma_request *req, int fd)
{
	struct vu_device *vu = dev->priv;

	if (vu->peer.client.dead)
		return 0;
	return vfu_dma_map(&vu->peer.client, req->iova, req->size, fd, req->offset, req->flags);
}

/* Memory that a server does not confirm to have let go must not be used again while it lives. */
static void dma_unmap_server(struct device *dev, uint64_t iova, uint64_t size)
{
	struct vu_device *vu = dev->priv;
	int err = vfu_dma_unmap(&vu->peer.client, iova, size);

	if (err && err != -ENOENT && !vu->peer.client.dead)
		peer_drop(&vu->peer, "does not let go of the driver's memory and was disconnected");
}

static void reset(struct device *dev)
{
	struct vu_device *vu = dev->priv;

	vu_irqs_off(vu);
	vfu_reset(&vu->peer.client);
	vu_place(vu);
	reattach(dev);
}

static const struct backend_param params[] = {
	{ "deadline", "MS: to wait for an answer, 5 to 60000 (2000); a hosted kernel waits 5000" },
	{ NULL, NULL },
};

const struct backend backend_vfio_user = {
	.name = "vfio-user",
	.help = "device of another vfio-user server: vfio-user:SOCKET",
	.params = params,
	.open = open_vfio_user,
	.setup = setup,
	.close = close_vfio_user,
	.region_read = region_read,
	.region_write = region_write,
	.config_read = config_read_server,
	.config_block = config_block,
	.config_write = config_write_server,
	.command = command,
	.irq_update = irq_update_server,
	.irq_sync = irq_sync,
	.intx_level = intx_level,
	.dma_map = dma_map_server,
	.dma_unmap = dma_unmap_server,
	.arriving = arriving,
	.reset = reset,
};
