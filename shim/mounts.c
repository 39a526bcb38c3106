// SPDX-License-Identifier: GPL-2.0
/* mounts.c - what is mounted at a path; see mounts.h */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "shim/mounts.h"
#include "shim/process.h"
#include "shim/util.h"

#define MAX_STACKED 16

/* Space, tab, newline and backslash are \ooo, see proc(5). */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
			char octal[4] = { from[1], from[2], from[3] };

			*to = strtoul(octal, NULL, 8);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL]… - TYPE SOURCE SUPER-OPTIONS */
static char *parse_line(char *line, const char *path)
{
	char *rest = line, *point = NULL, *type, *source;

	for (int i = 0; i < 5; i++)
		point = strsep(&rest, " ");
	if (!point || !rest)
		return NULL;
	unescape(point);
	rest = strcmp(point, path) ? NULL : strstr(rest, " - ");
	if (!rest)
		return NULL;
	rest += 3;
	type = strsep(&rest, " ");
	source = strsep(&rest, " ");
	if (!source)
		return NULL;
	unescape(source);
	return xasprintf("%s (%s)", source, type);
}

char *mounts_find(const char *mountinfo, const char *path)
{
	_cleanup_free_ char *copy = xstrdup(mountinfo);
	char *rest = copy, *line, *found = NULL;

	while ((line = strsep(&rest, "\n"))) {
		char *what = parse_line(line, path);

		/* Later lines are on top. */
		if (what) {
			free(found);
			found = what;
		}
	}
	return found;
}

char *mounts_at(const char *path)
{
	_cleanup_free_ char *text = read_text("/proc/self/mountinfo");

	return text ? mounts_find(text, path) : NULL;
}

static bool is_ours(const char *what, pid_t shim)
{
	_cleanup_free_ char *name = xasprintf("ring3-%d (fuse.ring3)", shim);
	const char *type = what ? strrchr(what, '(') : NULL;

	return type && (shim ? !strcmp(what, name) : !strncmp(type, "(fuse", 5));
}

/* The set-user-ID helper lets a user detach what the user has mounted. */
static bool detach_as_user(const char *path)
{
	char *argv[] = { "fusermount3", "-u", "-z", "--", (char *)path, NULL };
	_cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct fd_map map[] = {
		{ null, STDIN_FILENO }, { null, STDOUT_FILENO }, { null, STDERR_FILENO },
	};
	struct child child;

	return !process_start(&child, argv, map, ARRAY_SIZE(map), true) && !process_wait(&child);
}

bool mounts_detach(const char *path, pid_t shim)
{
	for (int i = 0; i < MAX_STACKED; i++) {
		_cleanup_free_ char *what = mounts_at(path);

		if (!is_ours(what, shim))
			return true;
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && !detach_as_user(path))
			return false;
	}
	return false;
}
