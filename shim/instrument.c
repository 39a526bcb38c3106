// SPDX-License-Identifier: GPL-2.0
/* instrument.c - modules of the hosted kernel that count; see instrument.h */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "shim/instrument.h"
#include "shim/kbuild.h"

/* What kbuild has made in the tree is not for ours. */
static bool is_result(const char *name)
{
	static const char *const results[] = {
		".*", "*.o", "*.a", "*.ko", "*.mod", "*.mod.c", "*.order", "Module.symvers",
	};

	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (!fnmatch(results[i], name, 0))
			return true;
	}
	return false;
}

static bool is_dir(int at, const char *name)
{
	struct stat st;

	return !fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* A link of another module's tree, to a directory, gives way. */
static int make_dir(const char *path)
{
	if (is_dir(AT_FDCWD, path))
		return 0;
	unlink(path);
	return mkdir(path, 0755) < 0 && !is_dir(AT_FDCWD, path) ?
	       fail("--coverage: cannot make %s: %s", path, strerror(errno)) : 0;
}

/*
 * Fill directory @to with links to what is in @from.  Below the module's own directory (@deep)
 * objects are made everywhere, so directories are real; above, but the one on the way is there.
 */
static int link_dir(const char *from, const char *to, bool deep)
{
	DIR *dir = opendir(from);
	struct dirent *entry;
	int status = dir ? 0 : fail("--coverage: %s: %s", from, strerror(errno));

	while (!status && (entry = readdir(dir))) {
		_cleanup_free_ char *source = xasprintf("%s/%s", from, entry->d_name);
		_cleanup_free_ char *target = xasprintf("%s/%s", to, entry->d_name);

		if (is_result(entry->d_name))
			continue;
		if (deep && is_dir(dirfd(dir), entry->d_name)) {
			status = make_dir(target);
			if (!status)
				status = link_dir(source, target, true);
		} else if (symlink(source, target) < 0 && errno != EEXIST) {
			status = fail("--coverage: cannot make %s: %s", target, strerror(errno));
		}
	}
	if (dir)
		closedir(dir);
	return status;
}

/* Beside the hosted kernel, where that is ours. */
static char *cache_dir(const struct hosted_kernel *kernel)
{
	const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
	_cleanup_free_ char *base = NULL, *ring3 = NULL;
	const char *name = strrchr(kernel->dir, '/');

	if (!access(kernel->dir, W_OK))
		return xasprintf("%s/coverage", kernel->dir);
	base = cache && *cache ? xstrdup(cache) : xasprintf("%s/.cache", home ? home : "");
	ring3 = xasprintf("%s/ring3", base);
	/* They may be links, somewhere else is room. */
	mkdir(base, 0700);
	mkdir(ring3, 0755);
	return xasprintf("%s/coverage-%s", ring3, name ? name + 1 : kernel->dir);
}

/* @place: "drivers/net/ethernet/intel/e1000e".  The directory in the tree of links, to free, or NULL. */
static char *link_tree(const char *build, const char *cache, const char *place)
{
	_cleanup_free_ char *from = xstrdup(build), *to = xstrdup(cache), *copy = xstrdup(place);
	_cleanup_close_ int lock = -1;
	char *rest = copy, *word;
	int status = make_dir(to);

	/* Others may be about to replace links by directories, too. */
	if (!status)
		lock = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!status && (lock < 0 || flock(lock, LOCK_EX) < 0))
		status = fail("--coverage: cannot lock %s: %s", cache, strerror(errno));
	while (!status && (word = strsep(&rest, "/"))) {
		char *next_from = xasprintf("%s/%s", from, word);
		char *next_to = xasprintf("%s/%s", to, word);

		/* First the real one, so that it is not linked. */
		status = make_dir(next_to);
		if (!status)
			status = link_dir(from, to, false);
		free(from);
		free(to);
		from = next_from;
		to = next_to;
	}
	if (!status)
		status = link_dir(from, to, true);
	return status ? NULL : xstrdup(to);
}

int instrument_module(const struct hosted_kernel *kernel, const char *path,
		      struct strv *modules, struct instrumented *where)
{
	_cleanup_free_ char *base = xasprintf("%s/kernel/", kernel->modules);
	_cleanup_free_ char *build = realpath(kernel->build, NULL);
	_cleanup_free_ char *cache = NULL, *place = NULL;

	*where = (struct instrumented){ 0 };
	if (!build || strncmp(path, base, strlen(base)))
		return fail("--coverage: %s is not built in the hosted kernel's tree; give the driver's "
			    "directory", path);
	place = xstrdup(path + strlen(base));
	*strrchr(place, '/') = '\0';
	cache = cache_dir(kernel);
	where->objects = link_tree(build, cache, place);
	if (!where->objects)
		return RING3_EXIT_SETUP;
	where->sources = xasprintf("%s/%s", build, place);
	return kbuild_run(kernel, where->objects, KBUILD_ON_THE_FLY | KBUILD_COVERAGE, modules);
}
