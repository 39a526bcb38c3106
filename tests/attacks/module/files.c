// SPDX-License-Identifier: GPL-2.0
/* files.c - attacks on the host's files and devices */
#include "attack.h"

/* What was read is what the runner looks for. */
static long show(long fd)
{
	char text[65] = "";
	long n;

	if (fd < 0)
		return fd;
	n = host(H_read, fd, text, 64);
	text[n > 0 ? n : 0] = '\0';
	for (char *c = text; *c; c++) {
		if (*c == '\n')
			*c = ' ';
	}
	host(H_close, fd);
	say("read '%.64s'", text);
	return n;
}

static long read_file(const char *path)
{
	return show(host(H_open, path, 0, 0));
}

/* The first word is enough to prove it. */
static long shadow(const char *arg)
{
	char text[5] = "";
	long fd = host(H_open, "/etc/shadow", 0, 0), n;

	if (fd < 0)
		return fd;
	n = host(H_read, fd, text, 4);
	say("read '%.4s'", text);
	return n;
}

static long write_file(const char *path)
{
	long fd = host(H_open, path, HOST_O_RDWR | HOST_O_CREAT, 0644);

	return fd < 0 ? fd : host(H_write, fd, "attack\n", 7);
}

/* A program that whoever executes it executes as its owner. */
static long set_id(const char *path)
{
	long fd = host(H_open, path, HOST_O_RDWR | HOST_O_CREAT, 0755);

	if (fd < 0)
		return fd;
	host(H_write, fd, "#!/bin/sh\n", 10);
	host(H_close, fd);
	return host(H_chmod, path, 06755);
}

/* Every descriptor that is there: does it lead to the secret @path, by itself or as a directory? */
static long inherited(const char *path)
{
	char text[65];
	long found = -9;

	for (long fd = 0; fd < 1024; fd++) {
		char up[256] = "../../../../../../../../../../..";
		long n, at;

		memset(text, 0, sizeof(text));
		n = host(H_pread64, fd, text, 64, 0);
		if (n > 0 && !strncmp(text, "secret", 6)) {
			text[n] = '\0';
			say("descriptor %ld reads '%.40s'", fd, text);
			found = fd;
		}
		strncat(up, path, sizeof(up) - strlen(up) - 1);
		at = host(H_openat, fd, up, 0, 0);
		if (at >= 0 && show(at) > 0)
			found = fd;
	}
	return found;
}

/* The machine's memory, its disks, its devices' owners. */
static long devices(const char *arg)
{
	static const char *const names[] = {
		"/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm", "/dev/vda", "/dev/sda", "/dev/nvme0n1",
		"/dev/loop0", "/dev/fuse", "/dev/net/tun", "/dev/vfio/vfio", "/dev/iommu",
		"/dev/userfaultfd", "/dev/kmsg", "/dev/ptmx", "/dev/vsock", "/dev/btrfs-control",
	};
	long found = -2;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		long fd = host(H_open, names[i], 0, 0);

		if (fd >= 0) {
			say("opened %s", names[i]);
			host(H_close, fd);
			found = 0;
		}
	}
	return found;
}

/* 1:1 is /dev/mem. */
static long make_device(const char *path)
{
	long ret = host(H_mknod, path, 020666, 0x101);

	return ret < 0 ? ret : host(H_open, path, 0, 0);
}

const struct attack file_attacks[] = {
	{ "shadow", shadow },
	{ "read", read_file },
	{ "write", write_file },
	{ "inherited", inherited },
	{ "devices", devices },
	{ "mknod", make_device },
	{ "set-id", set_id },
	{ 0 },
};
