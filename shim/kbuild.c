// SPDX-License-Identifier: GPL-2.0
/* kbuild.c - building out-of-tree drivers for the hosted kernel */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "shim/compdb.h"
#include "shim/kbuild.h"
#include "shim/probes.h"
#include "shim/process.h"

/* Lines are DIR/x.ko (to 6.2), DIR/x.o (to 6.12) or x.o. */
void kbuild_modules(const char *dir, const char *text, struct strv *modules)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *rest = copy, *line, *dot;

	while ((line = strsep(&rest, "\n"))) {
		dot = strrchr(line, '.');
		if (!dot || (strcmp(dot, ".ko") && strcmp(dot, ".o")))
			continue;
		*dot = '\0';
		if (*line == '/')
			strv_addf(modules, "%s.ko", line);
		else
			strv_addf(modules, "%s/%s.ko", dir, line);
	}
}

static int check_dir(const char *dir)
{
	static const char *const files[] = { "Kbuild", "Makefile", "makefile" };
	struct stat st;

	if (stat(dir, &st) < 0)
		return fail("%s: %s; name a directory with a Kbuild", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail("%s is not a directory; name the directory of the driver's Kbuild", dir);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", dir, files[i]);

		if (!access(path, R_OK))
			return 0;
	}
	return fail("%s has no Kbuild and no Makefile; write a Kbuild with 'obj-m := NAME.o'", dir);
}

static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

static void show(int fd)
{
	char chunk[4096];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (write(STDERR_FILENO, chunk, n) < 0)
			return;
	}
}

/* Run make.  Its output goes to @output, or where ours goes if that is -1. */
static int run_make(const struct hosted_kernel *kernel, const char *dir, int output)
{
	const struct fd_map map[] = { { output, STDOUT_FILENO }, { output, STDERR_FILENO } };
	_cleanup_free_ char *m = xasprintf("M=%s", dir), *jobs = xasprintf("-j%d", cpus());
	char *argv[] = { "make", "-C", kernel->build, "ARCH=um", m,
			 jobs,	 "modules", verbosity > 0 ? NULL : "-s", NULL };
	struct child make;
	int status;

	/* A make around us (make test) has its own ideas, which are not for this one. */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	status = process_start(&make, argv, map, ARRAY_SIZE(map), false);
	if (status)
		return status;
	status = process_wait(&make);
	if (!status)
		return 0;
	if (output >= 0)
		show(output);
	if (WIFEXITED(status) && WEXITSTATUS(status) == RING3_EXIT_NOT_FOUND)
		return fail("'make' is needed to build %s: install the package make", dir);
	return fail("building %s for the hosted kernel failed (make: %s); the compiler's words are "
		    "above", dir, process_describe(status));
}

static int find_results(const char *dir, struct strv *modules)
{
	_cleanup_free_ char *path = xasprintf("%s/modules.order", dir);
	_cleanup_free_ char *text = read_text(path);

	if (text)
		kbuild_modules(dir, text, modules);
	if (!modules->n)
		return fail("building %s made no module; its Kbuild needs a line 'obj-m := NAME.o'",
			    dir);
	for (size_t i = 0; i < modules->n; i++) {
		if (access(modules->v[i], R_OK))
			return fail("building %s did not make %s: %s", dir, modules->v[i],
				    strerror(errno));
	}
	return 0;
}

/* What make says to these is no help. */
static int check_path(const char *real)
{
	size_t bad = strcspn(real, " \t\n:%#$\\");

	if (real[bad])
		return fail("%s: Kbuild cannot build in a path with '%c' in it; move the directory or "
			    "use a bind mount", real, real[bad]);
	if (access(real, W_OK))
		return fail("cannot write to %s: %s; modules are built in their own directory, "
			    "so copy it to one of yours", real, strerror(errno));
	return 0;
}

int kbuild_run(const struct hosted_kernel *kernel, const char *dir, unsigned int how,
	       struct strv *modules)
{
	_cleanup_close_ int output = -1, lock = -1;
	_cleanup_free_ char *real = NULL, *makefile = xasprintf("%s/Makefile", kernel->build);
	struct probes probes;
	int status = check_dir(dir);

	if (status)
		return status;
	if (access(makefile, R_OK))
		return fail("the hosted kernel's build tree %s is missing: run '%s'", kernel->build,
			    flavor_make(kernel->flavor));
	real = realpath(dir, NULL);
	if (!real)
		return fail("%s: %s", dir, strerror(errno));
	status = check_path(real);
	if (status)
		return status;
	/* Two builds of one directory would overwrite each other's files. */
	lock = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return fail("cannot lock %s: %s", dir, strerror(errno));
	if (how & KBUILD_ON_THE_FLY)
		output = memfd_create("ring3-make", MFD_CLOEXEC);
	/* A change of this is one of the compiler's command, so kbuild builds anew. */
	if (how & KBUILD_COVERAGE)
		setenv("GCOV_PROFILE", "y", 1);
	else
		unsetenv("GCOV_PROFILE");
	probes_begin(&probes, kernel);
	status = run_make(kernel, real, output);
	probes_end(&probes, !status);
	unsetenv("GCOV_PROFILE");
	if (!status)
		status = find_results(real, modules);
	if (!status && !(how & KBUILD_COVERAGE))
		compdb_write(kernel, real, modules);
	return status;
}
