// SPDX-License-Identifier: GPL-2.0
/*
 * cmdline.c - QEMU's command line
 *
 * QEMU's own memory is 64 MiB that nobody uses; the clients' is ivshmem's.  A virtio
 * device without VIRTIO_F_ACCESS_PLATFORM is told physical addresses instead of bus
 * addresses (virtio 1.2, 6.1).  If there is one, or if a client's bus addresses are physical ones,
 * the clients' memory is QEMU's own as well, so that it is found at its physical addresses, too.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"

#define BIOS_SIZE (64 << 10)
#define MACHINE "q35,accel=tcg,smm=off,vmport=off,i8042=off,pit=off,hpet=off,sata=off,smbus=off,usb=off"

/**
 * cmdline_bios() - make the BIOS: at the reset vector, 16 bytes below 4 GiB, the CPU halts
 *
 * Return: a memory file's descriptor, or -1 with fail().
 */
int cmdline_bios(void)
{
	static const uint8_t halt[] = { 0xfa, 0xf4, 0xeb, 0xfd };
	int fd = memfd_create("ring3-bios", MFD_CLOEXEC);

	if (fd < 0)
		return fail("cannot create a memory file: %m");
	if (ftruncate(fd, BIOS_SIZE) ||
	    pwrite(fd, halt, sizeof(halt), BIOS_SIZE - 16) != sizeof(halt)) {
		close(fd);
		return fail("cannot write a memory file: %m");
	}
	return fd;
}

static bool any_physical(void)
{
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (sugar_physical(qemu_devices[i]))
			return true;
	return false;
}

/* QEMU's memory is where the IOMMU finds its tables; the trace tells what it stops. */
static int strict_args(const struct cmdline *c, struct qemu_args *a)
{
	return args_split(a, "-machine " MACHINE ",memory-backend=ring3-tables") ||
	       args_add(a, "-object") ||
	       args_add(a, "memory-backend-file,id=ring3-tables,share=on,mem-path=/proc/self/fd/%d,size=%u",
			c->tables, QEMU_TABLES_SIZE) ||
	       args_add(a, "-m") || args_add(a, "%ub", QEMU_TABLES_SIZE) ||
	       args_split(a, "-device intel-iommu,intremap=off,aw-bits=39 -trace vtd_dmar_fault");
}

static int memory_args(const struct cmdline *c, struct qemu_args *a)
{
	if (c->tables >= 0)
		return strict_args(c, a);
	if (!c->flat && !any_physical())
		return args_split(a, "-machine " MACHINE " -m 64M");
	return args_split(a, "-machine " MACHINE ",memory-backend=ring3-ram") ||
	       args_add(a, "-object") ||
	       args_add(a, "memory-backend-file,id=ring3-ram,share=on,mem-path=/proc/self/fd/%d,size=%llu",
			c->ram, c->ram_size) ||
	       args_add(a, "-m") || args_add(a, "%llub", c->ram_size);
}

/* Its own system call filter.  What a user asks of it may be a script, for a network. */
static int sandbox_args(const struct cmdline *c, struct qemu_args *a)
{
	return args_add(a, "-sandbox") ||
	       args_add(a, "on,obsolete=deny,elevateprivileges=deny,resourcecontrol=deny,spawn=%s",
			*c->user_args ? "allow" : "deny") ? -1 : 0;
}

static int machine_args(const struct cmdline *c, struct qemu_args *a)
{
	return args_add(a, "%s", process_program()) || sandbox_args(c, a) || memory_args(c, a) ||
	       args_split(a, "-nodefaults -no-user-config -display none") ||
	       args_add(a, "-bios") || args_add(a, "/proc/self/fd/%d", c->bios) ||
	       args_add(a, "-chardev") || args_add(a, "socket,id=ring3-qtest,fd=%d", c->qtest) ||
	       args_add(a, "-object") ||
	       args_add(a, "qtest,id=ring3-qtest,chardev=ring3-qtest,log=none") ||
	       args_add(a, "-chardev") ||
	       args_add(a, "socket,id=ring3-ivshmem,fd=%d", c->ivshmem) ||
	       args_add(a, "-device") ||
	       args_add(a, "ivshmem-doorbell,id=ring3-ivshmem,chardev=ring3-ivshmem,vectors=%d,ioeventfd=off,addr=%x.0",
			QEMU_VECTORS, QEMU_IVSHMEM_SLOT) ? -1 : 0;
}

/* QEMU makes devices in this order: the user's may sit on the buses of ours. */
static int device_args(const struct cmdline *c, struct qemu_args *a)
{
	sugar_forget();
	for (unsigned int i = 0; i < qemu_nr_devices; i++) {
		struct qdev *qd = qemu_devices[i];

		if (args_add(a, "-device") ||
		    args_add(a, "pcie-root-port,id=ring3-port%u,bus=pcie.0,addr=%x.0,chassis=%u,slot=0,hotplug=off",
			     i, qpci_slot(qd), i + 1) ||
		    sugar_device(qd, a, c->tables >= 0))
			return -1;
	}
	for (char *const *text = c->user_args; *text; text++)
		if (args_split(a, *text))
			return -1;
	return 0;
}

/**
 * cmdline_make() - the program and its arguments for all devices that were opened
 * @c: what they refer to
 * @args: appended to
 *
 * Return: 0, or -1 with fail().
 */
int cmdline_make(const struct cmdline *c, struct qemu_args *args)
{
	return machine_args(c, args) || device_args(c, args) ? -1 : 0;
}
