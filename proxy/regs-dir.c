// SPDX-License-Identifier: GPL-2.0
/*
 * regs-dir.c - find the *.regs file of a device
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/regs.h"
#include "proxy/util.h"

/* Relative to the program: ring3 and ring3-proxy of a checkout, of SAN=1, installed. */
static const char *const places[] = {
	"proxy/registers",
	"../proxy/registers",
	"../../proxy/registers",
	"../share/ring3/registers",
	"../../share/ring3/registers",
};

/* All of a file, or -1 with errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, text + len, size - len);
		if (n < 0)
			return -1;
		if (!n)
			break;
		len += n;
	}
	return len;
}

static struct regs *load_fd(int fd, const char *path, char *err, size_t errlen)
{
	char *text = malloc(REGS_FILE_MAX + 1);
	struct regs *regs = NULL;
	struct stat st;
	ssize_t len;

	if (!text) {
		snprintf(err, errlen, "%s: out of memory", path);
	} else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		snprintf(err, errlen, "%s: not a file", path);
	} else {
		len = read_all(fd, text, REGS_FILE_MAX + 1);
		if (len < 0)
			snprintf(err, errlen, "cannot read %s: %s", path, strerror(errno));
		else
			regs = regs_parse(text, len, path, err, errlen);
	}
	free(text);
	return regs;
}

/**
 * regs_load() - read a *.regs file
 * @path: the file
 * @err: set to the reason on failure, "FILE:LINE: reason" where a line is at fault
 * @errlen: size of @err, not 0
 *
 * Return: registers for regs_free(), or NULL.
 */
struct regs *regs_load(const char *path, char *err, size_t errlen)
{
	/* O_NONBLOCK: a FIFO of that name keeps nobody waiting. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct regs *regs;

	if (fd < 0) {
		snprintf(err, errlen, "cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	regs = load_fd(fd, path, err, errlen);
	close(fd);
	return regs;
}

static int is_regs_file(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && dot != entry->d_name && !strcmp(dot, ".regs");
}

/**
 * regs_dir() - the registers of a device from a directory of *.regs files
 * @dir: the directory
 * @vendor: vendor ID
 * @device: device ID
 * @class: class code 0xCCSSPP, 0 when not known
 * @err: set to the first reason why the directory or one of its files cannot be used, else
 *	empty
 * @errlen: size of @err, not 0
 *
 * A file that names the device comes before one that names its class; among equals the first
 * by name.  A file with a mistake does not keep the others from use: @err may be set beside a
 * result.
 *
 * Return: registers for regs_free(), NULL if there are none.
 */
struct regs *regs_dir(const char *dir, uint16_t vendor, uint16_t device, uint32_t class,
		      char *err, size_t errlen)
{
	enum regs_fit best_fit = REGS_NONE;
	struct dirent **entries;
	struct regs *best = NULL;
	int n = scandir(dir, &entries, is_regs_file, alphasort);

	*err = '\0';
	if (n < 0) {
		snprintf(err, errlen, "cannot read the directory %s: %s", dir, strerror(errno));
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX], reason[REGS_ERR_MAX];
		struct regs *regs = NULL;
		enum regs_fit fit;

		if (snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name) < PATH_MAX)
			regs = regs_load(path, reason, sizeof(reason));
		else
			snprintf(reason, sizeof(reason), "%.200s: the path is too long", dir);
		free(entries[i]);
		if (!regs && !*err)
			snprintf(err, errlen, "%s", reason);
		fit = regs ? regs_fits(regs, vendor, device, class) : REGS_NONE;
		if (fit > best_fit) {
			regs_free(best);
			best = regs;
			best_fit = fit;
		} else {
			regs_free(regs);
		}
	}
	free(entries);
	return best;
}

/**
 * regs_default_dir() - where the *.regs files are
 *
 * Return: $RING3_REGISTERS if it is set, else the directory that belongs to the running
 * program; to free, NULL if there is none.
 */
char *regs_default_dir(void)
{
	const char *env = getenv("RING3_REGISTERS");
	char exe[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n;
	char *slash;

	if (env && *env)
		return strdup(env);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		return NULL;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", exe, places[i]);
		if (!access(path, X_OK))
			return realpath(path, NULL);
	}
	return NULL;
}
