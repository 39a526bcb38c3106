// SPDX-License-Identifier: GPL-2.0
/* view.c - directories and files that --view and --trace name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "shim/mounts.h"
#include "shim/registry.h"
#include "shim/util.h"
#include "shim/view.h"

/* The last part need not be there, or may be a mount that is dead. */
static char *absolute(const char *path)
{
	char *real = realpath(path, NULL);
	_cleanup_free_ char *copy = NULL, *dir = NULL;
	char *base;
	size_t len;

	if (real)
		return real;
	copy = xstrdup(path);
	for (len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	base = strrchr(copy, '/');
	if (base)
		*base++ = '\0';
	dir = realpath(!base ? "." : *copy ? copy : "/", NULL);
	if (!dir)
		return NULL;
	return xasprintf("%s/%s", strcmp(dir, "/") ? dir : "", base ? base : copy);
}

/* The name of the living run whose view is there. */
static char *owner(const char *path)
{
	struct strv removed = { 0 };
	struct run_list list;
	char *name = NULL;

	registry_list(&list, &removed);
	for (size_t i = 0; i < list.n && !name; i++) {
		const char *view = run_text(&list.v[i], "view");

		if (view && !strcmp(view, path))
			name = xstrdup(list.v[i].name);
	}
	registry_free(&list);
	strv_free(&removed);
	return name;
}

static int check_mount(const char *path)
{
	_cleanup_free_ char *what = mounts_at(path), *name = NULL;

	if (!what)
		return 0;
	/* That of a run which was killed is swept by the look. */
	name = owner(path);
	if (name)
		return fail("--view %s: the view of run '%s' is mounted there; choose another "
			    "directory, or end it with 'ring3 kill %s'", path, name, name);
	free(what);
	what = mounts_at(path);
	if (!what)
		return 0;
	return fail("--view %s: %s is mounted there; choose another directory, or unmount it", path,
		    what);
}

static int check_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (!dir)
		return fail("--view %s: %s; choose a directory of your own", path, strerror(errno));
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty ? 0 : fail("--view %s: the directory is not empty; choose an empty one", path);
}

static int check_device(void)
{
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	return fail("--view: /dev/fuse: %s; %s", strerror(errno),
		    geteuid() ? "have root run 'chmod 666 /dev/fuse'" :
				"allow the container this device");
}

/*
 * Root mounts by itself; others have the set-user-ID fusermount3 do it, which opens the device
 * with their rights.
 */
static int check_fuse(void)
{
	if (access("/dev/fuse", F_OK))
		return fail("--view: there is no /dev/fuse; load the host's module with "
			    "'modprobe fuse', or pass the device into the container");
	if (check_device())
		return RING3_EXIT_SETUP;
	if (!geteuid())
		return 0;
	if (access("/usr/bin/fusermount3", X_OK) && access("/bin/fusermount3", X_OK))
		return fail("--view: fusermount3 is missing: apt-get install fuse3");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0)
		return fail("--view: fusermount3 may not mount here (no_new_privs is set); run ring3 "
			    "outside of this sandbox");
	return 0;
}

int view_check(const char *dir, char **path)
{
	_cleanup_free_ char *full = absolute(dir);
	struct stat st;
	int status;

	if (!*dir)
		return fail("--view needs the name of a directory");
	if (!full || (stat(full, &st) < 0 && errno == ENOENT))
		return fail("--view %s: %s; create it with mkdir", dir, strerror(errno));
	status = check_mount(full);
	if (!status && stat(full, &st) < 0)
		return fail("--view %s: %s", dir, strerror(errno));
	if (!status && !S_ISDIR(st.st_mode))
		return fail("--view %s: not a directory; name an empty one", dir);
	if (!status)
		status = check_empty(full);
	if (!status)
		status = check_fuse();
	if (status)
		return status;
	free(*path);
	*path = xstrdup(full);
	return 0;
}

int file_check(const char *option, const char *file, char **path)
{
	_cleanup_free_ char *full = *file ? absolute(file) : NULL;
	struct stat st;

	if (!*file)
		return fail("%s needs the name of a file", option);
	if (!full)
		return fail("%s %s: its directory: %s; create it with mkdir", option, file,
			    strerror(errno));
	if (!stat(full, &st) && S_ISDIR(st.st_mode))
		return fail("%s %s: a directory; name a file in it", option, file);
	free(*path);
	*path = xstrdup(full);
	return 0;
}
