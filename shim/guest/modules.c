// SPDX-License-Identifier: GPL-2.0
/*
 * modules.c - loading modules: those that were ordered, and by alias like udev
 *
 * Aliases are not resolved here.  They go to the shim, which has libkmod and a fast
 * processor, and come back as a list of files in the order to load them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/guest/guest.h"

static char aliases[RING3_CTL_MAX_FROM_GUEST];
static size_t aliases_len;
static int uevent_fd = -1;

/**
 * modules_socket() - the socket to wait for new devices on
 *
 * Return: a file descriptor, -1 when the kernel has none.
 */
int modules_socket(void)
{
	return uevent_fd;
}

static void load_failed(const char *path, bool required, int err)
{
	struct {
		uint32_t err, required;
		char path[4096];
	} msg = { .err = err, .required = required };
	size_t len = strnlen(path, sizeof(msg.path) - 1);
	struct ring3_ctl_hdr hdr;

	memcpy(msg.path, path, len);
	ctl_send(RING3_CTL_LOAD_FAILED, &msg, 8 + len + 1);
	/* The shim ends us now. */
	if (required)
		ctl_read(&hdr);
}

static void load_one(int tag, const char *path, const char *options)
{
	bool required = tag != RING3_REC_OPTIONAL;
	int fd = openat(host_fd, path + 1, O_RDONLY | O_CLOEXEC);

	/* ENODEV: the driver looked, and its hardware is not there. */
	if (fd < 0 || (syscall(SYS_finit_module, fd, options, 0) < 0 && errno != EEXIST &&
		       (required || errno != ENODEV)))
		load_failed(path, required, errno);
	if (fd >= 0)
		close(fd);
}

/**
 * modules_load() - load the modules that records name, in their order
 * @records: CONFIG or MODULES; other records are passed over
 * @len: its length
 *
 * Does not return when a required module fails.
 */
void modules_load(char *records, size_t len)
{
	size_t at = 0, next;
	char *text, *options;
	int tag;

	while ((tag = record_next(records, len, &at, &text))) {
		if (tag != RING3_REC_REQUIRED && tag != RING3_REC_DRIVER &&
		    tag != RING3_REC_OPTIONAL)
			continue;
		next = at;
		if (record_next(records, len, &next, &options) != RING3_REC_OPTIONS)
			options = "";
		load_one(tag, text, options);
	}
}

static void send_aliases(void)
{
	ctl_send(RING3_CTL_ALIASES, aliases, aliases_len);
	aliases_len = 0;
}

static void load_answer(void)
{
	struct ring3_ctl_hdr hdr;
	char *records = ctl_read(&hdr);

	if (hdr.type != RING3_CTL_MODULES)
		guest_die("expected a list of modules");
	modules_load(records, hdr.len);
	ctl_free(records, &hdr);
}

static void add_alias(const char *alias, size_t len)
{
	if (!len || aliases_len + len + 1 > sizeof(aliases))
		return;
	memcpy(aliases + aliases_len, alias, len);
	aliases[aliases_len + len] = '\0';
	aliases_len += len + 1;
}

static void add_device(int dir, const char *name)
{
	char path[300], alias[2048];
	ssize_t n;
	int fd;

	strcpy(path, name);
	strcat(path, "/modalias");
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, alias, sizeof(alias));
	close(fd);
	while (n > 0 && alias[n - 1] == '\n')
		n--;
	if (n > 0)
		add_alias(alias, n);
}

/* Call @add for every name in a directory. */
static void each_name(int at, const char *path, void (*add)(int dir, const char *name))
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			add(fd, entry->d_name);
	}
	closedir(dir);
}

static void add_bus(int dir, const char *name)
{
	char path[300];

	strcpy(path, name);
	strcat(path, "/devices");
	each_name(dir, path, add_device);
}

/* One uevent: "add@/devices/…", then NAME=VALUE strings. */
static void parse_uevent(const char *msg, size_t len)
{
	if (strncmp(msg, "add@", 4))
		return;
	for (size_t at = 0; at < len; at += strlen(msg + at) + 1) {
		if (!strncmp(msg + at, "MODALIAS=", 9))
			add_alias(msg + at + 9, strlen(msg + at + 9));
	}
}

static void drain_uevents(void)
{
	char msg[4096];
	ssize_t n;

	if (uevent_fd < 0)
		return;
	while ((n = recv(uevent_fd, msg, sizeof(msg) - 1, MSG_DONTWAIT)) > 0) {
		msg[n] = '\0';
		parse_uevent(msg, n);
	}
}

/**
 * modules_uevents() - look at the devices that have appeared
 * @wait_answer: load their modules now; false: the answer comes as a message
 *
 * Return: whether there was something to ask for.
 */
int modules_uevents(bool wait_answer)
{
	drain_uevents();
	if (!aliases_len)
		return 0;
	send_aliases();
	if (wait_answer)
		load_answer();
	return 1;
}

/**
 * modules_coldplug() - load modules for all devices, until nothing new appears
 */
void modules_coldplug(void)
{
	each_name(AT_FDCWD, "/sys/bus", add_bus);
	while (modules_uevents(true))
		continue;
}

/**
 * modules_listen() - start to note new devices
 */
void modules_listen(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int size = 1 << 20;

	uevent_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	if (uevent_fd < 0)
		return;
	setsockopt(uevent_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(uevent_fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(uevent_fd);
		uevent_fd = -1;
	}
}

static int drivers_seen, devices_seen;

/* Devices are links whose names are not those of the driver's other links. */
static void count_device(int dir, const char *name)
{
	char target[256];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n > 0 && strcmp(name, "module"))
		devices_seen++;
}

static void count_driver(int dir, const char *name)
{
	drivers_seen++;
	each_name(dir, name, count_device);
}

static void report_unbound(const char *path)
{
	const char *base = strrchr(path, '/');
	char drivers[300] = "/sys/module/", *name = drivers + strlen(drivers), *end;

	base = base ? base + 1 : path;
	strncat(drivers, base, 200);
	end = strstr(name, ".ko");
	if (end)
		*end = '\0';
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	strcat(drivers, "/drivers");
	drivers_seen = devices_seen = 0;
	each_name(AT_FDCWD, drivers, count_driver);
	if (!drivers_seen || devices_seen)
		return;
	*strrchr(drivers, '/') = '\0';
	ctl_send(RING3_CTL_UNBOUND, name, strlen(name) + 1);
}

/**
 * modules_report_unbound() - tell the shim which ordered drivers have no device
 * @config: the orders
 */
void modules_report_unbound(struct guest_config *config)
{
	size_t at = 0;
	char *text;
	int tag;

	while ((tag = record_next(config->records, config->size, &at, &text))) {
		if (tag == RING3_REC_DRIVER)
			report_unbound(text);
	}
}
