// SPDX-License-Identifier: GPL-2.0
/* bar-view.c - registers of a running instance's device, through the view */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "shim/bar.h"
#include "shim/registry.h"

struct view_state {
	char *dir;		/* VIEW/devices/BDF */
	int fd[BAR_SPACES];	/* of its files, -1: not open */
	bool writable[BAR_SPACES];
};

/* Opened for what is done: a view may let one read and not write. */
static int open_bar(struct bar_device *dev, unsigned int bar, bool write)
{
	struct view_state *state = dev->state;
	_cleanup_free_ char *path = NULL;

	if (state->fd[bar] >= 0 && state->writable[bar] == write)
		return 0;
	if (state->fd[bar] >= 0)
		close(state->fd[bar]);
	path = bar == BAR_ROM ? xasprintf("%s/ring3/rom", state->dir) :
				xasprintf("%s/ring3/bar%u", state->dir, bar);
	state->fd[bar] = open(path, (write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	state->writable[bar] = write;
	return state->fd[bar] < 0 ? -errno : 0;
}

/* Both hosts that ring3 runs on have the byte order of PCI. */
static int view_read(struct bar_device *dev, unsigned int bar, uint64_t offset,
		     unsigned int width, uint64_t *value)
{
	struct view_state *state = dev->state;
	int err = open_bar(dev, bar, false);
	ssize_t n;

	*value = 0;
	if (err)
		return err;
	n = pread(state->fd[bar], value, width, offset);
	if (n < 0)
		return -errno;
	return n == (ssize_t)width ? 0 : -EIO;
}

static int view_write(struct bar_device *dev, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value)
{
	struct view_state *state = dev->state;
	int err = open_bar(dev, bar, true);
	ssize_t n;

	if (err)
		return err;
	n = pwrite(state->fd[bar], &value, width, offset);
	if (n < 0)
		return -errno;
	return n == (ssize_t)width ? 0 : -EIO;
}

static void view_close(struct bar_device *dev)
{
	struct view_state *state = dev->state;

	for (int i = 0; i < BAR_SPACES; i++) {
		if (state->fd[i] >= 0)
			close(state->fd[i]);
	}
	free(state->dir);
	free(state);
}

/* A file of a view whose proxy is stopped is never answered, not even to a signal. */
static bool is_stopped(const struct run_entry *run)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/stat", run_pid(run, "proxy_pid"));
	_cleanup_free_ char *text = read_text(path);
	const char *end = text ? strrchr(text, ')') : NULL;

	return end && (end[1] == ' ') && (end[2] == 'T' || end[2] == 't');
}

/* BARs have their sizes whether they have addresses or not. */
static void parse_bars(struct json_object *rows, struct bar_space space[BAR_SPACES])
{
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i), *bar, *kind, *size;
		unsigned int n;

		if (!json_object_object_get_ex(row, "bar", &bar) ||
		    !json_object_object_get_ex(row, "kind", &kind) ||
		    !json_object_object_get_ex(row, "size", &size))
			continue;
		n = *json_object_get_string(bar) - '0';
		if (n > 5)
			n = BAR_ROM;
		space[n].size = json_object_get_uint64(size);
		space[n].io = !strcmp(json_object_get_string(kind), "io");
	}
}

static bool read_spaces(const char *dir, struct bar_space space[BAR_SPACES])
{
	_cleanup_free_ char *path = xasprintf("%s/ring3/bars.json", dir), *text = read_text(path);
	struct json_object *rows = text ? json_tokener_parse(text) : NULL;
	bool found = rows && json_object_is_type(rows, json_type_array);

	if (found)
		parse_bars(rows, space);
	json_object_put(rows);
	return found;
}

static const struct bar_ops view_ops = { view_read, view_write, view_close };

static void list_devices(const char *view, struct strv *found)
{
	_cleanup_free_ char *path = xasprintf("%s/devices", view);
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			strv_add(found, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int no_device(const struct run_entry *run, const char *view, const char *bdf)
{
	struct strv found = { 0 };
	struct buffer text = { 0 };
	int status;

	list_devices(view, &found);
	qsort(found.v, found.n, sizeof(*found.v), by_text);
	for (size_t i = 0; i < found.n; i++) {
		buffer_add(&text, i ? ", " : "", i ? 2 : 0);
		buffer_add(&text, found.v[i], strlen(found.v[i]));
	}
	buffer_add(&text, "", 1);
	if (found.n)
		status = fail("run '%s' has no device %s; it has: %s", run->name, bdf, text.data);
	else
		status = fail("run '%s' has no view at %s; start it with --view DIR, which says why",
			      run->name, view);
	strv_free(&found);
	buffer_free(&text);
	return status;
}

static uint32_t read_number(const char *dir, const char *file)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, file), *text = read_text(path);

	return text ? strtoul(text, NULL, 16) : 0;
}

static int open_in(struct bar_device *dev, const char *bdf, const struct run_entry *run)
{
	const char *view = run_text(run, "view");
	_cleanup_free_ char *dir = NULL, *path = NULL, *text = NULL;
	struct view_state *state;

	if (!view)
		return fail("run '%s' has no view", run->name);
	if (is_stopped(run))
		return fail("run '%s' does not answer: its proxy, process %d, is stopped", run->name,
			    run_pid(run, "proxy_pid"));
	dir = xasprintf("%s/devices/%s", view, bdf);
	path = xasprintf("%s/resource", dir);
	text = read_text(path);
	if (!text)
		return no_device(run, view, bdf);
	if (!read_spaces(dir, dev->space))
		bar_parse_resource(text, dev->space);
	state = xrealloc(NULL, sizeof(*state));
	*state = (struct view_state){ .dir = xstrdup(dir) };
	for (int i = 0; i < BAR_SPACES; i++)
		state->fd[i] = -1;
	dev->vendor = read_number(dir, "vendor");
	dev->device = read_number(dir, "device");
	dev->class = read_number(dir, "class");
	dev->state = state;
	dev->ops = &view_ops;
	dev->name = xasprintf("%s/%s", run->name, bdf);
	return 0;
}

static bool has_device(const struct run_entry *run, const char *bdf)
{
	const char *view = run_text(run, "view");
	_cleanup_free_ char *path = view ? xasprintf("%s/devices/%s", view, bdf) : NULL;

	return path && !is_stopped(run) && !access(path, F_OK);
}

/* The one run that can be meant. */
static int choose(const struct run_list *list, const char *bdf, const struct run_entry **chosen)
{
	const struct run_entry *first = NULL;
	unsigned int n = 0;

	if (!list->n)
		return fail("no run has a device %s: none is running; start one, or name a device "
			    "that nobody drives, like qemu:edu", bdf);
	for (size_t i = 0; i < list->n; i++) {
		if (!has_device(&list->v[i], bdf))
			continue;
		if (++n > 1)
			return fail("runs '%s' and '%s' both have a device %s; say which with -n",
				    first->name, list->v[i].name, bdf);
		first = &list->v[i];
	}
	if (!first && list->n > 1)
		return fail("no run has a device %s; see 'ring3 ps' and name one with -n", bdf);
	*chosen = first ? first : &list->v[0];
	return 0;
}

int bar_open_view(struct bar_device *dev, const char *bdf, const char *name)
{
	struct strv removed = { 0 };
	const struct run_entry *run = NULL;
	struct run_list list;
	int status = 0;

	registry_list(&list, &removed);
	if (name) {
		run = registry_find(&list, name);
		if (!run)
			status = registry_unknown(&list, name);
	} else {
		status = choose(&list, bdf, &run);
	}
	if (!status)
		status = open_in(dev, bdf, run);
	registry_free(&list);
	strv_free(&removed);
	return status;
}
