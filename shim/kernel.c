// SPDX-License-Identifier: GPL-2.0
/* kernel.c - where the hosted kernel and ring3's own files are */
#include <dirent.h>
#include <limits.h>
#include <string.h>

#include "shim/kernel.h"
#include "shim/util.h"

/* Relative to the directory of the program: a checkout, its SAN=1 build, an installation. */
static const char *const own_places[] = { "build", ".", "../lib/ring3", "shim", "../../shim" };
static const char *const kernel_places[] = { "build/kernel", "../kernel", "../lib/ring3/kernel" };

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

static char *find_dir(void)
{
	_cleanup_free_ char *dir = exe_dir();

	for (size_t i = 0; dir && i < ARRAY_SIZE(kernel_places); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, kernel_places[i]);
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

int kernel_find(struct hosted_kernel *kernel)
{
	const char *env = getenv("RING3_KERNEL");

	*kernel = (struct hosted_kernel){ 0 };
	kernel->dir = env && *env ? realpath(env, NULL) : find_dir();
	if (!kernel->dir && env && *env)
		return fail("RING3_KERNEL=%s does not exist: unset it, or name a directory that "
			    "'make kernel' made", env);
	if (!kernel->dir)
		return fail("the hosted kernel has not been built: run 'make kernel'");
	kernel->image = xasprintf("%s/linux", kernel->dir);
	if (access(kernel->image, X_OK))
		return fail("%s is no hosted kernel (it has no program 'linux' to execute): "
			    "run 'make kernel'", kernel->dir);
	kernel->version = find_version(kernel->dir);
	if (!kernel->version)
		return fail("%s/lib/modules is missing: run 'make kernel'", kernel->dir);
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
