// SPDX-License-Identifier: GPL-2.0
/* end.c - the end of a hosted kernel: processes, filesystems, power */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/guest/guest.h"

#define MAX_MOUNTS 64

/**
 * end_processes() - kill and collect everything that CMD left running
 */
void end_processes(void)
{
	/* Without children there is nothing to kill, and the usual end is quick. */
	if (waitpid(-1, NULL, WNOHANG) < 0)
		return;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

static size_t read_mounts(char *text, size_t size)
{
	int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	return len;
}

/* Undo the octal escapes that /proc/mounts has for space, tab, newline and backslash. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Filesystems on block devices come down in the reverse order of their mounting. */
static void unmount_disks(void)
{
	static char text[32768];
	char *place[MAX_MOUNTS], *line, *rest = text;
	int count = 0;

	if (!read_mounts(text, sizeof(text)))
		return;
	while ((line = strsep(&rest, "\n"))) {
		char *source = strsep(&line, " "), *target = strsep(&line, " ");

		if (target && !strncmp(source, "/dev/", 5) && count < MAX_MOUNTS)
			place[count++] = target;
	}
	while (count--) {
		unescape(place[count]);
		umount(place[count]);
	}
}

/**
 * end_power_off() - write everything back and switch the hosted kernel off
 */
void end_power_off(void)
{
	sync();
	unmount_disks();
	reboot(RB_POWER_OFF);
	/* Not PID 1, or no such call: exit and let the kernel panic say so. */
	_exit(1);
}
