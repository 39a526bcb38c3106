// SPDX-License-Identifier: GPL-2.0
/*
 * sugar.c - from a specification to QEMU's arguments: -device, disk= and net=
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"
#include "proxy/spec.h"

#define MAX_DISKS 64

/* How a disk hangs on a model; the first match counts. */
static const struct {
	const char *start;	/* of the model's name */
	const char *child;	/* a device of its own on the controller's bus, or NULL */
	const char *bus;	/* suffix of the controller's id, or NULL: the only one */
} attachments[] = {
	{ "nvme", NULL, NULL },
	{ "virtio-blk", NULL, NULL },
	{ "ahci", "ide-hd", ".0" },
	{ "ich9-ahci", "ide-hd", ".0" },
	{ "piix3-ide", "ide-hd", ".0" },
	{ "piix4-ide", "ide-hd", ".0" },
	{ "virtio-scsi", "scsi-hd", ".0" },
	{ "lsi", "scsi-hd", ".0" },
	{ "megasas", "scsi-hd", ".0" },
	{ "mptsas1068", "scsi-hd", ".0" },
	{ "pvscsi", "scsi-hd", ".0" },
	{ "am53c974", "scsi-hd", ".0" },
	{ "dc390", "scsi-hd", ".0" },
	{ "qemu-xhci", "usb-storage", ".0" },
	{ "nec-usb-xhci", "usb-storage", ".0" },
	{ "usb-ehci", "usb-storage", ".0" },
	{ "ich9-usb-", "usb-storage", ".0" },
	{ "pci-ohci", "usb-storage", ".0" },
	{ "piix3-usb-uhci", "usb-storage", ".0" },
	{ "piix4-usb-uhci", "usb-storage", ".0" },
	{ "sdhci-pci", "sd-card", NULL },
};

static struct {
	dev_t dev;
	ino_t ino;
} disks[MAX_DISKS];
static unsigned int nr_disks;

/**
 * sugar_forget() - forget which disks are in use, before all arguments are made anew
 */
void sugar_forget(void)
{
	nr_disks = 0;
}

static int attachment_of(const char *model)
{
	for (size_t i = 0; i < ARRAY_SIZE(attachments); i++)
		if (!strncmp(model, attachments[i].start, strlen(attachments[i].start)))
			return i;
	return -1;
}

static int claim_disk(const struct spec *spec, const char *file, const struct stat *st)
{
	for (unsigned int i = 0; i < nr_disks; i++)
		if (disks[i].dev == st->st_dev && disks[i].ino == st->st_ino)
			return fail("device '%s': disk '%s' is already in use by another --device; give each its own",
				    spec->text, file);
	if (nr_disks == MAX_DISKS)
		return fail("device '%s': more than %d disks", spec->text, MAX_DISKS);
	disks[nr_disks].dev = st->st_dev;
	disks[nr_disks++].ino = st->st_ino;
	return 0;
}

/* Say in plain words what QEMU would say less plainly. */
static int check_disk(const struct spec *spec, const char *file)
{
	struct stat st;

	if (!*file)
		return fail("device '%s': disk= names no file; use disk=FILE", spec->text);
	if (stat(file, &st)) {
		if (errno == ENOENT)
			return fail("device '%s': there is no disk '%s'; create it with: truncate -s 1G '%s'",
				    spec->text, file, file);
		return fail("device '%s': disk '%s': %m", spec->text, file);
	}
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return fail("device '%s': disk '%s' is neither a file nor a block device",
			    spec->text, file);
	if (faccessat(AT_FDCWD, file, R_OK | W_OK, AT_EACCESS))
		return fail("device '%s': disk '%s' cannot be read and written: %m; change its permissions or use a copy",
			    spec->text, file);
	if (S_ISREG(st.st_mode) && !st.st_size)
		return fail("device '%s': disk '%s' is empty; give it a size with: truncate -s 1G '%s'",
			    spec->text, file, file);
	return claim_disk(spec, file, &st);
}

static const char *disk_format(const char *file)
{
	static const char qcow2[4] = { 'Q', 'F', 'I', '\xfb' };
	char magic[4] = { 0 };
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool is_qcow2;

	if (fd < 0)
		return "raw";
	is_qcow2 = read(fd, magic, sizeof(magic)) == sizeof(magic) &&
		   !memcmp(magic, qcow2, sizeof(qcow2));
	close(fd);
	return is_qcow2 ? "qcow2" : "raw";
}

static int add_drive(struct qemu_args *args, const char *id, const char *file)
{
	char *escaped = args_escape(file);
	int err;

	if (!escaped)
		return fail("out of memory");
	err = args_add(args, "-drive") ||
	      args_add(args, "if=none,id=%s,format=%s,file=%s", id, disk_format(file), escaped);
	free(escaped);
	return err ? -1 : 0;
}

/* A device on the controller's bus, after the controller itself. */
static int add_child(struct qdev *qd, struct qemu_args *args, int how, const char *drive)
{
	const char *bus = attachments[how].bus;

	if (args_add(args, "-device"))
		return -1;
	if (!bus)
		return args_add(args, "%s,drive=%s", attachments[how].child, drive);
	return args_add(args, "%s,drive=%s,bus=%s%s", attachments[how].child, drive, qd->id, bus);
}

static int add_net(struct qemu_args *args, const struct spec *spec, const char *id,
		   const char *value)
{
	char *ifname;
	int err;

	if (!strcmp(value, "user"))
		return args_add(args, "-netdev") || args_add(args, "user,id=%s", id) ? -1 : 0;
	if (strncmp(value, "tap:", 4) || !value[4])
		return fail("device '%s': net=%s is unknown; use net=user, net=tap:IFNAME or net=none",
			    spec->text, value);
	ifname = args_escape(value + 4);
	if (!ifname)
		return fail("out of memory");
	err = args_add(args, "-netdev") ||
	      args_add(args, "tap,id=%s,ifname=%s,script=no,downscript=no", id, ifname);
	free(ifname);
	return err ? -1 : 0;
}

static bool is_sugar(const char *key)
{
	return !strcmp(key, "disk") || !strcmp(key, "net") || !strcmp(key, "id") ||
	       !strcmp(key, "posted") || !strcmp(key, "config");
}

/* What follows -device: the model, its place, and all properties but the sugar. */
static int device_arg(struct qdev *qd, const char *extra)
{
	const struct spec *spec = qd->dev->spec;
	size_t size = 0;
	FILE *f = open_memstream(&qd->device_arg, &size);

	if (!f)
		return fail("out of memory");
	fprintf(f, "%s,id=%s,bus=ring3-port%u,addr=0", spec->model, qd->id, qd->index);
	for (size_t i = 0; i < spec->nr_props; i++) {
		const struct spec_prop *p = &spec->props[i];
		char *value;

		if (is_sugar(p->key))
			continue;
		value = args_escape(p->value);
		fprintf(f, ",%s=%s", p->key, value ? value : "");
		free(value);
	}
	fputs(extra, f);
	return fclose(f) ? fail("out of memory") : 0;
}

static int check_props(const struct spec *spec)
{
	static const char *const ours[] = { "bus", "multifunction" };

	if (!spec->model)
		return fail("device '%s' names no model: write qemu:MODEL; '--device qemu:help' lists them",
			    spec->text);
	if (strspn(spec->model, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
	    strlen(spec->model))
		return fail("device '%s': '%s' is no name of a model; '--device qemu:help' lists them",
			    spec->text, spec->model);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		if (spec_get(spec, ours[i]))
			return fail("device '%s': ring3 itself sets %s=; leave it out (addr= is the place on the hosted bus)",
				    spec->text, ours[i]);
	return 0;
}

/* -device with what disk= and net= add to it, then the children. */
static int with_disk(struct qdev *qd, struct qemu_args *args, const char *file,
		     const char *extra)
{
	const struct spec *spec = qd->dev->spec;
	int how = attachment_of(spec->model);
	char drive[32], more[128];

	if (how < 0)
		return fail("device '%s': disk= is for storage controllers, and '%s' is none that ring3 knows; use --qemu '-drive ...'",
			    spec->text, spec->model);
	if (check_disk(spec, file))
		return -1;
	snprintf(drive, sizeof(drive), "ring3-disk%u", qd->index);
	snprintf(more, sizeof(more), "%s", extra);
	if (!attachments[how].child)
		snprintf(more, sizeof(more), "%s,drive=%s", extra, drive);
	if (add_drive(args, drive, file) || device_arg(qd, more) || args_add(args, "-device") ||
	    args_add(args, "%s", qd->device_arg))
		return -1;
	return attachments[how].child ? add_child(qd, args, how, drive) : 0;
}

/* NVMe must have a serial number; edu by itself reaches 28 bits, below all memory. */
static void add_defaults(const struct qdev *qd, char *extra, size_t size)
{
	const struct spec *spec = qd->dev->spec;
	size_t n = strlen(extra);

	if (!strcmp(spec->model, "nvme") && !spec_get(spec, "serial"))
		snprintf(extra + n, size - n, ",serial=ring3-%u", qd->index);
	if (!strcmp(spec->model, "edu") && !spec_get(spec, "dma_mask"))
		snprintf(extra + n, size - n, ",dma_mask=0xffffffff");
}

static bool is_virtio(const char *model)
{
	return !strncmp(model, "virtio-", 7) || !strncmp(model, "vhost-", 6);
}

/* Without, virtio devices go around an IOMMU (virtio 1.2, 6.1: VIRTIO_F_ACCESS_PLATFORM). */
static void add_platform(const struct qdev *qd, char *extra, size_t size)
{
	const struct spec *spec = qd->dev->spec;
	size_t n = strlen(extra);

	if (is_virtio(spec->model) && !spec_get(spec, "iommu_platform"))
		snprintf(extra + n, size - n, ",iommu_platform=on");
}

/**
 * sugar_device() - append the arguments that make one device
 * @qd: device; sets its id and device_arg
 * @args: list
 * @strict: behind an IOMMU
 *
 * Return: 0, or -1 with fail().
 */
int sugar_device(struct qdev *qd, struct qemu_args *args, bool strict)
{
	const struct spec *spec = qd->dev->spec;
	const char *disk = spec_get(spec, "disk"), *net = spec_get(spec, "net");
	const char *id = spec_get(spec, "id");
	char netdev[32], extra[128] = "";

	if (check_props(spec))
		return -1;
	free(qd->id);
	free(qd->device_arg);
	qd->device_arg = NULL;
	if ((id ? asprintf(&qd->id, "%s", id) : asprintf(&qd->id, "ring3-dev%u", qd->index)) < 0) {
		qd->id = NULL;
		return fail("out of memory");
	}
	if (net && strcmp(net, "none")) {
		snprintf(netdev, sizeof(netdev), "ring3-net%u", qd->index);
		snprintf(extra, sizeof(extra), ",netdev=%s", netdev);
		if (add_net(args, spec, netdev, net))
			return -1;
	}
	add_defaults(qd, extra, sizeof(extra));
	if (strict)
		add_platform(qd, extra, sizeof(extra));
	if (disk)
		return with_disk(qd, args, disk, extra);
	if (device_arg(qd, extra) || args_add(args, "-device"))
		return -1;
	return args_add(args, "%s", qd->device_arg);
}

static bool is_on(const char *value)
{
	return value && (!strcmp(value, "on") || !strcmp(value, "true") || !strcmp(value, "yes"));
}

/**
 * sugar_physical() - is this a virtio device that is told physical addresses?
 * @qd: device
 *
 * Return: true for virtio models without iommu_platform=on.
 */
bool sugar_physical(const struct qdev *qd)
{
	const struct spec *spec = qd->dev->spec;

	if (!spec->model)
		return false;
	return is_virtio(spec->model) &&
	       !is_on(spec_get(spec, "iommu_platform"));
}

/*
 * These carry out a whole list of commands inside the register write, and run into stale
 * ones if the driver has gone on meanwhile.
 */
static bool runs_in_write(const char *model)
{
	return model && !strncmp(model, "i825", 4);
}

/**
 * sugar_posted() - may clients post writes to this model?
 * @dev: its posted_writes is set
 *
 * Return: 0, or -1 with fail(): posted= is wrong.
 */
int sugar_posted(struct device *dev)
{
	const char *value = spec_get(dev->spec, "posted");

	dev->posted_writes = value ? !strcmp(value, "on") : !runs_in_write(dev->spec->model);
	if (value && !dev->posted_writes && strcmp(value, "off"))
		return fail("device '%s': posted=%s is neither on nor off", device_name(dev), value);
	return 0;
}
