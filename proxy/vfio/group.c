// SPDX-License-Identifier: GPL-2.0
/*
 * group.c - an IOMMU group, and the container that is its devices' address space
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/vfio/vfio.h"

static struct vfio_group *groups;

/* The hosted kernel's RAM begins here on its devices' bus (docs/architecture.md). */
#define RAM_IOVA 0x40000000ull

static int cannot_open(const struct device *dev, const char *path)
{
	struct stat st;

	switch (errno) {
	case EACCES:
	case EPERM:
		if (stat(path, &st))
			st = (struct stat){ 0 };
		return fail("device '%s': no permission for %s, which is for user %u and group %u with mode %o: run as root, or give it to a group by a udev rule such as SUBSYSTEM==\"vfio\", GROUP=\"vfio\", MODE=\"0660\"",
			    device_name(dev), path, st.st_uid, st.st_gid, st.st_mode & 0777);
	case EBUSY:
		return fail("device '%s': another process uses %s; 'fuser -v %s' says which",
			    device_name(dev), path, path);
	case ENOENT:
		return fail("device '%s': there is no %s: load the module, 'modprobe vfio-pci', or see whether the group is used without an IOMMU",
			    device_name(dev), path);
	default:
		return fail("device '%s': cannot open %s: %m", device_name(dev), path);
	}
}

static int open_container(struct vfio_group *g, const struct device *dev)
{
	g->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (g->container < 0)
		return cannot_open(dev, "/dev/vfio/vfio");
	if (ioctl(g->container, VFIO_GET_API_VERSION) != VFIO_API_VERSION ||
	    ioctl(g->container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
		return fail("device '%s': the host's VFIO has no type 1 IOMMU: load the module, 'modprobe vfio_iommu_type1'",
			    device_name(dev));
	return 0;
}

static int open_group(struct vfio_group *g, const struct device *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", g->number);
	g->fd = open(path, O_RDWR | O_CLOEXEC);
	if (g->fd < 0)
		return cannot_open(dev, path);
	if (ioctl(g->fd, VFIO_GROUP_GET_STATUS, &status))
		return fail("device '%s': no status of IOMMU group %s: %m", device_name(dev),
			    g->number);
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
		char *who = vfio_not_viable(g->number);

		fail("device '%s': IOMMU group %s is not free as a whole: %s must be bound to vfio-pci too; run 'ring3 bind' for each",
		     device_name(dev), g->number, who && *who ? who : "another of its devices");
		free(who);
		return -1;
	}
	return 0;
}

static int join(struct vfio_group *g, const struct device *dev)
{
	if (ioctl(g->fd, VFIO_GROUP_SET_CONTAINER, &g->container))
		return fail("device '%s': IOMMU group %s does not join a container: %m",
			    device_name(dev), g->number);
	if (!ioctl(g->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return 0;
	if (errno == EPERM)
		return fail("device '%s': the machine does not remap interrupts, so a device could forge any: switch it on in the firmware (x2APIC, interrupt remapping), or accept that with 'modprobe vfio_iommu_type1 allow_unsafe_interrupts=1'",
			    device_name(dev));
	return fail("device '%s': no IOMMU for group %s: %m", device_name(dev), g->number);
}

/* The chain of capabilities behind struct vfio_iommu_type1_info. */
static void take_ranges(struct vfio_group *g, const uint8_t *info, uint32_t size, uint32_t at)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;

	while (at && at <= size - sizeof(cap)) {
		memcpy(&cap, info + at, sizeof(cap));
		if (cap.header.id != VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
			at = cap.header.next;
			continue;
		}
		for (uint32_t i = 0; i < cap.nr_iovas && g->nr_ranges < VFIO_MAX_RANGES; i++) {
			struct vfio_iova_range r;
			size_t off = at + sizeof(cap) + i * sizeof(r);

			if (off > size - sizeof(r))
				return;
			memcpy(&r, info + off, sizeof(r));
			g->ranges[g->nr_ranges++] = (struct vfio_range){ r.start, r.end };
		}
		return;
	}
}

/* Which bus addresses may be mapped; a kernel that does not say lets us try. */
static int learn_ranges(struct vfio_group *g, const struct device *dev)
{
	struct vfio_iommu_type1_info head = { .argsz = sizeof(head) }, *info;

	if (ioctl(g->container, VFIO_IOMMU_GET_INFO, &head))
		return fail("device '%s': the IOMMU does not describe itself: %m",
			    device_name(dev));
	if (!(head.flags & VFIO_IOMMU_INFO_CAPS) || head.argsz <= sizeof(head) ||
	    head.argsz > 65536)
		return 0;
	info = calloc(1, head.argsz);
	if (!info)
		return fail("out of memory for '%s'", device_name(dev));
	info->argsz = head.argsz;
	if (!ioctl(g->container, VFIO_IOMMU_GET_INFO, info))
		take_ranges(g, (const uint8_t *)info, head.argsz, info->cap_offset);
	free(info);
	return 0;
}

static void group_free(struct vfio_group *g)
{
	/* The group leaves its container, and that its IOMMU, with the last descriptor. */
	if (g->fd >= 0)
		close(g->fd);
	if (g->container >= 0)
		close(g->container);
	free(g->maps);
	free(g);
}

/**
 * vfio_group_get() - the group of this number, opened once for all its devices
 * @dev: for messages
 * @number: of the group
 *
 * Return: the group, for vfio_group_put() when a bit of it was taken; NULL with fail().
 */
struct vfio_group *vfio_group_get(const struct device *dev, const char *number)
{
	struct vfio_group *g;

	for (g = groups; g; g = g->next)
		if (!strcmp(g->number, number))
			return g;
	g = calloc(1, sizeof(*g));
	if (!g) {
		fail("out of memory for '%s'", device_name(dev));
		return NULL;
	}
	g->fd = g->container = -1;
	snprintf(g->number, sizeof(g->number), "%s", number);
	if (open_group(g, dev) || open_container(g, dev) || join(g, dev) || learn_ranges(g, dev)) {
		group_free(g);
		return NULL;
	}
	g->next = groups;
	groups = g;
	return g;
}

/**
 * vfio_group_put() - a device has been closed
 * @group: its group
 * @bit: its bit
 *
 * The last one closes the group.
 */
void vfio_group_put(struct vfio_group *group, unsigned int bit)
{
	struct vfio_group **at = &groups;

	group->devices &= ~(1u << bit);
	if (group->devices)
		return;
	while (*at != group)
		at = &(*at)->next;
	*at = group->next;
	group_free(group);
}

static bool may_lock_all(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[CAP_IPC_LOCK / 32].effective >> CAP_IPC_LOCK % 32 & 1;
}

static int check_limit(const struct vfio_dev *vd, uint64_t size, uint64_t total)
{
	struct rlimit lim;

	if (may_lock_all() || getrlimit(RLIMIT_MEMLOCK, &lim))
		return 0;
	if (lim.rlim_cur < total && lim.rlim_max >= total) {
		lim.rlim_cur = total;
		if (!setrlimit(RLIMIT_MEMLOCK, &lim))
			return 0;
	}
	if (lim.rlim_cur >= total)
		return 0;
	return fail("device '%s': %llu KiB of memory must be locked for its DMA (%llu KiB for each IOMMU group), and the limit is %llu KiB: use a smaller --mem, or raise it to %llu ('ulimit -l' as root, a line 'USER - memlock %llu' in /etc/security/limits.conf, or LimitMEMLOCK= of systemd)",
		    device_name(vd->dev), (unsigned long long)total >> 10,
		    (unsigned long long)size >> 10, (unsigned long long)lim.rlim_cur >> 10,
		    (unsigned long long)total >> 10, (unsigned long long)total >> 10);
}

static int check_place(const struct vfio_dev *vd, uint64_t size)
{
	const struct vfio_group *g = vd->group;
	uint64_t room = 0;

	if (!g->nr_ranges)
		return 0;
	for (unsigned int i = 0; i < g->nr_ranges; i++)
		if (g->ranges[i].first <= RAM_IOVA && g->ranges[i].last >= RAM_IOVA)
			room = g->ranges[i].last - RAM_IOVA + 1;
	if (room >= size)
		return 0;
	return fail("device '%s': its IOMMU maps %llu MiB from bus address 0x%llx on, up to what the machine reserves there, and the hosted kernel has %llu MiB: use a smaller --mem",
		    device_name(vd->dev), (unsigned long long)room >> 20, RAM_IOVA,
		    (unsigned long long)size >> 20);
}

/**
 * vfio_group_check_ram() - can a hosted kernel's memory be mapped?
 * @vd: device
 * @size: of the memory, bytes
 * @total: what all groups together lock, bytes
 *
 * Return: 0, or -1 with fail(), which says what would be needed.
 */
int vfio_group_check_ram(const struct vfio_dev *vd, uint64_t size, uint64_t total)
{
	return check_place(vd, size) || check_limit(vd, size, total) ? -1 : 0;
}
