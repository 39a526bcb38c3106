// SPDX-License-Identifier: GPL-2.0
/*
 * proxy.c - proxy/, kernel/ and drivers/NAME/: what belongs to no single device
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/backend.h"
#include "proxy/trace-file.h"
#include "proxy/trace.h"
#include "proxy/version.h"
#include "proxy/view/view.h"

static void show_pid(FILE *out, struct device *dev)
{
	(void)dev;
	fprintf(out, "%d\n", getpid());
}

static void show_version(FILE *out, struct device *dev)
{
	(void)dev;
	fprintf(out, "%s\n", RING3_VERSION);
}

static struct json_object *clients(struct device *unused)
{
	struct json_object *rows = json_object_new_array();

	(void)unused;
	for (size_t i = 0; i < view.nr_devices; i++) {
		struct json_object *o = json_object_new_object();
		struct device *dev = view.devices[i];
		struct told told;

		told_get(dev, &told);
		view_add(o, "device", json_object_new_string(told.bdf));
		view_add(o, "spec", json_object_new_string(device_name(dev)));
		view_add(o, "client", json_object_new_string(dev->client ? "connected" : "none"));
		json_object_array_add(rows, o);
	}
	return rows;
}

static struct json_object *list_backends(struct device *unused)
{
	struct json_object *rows = json_object_new_array();

	(void)unused;
	for (size_t i = 0; backends[i]; i++) {
		struct json_object *o = json_object_new_object();
		int used = 0;

		for (size_t k = 0; k < view.nr_devices; k++)
			used += view.devices[k]->backend == backends[i];
		view_add(o, "backend", json_object_new_string(backends[i]->name));
		view_add(o, "devices", json_object_new_int(used));
		json_object_array_add(rows, o);
	}
	return rows;
}

static struct json_object *state(struct device *unused)
{
	struct json_object *o = json_object_new_object();
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_BOOTTIME, &now);
	view_add(o, "up", json_object_new_int64(now.tv_sec - view.since.tv_sec));
	view_add(o, "events", json_object_new_uint64(trace_head()));
	view_add(o, "traced", json_object_new_boolean(trace_followed()));
	view_add(o, "lost", json_object_new_uint64(trace_file_lost()));
	return o;
}

const struct view_file view_proxy_files[] = {
	{ .name = "pid", .mode = 0444, .text = show_pid },
	{ .name = "version", .mode = 0444, .text = show_version },
	{ .name = "state", .mode = 0444, .table = state },
	{ .name = "clients", .mode = 0444, .table = clients },
	{ .name = "backends", .mode = 0444, .table = list_backends },
	{ 0 },
};

static struct json_object *modules(struct device *unused)
{
	struct told_module *list = malloc(TOLD_MODULES * sizeof(*list));
	struct json_object *rows = json_object_new_array();
	size_t n = list ? told_modules(list, TOLD_MODULES) : 0;

	(void)unused;
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();

		view_add(o, "module", json_object_new_string(list[i].name));
		view_add(o, "version", view_name(list[i].version));
		view_add(o, "address", view_hex(list[i].address, 16));
		view_add(o, "size", json_object_new_uint64(list[i].size));
		json_object_array_add(rows, o);
	}
	free(list);
	return rows;
}

const struct view_file view_kernel_files[] = {
	{ .name = "modules", .mode = 0444, .table = modules },
	{ 0 },
};

static void show_module(FILE *out, struct device *dev)
{
	struct told told;

	told_get(dev, &told);
	fprintf(out, "%s\n", told.module);
}

static void show_driver_version(FILE *out, struct device *dev)
{
	struct told told;

	told_get(dev, &told);
	fprintf(out, "%s\n", told.version);
}

const struct view_file view_driver_files[] = {
	{ .name = "module", .mode = 0444, .text = show_module },
	{ .name = "version", .mode = 0444, .text = show_driver_version },
	{ 0 },
};
