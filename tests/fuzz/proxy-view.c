// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-view.c - libFuzzer: what anyone may do in the mounted view
 *
 * The input is a list of operations on files, as the kernel would hand them to us: it has checked what
 * FUSE's own headers say, so these are whole; names, numbers of files, places, sizes and bytes written
 * come from the input.  Each must be answered once, with a reply of the length it claims.
 */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/view/view.h"

#define MAX_INOS 256
#define MAX_OUT 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct fuse_session *session;
static uint64_t inos[MAX_INOS], unique;
static size_t nr_inos;
static struct {
	unsigned int n;		/* replies to the request that is under way */
	int error;
	size_t len;
	uint8_t data[128];
} reply;

static ssize_t on_reply(int fd, struct iovec *iov, int count, void *arg)
{
	const struct fuse_out_header *out = iov[0].iov_base;
	size_t total = 0, at = 0;

	(void)fd, (void)arg;
	for (int i = 0; i < count; i++)
		total += iov[i].iov_len;
	if (iov[0].iov_len < sizeof(*out) || out->len != total || out->unique != unique ||
	    out->error > 0 || out->error < -1000 || total > sizeof(*out) + MAX_OUT)
		abort();
	reply.n++;
	reply.error = out->error;
	reply.len = total - sizeof(*out);
	for (int i = 1; i < count && at < sizeof(reply.data); i++) {
		size_t n = iov[i].iov_len;

		if (n > sizeof(reply.data) - at)
			n = sizeof(reply.data) - at;
		memcpy(reply.data + at, iov[i].iov_base, n);
		at += n;
	}
	return total;
}

static ssize_t on_read(int fd, void *buf, size_t len, void *arg)
{
	(void)fd, (void)buf, (void)len, (void)arg;
	abort();		/* requests are handed over */
}

/* Memory of exactly that size, so that reading beyond it is seen. */
static bool request(uint32_t opcode, uint64_t ino, const void *arg, size_t arg_len, const void *more,
		    size_t more_len)
{
	struct fuse_in_header in = {
		.len = sizeof(in) + arg_len + more_len, .opcode = opcode, .unique = ++unique,
		.nodeid = ino, .pid = 1,
	};
	struct fuse_buf buf = { .size = in.len, .mem = malloc(in.len) };

	memcpy(buf.mem, &in, sizeof(in));
	if (arg_len)
		memcpy((char *)buf.mem + sizeof(in), arg, arg_len);
	if (more_len)
		memcpy((char *)buf.mem + sizeof(in) + arg_len, more, more_len);
	reply.n = 0;
	fuse_session_process_buf(session, &buf);
	free(buf.mem);
	if (reply.n != 1)
		abort();
	return !reply.error;
}

static void remember(uint64_t ino)
{
	for (size_t i = 0; i < nr_inos; i++)
		if (inos[i] == ino)
			return;
	if (nr_inos < MAX_INOS)
		inos[nr_inos++] = ino;
}

static void lookup(uint64_t dir, const char *name)
{
	struct fuse_entry_out entry;

	if (!request(FUSE_LOOKUP, dir, name, strlen(name) + 1, NULL, 0))
		return;
	memcpy(&entry, reply.data, sizeof(entry));
	if (!entry.nodeid)
		return;			/* there is none: an answer that may be kept */
	remember(entry.nodeid);
}

static uint64_t opened(uint32_t opcode, uint64_t ino, uint32_t flags, bool *ok)
{
	const struct fuse_open_in in = { .flags = flags };
	struct fuse_open_out out = { 0 };

	*ok = request(opcode, ino, &in, sizeof(in), NULL, 0);
	if (*ok)
		memcpy(&out, reply.data, sizeof(out));
	return out.fh;
}

static void close_it(uint32_t opcode, uint64_t ino, uint64_t fh)
{
	const struct fuse_release_in in = { .fh = fh };

	request(opcode, ino, &in, sizeof(in), NULL, 0);
}

static void read_it(bool dir, uint64_t ino, uint64_t off, uint32_t size)
{
	bool ok;
	uint64_t fh = opened(dir ? FUSE_OPENDIR : FUSE_OPEN, ino, 0, &ok);
	const struct fuse_read_in in = { .fh = fh, .offset = off, .size = size };

	if (!ok)
		return;
	if (request(dir ? FUSE_READDIR : FUSE_READ, ino, &in, sizeof(in), NULL, 0) &&
	    reply.len > size)
		abort();
	close_it(dir ? FUSE_RELEASEDIR : FUSE_RELEASE, ino, fh);
}

static void write_it(uint64_t ino, uint64_t off, const uint8_t *data, uint32_t size)
{
	bool ok;
	uint64_t fh = opened(FUSE_OPEN, ino, 1, &ok);
	const struct fuse_write_in in = { .fh = fh, .offset = off, .size = size };

	if (!ok)
		return;
	if (request(FUSE_WRITE, ino, &in, sizeof(in), data, size)) {
		struct fuse_write_out out;

		memcpy(&out, reply.data, sizeof(out));
		if (out.size > size)
			abort();
	}
	close_it(FUSE_RELEASE, ino, fh);
}

static void list_all(uint64_t dir)
{
	struct view_node node, child;
	char name[VIEW_NAME];

	if (!view_node(dir, &node))
		abort();
	for (size_t n = 0; view_is_dir(&node) && view_child(&node, n, &child, name); n++) {
		lookup(dir, name);
		if (view_is_dir(&child))
			list_all(view_ino(&child));
	}
}

/* The devices' side, which the view's requests are handed over to. */
static void *devices(void *arg)
{
	(void)arg;
	for (;;)
		loop_step(-1);
	return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct fuse_custom_io io = { .writev = on_reply, .read = on_read };
	static struct device *devs[2];
	char *args[] = { "proxy-view", NULL };
	struct fuse_args fuse = FUSE_ARGS_INIT(1, args);
	const struct fuse_init_in init = { .major = 7, .minor = 34, .max_readahead = 4096 };
	pthread_t thread;

	(void)argc, (void)argv;
	if (loop_init() || handoff_init())
		abort();
	for (int i = 0; i < 2; i++) {
		devs[i] = device_new(spec_parse(i ? "testdev" : "testdev,caps=all"), &backend_testdev);
		if (!devs[i] || devs[i]->backend->open(devs[i]) || device_setup(devs[i]))
			abort();
	}
	view.devices = devs;
	view.nr_devices = 2;
	session = fuse_session_new(&fuse, &view_ops, sizeof(view_ops), NULL);
	fuse_opt_free_args(&fuse);
	if (!session || fuse_session_custom_io(session, &io, dup(0)))
		abort();
	if (!request(FUSE_INIT, 0, &init, sizeof(init), NULL, 0))
		abort();
	if (pthread_create(&thread, NULL, devices, NULL))
		abort();
	inos[nr_inos++] = 1;
	list_all(1);
	return 0;
}

/* An operation: what, on which file, where, how much. */
struct op {
	uint8_t what, file;
	uint16_t off;
	uint8_t size;
} __attribute__((packed));

static void setattr(uint64_t ino, const struct op *op)
{
	const struct fuse_setattr_in in = { .valid = op->size, .size = op->off };

	request(FUSE_SETATTR, ino, &in, sizeof(in), NULL, 0);
}

static void look_up_raw(uint64_t ino, const uint8_t *data, size_t len)
{
	char name[256] = "";

	memcpy(name, data, len);
	lookup(ino, name);
}

static void run(const struct op *op, const uint8_t *data, size_t len)
{
	static const struct fuse_getattr_in getattr;
	uint64_t ino = inos[op->file % nr_inos], off = op->off;

	/* No kernel asks for a file it was not told of; it costs nothing to bear it. */
	if (op->what & 0x40 && len >= 8)
		memcpy(&ino, data, 8);
	if (op->what & 0x80)
		off = (uint64_t)(int16_t)op->off & INT64_MAX;
	switch (op->what % 7) {
	case 0:
		return look_up_raw(ino, data, len);
	case 1:
		request(FUSE_GETATTR, ino, &getattr, sizeof(getattr), NULL, 0);
		return;
	case 2:
		return setattr(ino, op);
	case 3:
		return read_it(false, ino, off, op->size * 8);
	case 4:
		return read_it(true, ino, off, op->size * 8);
	case 5:
		request(FUSE_READLINK, ino, NULL, 0, NULL, 0);
		return;
	default:
		return write_it(ino, off, data, len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size >= sizeof(struct op)) {
		struct op op;
		size_t len;

		memcpy(&op, data, sizeof(op));
		data += sizeof(op);
		size -= sizeof(op);
		len = op.size < size ? op.size : size;
		run(&op, data, len);
		data += len;
		size -= len;
	}
	return 0;
}
