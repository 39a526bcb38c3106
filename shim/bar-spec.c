// SPDX-License-Identifier: GPL-2.0
/* bar-spec.c - registers of a device that nobody drives, through a proxy of our own */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "proxy/client.h"
#include "shim/bar.h"
#include "shim/kernel.h"
#include "shim/process.h"

enum { FD_CLIENT = 3, FD_READY };

struct spec_state {
	struct child proxy;
	int fd;
	struct vfu_client client;
};

static int spec_read(struct bar_device *dev, unsigned int bar, uint64_t offset,
		     unsigned int width, uint64_t *value)
{
	struct spec_state *state = dev->state;

	*value = 0;
	return vfu_read(&state->client, bar, offset, value, width);
}

static int spec_write(struct bar_device *dev, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value)
{
	struct spec_state *state = dev->state;

	if (bar == BAR_ROM)
		return -EPERM;
	return vfu_write(&state->client, bar, offset, &value, width);
}

static void spec_close(struct bar_device *dev)
{
	struct spec_state *state = dev->state;

	/* The proxy quiesces the device and ends with its client. */
	if (state->fd >= 0)
		close(state->fd);
	process_wait(&state->proxy);
	free(state);
}

static const struct bar_ops spec_ops = { spec_read, spec_write, spec_close };

/* What the proxy says: "ready", or why not. */
static int await_ready(int fd, const char *spec)
{
	struct buffer text = { 0 };
	char chunk[1024], *said;
	int status = 0;
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buffer_add(&text, chunk, n);
	while (text.len && text.data[text.len - 1] == '\n')
		text.len--;
	buffer_add(&text, "", 1);
	said = printable(text.data);
	if (!strncmp(said, "ring3-proxy: ", 13))
		said += 13;
	if (!*said)
		status = fail("ring3-proxy ended before device '%s' was ready", spec);
	else if (strcmp(said, "ready"))
		status = fail("%s", said);
	buffer_free(&text);
	return status;
}

static int start_proxy(struct spec_state *state, const char *spec)
{
	_cleanup_free_ char *proxy = own_file("ring3-proxy"), *client = NULL, *ready = NULL;
	_cleanup_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pair[2], pipe[2], status;

	if (!proxy)
		return RING3_EXIT_SETUP;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail("cannot make a socket pair: %s", strerror(errno));
	state->fd = pair[0];
	if (pipe2(pipe, O_CLOEXEC) < 0) {
		close(pair[1]);
		return fail("cannot make a pipe: %s", strerror(errno));
	}
	client = xasprintf("%d", FD_CLIENT);
	ready = xasprintf("%d", FD_READY);
	{
		char *argv[] = { proxy, "--device", (char *)spec, "--client-fd", client,
				 "--ready-fd", ready, NULL };
		const struct fd_map map[] = {
			{ null, STDIN_FILENO }, { pair[1], FD_CLIENT }, { pipe[1], FD_READY },
		};

		status = process_start(&state->proxy, argv, map, ARRAY_SIZE(map), true);
	}
	close(pair[1]);
	close(pipe[1]);
	if (!status)
		status = await_ready(pipe[0], spec);
	close(pipe[0]);
	return status;
}

/* PCI Local Bus 3.0, 6.2.2: without these bits the device answers no access. */
static int enable_decode(struct vfu_client *client)
{
	uint16_t command;
	int err = vfu_read(client, VFIO_USER_CONFIG, PCI_COMMAND, &command, sizeof(command));

	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	return err ? err : vfu_write(client, VFIO_USER_CONFIG, PCI_COMMAND, &command, sizeof(command));
}

static int read_ids(struct vfu_client *client, struct bar_device *dev)
{
	uint32_t ids = 0, class = 0;
	int err = vfu_read(client, VFIO_USER_CONFIG, PCI_VENDOR_ID, &ids, sizeof(ids));

	if (!err)
		err = vfu_read(client, VFIO_USER_CONFIG, PCI_CLASS_REVISION, &class, sizeof(class));
	if (err)
		return err;
	dev->vendor = ids;
	dev->device = ids >> 16;
	dev->class = class >> 8;
	return 0;
}

static int find_spaces(struct vfu_client *client, struct bar_space *space)
{
	struct vfu_region region;
	int err = 0;

	for (unsigned int i = 0; !err && i < BAR_SPACES; i++) {
		uint32_t bar = 0;

		err = vfu_region_info(client, i, &region);
		if (err)
			break;
		if (region.fd >= 0)
			close(region.fd);
		space[i].size = region.size;
		if (i < BAR_ROM && region.size)
			err = vfu_read(client, VFIO_USER_CONFIG, PCI_BASE_ADDRESS_0 + 4 * i, &bar,
				       sizeof(bar));
		space[i].io = bar & PCI_BASE_ADDRESS_SPACE_IO;
	}
	return err;
}

int bar_open_spec(struct bar_device *dev, const char *spec)
{
	struct spec_state *state = xrealloc(NULL, sizeof(*state));
	int status, err;

	state->proxy = CHILD_NONE;
	state->fd = -1;
	dev->state = state;
	dev->ops = &spec_ops;
	dev->name = xstrdup(spec);
	status = process_init();
	if (!status)
		status = start_proxy(state, spec);
	if (status)
		return status;
	err = vfu_client_start(&state->client, state->fd);
	if (!err)
		err = enable_decode(&state->client);
	if (!err)
		err = find_spaces(&state->client, dev->space);
	if (!err)
		err = read_ids(&state->client, dev);
	return err ? fail("device '%s' does not answer: %s", spec, strerror(-err)) : 0;
}
