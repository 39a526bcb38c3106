// SPDX-License-Identifier: GPL-2.0
/*
 * tree.c - which files and directories there are
 *
 * Nothing is allocated: an inode number says what a node is, and a directory's children are
 * counted out anew each time, as names of devices and drivers come and go.
 */
#include <string.h>

#include "proxy/util.h"
#include "proxy/view/view.h"

enum { DIR_DEVICES, DIR_DRIVERS, DIR_KERNEL, DIR_PROXY, DIR_CRASH };

static const struct {
	const char *name;
	const struct view_file *files;
} dirs[] = {
	[DIR_DEVICES] = { "devices", NULL },
	[DIR_DRIVERS] = { "drivers", NULL },
	[DIR_KERNEL] = { "kernel", view_kernel_files },
	[DIR_PROXY] = { "proxy", view_proxy_files },
	[DIR_CRASH] = { "crash", view_crash_files },
};

struct view view;

/**
 * view_ino() - inode number of a node
 * @node: the node
 *
 * Return: the number; 1 is the root.
 */
uint64_t view_ino(const struct view_node *node)
{
	return 1 + (node->kind | (uint64_t)node->dir << 8 | (uint64_t)node->device << 16 |
		    (uint64_t)node->index << 32);
}

/**
 * view_node() - what an inode number stands for
 * @ino: from the kernel, which has it from us
 * @node: filled in
 *
 * Return: false if it never was one of ours.
 */
bool view_node(uint64_t ino, struct view_node *node)
{
	ino--;
	node->kind = ino & 0xff;
	node->dir = ino >> 8 & 0xff;
	node->device = ino >> 16 & 0xffff;
	node->index = ino >> 32;
	return node->kind <= VIEW_DEVICE_LINK && node->dir < ARRAY_SIZE(dirs) &&
	       (node->device < view.nr_devices || !node->device) &&
	       (node->kind != VIEW_SHOWN || node->index < view.nr_shown);
}

bool view_is_dir(const struct view_node *node)
{
	return node->kind <= VIEW_DRIVER;
}

bool view_is_link(const struct view_node *node)
{
	return node->kind == VIEW_DRIVER_LINK || node->kind == VIEW_DEVICE_LINK;
}

static const struct view_file *table_of(const struct view_node *dir)
{
	switch (dir->kind) {
	case VIEW_DEVICE:
		return view_sysfs_files;
	case VIEW_RING3:
		return view_ring3_files;
	case VIEW_DRIVER:
		return view_driver_files;
	case VIEW_DIR:
		return dirs[dir->dir].files;
	default:
		return NULL;
	}
}

/* Files remember their directory's kind in the upper bits of their index. */
#define FILE_DIR_SHIFT 16

/**
 * view_file_of() - the row of a file
 * @node: of kind VIEW_FILE or VIEW_JSON
 *
 * Return: the row, or NULL: there is no such file.
 */
const struct view_file *view_file_of(const struct view_node *node)
{
	const struct view_node dir = { .kind = node->index >> FILE_DIR_SHIFT, .dir = node->dir };
	const struct view_file *files = table_of(&dir);
	unsigned int i, n = node->index & ((1 << FILE_DIR_SHIFT) - 1);

	if (!files || (node->kind != VIEW_FILE && node->kind != VIEW_JSON))
		return NULL;
	for (i = 0; i < n; i++)
		if (!files[i].name)
			return NULL;
	return files[n].name ? &files[n] : NULL;
}

/**
 * view_device_of() - the device a node belongs to
 * @node: any
 *
 * Return: the device; NULL for nodes of none.
 */
struct device *view_device_of(const struct view_node *node)
{
	unsigned int dir_kind = node->index >> FILE_DIR_SHIFT;

	if (node->kind == VIEW_ROOT || node->kind == VIEW_DIR || node->kind == VIEW_SHOWN ||
	    ((node->kind == VIEW_FILE || node->kind == VIEW_JSON) && dir_kind == VIEW_DIR) ||
	    node->device >= view.nr_devices)
		return NULL;
	return view.devices[node->device];
}

/* Child number @n among those that a table of files makes: NAME, and NAME.json for a table. */
static bool file_child(const struct view_node *dir, const struct view_file *files, size_t *n,
		       struct view_node *child, char *name)
{
	struct device *dev = dir->kind == VIEW_DIR ? NULL : view.devices[dir->device];

	for (unsigned int i = 0; files && files[i].name; i++) {
		const struct view_file *f = &files[i];
		size_t makes = f->table ? 2 : 1;

		if (f->there && !f->there(dev, f->arg))
			continue;
		if (*n >= makes) {
			*n -= makes;
			continue;
		}
		*child = (struct view_node) {
			.kind = *n ? VIEW_JSON : VIEW_FILE, .dir = dir->dir,
			.device = dir->device, .index = i | dir->kind << FILE_DIR_SHIFT,
		};
		snprintf(name, VIEW_NAME, "%s%s", f->name, *n ? ".json" : "");
		return true;
	}
	return false;
}

static bool shown_child(const struct view_node *dir, size_t *n, struct view_node *child, char *name)
{
	for (size_t i = 0; i < view.nr_shown; i++) {
		if (strcmp(view.shown[i].dir, dirs[dir->dir].name) || (*n)--)
			continue;
		*child = (struct view_node){ .kind = VIEW_SHOWN, .dir = dir->dir, .index = i };
		snprintf(name, VIEW_NAME, "%s", view.shown[i].name);
		return true;
	}
	return false;
}

static bool device_child(size_t n, enum view_kind kind, struct view_node *child, char *name)
{
	struct told told;

	if (n >= view.nr_devices)
		return false;
	told_get(view.devices[n], &told);
	*child = (struct view_node){ .kind = kind, .device = n };
	snprintf(name, VIEW_NAME, "%s", told.bdf);
	return true;
}

/* A driver's directory belongs to the first device that it has. */
static bool driver_first(size_t i, char *name)
{
	struct told told, other;

	told_get(view.devices[i], &told);
	if (!told.driver[0])
		return false;
	for (size_t k = 0; k < i; k++) {
		told_get(view.devices[k], &other);
		if (!strcmp(other.driver, told.driver))
			return false;
	}
	snprintf(name, VIEW_NAME, "%s", told.driver);
	return true;
}

static bool driver_child(size_t n, struct view_node *child, char *name)
{
	for (size_t i = 0; i < view.nr_devices; i++) {
		if (!driver_first(i, name) || n--)
			continue;
		*child = (struct view_node){ .kind = VIEW_DRIVER, .device = i };
		return true;
	}
	return false;
}

/* Below drivers/NAME: the devices that it has. */
static bool bound_child(const struct view_node *dir, size_t n, struct view_node *child, char *name)
{
	struct told told, other;

	told_get(view.devices[dir->device], &told);
	for (size_t i = 0; told.driver[0] && i < view.nr_devices; i++) {
		told_get(view.devices[i], &other);
		if (strcmp(other.driver, told.driver) || n--)
			continue;
		*child = (struct view_node){ .kind = VIEW_DEVICE_LINK, .device = i };
		snprintf(name, VIEW_NAME, "%s", other.bdf);
		return true;
	}
	return false;
}

static bool has_messages(const struct device *dev)
{
	return config_msix_enabled(dev) || config_msi_enabled(dev);
}

/* msi_irqs: a file for each vector, named by the client's number for it. */
static bool irq_child(const struct view_node *dir, size_t n, struct view_node *child, char *name)
{
	const struct device *dev = view.devices[dir->device];
	const struct irqs *irqs = &dev->irqs;
	bool msix = config_msix_enabled(dev);
	uint32_t count = msix ? irqs->count[VFIO_USER_MSIX] : config_msi_vectors(dev);

	for (uint32_t i = 0; has_messages(dev) && i < count; i++) {
		uint32_t irq = msix ? irqs->msix[i].linux_irq : irqs->msi[i].linux_irq;

		if (!irq || n--)
			continue;
		*child = (struct view_node){ .kind = VIEW_IRQ, .device = dir->device, .index = i };
		snprintf(name, VIEW_NAME, "%u", irq);
		return true;
	}
	return false;
}

/* devices/BDF: files, then what is there now. */
static bool below_device(const struct view_node *dir, size_t n, struct view_node *child, char *name)
{
	struct device *dev = view.devices[dir->device];
	struct told told;

	if (file_child(dir, view_sysfs_files, &n, child, name))
		return true;
	told_get(dev, &told);
	*child = (struct view_node){ .device = dir->device };
	if (!n--) {
		child->kind = VIEW_RING3;
		snprintf(name, VIEW_NAME, "ring3");
		return true;
	}
	if (told.driver[0] && !n--) {
		child->kind = VIEW_DRIVER_LINK;
		snprintf(name, VIEW_NAME, "driver");
		return true;
	}
	if (has_messages(dev) && !n--) {
		child->kind = VIEW_IRQS;
		snprintf(name, VIEW_NAME, "msi_irqs");
		return true;
	}
	return false;
}

static bool below_dir(const struct view_node *dir, size_t n, struct view_node *child, char *name)
{
	switch (dir->dir) {
	case DIR_DEVICES:
		return device_child(n, VIEW_DEVICE, child, name);
	case DIR_DRIVERS:
		return driver_child(n, child, name);
	default:
		return file_child(dir, dirs[dir->dir].files, &n, child, name) ||
		       shown_child(dir, &n, child, name);
	}
}

/**
 * view_child() - an entry of a directory
 * @dir: the directory
 * @n: which, from 0
 * @child: filled in
 * @name: filled in
 *
 * Return: false: there are not so many.
 */
bool view_child(const struct view_node *dir, size_t n, struct view_node *child,
		char name[VIEW_NAME])
{
	switch (dir->kind) {
	case VIEW_ROOT:
		if (n >= ARRAY_SIZE(dirs))
			return false;
		*child = (struct view_node){ .kind = VIEW_DIR, .dir = n };
		snprintf(name, VIEW_NAME, "%s", dirs[n].name);
		return true;
	case VIEW_DIR:
		return below_dir(dir, n, child, name);
	case VIEW_DEVICE:
		return below_device(dir, n, child, name);
	case VIEW_RING3:
		return file_child(dir, view_ring3_files, &n, child, name);
	case VIEW_IRQS:
		return irq_child(dir, n, child, name);
	case VIEW_DRIVER:
		return file_child(dir, view_driver_files, &n, child, name) ||
		       bound_child(dir, n, child, name);
	default:
		return false;
	}
}

/**
 * view_link() - where a symbolic link points
 * @node: the link
 * @target: filled in
 * @size: its room
 *
 * Return: false if it points nowhere now.
 */
bool view_link(const struct view_node *node, char *target, size_t size)
{
	struct told told;

	told_get(view.devices[node->device], &told);
	if (node->kind == VIEW_DEVICE_LINK)
		snprintf(target, size, "../../devices/%s", told.bdf);
	else if (told.driver[0])
		snprintf(target, size, "../../drivers/%s", told.driver);
	else
		return false;
	return true;
}
