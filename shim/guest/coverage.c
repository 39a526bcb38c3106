// SPDX-License-Identifier: GPL-2.0
/*
 * coverage.c - send what the drivers have counted, for ring3 run --coverage
 *
 * The kernel shows the counters of each object as a file below gcov in debugfs, by the object's path
 * on the host; those of modules that have been unloaded, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/guest/guest.h"

#define PLACE GUEST_RUN "/debug"

static char message[RING3_CTL_MAX_FROM_GUEST];

static void send_file(int dir, const char *name, const char *path)
{
	size_t head = strlen(path) + 1;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		ctl_warn("no coverage of ", path, errno);
		return;
	}
	memcpy(message, path, head);
	while ((n = read(fd, message + head, sizeof(message) - head)) > 0)
		ctl_send(RING3_CTL_COVERAGE, message, head + n);
	close(fd);
}

/* @path: of the directory, with room for PATH_MAX bytes and without a slash at its end. */
static void send_dir(int at, const char *name, char *path)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t len = strlen(path);
	struct dirent *entry;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		size_t n = strlen(entry->d_name);

		if (entry->d_name[0] == '.' && (n == 1 || entry->d_name[1] == '.'))
			continue;
		if (len + n + 2 > PATH_MAX)
			continue;
		path[len] = '/';
		strcpy(path + len + 1, entry->d_name);
		/* Beside each file is a link to the compiler's notes. */
		if (entry->d_type == DT_DIR)
			send_dir(fd, entry->d_name, path);
		else if (entry->d_type == DT_REG && n > 5 && !strcmp(entry->d_name + n - 5, ".gcda"))
			send_file(fd, entry->d_name, path);
	}
	path[len] = '\0';
	closedir(dir);
}

/**
 * coverage_send() - send all counters to the shim
 */
void coverage_send(void)
{
	static char path[PATH_MAX];

	mkdir(PLACE, 0700);
	if (mount("debugfs", PLACE, "debugfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		ctl_warn("no coverage: ", "debugfs", errno);
	else
		send_dir(AT_FDCWD, PLACE "/gcov", path);
}
