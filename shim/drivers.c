// SPDX-License-Identifier: GPL-2.0
/* drivers.c - from what the user names to the list of module files to load */
#include <errno.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "shim/drivers.h"
#include "shim/instrument.h"
#include "shim/kbuild.h"
#include "shim/near.h"
#include "shim/vermagic.h"

/* Reports are decoded in a thread of their own: of libkmod's state, and of struct drivers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* libkmod's callback has no argument; ring3 resolves in one thread. */
static struct collect {
	struct drivers *drivers;
	struct buffer *records;
	const char *target;	/* name of the module that was asked for */
	enum ring3_ctl_record target_tag, other_tag;
} collecting;

static void claim(struct drivers *drivers, const char *path)
{
	struct kmod_list *list = NULL, *item;
	struct kmod_module *mod;

	if (kmod_module_new_from_path(drivers->kmod, path, &mod) < 0)
		return;
	if (kmod_module_get_info(mod, &list) >= 0) {
		kmod_list_foreach(item, list) {
			if (!strcmp(kmod_module_info_get_key(item), "alias"))
				strv_add(&drivers->claimed, kmod_module_info_get_value(item));
		}
		kmod_module_info_free_list(list);
	}
	kmod_module_unref(mod);
}

static bool is_claimed(const struct drivers *drivers, const char *alias)
{
	for (size_t i = 0; i < drivers->claimed.n; i++) {
		if (!fnmatch(drivers->claimed.v[i], alias, 0))
			return true;
	}
	return false;
}

/* For a module of the hosted kernel: one that was built anew, or itself. */
static const char *instead_of(const struct drivers *drivers, const char *path)
{
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && i < drivers->instead.n; i++) {
		if (!strcmp(strrchr(drivers->instead.v[i], '/'), name))
			return drivers->instead.v[i];
	}
	return path;
}

static void add_record(struct drivers *drivers, struct buffer *records,
		       enum ring3_ctl_record tag, const char *path, const char *options)
{
	path = instead_of(drivers, path);
	if (strv_contains(&drivers->seen, path))
		return;
	strv_add(&drivers->seen, path);
	if (tag == RING3_REC_DRIVER)
		claim(drivers, path);
	ctl_record(records, tag, path);
	if (options && *options)
		ctl_record(records, RING3_REC_OPTIONS, options);
}

static void collect_one(struct kmod_module *mod, bool install, const char *options)
{
	const char *path = kmod_module_get_path(mod);
	bool target = !strcmp(kmod_module_get_name(mod), collecting.target);

	/* Built-in modules have no file. */
	if (path && !install)
		add_record(collecting.drivers, collecting.records,
			   target ? collecting.target_tag : collecting.other_tag, path, options);
}

/* The module with all it needs before it, in load order; libkmod knows softdeps too. */
static void collect(struct drivers *drivers, struct kmod_module *mod, const char *options,
		    enum ring3_ctl_record target_tag, enum ring3_ctl_record other_tag,
		    struct buffer *records)
{
	collecting = (struct collect){ drivers, records, kmod_module_get_name(mod), target_tag,
				       other_tag };
	kmod_module_probe_insert_module(mod, KMOD_PROBE_DRY_RUN | KMOD_PROBE_IGNORE_LOADED |
					KMOD_PROBE_IGNORE_COMMAND, options, NULL, NULL,
					collect_one);
}

/* A value of a module's .modinfo, to free, or NULL. */
static char *module_info(struct kmod_module *mod, const char *key)
{
	struct kmod_list *list = NULL, *item;
	char *value = NULL;

	if (kmod_module_get_info(mod, &list) < 0)
		return NULL;
	kmod_list_foreach(item, list) {
		if (!value && !strcmp(kmod_module_info_get_key(item), key))
			value = xstrdup(kmod_module_info_get_value(item));
	}
	kmod_module_info_free_list(list);
	return value;
}

static char *file_info(struct drivers *drivers, const char *path, const char *key)
{
	struct kmod_module *mod;
	char *value;

	if (kmod_module_new_from_path(drivers->kmod, path, &mod) < 0)
		return NULL;
	value = module_info(mod, key);
	kmod_module_unref(mod);
	return value;
}

/* Names of all modules of the hosted kernel; the path of the first, to free, in @first. */
static struct strv hosted_names(struct drivers *drivers, char **first)
{
	_cleanup_free_ char *order = xasprintf("%s/modules.order", drivers->kernel->modules);
	_cleanup_free_ char *text = read_text(order);
	struct strv names = { 0 };
	char *rest = text, *line, *base, *dot;

	*first = NULL;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (!*first)
			*first = xasprintf("%s/%s", drivers->kernel->modules, line);
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		dot = strchr(base, '.');
		if (dot)
			*dot = '\0';
		strv_add(&names, base);
	}
	return names;
}

int drivers_open(struct drivers *drivers, const struct hosted_kernel *kernel)
{
	/* The host's /etc/modprobe.d is about the host; softdeps are the kernel's own. */
	_cleanup_free_ char *softdep = xasprintf("%s/modules.softdep", kernel->modules);
	const char *config[] = { softdep, NULL };

	*drivers = (struct drivers){ .kernel = kernel };
	drivers->kmod = kmod_new(kernel->modules, config);
	if (!drivers->kmod)
		return fail("cannot read the module lists in %s: run '%s'", kernel->modules,
			    flavor_make(kernel->flavor));
	kmod_set_log_priority(drivers->kmod, 0);
	kmod_load_resources(drivers->kmod);
	return 0;
}

void drivers_close(struct drivers *drivers)
{
	if (drivers->kmod)
		kmod_unref(drivers->kmod);
	buffer_free(&drivers->records);
	strv_free(&drivers->seen);
	strv_free(&drivers->claimed);
	strv_free(&drivers->instead);
	strv_free(&drivers->objects);
	strv_free(&drivers->sources);
	free(drivers->vermagic);
}

/* Build what a module of the hosted kernel is made of with counters. */
static int instrument(struct drivers *drivers, const char *name)
{
	_cleanup_free_ char *path = drivers_path(drivers, name);
	struct instrumented where;
	int status;

	if (!drivers->coverage || !path)
		return 0;
	status = instrument_module(drivers->kernel, path, &drivers->instead, &where);
	if (!status) {
		strv_add(&drivers->objects, where.objects);
		strv_add(&drivers->sources, where.sources);
	}
	free(where.objects);
	free(where.sources);
	return status;
}

/* Returns false when the hosted kernel has no such module. */
static bool add_name(struct drivers *drivers, const char *name, const char *options,
		     enum ring3_ctl_record tag)
{
	struct kmod_list *list = NULL, *item;

	if (kmod_module_new_from_lookup(drivers->kmod, name, &list) < 0 || !list)
		return false;
	kmod_list_foreach(item, list) {
		struct kmod_module *mod = kmod_module_get_module(item);

		collect(drivers, mod, options, tag, RING3_REC_REQUIRED, &drivers->records);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	return true;
}

static int check_vermagic(struct drivers *drivers, const char *path)
{
	_cleanup_free_ char *own = file_info(drivers, path, "vermagic");
	_cleanup_free_ char *first = NULL, *version = NULL, *dir = xstrdup(path);
	struct strv names;

	if (!own)
		return fail("%s is not a kernel module; name a .ko file", path);
	if (!drivers->vermagic) {
		names = hosted_names(drivers, &first);
		drivers->vermagic = first ? file_info(drivers, first, "vermagic") : NULL;
		strv_free(&names);
	}
	if (vermagic_matches(own, drivers->vermagic, drivers->kernel->version))
		return 0;
	version = vermagic_version(own);
	*strrchr(dir, '/') = '\0';
	return fail("%s was built for another kernel (%s), not for the hosted %s; rebuild it "
		    "with 'ring3 build %s%s'", path, printable(own),
		    drivers->vermagic ? drivers->vermagic : drivers->kernel->version,
		    drivers->kernel->flavor == FLAVOR_DEBUG ? "--flavor debug " : "", dir);
}

/* Has a --driver before this one given a file of that module? */
static bool given(struct drivers *drivers, const char *name)
{
	for (size_t i = 0; i < drivers->seen.n; i++) {
		const char *base = strrchr(drivers->seen.v[i], '/') + 1;
		_cleanup_free_ char *own = strndup(base, strcspn(base, "."));

		if (!near_distance(own, name))
			return true;
	}
	return false;
}

static int add_needed(struct drivers *drivers, const char *path)
{
	_cleanup_free_ char *depends = file_info(drivers, path, "depends");
	char *rest = depends, *name;

	while (rest && (name = strsep(&rest, ","))) {
		if (*name && !given(drivers, name) &&
		    !add_name(drivers, name, NULL, RING3_REC_REQUIRED))
			return fail("%s needs the module %s, which the hosted kernel does not "
				    "have; give its .ko with another --driver before",
				    path, printable(name));
	}
	return 0;
}

/* A module that was built elsewhere may have counters or not. */
static bool counts(struct drivers *drivers, const char *path)
{
	struct kmod_list *list = NULL, *item;
	struct kmod_module *mod;
	bool found = false;

	if (kmod_module_new_from_path(drivers->kmod, path, &mod) < 0)
		return false;
	if (kmod_module_get_dependency_symbols(mod, &list) >= 0) {
		kmod_list_foreach(item, list)
			found |= !strcmp(kmod_module_dependency_symbol_get_symbol(item),
					 "__gcov_init");
		kmod_module_dependency_symbols_free_list(list);
	}
	kmod_module_unref(mod);
	return found;
}

static int add_counting(struct drivers *drivers, const char *path)
{
	_cleanup_free_ char *dir = xstrdup(path);

	*strrchr(dir, '/') = '\0';
	if (!counts(drivers, path))
		return fail("--coverage: %s was not built for that; name its directory: --driver %s",
			    path, dir);
	strv_add(&drivers->objects, dir);
	strv_add(&drivers->sources, dir);
	return 0;
}

static int add_file(struct drivers *drivers, const char *path, const char *options)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	int status;

	if (!real)
		return fail("driver %s: %s; name a .ko file, a module of the hosted kernel or a "
			    "directory with a Kbuild", path, strerror(errno));
	status = check_vermagic(drivers, real);
	if (!status && drivers->coverage)
		status = add_counting(drivers, real);
	if (!status)
		status = add_needed(drivers, real);
	if (!status)
		add_record(drivers, &drivers->records, RING3_REC_DRIVER, real, options);
	return status;
}

static int add_dir(struct drivers *drivers, const char *path, const char *options)
{
	struct strv modules = { 0 };
	unsigned int how = KBUILD_ON_THE_FLY | (drivers->coverage ? KBUILD_COVERAGE : 0);
	int status = kbuild_run(drivers->kernel, path, how, &modules);

	for (size_t i = 0; !status && i < modules.n; i++)
		status = add_file(drivers, modules.v[i], options);
	strv_free(&modules);
	return status;
}

static int not_found(struct drivers *drivers, const char *name)
{
	_cleanup_free_ char *first = NULL, *hint = NULL;
	struct strv names = hosted_names(drivers, &first);

	hint = near_names(name, &names);
	strv_free(&names);
	return fail("driver '%s' is not in the hosted kernel %s%s%s name a .ko file or a directory "
		    "with a Kbuild by a path with a '/'", name, drivers->kernel->version, hint,
		    *hint ? " Or" : ";");
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

static bool looks_like_path(const char *text)
{
	size_t len = strlen(text);

	return strchr(text, '/') || !strcmp(text, ".") || !strcmp(text, "..") ||
	       (len > 3 && !strcmp(text + len - 3, ".ko"));
}

int drivers_add(struct drivers *drivers, const char *spec)
{
	_cleanup_free_ char *copy = xstrdup(spec + strspn(spec, " \t"));
	char *options = "";
	int status;

	/* A path may have a space in it; then it exists as it is written. */
	if (access(copy, F_OK)) {
		options = copy + strcspn(copy, " \t");
		if (*options)
			*options++ = '\0';
	}
	if (looks_like_path(copy))
		return is_dir(copy) ? add_dir(drivers, copy, options) :
				      add_file(drivers, copy, options);
	status = instrument(drivers, copy);
	if (status)
		return status;
	if (add_name(drivers, copy, options, RING3_REC_DRIVER))
		return 0;
	return is_dir(copy) ? add_dir(drivers, copy, options) : not_found(drivers, copy);
}

void drivers_alias(struct drivers *drivers, const char *alias, struct buffer *records)
{
	struct kmod_list *list = NULL, *item;

	pthread_mutex_lock(&lock);
	if (!is_claimed(drivers, alias))
		kmod_module_new_from_lookup(drivers->kmod, alias, &list);
	kmod_list_foreach(item, list) {
		struct kmod_module *mod = kmod_module_get_module(item);

		collect(drivers, mod, NULL, RING3_REC_OPTIONAL, RING3_REC_OPTIONAL, records);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	pthread_mutex_unlock(&lock);
}

char *drivers_path(struct drivers *drivers, const char *name)
{
	struct kmod_list *list = NULL, *item;
	char *path = NULL;

	pthread_mutex_lock(&lock);
	kmod_module_new_from_lookup(drivers->kmod, name, &list);
	kmod_list_foreach(item, list) {
		struct kmod_module *mod = kmod_module_get_module(item);
		const char *own = kmod_module_get_path(mod);

		if (!path && own)
			path = xstrdup(own);
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	pthread_mutex_unlock(&lock);
	return path;
}

struct strv drivers_seen(struct drivers *drivers)
{
	struct strv seen = { 0 };

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < drivers->seen.n; i++)
		strv_add(&seen, drivers->seen.v[i]);
	pthread_mutex_unlock(&lock);
	return seen;
}
