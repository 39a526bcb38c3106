// SPDX-License-Identifier: GPL-2.0
/* host-use.c - what the host uses a device for just now */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>

#include "shim/host.h"

/* Call @fn for what is in a directory until it finds something. */
static char *first(const char *path, char *(*fn)(const char *dir, const char *name))
{
	DIR *dir = opendir(path);
	struct dirent *e;
	char *found = NULL;

	while (dir && !found && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			found = fn(path, e->d_name);
	if (dir)
		closedir(dir);
	return found;
}

static char *up_interface(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s/flags", dir, name);
	_cleanup_free_ char *text = read_text(path);

	if (!text || !(strtoul(text, NULL, 16) & IFF_UP))
		return NULL;
	return xasprintf("network interface %s is up; 'ip link set %s down' first", name, name);
}

/* Where a block device is mounted, by its MAJOR:MINOR (proc(5), mountinfo). */
static char *mounted_on(const char *number)
{
	_cleanup_free_ char *path = host_path("/proc/self/mountinfo");
	_cleanup_free_ char *text = read_text(path);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n"))) {
		char at[16], where[PATH_MAX];

		if (sscanf(line, "%*s %*s %15s %*s %4095s", at, where) == 2 && !strcmp(at, number))
			return xstrdup(where);
	}
	return NULL;
}

static bool is_swap(const char *name)
{
	_cleanup_free_ char *path = host_path("/proc/swaps");
	_cleanup_free_ char *text = read_text(path);
	_cleanup_free_ char *want = xasprintf("/dev/%s ", name);
	char *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (!strncmp(line, want, strlen(want)))
			return true;
	return false;
}

static char *holder_of(const char *dir, const char *name)
{
	(void)dir;
	return xstrdup(name);
}

/* A disk or a partition of it. */
static char *used_block(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s/dev", dir, name);
	_cleanup_free_ char *holders = xasprintf("%s/%s/holders", dir, name);
	_cleanup_free_ char *dev = read_text(path), *where = NULL, *holder = NULL;

	if (!dev)
		return NULL;
	dev[strcspn(dev, "\n")] = '\0';
	where = mounted_on(dev);
	if (where)
		return xasprintf("%s is mounted on %s; 'umount %s' first", name, where, where);
	if (is_swap(name))
		return xasprintf("%s is used for swap; 'swapoff /dev/%s' first", name, name);
	holder = first(holders, holder_of);
	if (holder)
		return xasprintf("%s is part of %s; take that apart first", name, holder);
	return NULL;
}

static char *used_disk(const char *dir, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, name);
	char *found = used_block(dir, name);

	return found ? found : first(path, used_block);
}

/* Disks hang at different depths below their device: find those whose path leads over it. */
static char *used_disk_of(const char *bdf)
{
	_cleanup_free_ char *path = host_path("/sys/block");
	_cleanup_free_ char *part = xasprintf("/%s/", bdf);
	DIR *dir = opendir(path);
	struct dirent *e;
	char *found = NULL;

	while (dir && !found && (e = readdir(dir))) {
		_cleanup_free_ char *link = xasprintf("%s/%s", path, e->d_name);
		_cleanup_free_ char *real = realpath(link, NULL);

		if (real && e->d_name[0] != '.' && strstr(real, part))
			found = used_disk(path, e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool is_boot_display(const char *bdf)
{
	_cleanup_free_ char *path = host_path("/sys/bus/pci/devices/%s/boot_vga", bdf);
	_cleanup_free_ char *text = read_text(path);

	return text && *text == '1';
}

char *host_in_use(const struct host_device *dev)
{
	_cleanup_free_ char *net = host_path("/sys/bus/pci/devices/%s/net", dev->bdf);
	char *found = used_disk_of(dev->bdf);

	if (!found)
		found = first(net, up_interface);
	if (!found && is_boot_display(dev->bdf))
		found = xstrdup("it is the display that the machine was booted with");
	return found;
}

/* What a process opens to have a device of a group. */
struct nodes {
	char **v;
	size_t n;
};

static void add_node(struct nodes *nodes, char *path)
{
	if (!path)
		return;
	nodes->v = xrealloc(nodes->v, (nodes->n + 1) * sizeof(*nodes->v));
	nodes->v[nodes->n++] = path;
}

static bool is_one(const struct nodes *nodes, const char *path)
{
	for (size_t i = 0; i < nodes->n; i++)
		if (!strcmp(nodes->v[i], path))
			return true;
	return false;
}

static char *opened_by(const char *proc, const char *pid, const struct nodes *nodes)
{
	_cleanup_free_ char *path = xasprintf("%s/%s/fd", proc, pid);
	_cleanup_free_ char *comm = xasprintf("%s/%s/comm", proc, pid);
	DIR *dir = opendir(path);
	struct dirent *e;
	_cleanup_free_ char *name = NULL;
	bool found = false;

	while (dir && !found && (e = readdir(dir))) {
		_cleanup_free_ char *link = xasprintf("%s/%s", path, e->d_name);
		char to[64];
		ssize_t n = readlink(link, to, sizeof(to) - 1);

		to[n > 0 ? n : 0] = '\0';
		found = is_one(nodes, to);
	}
	if (dir)
		closedir(dir);
	if (!found)
		return NULL;
	name = read_text(comm);
	if (name)
		name[strcspn(name, "\n")] = '\0';
	return xasprintf("%s (%s)", pid, name ? printable(name) : "?");
}

char *host_holder(const char *group)
{
	_cleanup_free_ char *proc = host_path("/proc");
	struct nodes nodes = { 0 };
	struct host_list list;
	DIR *dir = opendir(proc);
	struct dirent *e;
	char *found = NULL;

	add_node(&nodes, xasprintf("/dev/vfio/%s", group));
	host_list(&list, group);
	for (size_t i = 0; i < list.n; i++)
		add_node(&nodes, host_vfio_node(list.v[i].bdf));
	host_list_free(&list);
	while (dir && !found && (e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]))
			found = opened_by(proc, e->d_name, &nodes);
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < nodes.n; i++)
		free(nodes.v[i]);
	free(nodes.v);
	return found;
}
