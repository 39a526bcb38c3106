// SPDX-License-Identifier: GPL-2.0
/*
 * group.c - an IOMMU group, whose devices share an address space
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/spec.h"
#include "proxy/vfio/vfio.h"

static struct vfio_group *groups;

/**
 * vfio_cannot_open() - explain errno of a file of VFIO's
 * @dev: for messages
 * @path: of the file
 * @rule: what a udev rule matches it by
 *
 * Return: -1 with fail().
 */
int vfio_cannot_open(const struct device *dev, const char *path, const char *rule)
{
	struct stat st;

	switch (errno) {
	case EACCES:
	case EPERM:
		if (stat(path, &st))
			st = (struct stat){ 0 };
		return fail("device '%s': no permission for %s, which is for user %u and group %u with mode %o: run as root, or give it to a group by a udev rule such as %s, GROUP=\"vfio\", MODE=\"0660\"",
			    device_name(dev), path, st.st_uid, st.st_gid, st.st_mode & 0777, rule);
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

/**
 * vfio_fail_viable() - a group's other devices are in use
 * @dev: for messages
 * @group: its number
 * @who: from vfio_not_viable()
 *
 * Return: -1 with fail().
 */
int vfio_fail_viable(const struct device *dev, const char *group, const char *who)
{
	return fail("device '%s': IOMMU group %s is not free as a whole: %s must be bound to vfio-pci too; run 'ring3 bind' for each",
		    device_name(dev), group, who && *who ? who : "another of its devices");
}

/* What the user asked for; what the host offers if that was nothing. */
static const struct vfio_way *choose(const struct vfio_dev *vd, const char *number)
{
	const char *param = spec_get(vd->dev->spec, "iommufd");
	char path[64];

	if (param && !strcmp(param, vfio_iommufd.param))
		return &vfio_iommufd;
	if (param && !strcmp(param, vfio_type1.param))
		return &vfio_type1;
	/* A kernel without groups has one way, and that shall say what it lacks. */
	snprintf(path, sizeof(path), "/dev/vfio/%s", number);
	return vfio_iommufd_offered(vd) || (*vd->node && access(path, F_OK)) ? &vfio_iommufd :
									       &vfio_type1;
}

static int check_way(const struct vfio_group *g, const struct vfio_dev *vd)
{
	const char *param = spec_get(vd->dev->spec, "iommufd");

	if (!param || !strcmp(param, "auto") || !strcmp(param, g->way->param))
		return 0;
	return fail("device '%s': another device of IOMMU group %s is open with iommufd=%s; give both the same",
		    device_name(vd->dev), g->number, g->way->param);
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
 * @vd: the device that it is for
 * @number: of the group
 *
 * Return: the group, for vfio_group_put() when a bit of it was taken; NULL with fail().
 */
struct vfio_group *vfio_group_get(const struct vfio_dev *vd, const char *number)
{
	struct vfio_group *g;

	for (g = groups; g; g = g->next)
		if (!strcmp(g->number, number))
			return check_way(g, vd) ? NULL : g;
	g = calloc(1, sizeof(*g));
	if (!g) {
		fail("out of memory for '%s'", device_name(vd->dev));
		return NULL;
	}
	g->fd = g->container = -1;
	snprintf(g->number, sizeof(g->number), "%s", number);
	g->way = choose(vd, number);
	if (g->way->open(g, vd)) {
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
	vfio_map_drop_ahead(group);
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
