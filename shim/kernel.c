// SPDX-License-Identifier: GPL-2.0
/* kernel.c - where the hosted kernel and ring3's own files are */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "shim/kernel.h"
#include "shim/util.h"

/* Relative to the directory of the program: a checkout, its SAN=1 build, an installation. */
static const char *const own_places[] = { "build", ".", "../lib/ring3", "shim", "../../shim" };
static const char *const kernel_places[] = { "build", "..", "../lib/ring3" };

static const struct flavor {
	const char *name;
	const char *dir;	/* in one of the places */
	const char *env;	/* names a directory instead */
	const char *make;	/* builds it */
	const char *missing;
} flavors[] = {
	[FLAVOR_DEFAULT] = { "default", "kernel", "RING3_KERNEL", "make kernel",
			     "the hosted kernel has not been built" },
	[FLAVOR_DEBUG] = { "debug", "kernel-debug", "RING3_KERNEL_DEBUG", "make kernel FLAVOR=debug",
			   "the debug kernel has not been built" },
};

int flavor_parse(const char *text, enum kernel_flavor *flavor)
{
	for (size_t i = 0; i < ARRAY_SIZE(flavors); i++) {
		if (!strcmp(text, flavors[i].name)) {
			*flavor = i;
			return 0;
		}
	}
	return fail("--flavor '%s' is none; there are default and debug", text);
}

const char *flavor_name(enum kernel_flavor flavor)
{
	return flavors[flavor].name;
}

const char *flavor_make(enum kernel_flavor flavor)
{
	return flavors[flavor].make;
}

static char *exe_dir(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n < 0)
		return NULL;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return xstrdup(path);
}

char *own_file(const char *name)
{
	_cleanup_free_ char *dir = exe_dir();

	for (size_t i = 0; dir && i < ARRAY_SIZE(own_places); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s/%s", dir, own_places[i], name);
		char *real = access(path, R_OK) ? NULL : realpath(path, NULL);

		if (real)
			return real;
	}
	fail("%s is missing beside the ring3 program: run 'make' (or 'make install')", name);
	return NULL;
}

static char *find_dir(const char *name)
{
	_cleanup_free_ char *dir = exe_dir();

	for (size_t i = 0; dir && i < ARRAY_SIZE(kernel_places); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s/%s", dir, kernel_places[i], name);
		_cleanup_free_ char *ready = xasprintf("%s/linux", path);

		if (!access(ready, F_OK))
			return realpath(path, NULL);
	}
	return NULL;
}

/* The one directory below lib/modules is named like the version. */
static char *find_version(const char *dir)
{
	_cleanup_free_ char *path = xasprintf("%s/lib/modules", dir);
	DIR *list = opendir(path);
	struct dirent *entry;
	char *version = NULL;

	if (!list)
		return NULL;
	while (!version && (entry = readdir(list))) {
		if (entry->d_name[0] != '.')
			version = xstrdup(entry->d_name);
	}
	closedir(list);
	return version;
}

int kernel_find(struct hosted_kernel *kernel, enum kernel_flavor flavor)
{
	const struct flavor *f = &flavors[flavor];
	const char *env = getenv(f->env);

	*kernel = (struct hosted_kernel){ .flavor = flavor };
	kernel->dir = env && *env ? realpath(env, NULL) : find_dir(f->dir);
	if (!kernel->dir && env && *env)
		return fail("%s=%s does not exist: unset it, or name a directory that '%s' made",
			    f->env, env, f->make);
	if (!kernel->dir)
		return fail("%s: run '%s'", f->missing, f->make);
	kernel->image = xasprintf("%s/linux", kernel->dir);
	if (access(kernel->image, X_OK))
		return fail("%s is no hosted kernel (it has no program 'linux' to execute): "
			    "run '%s'", kernel->dir, f->make);
	kernel->version = find_version(kernel->dir);
	if (!kernel->version)
		return fail("%s/lib/modules is missing: run '%s'", kernel->dir, f->make);
	kernel->modules = xasprintf("%s/lib/modules/%s", kernel->dir, kernel->version);
	kernel->build = xasprintf("%s/build", kernel->dir);
	return 0;
}

void kernel_free(struct hosted_kernel *kernel)
{
	free(kernel->dir);
	free(kernel->image);
	free(kernel->version);
	free(kernel->modules);
	free(kernel->build);
}
